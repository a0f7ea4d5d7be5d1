"""Measures answers: how often people get the right entry, a wrong one, or none, by kind of
question."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from time import perf_counter

import numpy as np

from config.settings import Settings
from engine.answer.answering import Answerer
from engine.answer.readers import running_relevance, running_support
from engine.errors import EngineDown, EngineError
from engine.evaluation.documents import unknown_ids
from engine.evaluation.record import Record, measure
from engine.evaluation.table import in_columns
from engine.retrieval.retriever import Retriever
from engine.serving.generator import Generator
from engine.types import (
    Corpus,
    EngineState,
    EngineStatus,
    Generation,
    GenerationRequest,
    OnPiece,
    Piece,
    Question,
    Tier,
    Turn,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierTurn:
    """An earlier question of the conversation, and the entry that answered it."""

    question: str
    #: None or empty where nothing was found.
    answer_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedQuestion:
    """A question of some kind, with the entries that answer it."""

    question: str
    #: Such as `plain`, `two_part` or `offtopic`.
    kind: str
    course: str | None = None
    #: Any of them is right; empty when the FAQ has no answer.
    ids: tuple[str, ...] = ()
    #: Oldest first.
    history: tuple[EarlierTurn, ...] = ()
    #: The FAQ that the question was written for, where a file holds questions for several.
    faq: str | None = None


class Verdict(StrEnum):
    """What became of a question."""

    ANSWER_RIGHT = "answer_right"
    ANSWER_WRONG = "answer_wrong"
    CLOSEST_RIGHT = "closest_right"
    CLOSEST_OTHER = "closest_other"
    NONE = "none"
    COURTESY = "courtesy"
    CLARIFY = "clarify"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One answer, judged."""

    verdict: Verdict
    #: Every entry that answers the question was named.
    all_named: bool
    #: From the question to its judgement, without the model.
    milliseconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersGroup:
    """The questions of one kind; all but `kind` and `n` are shares of `n`."""

    kind: str
    n: int
    answer_right: float
    answer_wrong: float
    closest_right: float
    closest_other: float
    none: float
    courtesy: float
    clarify: float
    all_named: float

    @classmethod
    def of(cls, kind: str, judged: Sequence[Judgement]) -> AnswersGroup:
        """The shares of `judged`, which is not empty."""
        shares = {
            verdict.value: sum(one.verdict is verdict for one in judged) / len(judged)
            for verdict in Verdict
        }
        all_named = sum(one.all_named for one in judged) / len(judged)
        return cls(kind=kind, n=len(judged), all_named=all_named, **shares)

    @property
    def shares(self) -> tuple[float, ...]:
        """The figures in the order of the fields."""
        verdicts = [float(getattr(self, verdict.value)) for verdict in Verdict]
        return (*verdicts, self.all_named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Milliseconds:
    """How long it took from a question to its judgement, without the model."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersReport:
    """The figures of one run."""

    groups: tuple[AnswersGroup, ...]
    milliseconds: Milliseconds

    def table(self) -> str:
        """The figures for people."""
        names = [verdict.value.replace("_", " ") for verdict in Verdict]
        rows = [["kind", "n", *names, "all named"]]
        counted = [(group.kind, group.n, group.shares) for group in self.groups]
        total = sum(group.n for group in self.groups)
        weighted = np.sum([group.n * np.array(group.shares) for group in self.groups], axis=0)
        for kind, n, shares in [*counted, ("all", total, tuple(weighted / total))]:
            rows.append([kind, str(n), *(f"{share:.3f}" for share in shares)])
        times = self.milliseconds
        return (
            f"{in_columns(rows, num_names=1)}\n\n"
            f"question to judgement, without the model: p50 {times.p50:.1f} ms, "
            f"p95 {times.p95:.1f} ms"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is asked."""

    retriever: Retriever
    corpus: Corpus
    #: None: without a model.
    generator: Generator | None
    settings: Settings


class TimedGenerator:
    """Another generator, or none, and how long it was waited for."""

    def __init__(
        self, generator: Generator | None, clock: Callable[[], float] = perf_counter
    ) -> None:
        self._generator = generator
        self._clock = clock
        #: In all calls, those that failed too; what was done with each piece does not count.
        self.seconds = 0.0

    async def generate(self, request: GenerationRequest, on_piece: OnPiece) -> Generation:
        """As the other does. Raises EngineDown when there is none."""
        if self._generator is None:
            raise EngineDown

        def take(piece: Piece) -> None:
            came = self._clock()
            on_piece(piece)
            self.seconds -= self._clock() - came

        started = self._clock()
        try:
            return await self._generator.generate(request, take)
        finally:
            self.seconds += self._clock() - started

    def status(self) -> EngineStatus:
        """As the other's."""
        if self._generator is None:
            return EngineStatus(state=EngineState.STOPPED, model=None)
        return self._generator.status()


def rows_of(path: Path, rows: Sequence[AskedQuestion], faq: str | None) -> list[AskedQuestion]:
    """The rows that were written for `faq`; all of them when it is None.

    Raises EngineError, which says which FAQs there are, when there is none.
    """
    if faq is None:
        return list(rows)
    chosen = [row for row in rows if row.faq == faq]
    if not chosen:
        names = ", ".join(sorted({row.faq for row in rows if row.faq}))
        there_are = f"there are rows for {names}" if names else "no row names one"
        raise EngineError(f"{path} holds no row for the FAQ “{faq}”; {there_are}.")
    return chosen


def label_notes(path: Path, rows: Sequence[AskedQuestion], corpus: Corpus) -> list[str]:
    """Sentences about what the rows name and the documents lack.

    Raises EngineError when none of the ids is in the documents.
    """
    ids = {id_ for row in rows for id_ in row.ids}
    unknown = unknown_ids(path, ids, corpus)
    known = {document.id for document in corpus.documents}
    earlier = {turn.answer_id for row in rows for turn in row.history if turn.answer_id}
    courses = {row.course for row in rows if row.course}
    return [
        *_note("ids", unknown, ids, "no answer can name them"),
        *_note("entries of earlier turns", earlier - known, earlier, "these answers are empty"),
        *_note("courses", courses - set(corpus.courses), courses, "nothing is found in them"),
    ]


async def evaluate_answers(
    subject: Subject,
    rows: Sequence[AskedQuestion],
    record: Record[Judgement],
    progress: Callable[[int, int], None],
) -> AnswersReport:
    """Ask every row and judge what comes."""
    texts = {document.id: document.answer for document in subject.corpus.documents}
    generator = TimedGenerator(subject.generator)
    async with (
        running_relevance(subject.settings.answer, generator, None) as relevance,
        running_support(subject.settings.answer, None) as support,
    ):
        answerer = Answerer(subject.retriever, generator, subject.settings, relevance, support)

        async def ask(number: int, row: AskedQuestion) -> Judgement:
            waited, started = generator.seconds, perf_counter()
            answer = await answerer.answer(
                question_of(row, texts),
                request_id=f"eval-{number}",
                use_model=subject.generator is not None,
            )
            seconds = perf_counter() - started - (generator.seconds - waited)
            verdict, all_named = judge(
                row.ids,
                answer.tier,
                [source.id for source in answer.sources],
                [source.id for source in answer.related],
            )
            return Judgement(
                verdict=verdict, all_named=all_named, milliseconds=round(seconds * 1000, 3)
            )

        # The first search of a process is slower.
        await answerer.answer(question_of(rows[0], texts), request_id="eval", use_model=False)
        return _report(rows, await measure(rows, ask, record, progress))


def judge(
    ids: Collection[str], tier: Tier, sources: Collection[str], related: Collection[str]
) -> tuple[Verdict, bool]:
    """What became of a question that `ids` answer, and whether all of them were named."""
    right, named = set(ids), {*sources, *related}
    verdicts = {
        Tier.ANSWER: Verdict.ANSWER_WRONG if right.isdisjoint(sources) else Verdict.ANSWER_RIGHT,
        Tier.CLOSEST: Verdict.CLOSEST_OTHER if right.isdisjoint(named) else Verdict.CLOSEST_RIGHT,
        Tier.NONE: Verdict.NONE,
        Tier.COURTESY: Verdict.COURTESY,
        Tier.CLARIFY: Verdict.CLARIFY,
    }
    return verdicts[tier], bool(right) and right <= named


def question_of(row: AskedQuestion, texts: Mapping[str, str]) -> Question:
    """The question with its conversation; `texts` are the answers of the entries by their ids."""
    return Question(
        text=row.question,
        course=row.course or None,
        history=tuple(
            Turn(
                question=turn.question,
                answer=texts.get(turn.answer_id or "", ""),
                entry_ids=(turn.answer_id,) if turn.answer_id else (),
            )
            for turn in row.history
        ),
    )


def _report(rows: Sequence[AskedQuestion], judged: Sequence[Judgement]) -> AnswersReport:
    members: dict[str, list[Judgement]] = {}
    for row, one in zip(rows, judged, strict=True):
        members.setdefault(row.kind, []).append(one)
    p50, p95 = np.percentile([one.milliseconds for one in judged], (50, 95))
    return AnswersReport(
        groups=tuple(AnswersGroup.of(kind, found) for kind, found in members.items()),
        milliseconds=Milliseconds(p50=round(float(p50), 2), p95=round(float(p95), 2)),
    )


def _note(what: str, unknown: Collection[str], named: Collection[str], effect: str) -> list[str]:
    if not unknown:
        return []
    return [
        f"Not in the documents: {len(unknown)} of the {len(named)} {what} that the rows name "
        f"(“{min(unknown)}”, for one); {effect}."
    ]
