"""Reads entries out of Markdown files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from engine.corpus.entry import EntryList, Parsed
from engine.corpus.fields import NAMES, as_text, field_text, folded
from engine.corpus.formats.data.shapes import entries_of
from engine.corpus.formats.headings import Passage, passages
from engine.corpus.formats.outline import Kind
from engine.corpus.formats.questions import asks, question_text, says_faq
from engine.corpus.formats.text.blocks import bounded, paragraphs_of
from engine.corpus.formats.text.containers import plain_containers
from engine.corpus.formats.text.front_matter import front_matter
from engine.corpus.formats.text.references import with_links_in_place
from engine.corpus.text import clean_line, clean_text, decode
from engine.errors import NotAnFaq

#: Fields that belong to a page as a whole and not to each question on it.
_OF_THE_PAGE = {
    folded(name)
    for field in ("question", "answer", "phrasings", "url", "id")
    for name in NAMES[field]
}


def parse_markdown(data: bytes) -> Parsed:
    """The questions of a Markdown file; `entries_of_markdown` says which.

    Raises CorpusError when it is not text or holds no questions.
    """
    return entries_of_markdown(decode(data))


def entries_of_markdown(text: str) -> Parsed:
    """The entries of a Markdown text.

    With `question:` in its front matter the whole text is one answer. Questions that the front
    matter lists with their answers come first, and of the text below only what asks. Else its
    headings and paragraphs ask, by the rules of `passages`; where they do not, `title:` is the
    question that the text answers.

    Raises CorpusError when the front matter is malformed or the text is too long, NotAnFaq when
    nothing asks.
    """
    fields, body = front_matter(clean_text(bounded(text)))
    if as_text(fields.get("question")).strip():
        return _one_entry(fields, fields["question"], body)
    paragraphs = paragraphs_of(plain_containers(with_links_in_place(body)))
    title = clean_line(as_text(fields.get("title")))
    asked = passages(paragraphs, title=title)
    if listed := _listed_above(fields):
        questions = {entry.question for entry in listed.entries}
        below = [each for each in asked if not each.is_topic and each.question not in questions]
        more = _entries(below, fields, title)
        return replace(
            listed,
            entries=(*listed.entries, *more.entries),
            problems=(*listed.problems, *more.problems),
        )
    if title and not says_faq(title) and all(passage.is_topic for passage in asked):
        has_headings = any(each.kind is Kind.HEADING for each in paragraphs)
        if body.strip() and (asks(title) or not has_headings):
            return _one_entry(fields, question_text(title), body)
    if not any(each.answer or not each.is_topic for each in asked):
        raise NotAnFaq(
            "Nothing in the file asks: make each question a heading that ends with “?”, or write "
            "“Q:” and “A:” before question and answer."
        )
    return _entries(asked, fields, "" if says_faq(title) else question_text(title))


def _entries(asked: Iterable[Passage], fields: Mapping[str, object], title: str) -> Parsed:
    """Each passage with the fields of its page; the title is the section where nothing else is."""
    shared = {name: value for name, value in fields.items() if name not in _OF_THE_PAGE}
    found = EntryList()
    for passage in asked:
        own = {
            "question": passage.question,
            "answer": passage.answer,
            "section": passage.section or field_text(fields, "section") or title,
        }
        found.add({**shared, **own}, anchor=passage.anchor, is_topic=passage.is_topic)
    return found.parsed()


def _one_entry(fields: Mapping[str, object], question: object, answer: str) -> Parsed:
    found = EntryList()
    found.add({**fields, "question": question, "answer": answer})
    return found.parsed()


def _listed_above(fields: Mapping[str, object]) -> Parsed | None:
    """The entries of lists in the front matter, which a theme shows as a page, if there are any."""
    lists = {name: value for name, value in fields.items() if isinstance(value, list)}
    with suppress(NotAnFaq):
        if lists:
            return entries_of(lists)
    return None
