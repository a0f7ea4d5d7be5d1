"""Reads entries out of Markdown files."""

from __future__ import annotations

from collections.abc import Mapping

from engine.corpus.entry import EntryList, Parsed
from engine.corpus.fields import as_text
from engine.corpus.formats.blocks import bounded, paragraphs_of
from engine.corpus.formats.containers import plain_containers
from engine.corpus.formats.front_matter import front_matter
from engine.corpus.formats.headings import Passage, passages
from engine.corpus.formats.outline import Kind
from engine.corpus.formats.questions import asks, question_text, says_faq
from engine.corpus.formats.references import with_links_in_place
from engine.corpus.text import clean_line, clean_text, decode
from engine.errors import NotAnFaq

#: Fields that belong to a page as a whole and not to each question on it.
_OF_ONE_ENTRY = {
    *("question", "title", "answer", "text", "description", "summary"),
    *("id", "uuid", "key", "slug", "url", "link", "permalink"),
}


def parse_markdown(data: bytes) -> Parsed:
    """The questions of a Markdown file; `entries_of_markdown` says which.

    Raises CorpusError when it is not text or holds no questions.
    """
    return entries_of_markdown(decode(data))


def entries_of_markdown(text: str) -> Parsed:
    """The entries of a Markdown text.

    With `question:` in its front matter the whole text is one answer. Without, its headings and
    paragraphs ask, by the rules of `passages`; where they do not, `title:` is the question that
    the text answers.

    Raises CorpusError when the front matter is malformed or the text is too long, NotAnFaq when
    nothing asks.
    """
    fields, body = front_matter(clean_text(bounded(text)))
    found = EntryList()
    if as_text(fields.get("question")).strip():
        found.add({**fields, "answer": body, "text": ""})
        return found.parsed()
    paragraphs = paragraphs_of(plain_containers(with_links_in_place(body)))
    title = clean_line(as_text(fields.get("title")))
    asked = passages(paragraphs, title=title)
    has_headings = any(each.kind is Kind.HEADING for each in paragraphs)
    is_one = bool(title and body.strip()) and (asks(title) or not has_headings)
    if is_one and not says_faq(title) and all(passage.is_topic for passage in asked):
        found.add({**fields, "question": question_text(title), "answer": body, "text": ""})
        return found.parsed()
    if not asked:
        raise NotAnFaq(
            "Nothing in the file asks: make each question a heading that ends with “?”, or write "
            "“Q:” and “A:” before question and answer."
        )
    shared = {name: value for name, value in fields.items() if name not in _OF_ONE_ENTRY}
    for passage in asked:
        _add(found, passage, shared, "" if says_faq(title) else question_text(title))
    return found.parsed()


def _add(found: EntryList, passage: Passage, fields: Mapping[str, object], title: str) -> None:
    section = as_text(fields.get("section")) or passage.section or title
    found.add(
        {**fields, "question": passage.question, "answer": passage.answer, "section": section},
        anchor=passage.anchor,
        is_topic=passage.is_topic,
    )
