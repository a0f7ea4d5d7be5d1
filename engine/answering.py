"""How a Question becomes an Answer: retrieve, prompt, generate, check, cite."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic

from config.settings import Settings
from engine.errors import EngineCrashed, GenerationError
from engine.extractive import quote
from engine.generator import Generator
from engine.grounding.grounded_text import GroundedText, is_thin
from engine.prompt import says_no_answer
from engine.retrieval.retriever import Retriever
from engine.types import (
    Answer,
    Decision,
    Generation,
    GenerationRequest,
    Question,
    Retrieval,
    Source,
    Timings,
)

log = logging.getLogger(__name__)

#: Seconds an answer waits for the vectors; after a start with an empty cache they may take a
#: minute, and the word index answers meanwhile.
SETTLE_S = 15.0
#: Entries that score less than this share of the best one are not shown to the model. On the
#: labelled zoomcamp questions it still sees the right entry in 97.5 % instead of 97.6 %, and reads
#: 2.5 entries instead of 5: half the prompt, and fewer entries to mix up.
RELEVANT = 0.7
#: Times the engine process may end while it works on one question.
MAX_CRASHES = 2
#: Characters of a question that reach the model; more is no question any more.
MAX_QUESTION_CHARS = 2000


def _ignore(_: str) -> None:
    """No one is watching the answer grow."""


@dataclass(frozen=True, slots=True)
class _Clock:
    """Since when the asker waits, and how long retrieval took."""

    started: float
    retrieve_s: float

    def timings(self, generation: Generation | None = None) -> Timings:
        return Timings(
            retrieve_s=round(self.retrieve_s, 4),
            first_token_s=round(generation.first_token_s, 3) if generation else None,
            generate_s=round(generation.total_s, 3) if generation else None,
            total_s=round(monotonic() - self.started, 3),
        )


class Answerer:
    """Answers questions from the FAQ; holds no state of its own."""

    def __init__(self, retriever: Retriever, generator: Generator, settings: Settings) -> None:
        self._retriever = retriever
        self._generator = generator
        self._settings = settings

    async def answer(
        self,
        question: Question,
        *,
        request_id: str,
        on_text: Callable[[str], None] = _ignore,
        use_model: bool = True,
    ) -> Answer:
        """The answer to `question`.

        `on_text` gets the whole checked text so far, each time it grows: nothing is shown that
        was not found in an entry. Without `use_model` the best entry is quoted.
        Never raises for what a question or a model may do; cancelling stops the generation.
        """
        started = monotonic()
        await self._settle()
        searched = monotonic()
        retrieval = await self._retriever.search(question)
        clock = _Clock(started, monotonic() - searched)

        if not retrieval.matches:
            return self._nothing_to_search(question, clock)
        if not retrieval.covered:
            return self._not_found(
                question,
                retrieval,
                Decision.NOT_COVERED,
                f"The best entry scores {retrieval.confidence:.2f}, "
                f"below the gate of {retrieval.gate:.2f} ({retrieval.mode.value}).",
                clock,
            )
        if not use_model:
            return _quoted(retrieval, Decision.QUOTED_NO_MODEL, "The model was not used.", clock)
        return await self._write(question, retrieval, request_id, on_text, clock)

    async def _settle(self) -> None:
        # A listed address may be slow; while nothing was read, "no FAQ" would be untrue.
        await self._retriever.ready()
        try:
            async with asyncio.timeout(SETTLE_S):
                await self._retriever.settled()
        except TimeoutError:
            log.info("answering from words alone: the vectors are not ready yet")

    async def _write(
        self,
        question: Question,
        retrieval: Retrieval,
        request_id: str,
        on_text: Callable[[str], None],
        clock: _Clock,
    ) -> Answer:
        best = retrieval.matches[0].score
        documents = tuple(
            match.document for match in retrieval.matches if match.score >= RELEVANT * best
        )
        request = GenerationRequest(
            id=request_id,
            question=question.text[:MAX_QUESTION_CHARS],
            documents=documents,
            history=question.history,
            max_new_tokens=self._settings.engine.max_new_tokens,
            deadline_s=self._settings.engine.deadline_s,
        )
        try:
            generation, grounded = await self._generate(request, on_text)
        except GenerationError as error:
            log.warning("quoting instead of generating: %s", error)
            return _quoted(retrieval, Decision.QUOTED_NO_MODEL, str(error), clock)
        return self._judge(question, retrieval, generation, grounded, clock)

    async def _generate(
        self, request: GenerationRequest, on_text: Callable[[str], None]
    ) -> tuple[Generation, GroundedText]:
        """What the model writes, and what of it stands. Raises GenerationError.

        A process that ends may have ended through a neighbour's question, so this one is asked
        once more; the second time it is this one that is not asked again.
        """
        for attempt in range(1, MAX_CRASHES + 1):
            # Reading long entries takes some tens of milliseconds the first time.
            grounded = await asyncio.to_thread(GroundedText, request.documents, request.question)

            def take(piece: str, grounded: GroundedText = grounded) -> None:
                if grounded.feed(piece):
                    on_text(grounded.text)

            try:
                generation = await self._generator.generate(request, take)
            except EngineCrashed as error:
                if attempt == MAX_CRASHES:
                    raise
                log.warning("asking once more: %s", error)
                continue
            grounded.finish()
            return generation, grounded
        raise AssertionError("the loop returns or raises")

    def _judge(
        self,
        question: Question,
        retrieval: Retrieval,
        generation: Generation,
        grounded: GroundedText,
        clock: _Clock,
    ) -> Answer:
        if says_no_answer(generation.text):
            answer = self._not_found(
                question,
                retrieval,
                Decision.MODEL_ABSTAINED,
                f"{generation.model} found no answer in the entries.",
                clock,
            )
            return replace(answer, model=generation.model, timings=clock.timings(generation))
        if is_thin(grounded.text):
            answer = _quoted(
                retrieval,
                Decision.QUOTED_UNSUPPORTED,
                f"Too little of what {generation.model} wrote stands in the entries "
                f"({len(grounded.dropped)} sentences dropped).",
                clock,
            )
            return replace(answer, dropped=grounded.dropped, timings=clock.timings(generation))
        used = set(grounded.document_ids)
        return Answer(
            text=grounded.text,
            found=True,
            quoted=False,
            decision=Decision.ANSWERED,
            reason=f"Every statement was found in {len(used)} of the FAQ's entries.",
            sources=tuple(Source.of(m) for m in retrieval.matches if m.document.id in used),
            model=generation.model,
            timings=clock.timings(generation),
            dropped=grounded.dropped,
        )

    def _nothing_to_search(self, question: Question, clock: _Clock) -> Answer:
        contact = self._settings.contact(question.course)
        corpus = self._retriever.corpus
        if corpus is None or not corpus.documents:
            return _unanswered(
                f"There is no FAQ to search at the moment. Please ask {contact}.",
                Decision.NO_CORPUS,
                "No FAQ entry could be read; `python main.py check` names the problems.",
                clock,
            )
        if question.course is not None and question.course not in corpus.courses:
            return _unanswered(
                f"There is no FAQ for the course {question.course}. Please ask {contact}.",
                Decision.UNKNOWN_COURSE,
                f"Known courses: {', '.join(sorted(corpus.courses))}.",
                clock,
            )
        if any(character.isalnum() for character in question.text):
            return self._not_found(
                question, None, Decision.NOT_COVERED, "No entry shares a word with it.", clock
            )
        return _unanswered(
            "There is no question in that. Write one in a few words.",
            Decision.NO_QUESTION,
            "The question holds no word to search for.",
            clock,
        )

    def _not_found(
        self,
        question: Question,
        retrieval: Retrieval | None,
        decision: Decision,
        reason: str,
        clock: _Clock,
    ) -> Answer:
        contact = self._settings.contact(question.course)
        nearest = retrieval.matches[: self._settings.answer.num_related] if retrieval else ()
        return replace(
            _unanswered(
                f"The FAQ has no answer to this. Please ask {contact}.", decision, reason, clock
            ),
            related=tuple(Source.of(match) for match in nearest),
        )


def apology(reason: str) -> Answer:
    """The answer when answering itself broke."""
    return Answer(
        text="Something went wrong on our side. Please ask again.",
        found=False,
        quoted=False,
        decision=Decision.FAILED,
        reason=reason,
        sources=(),
        model=None,
        timings=Timings(retrieve_s=0.0, total_s=0.0),
    )


def _quoted(retrieval: Retrieval, decision: Decision, reason: str, clock: _Clock) -> Answer:
    best = retrieval.matches[0]
    return Answer(
        text=quote(best),
        found=True,
        quoted=True,
        decision=decision,
        reason=reason,
        sources=(Source.of(best),),
        model=None,
        timings=clock.timings(),
    )


def _unanswered(text: str, decision: Decision, reason: str, clock: _Clock) -> Answer:
    return Answer(
        text=text,
        found=False,
        quoted=False,
        decision=decision,
        reason=reason,
        sources=(),
        model=None,
        timings=clock.timings(),
    )
