"""Has the model write from the entries, keeps of its text what they say, and cites them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from config.settings import Settings
from engine.answer.presentation import Asked, Presentation
from engine.errors import EngineCrashed, GenerationError
from engine.grounding.candidates import is_thin
from engine.grounding.grounded_text import GroundedText
from engine.grounding.support import Support
from engine.prompt import says_no_answer
from engine.protocol import Generation, GenerationRequest
from engine.retrieval.background import Background
from engine.serving.generator import Generator
from engine.types import Answer, AnswerText, Decision, Document, Piece

log = logging.getLogger(__name__)

#: Entries that score less than this share of the best one are not shown to the model. On the
#: labelled zoomcamp questions it still sees the right entry in 97.5 % instead of 97.6 %, and reads
#: 2.5 entries instead of 5: half the prompt, and fewer entries to mix up.
RELEVANT = 0.7
#: A model that cannot be trusted to read gets those alone that are about as close as the best one,
#: and two at most: the more it is given the more it mixes up, and each takes it a second to read.
#: Chosen by hand.
ABOUT_AS_CLOSE, MAX_FOR_SMALL = 0.85, 2
#: Begins and ends a block of code.
_FENCE = "```"
#: Tokens that such a model may write: it is asked for two sentences, and what it adds to them is
#: mostly dropped. Chosen by hand.
MAX_SMALL_TOKENS = 96
#: Times the engine process may end while it works on one question.
MAX_CRASHES = 2


class Writing:
    """Generates answers and checks them; holds no state of its own."""

    def __init__(
        self,
        generator: Generator,
        settings: Settings,
        support: Support,
        presentation: Presentation,
        background: Background,
    ) -> None:
        """`background` is held back while the model writes."""
        self._generator = generator
        self._settings = settings
        self._support = support
        self._present = presentation
        self._background = background

    def adds_nothing(self, asked: Asked) -> bool:
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

    async def write(
        self, asked: Asked, request_id: str, show: Callable[[AnswerText], None]
    ) -> Answer:
        """What the model writes, or what is shown instead; `show` gets the checked text so far."""
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
            with self._background.held_back():
                generation, grounded = await self._generate(request, show)
        except GenerationError as error:
            log.warning("quoting instead of generating: %s", error)
            return self._present.quoted(asked, Decision.QUOTED_NO_MODEL, str(error))
        return self._checked(asked, generation, grounded)

    def _to_read(self, asked: Asked) -> tuple[Document, ...]:
        matches, reads = asked.matches, self._generator.status().reads
        least = (RELEVANT if reads else ABOUT_AS_CLOSE) * matches[0].score
        close = tuple(match.document for match in matches if match.score >= least)
        return close if reads else close[:MAX_FOR_SMALL]

    async def _generate(
        self, request: GenerationRequest, show: Callable[[AnswerText], None]
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
                return await self._generate_once(request, grounded, show), grounded
            except EngineCrashed as error:
                if attempt == MAX_CRASHES:
                    raise
                log.warning("asking once more: %s", error)
        raise AssertionError("the loop returns or raises")

    async def _generate_once(
        self, request: GenerationRequest, grounded: GroundedText, show: Callable[[AnswerText], None]
    ) -> Generation:
        """What the model writes, checked in a thread while it is written: whoever judges support
        may be a model that takes its time."""
        pieces: asyncio.Queue[Piece | None] = asyncio.Queue()

        async def check() -> None:
            while (piece := await pieces.get()) is not None:
                if await asyncio.to_thread(grounded.feed, piece):
                    show(grounded.text)

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
        used = set(grounded.document_ids)
        sources = [self._present.source(m) for m in asked.matches if m.document.id in used]
        cited = grounded.cited_ids
        sources.sort(
            key=lambda source: cited.index(source.id) if source.id in cited else len(cited)
        )
        reason = f"Every statement was found in {len(used)} of the FAQ's entries."
        return replace(
            self._present.answer(asked, Decision.ANSWERED, reason, generation),
            text=grounded.text,
            sources=tuple(sources),
            related=self._present.nearly_as_close(asked.matches, used),
            cites=bool(cited),
        )
