"""Tells what asks from what names a topic, in headings and in running text."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from engine.corpus.fields import ANSWER_WORDS, QUESTION_WORDS
from engine.corpus.text import clean_line

#: A mark at the end of a word, not within an address; Japanese and Chinese may ask without one.
_ASKS = re.compile(r"\?(?=[\s)\]}»”’\"'*_!.…:?]|\Z)|[？؟⁇⁈]|(?:か|吗)。?\Z")
#: "How can I …", "Wo finde ich …": a question whose mark was left out.
_INVERTED = re.compile(
    r"(?i)\W*(?:(?:how|what|when|where|which|who|why)\s(?:\w+\s)?)?(?:do|does|did|can|could|should|must"
    r"|may|will|would|have|am|is|are)\s(?:i|we|you|my|our|it\spossible|there)\b"
    r"|\W*(?:\w+\s){0,2}(?:kann|muss|darf|soll|finde|bekomme|brauche|habe)\s(?:ich|man)\b"
    r"|\W*(?:\w+\s){0,2}(?:puis-je|peut-on|dois-je|est-ce\sque)\b|\W*¿"
    r"|\W*(?:\w+\s){0,2}(?:можно|нужно|могу|есть)\sли\b"
)
_LONGEST_QUESTION = 500
_MOST_QUESTION_LINES = 4

_FAQ = re.compile(
    r"(?i)\bfaqs?\b|\bf\.a\.q|\bq\s?(?:&|\+|and|n)\s?as?\b|\bquestions\b|\bfragen\b|\bpreguntas\b"
    r"|\bperguntas\b|\bвопрос(?:ы|ов)\b|\btroubleshooting\b|\bcommon (?:problems|issues|errors)\b"
    r"|よくある質問|常见问题|\A(?:help|support|hilfe|ayuda|aide|ajuda|помощь)\Z"
)
_FURNITURE = re.compile(
    r"(?i)(?:table of )?contents|toc|on this page|in this (?:page|document)|index"
    r"|inhalt(?:sverzeichnis)?|índice|sommaire|содержание|оглавление"
    r"|further reading|see also|licen[sc]e|contributing|acknowledge?ments|credits"
    r"|about this (?:faq|page|document)"
)

#: "1.", "2)", "(3)", "4.1.", "#5"; numbers that end with neither a dot nor a bracket may belong
#: to the words ("3.12 or 3.11?").
_NUMBER = re.compile(r"(?:\(?\d{1,3}(?:\.\d{1,3}){0,4}[.):]|#\d{1,3}[.):]?|§\s?\d{1,3})\s+(?=\S)")
_DOTTED = re.compile(r"\d{1,2}(?:\.\d{1,2}){1,4}\s+(?=\S)")

_QUESTION_WORDS, _ANSWER_WORDS = "|".join(QUESTION_WORDS), "|".join(ANSWER_WORDS)
_END = r"\s{0,2}(?:[:：.)]|[-–—](?=\s))[*_]{0,3}\s*"
_QUESTION_LABEL = re.compile(
    rf"(?i)[*_\s]{{0,5}}(?:(?:q|{_QUESTION_WORDS})"
    rf"[*_]{{0,3}}\s?#?\d{{0,3}}{_END}|[fpвس]\s?\d{{0,3}}:[*_]{{0,3}}\s*)(?=\S)"
)
_NUMBERED_LABEL = re.compile(
    rf"(?i)[*_\s]{{0,5}}(?:q|{_QUESTION_WORDS}|[fpвس])"
    r"[*_]{0,3}\s?#?(\d{1,3})\s{0,2}[*_]{0,3}[:：.)–—-]"
)
_ANSWER_LABEL = re.compile(
    rf"(?i)[*_\s]{{0,5}}(?:a|ans|{_ANSWER_WORDS}|r|о|ج)"
    rf"[*_]{{0,3}}\s?#?\d{{0,3}}{_END}(?=\S|\Z)"
)
_BOLD = re.compile(r"(\*{1,3}|_{1,3})(?=\S)((?:(?!\1).)+?)(?<=\S)\1(?P<after>[?？:]?)", re.DOTALL)
_HTML_BOLD = re.compile(r"(?is)<(b|strong|em|u)>(.{1,500}?)</\1>(?P<after>[?？:]?)")
_ITEM = re.compile(r"[ \t]{0,12}(?:[-*+•]|\d{1,9}[.)])[ \t]+")
#: The mark of a definition below its term.
_DEFINITION = re.compile(r"^:[ \t]+", re.MULTILINE)
#: ":question: Can I join late?"
_NAMED_PICTOGRAPHS = re.compile(r"\A(?::[a-z0-9_+-]{2,40}:\s*)+|(?:\s*:[a-z0-9_+-]{2,40}:)+\Z")
_MARKS = re.compile(r"[*_`]+(?=\S)|(?<=\S)[*_`]+(?!\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """Which numbers before the titles of a document only number them."""

    #: "Q1: ", "Question 2. "
    labels: bool
    #: "2.1 "
    dotted: bool


_ANY_LABEL = Numbering(labels=True, dotted=False)


class Manner(Enum):
    """How a stretch of text asks."""

    #: "Q: Can I join late?"
    LABEL = auto()
    #: "**Can I join late?**"
    BOLD = auto()
    #: An item of a list that asks and answers.
    ITEM = auto()
    #: A line that ends with a question mark.
    LINE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A paragraph that begins with a question; the rest of it begins the answer."""

    question: str
    answer: str
    manner: Manner


