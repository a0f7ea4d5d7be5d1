"""How a Question becomes an Answer: look at it, search, judge, write, check, cite."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from time import monotonic

from config.settings import Settings
from engine.answer.assessment import SETTLE_S, Assessment, Assessor, Kind
from engine.answer.presentation import Asked, Presentation
from engine.answer.relevance import Relevance
from engine.answer.small_talk import is_bare_name, topics
from engine.answer.verdict import Judging, Place, is_sure
from engine.answer.writing import Writing
from engine.grounding.support import Support
from engine.retrieval.retriever import Retriever
from engine.serving.generator import Generator
from engine.types import (
    Answer,
    AnswerText,
    Decision,
    OnText,
    Question,
    TextPart,
    Verdict,
)


async def _at_once() -> None:
    """Nobody else asks the model."""


class Answerer:
    """Answers questions from the FAQ; holds no state of its own."""

    def __init__(
        self,
        retriever: Retriever,
        generator: Generator,
        settings: Settings,
        relevance: Relevance,
        support: Support,
        *,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._retriever = retriever
        #: What kind of message it is, and what the FAQ has for it: the one search there is.
        self.assess = Assessor(retriever, settle_s=settle_s).assess
        self._judging = Judging(relevance, generator, settings.answer, date.today)
        self._present = Presentation(settings, date.today)
        self._writing = Writing(generator, settings, support, self._present, retriever.background)

    async def answer(
        self,
        question: Question,
        *,
        request_id: str,
        on_text: OnText = lambda _: None,
        place: Place = _at_once,
        use_model: bool = True,
        assessment: Assessment | None = None,
    ) -> Answer:
        """The answer to `question`.

        `on_text` gets the whole checked text so far, each time it grows: nothing is shown that
        was not found in an entry. `place` is awaited before the model is asked. Without
        `use_model` the best entry is quoted. `assessment` is what `assess` said of this question,
        where it was asked already.
        Never raises for what a question or a model may do; cancelling stops the generation.
        """
        started = monotonic()
        whole = Asked(assessment=assessment or await self.assess(question), started=started)
        each = [replace(whole, assessment=one) for one in whole.assessment.parts] or [whole]
        texts = [TextPart(asked.question.text, AnswerText("")) for asked in each]

        def shown_at(number: int) -> Callable[[AnswerText], None]:
            def show(text: AnswerText) -> None:
                texts[number] = replace(texts[number], text=text)
                on_text(tuple(texts))

            return show

        if len(each) == 1:
            return await self._answer_one(whole, request_id, shown_at(0), place, use_model)
        # Those that a model writes for are written side by side, in the place of their message.
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    self._answer_one(
                        asked, f"{request_id}.{number + 1}", shown_at(number), place, use_model
                    )
                )
                for number, asked in enumerate(each)
            ]
        return self._present.together(whole, [task.result() for task in tasks])

    async def _answer_one(
        self,
        asked: Asked,
        request_id: str,
        show: Callable[[AnswerText], None],
        place: Place,
        use_model: bool,
    ) -> Answer:
        kind, text = asked.assessment.kind, asked.question.text
        if kind in (Kind.GREETING, Kind.THANKS):
            return self._present.kind_word(asked)
        if kind is Kind.ORDER:
            reason = "It gives the assistant orders instead of asking something."
            return self._present.not_covered(asked, reason)
        vague = kind is Kind.VAGUE
        if not asked.matches:
            if vague:
                return self._present.ask_back(asked)
            return self._present.nothing_found(asked, self._retriever.corpus)
        if vague and topics(text) is not None and not is_bare_name(text):
            return self._present.ask_back(asked)
        judgement = await self._judging.judge(asked, place, use_model=use_model)
        asked = replace(asked, judgement=judgement)
        if vague and not is_sure(judgement):
            return self._present.ask_back(asked)
        if judgement.verdict is Verdict.NO:
            return self._present.not_covered(asked, judgement.reason)
        if judgement.verdict is Verdict.CLOSE:
            over = self._judging.has_only_past_dates(asked)
            decision = Decision.NO_CURRENT_DATE if over else Decision.NOT_SURE
            return self._present.closest(asked, decision, judgement.reason)
        if not use_model:
            reason = "The model was not used."
            return self._present.quoted(asked, Decision.QUOTED_NO_MODEL, reason)
        if self._writing.adds_nothing(asked):
            reason = "The best entry answers by itself, and a model could only repeat it."
            return self._present.quoted(asked, Decision.QUOTED_WHOLE, reason)
        await place()
        return await self._writing.write(asked, request_id, show)
