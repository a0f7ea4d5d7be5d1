"""Puts paragraphs below the headings and questions that they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import groupby

from engine.corpus.formats.questions import (
    Asked,
    Manner,
    answers_by_label,
    asked_item,
    asked_line,
    asks,
    emphasised,
    has_label,
    labelled,
    numbering,
    question_text,
    says_faq,
    without_answer_label,
)

#: Questions in running text stand below any heading.
_IN_TEXT = 20
#: Two of a kind are a habit; one bold question may be a figure of speech.
_HABIT = 2
_DEEPEST_FOLD = 20
#: The most paragraphs to each question where only lines ask.
_LINES_PER_QUESTION = 5


class Kind(Enum):
    HEADING = auto()
    #: The title of a part that can be folded away; the part goes on up to FOLD_END.
    FOLD = auto()
    FOLD_END = auto()
    TEXT = auto()
    #: An item of a list, with its mark.
    ITEM = auto()
    #: A line in a typewriter font.
    CODE = auto()
    #: Other lines of Markdown, which never ask: a table, a fence, a quotation.
    BLOCK = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One paragraph as Markdown, or the plain text of a heading."""

    kind: Kind
    text: str
    #: 1 is the top; headings only.
    level: int = 0
    #: Fragment of a heading's address.
    anchor: str = ""
    #: A heading as it stands in the file; without one it is bold where it parts an answer.
    written: str = ""
    #: What stands between it and the next one in the file; None: a blank line.
    gap: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Node:
    """A heading or a question with all that stands below it."""

    title: str = ""
    level: int = 0
    asks: bool = False
    anchor: str = ""
    written: str = ""
    is_fold: bool = False
    content: list[Paragraph | Node] = field(default_factory=list)
    #: Whether any node below it asks; known once the outline is complete.
    asks_below: bool = False

    @property
    def children(self) -> list[Node]:
        return [each for each in self.content if isinstance(each, Node)]

    @property
    def texts(self) -> list[str]:
        """What stands right below it, without blank paragraphs."""
        return [e.text for e in self.content if isinstance(e, Paragraph) and e.text.strip()]

    @property
    def is_heading(self) -> bool:
        return self.level < _IN_TEXT

    def below(self) -> Iterator[Node]:
        """All nodes below this one, in order."""
        for child in self.children:
            yield child
            yield from child.below()


def outline(paragraphs: Sequence[Paragraph]) -> Node:
    """The root above everything; text before the first heading stands right below it."""
    builder = _Builder(paragraphs)
    blocks: list[tuple[Paragraph, Asked | None]] = []
    for is_list, group in groupby(paragraphs, key=lambda each: each.kind is Kind.ITEM):
        members = list(group)
        blocks += _list_items(members) if is_list else [(each, None) for each in members]
    following = [*(paragraph for paragraph, _ in blocks), None][1:]
    for (paragraph, item), after in zip(blocks, following, strict=True):
        builder.add(paragraph, item, after)
    _look_below(builder.root)
    return builder.root


def _look_below(node: Node) -> None:
    for child in node.children:
        _look_below(child)
        node.asks_below = node.asks_below or child.asks or child.asks_below


def _list_items(items: list[Paragraph]) -> Iterator[tuple[Paragraph, Asked | None]]:
    """Each item with what it asks, where most of the list asks and answers.

    The answer to the last item may be the text below the list.
    """
    found = [asked_item(item.text) for item in items]
    answered = sum(1 for asked in found if asked and asked.answer)
    is_open = found[-1] is not None and not found[-1].answer
    asking = answered + is_open
    if asking * 4 < len(items) * 3 or (not answered and len(items) > 1):
        found = [None] * len(items)
    return zip(items, found, strict=True)


