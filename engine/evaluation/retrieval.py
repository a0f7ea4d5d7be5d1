"""Measures retrieval on labelled questions: hit rate, MRR, latency, and the gate."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Protocol

import numpy as np

from engine.corpus.corpus import Corpus
from engine.errors import EngineError
from engine.retrieval.retrieval import Retrieval
from engine.types import Question

#: Hits and MRR look at so many entries.
DEPTH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledQuestion:
    """A question with the id of the document that answers it."""

    question: str
    course: str | None
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfftopicQuestion:
    """A question that the FAQ cannot answer."""

    question: str
    #: Such as `general`, `small_talk` or `near_miss`.
    kind: str
    #: Asked in this course only; None: in each course of the labelled questions.
    course: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """How well the gate parts what the FAQ covers from what it does not."""

    #: Share of the labelled questions that pass.
    kept: float
    #: Off-topic questions, each counted once for every course that it was asked in.
    n: int
    #: Share of the off-topic questions that are turned away, all together and by kind.
    rejected: float
    rejected_by_kind: dict[str, float]
    #: Chance that a labelled question stands higher over its gate than an off-topic one.
    auroc: float
    auroc_by_kind: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalReport:
    mode: str
    n: int
    hit_at_1: float
    hit_at_3: float
    hit_at_5: float
    mrr_at_5: float
    latency_p50_ms: float
    latency_p95_ms: float
    #: Labelled documents that the FAQ does not hold; their questions count as missed.
    unknown_documents: int
    gate: GateReport | None = None

    def table(self) -> str:
        rows = [
            ("questions", f"{self.n} ({self.mode})"),
            ("hit@1 / @3 / @5", f"{self.hit_at_1:.3f} / {self.hit_at_3:.3f} / {self.hit_at_5:.3f}"),
            ("MRR@5", f"{self.mrr_at_5:.3f}"),
            ("latency p50 / p95", f"{self.latency_p50_ms:.1f} / {self.latency_p95_ms:.1f} ms"),
        ]
        if self.unknown_documents:
            rows.append(("not in the FAQ", f"{self.unknown_documents} of the labelled documents"))
        if gate := self.gate:
            rows += [
                ("gate: kept", f"{gate.kept:.3f}"),
                ("gate: turned away", f"{gate.rejected:.3f} of {gate.n}, AUROC {gate.auroc:.3f}"),
            ]
            rows += [
                (f"  {kind}", f"{share:.2f}, AUROC {gate.auroc_by_kind[kind]:.3f}")
                for kind, share in gate.rejected_by_kind.items()
            ]
        return "\n".join(f"{name:<20}{value}" for name, value in rows)


class Searcher(Protocol):
    """What is measured."""

    @property
    def corpus(self) -> Corpus | None: ...

    async def search(self, question: Question, num_results: int | None = None) -> Retrieval: ...


async def evaluate_retrieval(
    retriever: Searcher,
    questions: Sequence[LabelledQuestion],
    offtopic: Sequence[OfftopicQuestion] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RetrievalReport:
    """Ask every question, filtered by its course; the off-topic ones as a channel would.

    `progress` hears how many of how many were asked. Raises EngineError without questions, and
    when an off-topic one names a course, or all labelled ones do, that the FAQ does not have.
    """
    if not questions:
        raise EngineError("There is no question to measure with.")
    elsewhere = _in_courses(offtopic or (), questions, retriever.corpus)
    asked = [Question(text=q.question, course=q.course) for q in questions]
    asked += [Question(text=q.question, course=q.course) for q in elsewhere]
    await retriever.search(asked[0])  # the first search of a process is slower
    found: list[Retrieval] = []
    seconds = []
    for question in asked:
        started = perf_counter()
        found.append(await retriever.search(question, DEPTH))
        seconds.append(perf_counter() - started)
        if progress:
            progress(len(found), len(asked))
        await asyncio.sleep(0)  # nothing else may wait here, and Ctrl-C could not end it
    on_topic, off_topic = found[: len(questions)], found[len(questions) :]
    ranks = [_rank(f, q.document) for f, q in zip(on_topic, questions, strict=True)]
    held = {document.id for document in retriever.corpus.documents} if retriever.corpus else set()
    p50, p95 = np.percentile(seconds, (50, 95)) * 1000
    return RetrievalReport(
        mode=on_topic[-1].mode.value,
        n=len(questions),
        hit_at_1=_share(rank <= 1 for rank in ranks),
        hit_at_3=_share(rank <= 3 for rank in ranks),
        hit_at_5=_share(rank <= DEPTH for rank in ranks),
        mrr_at_5=round(sum(1 / rank for rank in ranks) / len(ranks), 4),
        latency_p50_ms=round(float(p50), 2),
        latency_p95_ms=round(float(p95), 2),
        unknown_documents=len({q.document for q in questions} - held),
        gate=_gate(on_topic, off_topic, [q.kind for q in elsewhere]) if elsewhere else None,
    )


def read_labelled(path: Path) -> list[LabelledQuestion]:
    """Questions from a CSV file with the columns question, course and document.

    An empty course searches all of them. Raises EngineError.
    """
    return [
        LabelledQuestion(question=row[0], course=row[1] or None, document=row[2])
        for row in _read(path, ("question", "course", "document"))
    ]


def read_offtopic(path: Path) -> list[OfftopicQuestion]:
    """Questions from a CSV file with the columns question and kind, and perhaps course.

    Raises EngineError.
    """
    return [
        OfftopicQuestion(question=question, kind=kind, course=course or None)
        for question, kind, course in _read(path, ("question", "kind"), "course")
    ]


def _in_courses(
    offtopic: Sequence[OfftopicQuestion],
    questions: Sequence[LabelledQuestion],
    corpus: Corpus | None,
) -> list[OfftopicQuestion]:
    """Each question once for every course that it is asked in: its own, else all labelled ones.

    Nothing is ever found in a course that the FAQ does not have, which would look like a good gate.
    """
    known = set(corpus.courses) if corpus else set()
    labelled = list(dict.fromkeys(q.course for q in questions if q.course))
    courses: list[str | None] = [course for course in labelled if course in known]
    strange = {q.course for q in offtopic if q.course} - known
    if offtopic and labelled and not courses:
        strange.update(labelled)
    if strange:
        raise EngineError(
            f"The FAQ has no course {', '.join(sorted(filter(None, strange)))}, in which questions "
            f"are to be asked; it has {', '.join(sorted(known))}."
        )
    return [
        replace(question, course=course)
        for question in offtopic
        for course in ([question.course] if question.course else courses or [None])
    ]


def _read(path: Path, columns: tuple[str, ...], *optional: str) -> list[tuple[str, ...]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = set(columns) - set(reader.fieldnames or ())
            if missing:
                raise EngineError(
                    f"{path} needs the columns {', '.join(columns)} in its first line; "
                    f"there is no {' and no '.join(sorted(missing))}."
                )
            names = (*columns, *optional)
            rows = [tuple((row.get(name) or "").strip() for name in names) for row in reader]
    except OSError as error:
        raise EngineError(f"{path} cannot be read ({error.strerror}).") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise EngineError(f"{path} is not a CSV file in UTF-8 ({error}).") from error
    if not rows:
        raise EngineError(f"{path} holds no question below its first line.")
    return rows


def _rank(retrieval: Retrieval, document: str) -> float:
    """The place of `document` from 1; infinite when it was not found."""
    ids = [match.document.id for match in retrieval.matches]
    return ids.index(document) + 1 if document in ids else float("inf")


def _gate(
    on_topic: Sequence[Retrieval], off_topic: Sequence[Retrieval], kinds: Sequence[str]
) -> GateReport:
    of_kind = {
        kind: [found for found, own in zip(off_topic, kinds, strict=True) if own == kind]
        for kind in dict.fromkeys(kinds)
    }
    return GateReport(
        kept=_share(found.covered for found in on_topic),
        n=len(off_topic),
        rejected=_share(not found.covered for found in off_topic),
        rejected_by_kind={
            kind: _share(not one.covered for one in found) for kind, found in of_kind.items()
        },
        auroc=_auroc(on_topic, off_topic),
        auroc_by_kind={kind: _auroc(on_topic, found) for kind, found in of_kind.items()},
    )


def _auroc(on_topic: Sequence[Retrieval], off_topic: Sequence[Retrieval]) -> float:
    lower = np.sort([found.confidence - found.gate for found in off_topic])
    higher = np.array([found.confidence - found.gate for found in on_topic])
    below = np.searchsorted(lower, higher, "left") + np.searchsorted(lower, higher, "right")
    return round(float(below.mean()) / (2 * len(lower)), 4)


def _share(flags: Iterable[bool]) -> float:
    values = list(flags)
    return round(sum(values) / len(values), 4)
