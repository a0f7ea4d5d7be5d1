"""Measures answers: how often people get the right entry, a wrong one, or none, by kind of
question."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter

import numpy as np

from config.settings import Settings
from engine.answer.answering import Answerer
from engine.answer.judges import running_relevance, running_support
from engine.corpus.corpus import Corpus
from engine.errors import EngineDown
from engine.evaluation.display import in_columns
from engine.evaluation.questions import AskedQuestion, question_of
from engine.evaluation.record import Record, measure
from engine.protocol import Generation, GenerationRequest
from engine.retrieval.retriever import Retriever
from engine.serving.generator import Generator
from engine.serving.status import EngineState, EngineStatus
from engine.types import OnPiece, Piece, Tier


class AnswerVerdict(StrEnum):
    ANSWER_RIGHT = "answer_right"
    ANSWER_WRONG = "answer_wrong"
    CLOSEST_RIGHT = "closest_right"
    CLOSEST_OTHER = "closest_other"
    NONE = "none"
    COURTESY = "courtesy"
    CLARIFY = "clarify"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedAnswer:
    verdict: AnswerVerdict
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
    def of(cls, kind: str, judged: Sequence[JudgedAnswer]) -> AnswersGroup:
        """The shares of `judged`, which is not empty."""
        shares = {
            verdict.value: sum(one.verdict is verdict for one in judged) / len(judged)
            for verdict in AnswerVerdict
        }
        all_named = sum(one.all_named for one in judged) / len(judged)
        return cls(kind=kind, n=len(judged), all_named=all_named, **shares)

    @property
    def shares(self) -> tuple[float, ...]:
        """The figures in the order of the fields."""
        verdicts = [float(getattr(self, verdict.value)) for verdict in AnswerVerdict]
        return (*verdicts, self.all_named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Milliseconds:
    """How long it took from a question to its judgement, without the model."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersReport:
    groups: tuple[AnswersGroup, ...]
    milliseconds: Milliseconds

    def table(self) -> str:
        names = [verdict.value.replace("_", " ") for verdict in AnswerVerdict]
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
        if self._generator is None:
            return EngineStatus(state=EngineState.STOPPED, model=None)
        return self._generator.status()


async def evaluate_answers(
    subject: Subject,
    rows: Sequence[AskedQuestion],
    record: Record[JudgedAnswer],
    progress: Callable[[int, int], None],
) -> AnswersReport:
    texts = {document.id: document.answer for document in subject.corpus.documents}
    generator = TimedGenerator(subject.generator)
    async with (
        running_relevance(subject.settings.answer, generator, None) as relevance,
        running_support(subject.settings.answer, None) as support,
    ):
        answerer = Answerer(subject.retriever, generator, subject.settings, relevance, support)

        async def ask(number: int, row: AskedQuestion) -> JudgedAnswer:
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
            return JudgedAnswer(
                verdict=verdict, all_named=all_named, milliseconds=round(seconds * 1000, 3)
            )

        # The first search of a process is slower.
        await answerer.answer(question_of(rows[0], texts), request_id="eval", use_model=False)
        return _report(rows, await measure(rows, ask, record, progress))


def judge(
    ids: Collection[str], tier: Tier, sources: Collection[str], related: Collection[str]
) -> tuple[AnswerVerdict, bool]:
    """What became of a question that `ids` answer, and whether all of them were named."""
    right, named = set(ids), {*sources, *related}
    verdicts = {
        Tier.ANSWER: AnswerVerdict.ANSWER_WRONG
        if right.isdisjoint(sources)
        else AnswerVerdict.ANSWER_RIGHT,
        Tier.CLOSEST: AnswerVerdict.CLOSEST_OTHER
        if right.isdisjoint(named)
        else AnswerVerdict.CLOSEST_RIGHT,
        Tier.NONE: AnswerVerdict.NONE,
        Tier.COURTESY: AnswerVerdict.COURTESY,
        Tier.CLARIFY: AnswerVerdict.CLARIFY,
    }
    return verdicts[tier], bool(right) and right <= named


def _report(rows: Sequence[AskedQuestion], judged: Sequence[JudgedAnswer]) -> AnswersReport:
    members: dict[str, list[JudgedAnswer]] = {}
    for row, one in zip(rows, judged, strict=True):
        members.setdefault(row.kind, []).append(one)
    p50, p95 = np.percentile([one.milliseconds for one in judged], (50, 95))
    return AnswersReport(
        groups=tuple(AnswersGroup.of(kind, found) for kind, found in members.items()),
        milliseconds=Milliseconds(p50=round(float(p50), 2), p95=round(float(p95), 2)),
    )
