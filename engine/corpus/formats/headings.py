"""Turns a document of headings and paragraphs into questions and answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from engine.corpus.entry import EntryList, Parsed, shortened
from engine.corpus.formats.outline import Kind, Node, Paragraph, outline
from engine.corpus.formats.questions import asks_in, names_answer, names_furniture, says_faq

__all__ = ["Kind", "Paragraph", "Passage", "entries_below_headings", "passages"]

#: A link to a place on the same page: an item of a table of contents, or "back to top".
_LINK_WITHIN = r"[ \t>]*(?:[-*+]|\d+[.)])?[ \t]*[*_(]*\[[^\n]{1,300}?\]\(<?#[^()\n]*\)[*_)]*[ \t]*"
_LINKS_WITHIN = re.compile(rf"(?:{_LINK_WITHIN}\n+)*{_LINK_WITHIN}\s*")
_FURNITURE = re.compile(rf"(?:\n+(?:{_LINK_WITHIN}|[ \t]*(?:[-*_][ \t]*){{3,}}))+\s*\Z")

#: An answer with this many lines that ask seems to hold questions of its own.
_MANY_QUESTIONS = 3
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A question, or a topic, with the text that answers it."""

    question: str
    #: Empty where the document leaves it open.
    answer: str
    section: str
    anchor: str
    #: It does not ask, and nothing in the document says that topics are questions there.
    is_topic: bool


def entries_below_headings(paragraphs: Iterable[Paragraph]) -> Parsed:
    """Every heading with text below it is a question, except the small headings of an answer.

    For a document that somebody wrote as an FAQ; `passages` has the rules.
    """
    return parsed_passages(passages(list(paragraphs), is_faq=True))


def parsed_passages(found: Iterable[Passage]) -> Parsed:
    """Each passage as an entry; one that seems to hold many questions is named."""
    entries = EntryList()
    crowded: list[str] = []
    for passage in found:
        asking = sum(map(asks_in, ([line] for line in passage.answer.split("\n"))))
        if asking >= _MANY_QUESTIONS:
            crowded.append(
                f"The answer to “{shortened(passage.question)}” has {asking} lines that ask; if "
                "these are questions of their own, make each a heading."
            )
        entries.add(
            {"question": passage.question, "answer": passage.answer, "section": passage.section},
            anchor=passage.anchor,
            is_topic=passage.is_topic,
        )
    parsed = entries.parsed()
    return replace(parsed, problems=(*parsed.problems, *crowded[:_MOST_NAMED]))


def passages(
    paragraphs: Sequence[Paragraph], *, title: str = "", is_faq: bool = False
) -> list[Passage]:
    """What a document asks and answers, in its order.

    - A heading that asks is a question, on whatever level; so are folded parts that ask, "Q: …",
      and, below headings that do not ask, bold questions, items of lists that ask and answer,
      and lines that end with a question mark.
    - A heading that does not ask parts the answer when it stands below a question, or below a
      topic of the usual level: the level of most questions, or of most text if few headings ask.
    - Elsewhere it names the section of what is below it. Its own text is an introduction where
      most headings ask, and left out unless it stands on the usual level or below, or the
      document `is_faq` as a whole.
    - A heading that does not ask is a topic. Topics are questions like the others where most
      headings ask, and below a heading, or a `title`, that says "FAQ".
    """
    root = outline(paragraphs)
    reader = _Reader(root, is_faq=is_faq, title=title)
    found = list(reader.read(root, (), reader.is_faq))
    answered = {passage.question.casefold() for passage in found if passage.answer}
    # A table of contents names each question once more.
    return [each for each in found if each.answer or each.question.casefold() not in answered]


