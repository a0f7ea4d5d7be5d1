"""How a Question becomes an Answer: look at it, search, judge, generate, check, cite."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from time import monotonic

from config.settings import Settings
from engine.answer.assessment import Assessment, Kind
from engine.answer.assessor import SETTLE_S, Assessor
from engine.answer.dates import asks_for_date, asks_when, past_edition, tells_time
from engine.answer.headlines import in_parts
from engine.answer.presentation import Asked, Presentation
from engine.answer.relevance import EMBEDDED, Relevance, judge_by_evidence
from engine.answer.small_talk import is_bare_name, topics
from engine.errors import EngineCrashed, GenerationError
from engine.generation import Generation, GenerationRequest
from engine.grounding.grounded_text import GroundedText, is_thin
from engine.grounding.support import Support
from engine.prompt import says_no_answer
from engine.retrieval.retriever import Retriever
from engine.serving.generator import Generator
from engine.types import (
    Answer,
    AnswerText,
    Decision,
    Document,
    Judgement,
    OnText,
    Piece,
    Question,
    Timings,
    Verdict,
)

log = logging.getLogger(__name__)

#: Entries that score less than this share of the best one are not shown to the model. On the
#: labelled zoomcamp questions it still sees the right entry in 97.5 % instead of 97.6 %, and reads
#: 2.5 entries instead of 5: half the prompt, and fewer entries to mix up.
RELEVANT = 0.7
#: A model that cannot be trusted to read gets those alone that are about as close as the best one,
#: and two at most: the more it is given the more it mixes up, and each takes it a second to read.
ABOUT_AS_CLOSE, MAX_FOR_SMALL = 0.85, 2
#: Begins and ends a block of code.
_FENCE = "```"
#: Tokens that such a model may write: it is asked for two sentences, and what it adds to them is
#: mostly dropped.
MAX_SMALL_TOKENS = 96
#: From this probability on a bare name ("certificate?") is answered, and a long message, in which
#: several things went wrong.
SURE = 0.8
#: Returns once the model has a place for the question.
Place = Callable[[], Awaitable[None]]
#: Times the engine process may end while it works on one question.
MAX_CRASHES = 2


def _ignore(_: AnswerText) -> None:
    """No one is watching the answer grow."""


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
        today: Callable[[], date] = date.today,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._retriever = retriever
        self._generator = generator
        self._settings = settings
        self._relevance = relevance
        self._support = support
        self._today = today
        self._present = Presentation(settings, today)
        self._assessor = Assessor(retriever, settle_s=settle_s)

    async def assess(self, question: Question) -> Assessment:
        """What kind of message it is, and what the FAQ has for it: the one search there is."""
        return await self._assessor.assess(question)

    async def answer(
        self,
        question: Question,
        *,
        request_id: str,
        on_text: OnText = _ignore,
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
        asked = Asked(assessment=assessment or await self.assess(question), started=started)
        if asked.assessment.parts:
            return await self._answer_parts(asked, request_id, on_text, place, use_model)
        return await self._answer_one(asked, request_id, on_text, place, use_model)

    async def _answer_parts(
        self, asked: Asked, request_id: str, on_text: OnText, place: Place, use_model: bool
    ) -> Answer:
        """Each question of the message by itself; those that a model writes for side by side, in
        the place of their message."""
        parts = asked.assessment.parts
        shown = [AnswerText("")] * len(parts)

        def grows(number: int) -> OnText:
            def on_part(text: AnswerText) -> None:
                shown[number] = text
                named = zip(parts, shown, strict=True)
                on_text(
                    AnswerText(in_parts((part.question.text, one) for part, one in named if one))
                )

            return on_part

        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    self._answer_one(
                        Asked(assessment=part, started=asked.started),
                        f"{request_id}.{number + 1}",
                        grows(number),
                        place,
                        use_model,
                    )
                )
                for number, part in enumerate(parts)
            ]
        return self._present.together(asked, [task.result() for task in tasks])

    async def _answer_one(
        self, asked: Asked, request_id: str, on_text: OnText, place: Place, use_model: bool
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
        asked, judgement = await self._judged(asked, place, use_model)
        if vague and not _is_sure(judgement):
            return self._present.ask_back(asked)
        if judgement.verdict is Verdict.NO:
            return self._present.not_covered(asked, judgement.reason)
        if judgement.verdict is Verdict.CLOSE:
            over = self._has_no_date(asked) and self._names_past(asked)
            decision = Decision.NO_CURRENT_DATE if over else Decision.NOT_SURE
            return self._present.closest(asked, decision, judgement.reason)
        if not use_model:
            reason = "The model was not used."
            return self._present.quoted(asked, Decision.QUOTED_NO_MODEL, reason)
        if self._adds_nothing(asked):
            reason = "The best entry answers by itself, and a model could only repeat it."
            return self._present.quoted(asked, Decision.QUOTED_WHOLE, reason)
        await place()
        return await self._write(asked, request_id, on_text)

    async def _judged(self, asked: Asked, place: Place, use_model: bool) -> tuple[Asked, Judgement]:
        """Whether the best entry answers; a question that may be what kills the model is not
        given to it to judge either."""
        question, retrieval = asked.question, asked.assessment.retrieval
        assert retrieval is not None  # it has matches
        if self._relevance.asks_model and not use_model:
            judgement = judge_by_evidence(question, retrieval)
        else:
            reads = self._relevance.asks_model and self._generator.status().reads
            if reads and retrieval.covered:
                await place()
            judgement = await self._relevance.judge(question, retrieval)
        if judgement.verdict is Verdict.ANSWERS and self._has_no_date(asked):
            reason = "It asks when, and the best entry speaks of a time that is over, or of none."
            judgement = replace(judgement, verdict=Verdict.CLOSE, reason=reason)
        unread = judgement.reader == EMBEDDED and asked.assessment.num_lines > 0
        if judgement.verdict is Verdict.ANSWERS and unread and not _is_sure(judgement):
            reason = f"Of a long message it must be surer: {judgement.probability:.2f} of {SURE}."
            judgement = replace(judgement, verdict=Verdict.CLOSE, reason=reason)
        return replace(asked, judgement=judgement), judgement

    def _has_no_date(self, asked: Asked) -> bool:
        """Whether it asks for a time and the best entry cannot tell today's."""
        retrieval = asked.assessment.retrieval
        if retrieval is None or not asks_when(asked.question.text):
            return False
        best = retrieval.matches[0].document
        if past_edition(best, self._today()) is not None:
            return True
        return asks_for_date(asked.question.text) and not tells_time(best, retrieval.faq_language)

    def _names_past(self, asked: Asked) -> bool:
        """Whether an entry that is about to be named is about what is over; "when does it run out
        of memory?" asks for no date."""
        named = asked.matches[: self._settings.answer.num_related]
        return any(past_edition(match.document, self._today()) for match in named)

    def _adds_nothing(self, asked: Asked) -> bool:
        """Whether a model could only say again what the best entry says in some sentences. One that
        can write puts several entries together, and says it in the asker's language; one that
        cannot spoils code as well."""
        retrieval, longest = asked.assessment.retrieval, self._settings.answer.short_entry
        if retrieval is None or longest == 0:
            return False
        entry = asked.matches[0].document.answer
        short = len(entry) <= longest
        if not self._generator.status().reads:
            return short or _FENCE in entry
        alone = len(self._to_read(asked)) == 1
        return short and alone and retrieval.question_language == retrieval.faq_language

    def _to_read(self, asked: Asked) -> tuple[Document, ...]:
        """The entries that a model is given."""
        matches, reads = asked.matches, self._generator.status().reads
        least = (RELEVANT if reads else ABOUT_AS_CLOSE) * matches[0].score
        close = tuple(match.document for match in matches if match.score >= least)
        return close if reads else close[:MAX_FOR_SMALL]

    async def _write(self, asked: Asked, request_id: str, on_text: OnText) -> Answer:
        limit, reads = self._settings.engine.max_new_tokens, self._generator.status().reads
        request = GenerationRequest(
            id=request_id,
            question=asked.question.text,
            documents=self._to_read(asked),
            history=asked.question.history,
            max_new_tokens=limit if reads else min(limit, MAX_SMALL_TOKENS),
            deadline_s=self._settings.engine.deadline_s,
        )
        try:
            with self._retriever.background.held_back():
                generation, grounded = await self._generate(request, on_text)
        except GenerationError as error:
            log.warning("quoting instead of generating: %s", error)
            return self._present.quoted(asked, Decision.QUOTED_NO_MODEL, str(error))
        return self._checked(asked, generation, grounded)

    async def _generate(
        self, request: GenerationRequest, on_text: OnText
    ) -> tuple[Generation, GroundedText]:
        """What the model writes, and what of it stands. Raises GenerationError.

        A process that ends may have ended through a neighbour's question, so this one is asked
        once more; the second time it is this one that is not asked again.
        """
        for attempt in range(1, MAX_CRASHES + 1):
            # Reading long entries takes some tens of milliseconds the first time.
            grounded = await asyncio.to_thread(
                GroundedText,
                request.documents,
                request.question,
                self._support,
                strict=not self._generator.status().reads,
            )
            try:
                return await self._generate_once(request, grounded, on_text), grounded
            except EngineCrashed as error:
                if attempt == MAX_CRASHES:
                    raise
                log.warning("asking once more: %s", error)
        raise AssertionError("the loop returns or raises")

    async def _generate_once(
        self, request: GenerationRequest, grounded: GroundedText, on_text: OnText
    ) -> Generation:
        """What the model writes, checked in a thread while it is written: whoever judges support
        may be a model that takes its time."""
        pieces: asyncio.Queue[Piece | None] = asyncio.Queue()

        async def check() -> None:
            while (piece := await pieces.get()) is not None:
                if await asyncio.to_thread(grounded.feed, piece):
                    on_text(grounded.text)

        failure: GenerationError | None = None
        async with asyncio.TaskGroup() as group:
            group.create_task(check())
            try:
                generation = await self._generator.generate(request, pieces.put_nowait)
            except GenerationError as error:
                failure = error  # out of the group as it is, not as a group of one
            finally:
                pieces.put_nowait(None)
        if failure is not None:
            raise failure
        await asyncio.to_thread(grounded.finish, generation.finish_reason)
        return generation

    def _checked(self, asked: Asked, generation: Generation, grounded: GroundedText) -> Answer:
        """What of the model's text is shown, or what is shown instead."""
        abstains = says_no_answer(generation.text)
        # What a small model writes beside the matter is no sign that there is no answer.
        strays = self._generator.status().reads and not grounded.is_about_entries
        if abstains or (is_thin(grounded.text) and strays):
            reason = f"{generation.model} found no answer in the entries."
            answer = self._present.closest(asked, Decision.MODEL_ABSTAINED, reason, generation)
        elif is_thin(grounded.text):
            reason = (
                f"Too little of what {generation.model} wrote stands in the entries "
                f"({len(grounded.dropped)} sentences dropped)."
            )
            answer = self._present.quoted(asked, Decision.QUOTED_UNSUPPORTED, reason, generation)
        else:
            answer = self._written(asked, generation, grounded)
        because = tuple(reason.value for reason in grounded.reasons)
        return replace(answer, dropped=grounded.dropped, dropped_because=because)

    def _written(self, asked: Asked, generation: Generation, grounded: GroundedText) -> Answer:
        """What the model wrote, as far as it stands."""
        used = set(grounded.document_ids)
        sources = [self._present.source(m) for m in asked.matches if m.document.id in used]
        cited = grounded.cited_ids
        sources.sort(
            key=lambda source: cited.index(source.id) if source.id in cited else len(cited)
        )
        answer = self._present.answer(
            asked,
            Decision.ANSWERED,
            f"Every statement was found in {len(used)} of the FAQ's entries.",
            text=grounded.text,
            generation=generation,
            sources=tuple(sources),
            related=self._present.nearly_as_close(asked.matches, used),
        )
        return replace(answer, cites=bool(cited))


def apology(reason: str) -> Answer:
    """The answer when answering itself broke."""
    return Answer(
        decision=Decision.FAILED,
        reason=reason,
        timings=Timings(retrieve_s=0.0, total_s=0.0),
    )


def _is_sure(judgement: Judgement) -> bool:
    """Whether so short a message surely means one entry all the same ("certificate?")."""
    sure = judgement.probability is None or judgement.probability >= SURE
    return judgement.verdict is Verdict.ANSWERS and sure