def asks(title: str) -> bool:
    """Whether a title asks by its mark, or by words that only a question has in this order.

    Stricter than `wording.asks`: among headings, "How it works" and "What is new" do not ask.
    """
    return bool(_ASKS.search(title) or _INVERTED.match(title))


def says_faq(title: str) -> bool:
    """Whether a title, or the name of a file, says that questions are answered below it."""
    words = re.sub(r"[-_\s]+", " ", title).strip()
    return not asks(words) and _FAQ.search(words) is not None


def names_furniture(title: str) -> bool:
    """Whether a heading stands above what belongs to the page and answers nothing."""
    return _FURNITURE.fullmatch(title.strip(" :#*")) is not None


def numbering(titles: Iterable[str]) -> Numbering:
    """What numbers mean in the titles of one document.

    "Question 6: wrong result?" may be about an exercise: labels number the titles themselves
    where they count up. "3.12 or 3.11?" is a version: numbers without a dot at their end number
    titles where there are several.
    """
    titles = list(titles)
    matches = (_NUMBERED_LABEL.match(title) for title in titles)
    numbers = [int(match[1]) for match in matches if match]
    counts_up = all(b in (1, a + 1) for a, b in zip([0, *numbers], numbers, strict=False))
    return Numbering(
        labels=len(numbers) > 1 and counts_up,
        dotted=sum(1 for title in titles if _DOTTED.match(title)) > 1,
    )


def question_text(title: str, number: Numbering = _ANY_LABEL) -> str:
    """A title without its number, label and the pictographs around it."""
    text = clean_line(title)
    for _ in range(3):  # "❓ 1. Q: …"
        before = text
        text = _without_pictographs(text)
        if (match := _NUMBER.match(text)) or (number.dotted and (match := _DOTTED.match(text))):
            text = text[match.end() :]
        match = _QUESTION_LABEL.match(text)
        if match and (number.labels or not _NUMBERED_LABEL.match(text)):
            text = text[match.end() :]
        if text == before:
            break
    return text or clean_line(title)


def has_label(title: str) -> bool:
    """Whether a heading begins "Q: "; with a number it may be an exercise."""
    return bool(_QUESTION_LABEL.match(title)) and not _NUMBERED_LABEL.match(title)


