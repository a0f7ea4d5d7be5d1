"""Learns from the FAQ itself the score floor: how high questions about something else score in it.

Among 50,000 entries some entry is always a little like the question; among ten hardly ever. So
the same score says different things in different FAQs, and no formula of their size tells which:
questions about everything and nothing (`probes.txt`) are asked at every build instead, and what
they score is the floor from which real questions are measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.retrieval.scoring import Levels, Signals
from engine.types import RetrievalMode

#: The higher probes may be about this very FAQ, the more of them the larger it is: so large a share
#: of them is left out. With a tenth left out, .93 of the answerable questions were kept among
#: 10,000 entries about everything (docs/quality.md, "Sizes").
LEFT_OUT = 0.5

#: The highest floors of the six FAQs that the weights were fitted on (docs/quality.md), each about
#: one field. A higher one says that the FAQ holds entries about everything, among which a probe is
#: no longer about something else: of what is above, so large a share counts, chosen by hand. Words
#: alone need none of it.
FIELD, BEYOND = Levels(combined=0.28, lexical=0.34, english=0.2, multilingual=0.25), 0.35
#: Fewer probes of a language than this say nothing; all of them are taken then.
FEW_PROBES = 8

#: Course (None: all of them) → where its documents stand.
Places = Mapping[str | None, NDArray[np.intp]]


@dataclass(frozen=True, slots=True)
class Setting:
    """What a floor counts for."""

    mode: RetrievalMode
    course: str | None
    #: Whether the question is in the FAQ's own language: in another one all scores are lower.
    own_language: bool


Floors = Mapping[Setting, Levels]


@dataclass(frozen=True, slots=True)
class Probe:
    """A question that hardly any FAQ is about."""

    language: str
    text: str


@cache
def probes() -> tuple[Probe, ...]:
    """Questions about everything and nothing, in six languages."""
    lines = Path(__file__).with_name("probes.txt").read_text(encoding="utf-8").splitlines()
    return tuple(Probe(*line.split("\t", 1)) for line in lines)


def floors_of(asked: Iterable[tuple[Probe, Signals]], places: Places, language: str) -> Floors:
    """The floor in each setting of a FAQ in `language`: the mean of what the probes' best entries
    score, without the highest. `asked` holds what the search knows of each probe."""
    asked = list(asked)
    floors: dict[Setting, Levels] = {}
    for mode in {signals.mode for _, signals in asked}:
        own = [(probe.language == language, signals) for probe, signals in asked]
        for own_language in (True, False):
            chosen = [s for same, s in own if s.mode is mode and same is own_language]
            if len(chosen) < FEW_PROBES:
                chosen = [s for _, s in own if s.mode is mode]
            for course, where in places.items():
                if where.size:
                    best = [_best(signals, where) for signals in chosen]
                    best.sort(key=lambda level: level.combined)
                    floor = Levels.mean(best[: max(1, round(len(best) * (1 - LEFT_OUT)))])
                    if mode is not RetrievalMode.LEXICAL:
                        floor = floor.damped(FIELD, BEYOND)
                    floors[Setting(mode, course, own_language)] = floor
    return floors


def _best(signals: Signals, where: NDArray[np.intp]) -> Levels:
    return Levels.of(signals, lambda scores: float(scores[where].max()))
