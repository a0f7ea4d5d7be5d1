"""Judges whether the best entry may be shown as the answer: what Relevance says of it, and whether
it speaks of the present where a date is asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date

from config.settings import AnswerSettings
from engine.answer.dates import asks_for_date, asks_when, past_edition, tells_time
from engine.answer.presentation import Asked
from engine.answer.relevance import EMBEDDED, Relevance, judge_by_features
from engine.serving.generator import Generator
from engine.types import Judgement, Verdict

#: From this probability on a bare name ("certificate?") is answered, and a long message, in which
#: several things went wrong. Chosen by hand.
SURE = 0.8
#: Returns once the model has a place for the question.
Place = Callable[[], Awaitable[None]]


class Judging:
    """Asks Relevance, and takes an answer back that would be out of date or too unsure."""

    def __init__(
        self,
        relevance: Relevance,
        generator: Generator,
        settings: AnswerSettings,
        today: Callable[[], date],
    ) -> None:
        self._relevance = relevance
        self._generator = generator
        self._settings = settings
        self._today = today

    async def judge(self, asked: Asked, place: Place, *, use_model: bool) -> Judgement:
        """Whether the best entry answers; the search has found one. Without `use_model` the
        question may be what kills the model: it is not given to it to judge either."""
        question, retrieval = asked.question, asked.assessment.retrieval
        assert retrieval is not None  # it has matches
        if self._relevance.asks_model and not use_model:
            judgement = judge_by_features(question, retrieval)
        else:
            reads = self._relevance.asks_model and self._generator.status().reads
            if reads and retrieval.covered:
                await place()
            judgement = await self._relevance.judge(question, retrieval)
        if judgement.verdict is not Verdict.ANSWERS:
            return judgement
        unread = judgement.reader == EMBEDDED and asked.assessment.num_lines > 0
        if self._has_no_date(asked):
            reason = "It asks when, and the best entry speaks of a time that is over, or of none."
        elif unread and not is_sure(judgement):
            reason = f"Of a long message it must be surer: {judgement.probability:.2f} of {SURE}."
        else:
            return judgement
        return replace(judgement, verdict=Verdict.CLOSE, reason=reason)

    def has_only_past_dates(self, asked: Asked) -> bool:
        """Whether it asks for a time and an entry that is about to be named is about what is over;
        "when does it run out of memory?" asks for no date."""
        named = asked.matches[: self._settings.num_related]
        return self._has_no_date(asked) and any(
            past_edition(match.document, self._today()) for match in named
        )

    def _has_no_date(self, asked: Asked) -> bool:
        """Whether it asks for a time and the best entry cannot tell today's."""
        retrieval = asked.assessment.retrieval
        if retrieval is None or not asks_when(asked.question.text):
            return False
        best = retrieval.matches[0].document
        if past_edition(best, self._today()) is not None:
            return True
        return asks_for_date(asked.question.text) and not tells_time(best, retrieval.faq_language)


def is_sure(judgement: Judgement) -> bool:
    """Whether the best entry surely answers, though the message is vague or long."""
    sure = judgement.probability is None or judgement.probability >= SURE
    return judgement.verdict is Verdict.ANSWERS and sure
