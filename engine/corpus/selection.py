"""Tells the entries of a source that can be served from those that are none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.corpus.corpus import Problem
from engine.corpus.entry import Entry, shortened
from engine.corpus.files import MARKDOWN, Reading
from engine.corpus.images import without_images
from engine.corpus.placeholders import (
    AnswerKind,
    is_placeholder_title,
    kind_of_answer,
    only_points_at_images,
)

_STEPS = {AnswerKind.BEFORE: -1, AnswerKind.AFTER: 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What can be served of one source, and what became of the rest."""

    #: Each with its file, in the order of the course.
    entries: tuple[tuple[Path, Entry], ...]
    #: One for each entry that is left out, or served with the answer of its neighbour; drafts are
    #: counted.
    left_out: tuple[Problem, ...]
    #: One that counts the entries whose images were taken out, if there are any.
    images: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """An entry on its way in, its answer without images."""

    entry: Entry
    path: Path
    had_images: bool
    kind: AnswerKind

    @property
    def has_images_only(self) -> bool:
        """Whether nothing was left without them."""
        return self.had_images and self.kind is AnswerKind.EMPTY

    @property
    def neighbourhood(self) -> tuple[Path, str, str]:
        """Where "the previous answer" is looked for: the section in the same file or folder."""
        is_markdown = self.path.suffix.lower() in MARKDOWN
        place = self.path.parent if is_markdown else self.path
        return place, self.entry.course, self.entry.section

    @property
    def name(self) -> str:
        """How the operator finds it."""
        place = ", ".join(filter(None, (self.entry.course, self.entry.section)))
        return f"“{shortened(self.entry.question)}” ({place})"


def select(source: str, reading: Reading) -> Selection:
    """The entries of `reading` that say something, without images; `source` is its name."""
    candidates = [_candidate(path, entry) for path, entry in reading.placed_entries()]
    meant = _entries_meant(candidates)
    kept: list[tuple[Path, Entry]] = []
    left_out = [
        Problem(source=readable.source, reason=reason)
        for readable in reading.files.values()
        for reason in readable.left_out
    ]
    num_cleaned = 0
    for position, candidate in enumerate(candidates):
        target = meant.get(position)
        answer = candidate if target is None else candidates[target]
        is_titled = not is_placeholder_title(without_images(candidate.entry.question))
        if is_titled and answer.kind is AnswerKind.REAL:
            entry = replace(candidate.entry, answer=answer.entry.answer)
            kept.append((candidate.path, entry))
            num_cleaned += candidate.had_images
        if target is not None and is_titled:
            reason = _resolved(candidate, answer)
        elif not is_titled or candidate.kind is not AnswerKind.REAL:
            reason = _dropped(candidate, is_titled=is_titled)
        else:
            continue
        shown = reading.files[candidate.path].source
        left_out.append(Problem(source=shown, reason=reason))
    images = (Problem(source=source, reason=_counted(num_cleaned)),) if num_cleaned else ()
    return Selection(entries=tuple(kept), left_out=tuple(left_out), images=images)


def _candidate(path: Path, entry: Entry) -> _Candidate:
    answer = without_images(entry.answer)
    had_images = answer != entry.answer
    kind = kind_of_answer(answer)
    # "See below:" pointed at the image that stood there.
    if had_images and (kind is AnswerKind.AFTER or only_points_at_images(answer)):
        kind = AnswerKind.EMPTY
    return _Candidate(
        entry=replace(entry, answer=answer), path=path, had_images=had_images, kind=kind
    )


def _entries_meant(candidates: Sequence[_Candidate]) -> dict[int, int]:
    """Position of an entry that points at its neighbour → position of the answer it means.

    A neighbour that points on itself is followed; one without an answer is not skipped, for
    the answer beyond it is to another question.
    """
    neighbours = dict(_steps(candidates))
    meant: dict[int, int | None] = {}
    for start in neighbours:
        path: list[int] = []
        position: int | None = start
        while position in neighbours and position not in meant:
            meant[position] = None  # two that point at each other mean nobody
            path.append(position)
            position = neighbours[position]
        if position is not None and position in meant:
            position = meant[position]
        elif position is not None and candidates[position].kind is not AnswerKind.REAL:
            position = None
        meant.update(dict.fromkeys(path, position))
    return {start: target for start, target in meant.items() if target is not None}


def _steps(candidates: Sequence[_Candidate]) -> Iterator[tuple[int, int | None]]:
    """Position of each entry that points at a neighbour, and that of the neighbour."""
    for positions in _neighbourhoods(candidates):
        for place, position in enumerate(positions):
            step = _STEPS.get(candidates[position].kind)
            if step is None:
                continue
            other = place + step
            is_there = 0 <= other < len(positions)
            if is_there and not candidates[positions[max(place, other)]].entry.follows_gap:
                yield position, positions[other]
            else:
                yield position, None


def _neighbourhoods(candidates: Iterable[_Candidate]) -> Iterable[list[int]]:
    found: dict[tuple[Path, str, str], list[int]] = {}
    for position, candidate in enumerate(candidates):
        found.setdefault(candidate.neighbourhood, []).append(position)
    return found.values()


def _resolved(candidate: _Candidate, answer: _Candidate) -> str:
    where = "before" if candidate.kind is AnswerKind.BEFORE else "after"
    return (
        f"{candidate.name} only points at the entry {where} it and is served with the answer of "
        f"“{shortened(answer.entry.question)}”; write its own answer if that is the wrong one."
    )


def _dropped(candidate: _Candidate, *, is_titled: bool) -> str:
    name, answer = candidate.name, shortened(" ".join(candidate.entry.answer.split()))
    if candidate.has_images_only:
        return f"{name} has only images for an answer and is left out; write one in words."
    if not is_titled and candidate.kind is AnswerKind.REAL:
        return (
            f"{name} has a placeholder for a title and is left out, though it has an answer "
            f"(“{answer}”); write the question it answers."
        )
    if not is_titled:
        return f"{name} is a template that was not filled in and is left out; fill or delete it."
    if candidate.kind is AnswerKind.EMPTY:
        return f"{name} has no answer yet, only “{answer}”, and is left out; write one to serve it."
    where = "before" if candidate.kind is AnswerKind.BEFORE else "after"
    return (
        f"{name} only points at another answer (“{answer}”), and no entry {where} it in its "
        "section has one; it is left out. Write its own answer to serve it."
    )


def _counted(number: int) -> str:
    had = "entry had" if number == 1 else "entries had"
    return f"{number} {had} image marks, which were taken out."
