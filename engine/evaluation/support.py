"""Measures the truth check: how much it shows of answers that the entries support or do not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import EngineError
from engine.evaluation.display import in_columns
from engine.evaluation.record import Record, measure
from engine.evaluation.rows import read_rows
from engine.grounding.grounded_text import GroundedText
from engine.grounding.support import Support
from engine.types import Document, Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """An entry that the answer was written from."""

    question: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportCase:
    """An answer to a question, and whether the documents support it."""

    set: str
    group: str
    documents: tuple[Passage, ...]
    question: str
    answer: str
    #: None where nobody has judged it.
    supported: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the truth check shows of one answer."""

    #: Nothing was dropped.
    whole: bool
    nothing: bool
    #: Share of the answer's characters.
    characters: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportGroup:
    """The answers of one set and group that are all supported, or all not; shares of `n`."""

    set: str
    group: str
    supported: bool | None
    n: int
    whole: float
    nothing: float
    characters: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportReport:
    groups: tuple[SupportGroup, ...]
    #: Who checked.
    support: str

    def table(self) -> str:
        words = {True: "yes", False: "no", None: "not judged"}
        rows = [["set", "group", "supported", "n", "whole", "nothing", "characters"]]
        rows += [
            [
                *(group.set, group.group, words[group.supported], str(group.n)),
                *(f"{share:.3f}" for share in (group.whole, group.nothing, group.characters)),
            ]
            for group in self.groups
        ]
        return f"{in_columns(rows, num_names=3)}\n\nstatements checked by: {self.support}"


def read_cases(path: Path) -> list[SupportCase]:
    """The rows of a JSONL file. Raises EngineError, which names the line."""
    cases = read_rows(path, SupportCase)
    for number, case in enumerate(cases, 1):
        if not case.answer.strip():
            raise EngineError(f"{path}: the answer of row {number} is empty; nothing to check.")
    return cases


async def evaluate_support(
    cases: Sequence[SupportCase],
    record: Record[Shown],
    progress: Callable[[int, int], None],
    support: Support,
) -> SupportReport:
    """Check every answer as the product checks what a model writes."""

    async def check(_: int, case: SupportCase) -> Shown:
        return await asyncio.to_thread(shown_of, case, support)

    shown = await measure(cases, check, record, progress)
    members: dict[tuple[str, str, bool | None], list[Shown]] = {}
    for case, one in zip(cases, shown, strict=True):
        members.setdefault((case.set, case.group, case.supported), []).append(one)
    groups = tuple(_group(*key, found) for key, found in members.items())
    return SupportReport(groups=groups, support=support.name)


def shown_of(case: SupportCase, support: Support) -> Shown:
    """What of the answer of `case` a reader would see."""
    grounded = GroundedText(documents_of(case), case.question, support)
    grounded.feed(Piece(case.answer))
    grounded.finish()
    shown, written = (" ".join(text.split()) for text in (grounded.text, case.answer))
    return Shown(
        whole=bool(shown) and not grounded.dropped,
        nothing=not shown,
        characters=min(1.0, len(shown) / len(written)),
    )


def documents_of(case: SupportCase) -> list[Document]:
    """The entries of `case`, numbered."""
    return [
        Document(
            id=str(number), course="", section="", question=passage.question, answer=passage.text
        )
        for number, passage in enumerate(case.documents)
    ]


def _group(
    set_name: str, group: str, supported: bool | None, found: Sequence[Shown]
) -> SupportGroup:
    return SupportGroup(
        set=set_name,
        group=group,
        supported=supported,
        n=len(found),
        whole=sum(one.whole for one in found) / len(found),
        nothing=sum(one.nothing for one in found) / len(found),
        characters=sum(one.characters for one in found) / len(found),
    )
