"""Tells the entries of a source that can be served from those that are none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from engine.corpus.corpus import Problem
from engine.corpus.entry import Entry, shortened
from engine.corpus.files import MARKDOWN, Reading
from engine.corpus.images import is_on_the_web, without_images
from engine.corpus.placeholders import (
    AnswerKind,
    is_placeholder_title,
    kind_of_answer,
    only_points_at_images,
)
from engine.corpus.published import Published, opened_at
from engine.corpus.site_marks import without_site_marks
from engine.corpus.web.hosts import is_written_private

_STEPS = {AnswerKind.BEFORE: -1, AnswerKind.AFTER: 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What can be served of one source, and what became of the rest."""

    #: Each with its file, in the order of the course.
    entries: tuple[tuple[Path, Entry], ...]
    #: One for each entry that is left out, or served with the answer of its neighbour; drafts are
    #: counted.
    left_out: tuple[Problem, ...]
    #: Of the images and of the marks for a site generator, how many entries lost some, if any.
    taken_out: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """An entry on its way in, its answer without images."""

    entry: Entry
    path: Path
    had_marks: bool
    had_images: bool
    kind: AnswerKind

    @property
    def has_images_only(self) -> bool:
        """Whether nothing was left without them."""
        return self.had_images and self.kind is AnswerKind.EMPTY

    @property
    def has_marks_only(self) -> bool:
        """Whether nothing was left without the marks for a site generator."""
        return self.had_marks and self.kind is AnswerKind.EMPTY

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
    candidates = [
        _candidate(path, entry, reading.files[path].published)
        for path, entry in reading.placed_entries()
    ]
    meant = _entries_meant(candidates)
    kept: list[tuple[Path, Entry]] = []
    left_out = [
        Problem(source=readable.source, reason=reason)
        for readable in reading.files.values()
        for reason in readable.left_out
    ]
    num_marked = num_with_images = 0
    for position, candidate in enumerate(candidates):
        target = meant.get(position)
        answer = candidate if target is None else candidates[target]
        is_titled = not is_placeholder_title(without_images(candidate.entry.question))
        if is_titled and answer.kind is AnswerKind.REAL:
            entry = replace(candidate.entry, answer=answer.entry.answer)
            kept.append((candidate.path, entry))
            num_with_images += candidate.had_images
            num_marked += candidate.had_marks
        if target is not None and is_titled:
            reason = _resolved(candidate, answer)
        elif not is_titled or candidate.kind is not AnswerKind.REAL:
            reason = _dropped(candidate, is_titled=is_titled)
        else:
            continue
        shown = reading.files[candidate.path].source
        left_out.append(Problem(source=shown, reason=reason))
    counted = ((num_with_images, "image marks"), (num_marked, "marks for a site generator"))
    taken_out = tuple(
        Problem(source=source, reason=_counted(number, what)) for number, what in counted if number
    )
    return Selection(entries=tuple(kept), left_out=tuple(left_out), taken_out=taken_out)


def _candidate(path: Path, entry: Entry, file: Published) -> _Candidate:
    def is_open(address: str) -> bool:
        opened = None if " " in address else opened_at(address, file, {})
        # A page of this very machine or network is for its owner, who tries things out.
        return opened is not None and (is_on_the_web(address) or not _is_private(opened))

    text = without_site_marks(entry.answer)
    answer = without_images(text, is_open)
    had_images = answer != text
    kind = kind_of_answer(answer)
    # "See below:" pointed at the image that stood there.
    if had_images and (kind is AnswerKind.AFTER or only_points_at_images(answer)):
        kind = AnswerKind.EMPTY
    return _Candidate(
        entry=replace(entry, answer=answer),
        path=path,
        had_marks=text != entry.answer,
        had_images=had_images,
        kind=kind,
    )


def _is_private(url: str) -> bool:
    return is_written_private(urlsplit(url).hostname or "")


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
    if candidate.has_marks_only and is_titled:
        return (
            f"{name} has only marks for a site generator for an answer (“{answer}”) and is left "
            "out; write out what they stand for."
        )
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


def _counted(number: int, what: str) -> str:
    had = "entry had" if number == 1 else "entries had"
    return f"{number} {had} {what}, which were taken out."