class _Builder:
    """The nodes that are open while the paragraphs go by."""

    def __init__(self, paragraphs: Sequence[Paragraph]) -> None:
        self.root = Node()
        self._open = [self.root]
        headings = [each.text for each in paragraphs if each.kind in (Kind.HEADING, Kind.FOLD)]
        asked = (_asked(each.text, None) for each in paragraphs if each.kind is Kind.TEXT)
        self._numbering = numbering([*headings, *(each.question for each in asked if each)])
        self._manners = _manners(paragraphs, headings)

    def add(self, paragraph: Paragraph, item: Asked | None, after: Paragraph | None) -> None:
        if paragraph.kind is Kind.HEADING:
            self._close(paragraph.level)
            self._push(paragraph, paragraph.level)
        elif paragraph.kind is Kind.FOLD:
            level = _IN_TEXT - 1 if asks(paragraph.text) else _IN_TEXT + 1
            self._close(level)
            self._push(paragraph, level)
        elif paragraph.kind is Kind.FOLD_END:
            self._unfold()
        elif asked := self._asked(paragraph, item, after):
            self._close(_IN_TEXT)
            node = Node(
                title=question_text(asked.question, self._numbering),
                level=_IN_TEXT,
                asks=True,
                anchor=self._open[-1].anchor,
            )
            if asked.answer:
                node.content.append(
                    Paragraph(kind=Kind.BLOCK, text=asked.answer, gap=paragraph.gap)
                )
            self._open[-1].content.append(node)
            self._open.append(node)
        elif self._is_label_of_answer(paragraph):
            text = without_answer_label(paragraph.text)
            self._open[-1].content.append(Paragraph(kind=Kind.TEXT, text=text, gap=paragraph.gap))
        else:
            self._open[-1].content.append(paragraph)

    def _push(self, paragraph: Paragraph, level: int) -> None:
        node = Node(
            title=question_text(paragraph.text, self._numbering),
            level=level,
            asks=asks(paragraph.text) or has_label(paragraph.text),
            anchor=paragraph.anchor or self._open[-1].anchor,
            written=paragraph.written or f"**{paragraph.text}**",
            is_fold=paragraph.kind is Kind.FOLD
            and sum(each.is_fold for each in self._open) < _DEEPEST_FOLD,
        )
        self._open[-1].content.append(node)
        self._open.append(node)

    def _close(self, level: int) -> None:
        """Close what ends where a heading of `level` begins; a fold only ends by itself."""
        while len(self._open) > 1 and self._open[-1].level >= level and not self._open[-1].is_fold:
            self._open.pop()

    def _unfold(self) -> None:
        if any(node.is_fold for node in self._open):
            while not self._open.pop().is_fold:
                pass

    def _asked(
        self, paragraph: Paragraph, item: Asked | None, after: Paragraph | None
    ) -> Asked | None:
        """What a paragraph asks, unless it only asks within the answer to a heading."""
        if paragraph.kind is Kind.ITEM:
            asked = item
        elif paragraph.kind is Kind.TEXT:
            asked = _asked(paragraph.text, after)
        else:
            return None
        if asked is None or asked.manner is Manner.LABEL:
            return asked
        manner = Manner.ITEM if item else asked.manner
        if manner not in self._manners or any(n.asks and n.is_heading for n in self._open):
            return None
        return asked

    def _is_label_of_answer(self, paragraph: Paragraph) -> bool:
        """Whether it begins "A: " right below its question."""
        node = self._open[-1]
        is_text = paragraph.kind in (Kind.TEXT, Kind.ITEM)
        return is_text and node.asks and not node.content and answers_by_label(paragraph.text)


def _asked(text: str, after: Paragraph | None) -> Asked | None:
    asked = labelled(text)
    if asked and (
        asks(asked.question)
        or any(map(answers_by_label, text.split("\n")[1:]))
        or (after is not None and answers_by_label(after.text))
    ):
        return asked
    return emphasised(text) or asked_line(text)


def _manners(paragraphs: Sequence[Paragraph], headings: Iterable[str]) -> set[Manner]:
    """The ways of asking that are a habit of this file, besides headings and labels.

    Lines that merely end with a question mark count where nothing else asks.
    """
    headings = list(headings)
    counted = dict.fromkeys(Manner, 0)
    for paragraph in paragraphs:
        if paragraph.kind is Kind.TEXT:
            asked = _asked(paragraph.text, None)
        elif paragraph.kind is Kind.ITEM and (asked := asked_item(paragraph.text)):
            counted[Manner.ITEM] += 1
            continue
        else:
            continue
        if asked:
            counted[asked.manner] += 1
    enough = 1 if any(map(says_faq, headings)) else _HABIT
    found = {manner for manner, number in counted.items() if number >= enough}
    if counted[Manner.LINE] * _LINES_PER_QUESTION < len(paragraphs):  # a letter, a conversation
        found.discard(Manner.LINE)
    if any(map(asks, headings)) or found - {Manner.LINE}:
        found.discard(Manner.LINE)
    return found