class _Reader:
    """Reads the outline of one document, knowing what is usual in it."""

    def __init__(self, root: Node, *, is_faq: bool, title: str) -> None:
        nodes = list(root.below())
        self._keeps_introductions = is_faq
        questions = [node for node in nodes if node.asks and _has_text(node)]
        topics = [node for node in _outside_answers(root) if _is_topic(node)]
        leaves = sum(1 for node in topics if not node.asks_below)
        self._most_ask = len(questions) >= max(1, leaves)
        usual = Counter(
            node.level
            for node in (questions if self._most_ask else questions + topics)
            if node.is_heading or self._most_ask
        )
        self._usual = max(usual, key=lambda level: (usual[level], level), default=0)
        first = nodes[0] if nodes else root
        is_top = all(node.level > first.level for node in nodes[1:])
        self._title = first if is_top and len(nodes) > 1 else None
        has_faq_part = any(says_faq(node.title) for node in nodes[1:])
        self.is_faq = (
            is_faq
            or says_faq(title)
            or says_faq(first.title)
            or (self._most_ask and not has_faq_part)
        )

    def read(self, node: Node, sections: tuple[str, ...], is_faq: bool) -> Iterator[Passage]:
        """The passages of `node` and those below it."""
        is_faq = is_faq or says_faq(node.title)
        is_topic = self._is_answered_topic(node)
        parts = {id(child) for child in node.children if self._is_part(child, node, is_topic)}
        answer = _answer(node, parts) if node.level else ""
        if is_topic or (node.asks and (answer or not node.children)):
            yield Passage(
                question=node.title,
                answer=answer,
                section=" / ".join(sections),
                anchor=node.anchor,
                is_topic=not (node.asks or is_faq),
            )
        if node.title and not says_faq(node.title) and not (node.asks and answer):
            sections = (*sections, node.title)
        for child in node.children:
            if id(child) not in parts:
                yield from self.read(child, sections, is_faq)

    def _is_part(self, child: Node, node: Node, is_topic: bool) -> bool:
        """Whether a heading below `node` only parts its answer."""
        if child.asks or child.asks_below or not node.level:
            return False
        return node.asks or (is_topic and child.level > self._usual <= node.level)

    def _is_answered_topic(self, node: Node) -> bool:
        """Whether a heading that does not ask is answered, or left open, below it."""
        if node.asks or not node.level or says_faq(node.title) or names_furniture(node.title):
            return False
        if not _has_text(node):
            return not node.texts and not node.children and node.level >= self._usual
        if self._keeps_introductions:
            # Above bold questions it introduces them.
            return all(child.is_heading or not child.asks for child in node.children)
        return node.level >= self._usual if self._most_ask else node is not self._title


def _outside_answers(node: Node) -> Iterator[Node]:
    """The nodes below `node` that are not below a question."""
    for child in node.children:
        yield child
        if not child.asks:
            yield from _outside_answers(child)


def _is_topic(node: Node) -> bool:
    named = says_faq(node.title) or names_furniture(node.title)
    return node.is_heading and not node.asks and not named and _has_text(node)


def _has_text(node: Node) -> bool:
    """Whether it says anything of its own, and not only where that is found on the page."""
    return not all(map(_LINKS_WITHIN.fullmatch, node.texts))


def _answer(node: Node, parts: set[int]) -> str:
    text = _markdown(list(_flattened(node, parts)))
    if _LINKS_WITHIN.fullmatch(text):
        return ""
    return _FURNITURE.sub("", text)


def _flattened(node: Node, parts: set[int] | None) -> Iterator[Paragraph]:
    """The text of a node with that of `parts` where they stand; None: with all below it."""
    for each in node.content:
        if isinstance(each, Paragraph):
            yield each
        elif parts is None or id(each) in parts:
            if not names_answer(each.title):
                yield Paragraph(kind=Kind.BLOCK, text=each.written)
            yield from _flattened(each, None)


def _markdown(body: list[Paragraph]) -> str:
    """The paragraphs, parted as they were in the file."""
    blocks: list[Paragraph] = []
    for kind, group in groupby(body, key=lambda paragraph: paragraph.kind):
        if kind is Kind.CODE:
            lines = "\n".join(paragraph.text for paragraph in group)
            fence = "~~~" if "```" in lines else "```"
            blocks.append(Paragraph(kind=kind, text=f"{fence}\n{lines}\n{fence}"))
        else:
            blocks += group
    parts: list[str] = []
    after = [*(block.kind for block in blocks), None][1:]
    for block, kind_after in zip(blocks, after, strict=True):
        gap = "\n" if block.kind is kind_after is Kind.ITEM else "\n\n"
        parts += [block.text, gap if block.gap is None else block.gap]
    return "".join(parts).strip("\n")
