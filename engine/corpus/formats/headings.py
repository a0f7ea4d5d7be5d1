"""Turns a document of headings and paragraphs into questions and answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import groupby

from engine.corpus.entry import EntryList, Parsed


class Kind(Enum):
    HEADING = auto()
    TEXT = auto()
    #: An item of a list, with its mark.
    ITEM = auto()
    #: A line in a typewriter font.
    CODE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One paragraph as Markdown, or the plain text of a heading."""

    kind: Kind
    text: str
    #: 1 is the top; headings only.
    level: int = 0


@dataclass(slots=True, kw_only=True)
class Heading:
    """A heading with the text right below it, up to the next heading."""

    level: int
    title: str
    body: list[Paragraph] = field(default_factory=list)


def entries_below_headings(paragraphs: Iterable[Paragraph]) -> Parsed:
    """Every heading with text below it is a question, except the small headings of an answer.

    The level that most questions have tells which those are: a deeper heading below a question
    of that level parts its answer. A heading without text names the section of those below it.
    """
    headings = _headings(paragraphs)
    counted = Counter(heading.level for heading in headings if heading.body)
    usual = max(counted, key=lambda level: (counted[level], level), default=0)
    found = EntryList()
    above: list[Heading] = []
    joined = list(_joined(headings, usual))
    levels = [heading.level for heading in joined[1:]] + [0]
    for heading, below in zip(joined, levels, strict=False):
        above = [each for each in above if each.level < heading.level]
        names_a_section = not heading.body and (below > heading.level or heading.level < usual)
        if not names_a_section:
            section = " / ".join(each.title for each in above)
            answer = _markdown(heading.body)
            found.add({"question": heading.title, "answer": answer, "section": section})
        above.append(heading)
    return found.parsed()


def _headings(paragraphs: Iterable[Paragraph]) -> list[Heading]:
    """The headings in order; text before the first one introduces and is left out."""
    headings: list[Heading] = []
    for paragraph in paragraphs:
        if paragraph.kind is Kind.HEADING:
            headings.append(Heading(level=paragraph.level, title=paragraph.text))
        elif headings:
            headings[-1].body.append(paragraph)
    return headings


def _joined(headings: list[Heading], usual: int) -> Iterator[Heading]:
    """The headings, with an answer's own small headings put into its text."""
    question: Heading | None = None
    for heading in headings:
        if question and question.body and usual <= question.level < heading.level:
            question.body.append(Paragraph(kind=Kind.TEXT, text=f"**{heading.title}**"))
            question.body += heading.body
            continue
        if question:
            yield question
        question = heading
    if question:
        yield question


def _markdown(body: list[Paragraph]) -> str:
    blocks: list[str] = []
    for kind, group in groupby(body, key=lambda paragraph: paragraph.kind):
        texts = [paragraph.text for paragraph in group]
        lines = "\n".join(texts)
        if kind is Kind.CODE:
            fence = "~~~" if "```" in lines else "```"
            blocks.append(f"{fence}\n{lines}\n{fence}")
        else:
            blocks += [lines] if kind is Kind.ITEM else texts
    return "\n\n".join(blocks)