def labelled(text: str) -> Asked | None:
    """What a paragraph "Q: …" asks, up to "A: …" where that stands in it.

    Without a question mark only `answers_by_label` of what follows tells that it asks.
    """
    lines = text.split("\n")
    if not _QUESTION_LABEL.match(text) or len(lines[0]) > _LONGEST_QUESTION:
        return None
    end = next((n for n, line in enumerate(lines) if n and _ANSWER_LABEL.match(line)), 0)
    if not end:
        end = next((n for n in range(1, _MOST_QUESTION_LINES) if asks_in(lines[:n])), 1)
    question, answer = " ".join(lines[:end]), "\n".join(lines[end:])
    return _asked(question, without_answer_label(answer), Manner.LABEL)


def emphasised(text: str) -> Asked | None:
    """What a paragraph that begins with a bold question asks."""
    head = _NUMBER.match(text)
    start = head.end() if head else 0
    match = _BOLD.match(text, start, start + _LONGEST_QUESTION) or _HTML_BOLD.match(text, start)
    if match is None:
        return None
    question = match[2] + match["after"].replace(":", "")
    if not asks(clean_line(question).rstrip("*_")):
        return None
    return _asked(question, without_answer_label(text[match.end() :].lstrip(" \t")), Manner.BOLD)


def asked_line(text: str) -> Asked | None:
    """What a paragraph asks whose first line, or the first few, end with a question mark."""
    lines = text.split("\n")
    if len(lines[0]) > _LONGEST_QUESTION:
        return None
    end = next((n for n in range(1, _MOST_QUESTION_LINES) if asks_in(lines[:n])), 0)
    if not end or lines[0].startswith(("|", ">", "<", "[")):
        return None
    answer = without_answer_label(_DEFINITION.sub("", "\n".join(lines[end:])))
    return _asked(" ".join(lines[:end]), answer, Manner.LINE)


def asked_item(text: str) -> Asked | None:
    """What an item of a list asks; its further lines, or the words after the mark, answer."""
    match = _ITEM.match(text)
    if match is None:
        return None
    first, *rest = text[match.end() :].split("\n")
    inner = "\n".join([first, *textwrap.dedent("\n".join(rest)).split("\n")]).rstrip()
    found = labelled(inner) or emphasised(inner) or asked_line(inner)
    if found is None:
        one = re.match(r"([^?？\n]{8,200}[?？])\s+(?=[^\W_a-z])([^?？]+)\Z", inner)
        found = _asked(one[1], one[2], Manner.ITEM) if one else None
    return found


def without_answer_label(text: str) -> str:
    match = _ANSWER_LABEL.match(text)
    return text[match.end() :] if match else text


def names_answer(title: str) -> bool:
    """Whether a heading only says that the answer follows."""
    return _ANSWER_LABEL.fullmatch(title.rstrip(" :") + ":") is not None


def answers_by_label(text: str) -> bool:
    return _ANSWER_LABEL.match(text) is not None


def asks_in(lines: list[str]) -> bool:
    """Whether the lines together are one question, and no more."""
    joined = " ".join(lines).rstrip("*_ ")
    return len(joined) <= _LONGEST_QUESTION and joined.endswith(("?", "？", "؟", "?)", "か", "吗"))


def _asked(question: str, answer: str, manner: Manner) -> Asked | None:
    plain = question_text(_MARKS.sub("", question))
    if not plain or len(plain) > _LONGEST_QUESTION:
        return None
    return Asked(question=plain, answer=answer.strip("\n"), manner=manner)


def _without_pictographs(text: str) -> str:
    text = _NAMED_PICTOGRAPHS.sub("", text)

    def is_pictograph(char: str) -> bool:
        return unicodedata.category(char) in ("So", "Sk", "Cn", "Mn", "Me") or char in "\u200d "

    start, end = 0, len(text)
    while start < end and is_pictograph(text[start]):
        start += 1
    while end > start and is_pictograph(text[end - 1]):
        end -= 1
    return text[start:end]
