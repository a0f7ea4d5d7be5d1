"""Reads a web page: what it says of its questions by itself, else the outline of its main part."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping

from engine.corpus.entry import EntryList, Parsed
from engine.corpus.formats.headings import parsed_passages, passages
from engine.corpus.formats.pages.html import (
    Element,
    decode_page,
    plain,
    read_html,
    tidy,
    to_markdown,
)
from engine.corpus.formats.pages.page_outline import outline_of_page
from engine.corpus.formats.pages.page_parts import keep_main_part
from engine.errors import CorpusError, NotAnFaq

_MOST_NODES = 200_000
_ESCAPED_TAG = re.compile(r"&lt;/?(?:p|br|ul|ol|li|a|div|strong|b|em|h\d|table|span)\b")
_QUESTION_TYPE = re.compile(r"(?:^|[/:\s])Question\s*$")
_ERROR_TITLE = re.compile(
    r"(?i)\b(?:40[0-9]|50[0-9])\b|not found|forbidden|access denied|page unavailable|just a moment"
    r"|nicht gefunden|no encontrad|introuvable|не найден"
)
#: So many questions are no error page, whatever its title.
_ENOUGH = 3
#: A page of less text than this that runs scripts writes its text in the browser.
_LEAST_TEXT = 300

_NEEDS_SIGN_IN = (
    "The page asks for a sign-in; list an address that opens without one, or export the page as "
    "a file."
)
_NEEDS_JAVASCRIPT = (
    "The page holds no text: it is put together by JavaScript in the browser; save the page there "
    "(“Save page as”) and list the file, or export its FAQ."
)
_IS_ERROR = (
    "This is an error page (“{title}”), not the FAQ; open the address in a private window and "
    "list the one that shows the questions."
)
_NO_QUESTIONS = (
    "The page has no questions: no headings that ask, no folded parts, no list of terms and no "
    "FAQ data of schema.org; make each question a heading."
)


def parse_webpage(data: bytes) -> Parsed:
    """The entries of a page.

    Questions that the page marks for search engines (schema.org, as JSON-LD, microdata or RDFa)
    are taken as they are. Otherwise headings, folded parts, definition lists, accordions and bold
    lines of its main part are read as in any document; navigation, banners and side bars are not.

    Raises CorpusError when the page is too large, asks for a sign-in or is an error page, and
    NotAnFaq when it has no questions.
    """
    root = read_html(decode_page(data))
    entries = list(_json_ld(root))
    needs_sign_in = root.find(".//input[@type='password']") is not None
    num_scripts = len(root.findall(".//script"))
    title = plain(root.find(".//title")) if root.find(".//title") is not None else ""
    tidy(root)
    entries = entries or list(_microdata(root))
    if entries:
        found = EntryList()
        for entry in entries:
            found.add(entry, anchor=entry.pop("anchor", ""))
        return found.parsed()
    num_chars = len(plain(root))
    asked = passages(list(outline_of_page(keep_main_part(root))), title=title)
    if _ERROR_TITLE.search(title) and len(asked) < _ENOUGH:
        raise CorpusError(_IS_ERROR.format(title=title[:80]))
    if all(passage.is_topic for passage in asked):
        if needs_sign_in:
            raise CorpusError(_NEEDS_SIGN_IN)
        if num_scripts and num_chars < _LEAST_TEXT:
            raise CorpusError(_NEEDS_JAVASCRIPT)
    if not asked:
        raise NotAnFaq(_NO_QUESTIONS)
    return parsed_passages(asked)


def _json_ld(root: Element) -> Iterator[dict[str, str]]:
    """The questions of every FAQPage or QAPage that is embedded as data."""
    seen: set[str] = set()
    for script in root.iter("script"):
        if "ld+json" not in script.get("type", ""):
            continue
        try:
            # Not strict: texts with line breaks in them are a common mistake.
            content = json.loads(script.text or "", strict=False)
        except (ValueError, RecursionError):
            continue
        for node in _nodes(content):
            kind = node.get("@type")
            if "Question" not in (kind if isinstance(kind, list) else [kind]):
                continue
            question = _text(node.get("name")) or _text(node.get("text"))
            answer = "\n\n".join(filter(None, map(_answer, _answers(node))))
            if question and question not in seen:
                seen.add(question)
                yield {"question": question, "answer": answer, "url": _text(node.get("url"))}


def _nodes(content: object) -> Iterator[Mapping[str, object]]:
    """Every object in the data, in its order."""
    waiting = [content]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, Mapping):
            yield value
            waiting += reversed(list(value.values()))
        elif isinstance(value, list):
            waiting += reversed(value)


def _answers(question: Mapping[str, object]) -> Iterable[object]:
    """The accepted answer; where there is none, those that were suggested."""
    given = question.get("acceptedAnswer") or question.get("suggestedAnswer") or []
    return given if isinstance(given, list) else [given]


def _answer(value: object) -> str:
    return _text(value.get("text") if isinstance(value, Mapping) else value)


def _text(value: object) -> str:
    text = value if isinstance(value, str) else ""
    # Some plug-ins escape the tags once more.
    return html.unescape(text) if "<" not in text and _ESCAPED_TAG.search(text) else text


def _microdata(root: Element) -> Iterator[dict[str, str]]:
    """The questions that attributes mark in the page; headings between them name sections."""
    section = ""
    above: Element | None = None
    for element in root.iter():
        if above is not None and above in element.iterancestors():
            continue
        if re.fullmatch("h[1-6]", element.tag):
            section = plain(element)
        kind, name = ("itemtype", "itemprop") if element.get("itemtype") else ("typeof", "property")
        if not _QUESTION_TYPE.search(element.get(kind, "")):
            continue
        above = element
        titles = _marked(element, name, "name")
        given = _marked(element, name, "acceptedAnswer") or _marked(
            element, name, "suggestedAnswer"
        )
        texts = [text for each in given for text in _marked(each, name, "text")[:1] or [each]]
        yield {
            "question": plain(titles[0]) if titles else "",
            "answer": "\n\n".join(map(to_markdown, texts)),
            "section": section,
            "anchor": element.get("id", ""),
        }


def _marked(element: Element, attribute: str, name: str) -> list[Element]:
    return [
        each
        for each in element.iterdescendants()
        if name in each.get(attribute, "").replace("schema:", "").split()
    ]
