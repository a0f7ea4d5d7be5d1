"""How a Question becomes an Answer: look at it, search, judge, generate, check, cite."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from config.settings import Settings
from engine.answer.assessment import Assessment, Kind
from engine.answer.extractive import first_sentence, quote
from engine.answer.relevance import Relevance, judge_by_evidence
from engine.answer.small_talk import (
    MAX_WORDS_ABOUT_ONE,
    complains,
    is_bare_name,
    is_courtesy,
    is_greeting,
    may_be_courtesy,
    orders_about,
    topics,
)
from engine.errors import EngineCrashed, GenerationError
from engine.generator import Generator
from engine.grounding.grounded_text import GroundedText, is_thin
from engine.grounding.support import Support
from engine.prompt import says_no_answer
from engine.retrieval.retriever import Retriever
from engine.types import (
    Answer,
    Decision,
    Generation,
    GenerationRequest,
    Judgement,
    Manner,
    Match,
    Question,
    Retrieval,
    Source,
    Timings,
    Verdict,
)

log = logging.getLogger(__name__)

#: Seconds an answer waits for the vectors; after a start with an empty cache they may take a
#: minute, and the word index answers meanwhile.
SETTLE_S = 15.0
#: Seconds more that it waits for the second kind of vectors.
FOLLOW_S = 1.0
#: Entries that score less than this share of the best one are not shown to the model. On the
#: labelled zoomcamp questions it still sees the right entry in 97.5 % instead of 97.6 %, and reads
#: 2.5 entries instead of 5: half the prompt, and fewer entries to mix up.
RELEVANT = 0.7
#: An entry that scores at least this share of the best one is named under the answer, too: in a
#: message of two questions it often answers the other one.
NEARLY_AS_CLOSE = 0.75
#: A bare name ("certificate?") is answered only from this probability on.
SURE = 0.8
#: Times the engine process may end while it works on one question.
MAX_CRASHES = 2
#: Characters of a question that reach the model; more is no question any more.
MAX_QUESTION_CHARS = 2000


def _ignore(_: str) -> None:
    """No one is watching the answer grow."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question on its way through: what was found out about it, and since when it waits."""

    question: Question
    assessment: Assessment
    started: float

    @property
    def retrieval(self) -> Retrieval:
        """What was found; only for questions that were searched for."""
        assert self.assessment.retrieval is not None
        return self.assessment.retrieval

    def answer(
        self,
        text: str,
        decision: Decision,
        reason: str,
        *,
        judgement: Judgement | None = None,
        generation: Generation | None = None,
        sources: tuple[Source, ...] = (),
        related: tuple[Source, ...] = (),
        dropped: tuple[str, ...] = (),
        cites: bool = False,
    ) -> Answer:
        """The answer, with what is known of its way."""
        found = self.assessment.retrieval
        differ = found is not None and found.question_language != found.faq_language
        return Answer(
            text=text,
            decision=decision,
            reason=reason,
            sources=sources,
            related=related,
            # Who quotes an entry writes nothing.
            model=generation.model if generation and decision in _BY_MODEL else None,
            timings=Timings(
                retrieve_s=round(self.assessment.retrieve_s, 4),
                first_token_s=round(generation.first_token_s, 3) if generation else None,
                generate_s=round(generation.total_s, 3) if generation else None,
                total_s=round(monotonic() - self.started, 3),
            ),
            dropped=dropped,
            cites=cites,
            retrieval=found.mode if found is not None and found.matches else None,
            judgement=judgement,
            languages=(found.question_language, found.faq_language) if differ and found else None,
        )


_BY_MODEL = (Decision.ANSWERED, Decision.MODEL_ABSTAINED)


class Answerer:
    """Answers questions from the FAQ; holds no state of its own."""

    def __init__(
        self,
        retriever: Retriever,
        generator: Generator,
        settings: Settings,
        relevance: Relevance,
        support: Support,
    ) -> None:
        self._retriever = retriever
        self._generator = generator
        self._settings = settings
        self._relevance = relevance
        self._support = support

    async def assess(self, question: Question) -> Assessment:
        """What kind of message it is, and what the FAQ has for it: the one search there is."""
        # A megabyte of a log is no courtesy, and looking at it all takes a second.
        text = question.text[: self._settings.retrieval.max_query_chars]
        kindness = Kind.GREETING if is_greeting(text) else Kind.THANKS
        if is_courtesy(text):
            return Assessment(kind=kindness, retrieval=None)
        if orders_about(text):
            return Assessment(kind=Kind.ORDER, retrieval=None)
        await self._settle()
        started = monotonic()
        retrieval = await self._retriever.search(question)
        seconds = monotonic() - started
        kind = may_be_courtesy(text) or (retrieval.manner is Manner.COURTESY and "?" not in text)
        if kind and not retrieval.covered:
            return Assessment(kind=kindness, retrieval=retrieval, retrieve_s=seconds)
        # What is no question of another field is asked back rather than turned away.
        lost = complains(text) and not retrieval.covered
        # What is covered and says more than a few words has something to be shown for it.
        few = len(text.split()) <= MAX_WORDS_ABOUT_ONE or not retrieval.covered
        seems_vague = retrieval.manner is Manner.VAGUE and few and not question.history
        vague = self._is_vague(question) or ((lost or seems_vague) and self._has_entries(question))
        return Assessment(
            kind=Kind.VAGUE if vague else Kind.QUESTION, retrieval=retrieval, retrieve_s=seconds
        )

    def _is_vague(self, question: Question) -> bool:
        """Whether nobody could know what is meant; an earlier question may tell what a noun is
        about, and a noun that the FAQ does not know is no matter of the FAQ."""
        named = topics(question.text)
        if named is None or not self._has_entries(question):
            return False
        if not named:
            return True
        return not question.history and self._retriever.knows(named)

    async def answer(
        self,
        question: Question,
        *,
        request_id: str,
        on_text: Callable[[str], None] = _ignore,
        use_model: bool = True,
        assessment: Assessment | None = None,
    ) -> Answer:
        """The answer to `question`.

        `on_text` gets the whole checked text so far, each time it grows: nothing is shown that
        was not found in an entry. Without `use_model` the best entry is quoted. `assessment` is
        what `assess` said of this question, where it was asked already.
        Never raises for what a question or a model may do; cancelling stops the generation.
        """
        started = monotonic()
        asked = _Asked(question, assessment or await self.assess(question), started)
        match asked.assessment.kind:
            case Kind.GREETING:
                text = "Hello! Ask me anything about the course."
                return asked.answer(text, Decision.GREETED, "It greets and asks nothing.")
            case Kind.THANKS:
                text = "You are welcome!"
                return asked.answer(text, Decision.THANKED, "It asks nothing.")
            case Kind.ORDER:
                reason = "It gives the assistant orders instead of asking something."
                return self._not_covered(asked, reason)
        if not asked.retrieval.matches:
            vague = asked.assessment.kind is Kind.VAGUE
            return self._ask_back(asked, None) if vague else self._nothing_found(asked)
        vague = asked.assessment.kind is Kind.VAGUE
        named = topics(question.text)
        if vague and named is not None and not is_bare_name(question.text):
            return self._ask_back(asked, None)
        judgement = await self._judge(asked, use_model)
        if vague and not _is_sure(judgement):
            return self._ask_back(asked, judgement)
        if judgement.verdict is Verdict.NO:
            return self._not_covered(asked, judgement.reason, judgement)
        if judgement.verdict is Verdict.CLOSE:
            return self._closest(asked, Decision.NOT_SURE, judgement.reason, judgement)
        if not use_model:
            return _quoted(asked, judgement, Decision.QUOTED_NO_MODEL, "The model was not used.")
        return await self._write(asked, judgement, request_id, on_text)

    async def _settle(self) -> None:
        # A listed address may be slow; while nothing was read, "no FAQ" would be untrue.
        await self._retriever.ready()
        try:
            async with asyncio.timeout(SETTLE_S):
                await self._retriever.settled()
            # Where all vectors are kept from an earlier run, the second kind follows at once.
            async with asyncio.timeout(FOLLOW_S):
                await self._retriever.complete()
        except TimeoutError:
            log.info("answering without some of the vectors: they are not ready yet")

    async def _judge(self, asked: _Asked, use_model: bool) -> Judgement:
        """Whether the best entry answers; a question that may be what kills the model is not
        given to it to judge either."""
        if self._relevance.asks_model and not use_model:
            return judge_by_evidence(asked.question, asked.retrieval)
        return await self._relevance.judge(asked.question, asked.retrieval)

    def _has_entries(self, question: Question) -> bool:
        corpus = self._retriever.corpus
        known = corpus is not None and (
            question.course is None or question.course in corpus.courses
        )
        return known and corpus is not None and bool(corpus.documents)

    async def _write(
        self,
        asked: _Asked,
        judgement: Judgement,
        request_id: str,
        on_text: Callable[[str], None],
    ) -> Answer:
        matches = asked.retrieval.matches
        close = tuple(m.document for m in matches if m.score >= RELEVANT * matches[0].score)
        request = GenerationRequest(
            id=request_id,
            question=asked.question.text[:MAX_QUESTION_CHARS],
            documents=close,
            history=asked.question.history,
            max_new_tokens=self._settings.engine.max_new_tokens,
            deadline_s=self._settings.engine.deadline_s,
        )
        try:
            generation, grounded = await self._generate(request, on_text)
        except GenerationError as error:
            log.warning("quoting instead of generating: %s", error)
            return _quoted(asked, judgement, Decision.QUOTED_NO_MODEL, str(error))
        return self._checked(asked, judgement, generation, grounded)

    async def _generate(
        self, request: GenerationRequest, on_text: Callable[[str], None]
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
        self, request: GenerationRequest, grounded: GroundedText, on_text: Callable[[str], None]
    ) -> Generation:
        """What the model writes, checked in a thread while it is written: whoever judges support
        may be a model that takes its time."""
        pieces: asyncio.Queue[str | None] = asyncio.Queue()

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

    def _checked(
        self, asked: _Asked, judgement: Judgement, generation: Generation, grounded: GroundedText
    ) -> Answer:
        """What of the model's text is shown, or what is shown instead."""
        abstains = says_no_answer(generation.text)
        # What a small model writes beside the matter is no sign that there is no answer.
        strays = self._generator.status().reads and not grounded.is_about_entries
        if abstains or (is_thin(grounded.text) and strays):
            reason = f"{generation.model} found no answer in the entries."
            return self._closest(asked, Decision.MODEL_ABSTAINED, reason, judgement, generation)
        if is_thin(grounded.text):
            reason = (
                f"Too little of what {generation.model} wrote stands in the entries "
                f"({len(grounded.dropped)} sentences dropped)."
            )
            return _quoted(
                asked,
                judgement,
                Decision.QUOTED_UNSUPPORTED,
                reason,
                generation=generation,
                dropped=grounded.dropped,
            )
        used = set(grounded.document_ids)
        matches = asked.retrieval.matches
        sources = [Source.of(match) for match in matches if match.document.id in used]
        cited = grounded.cited_ids
        sources.sort(
            key=lambda source: cited.index(source.id) if source.id in cited else len(cited)
        )
        return asked.answer(
            grounded.text,
            Decision.ANSWERED,
            f"Every statement was found in {len(used)} of the FAQ's entries.",
            judgement=judgement,
            generation=generation,
            sources=tuple(sources),
            related=_nearly_as_close(matches, used),
            dropped=grounded.dropped,
            cites=bool(cited),
        )

    # What is said where there is no answer

    def _closest(
        self,
        asked: _Asked,
        decision: Decision,
        reason: str,
        judgement: Judgement,
        generation: Generation | None = None,
    ) -> Answer:
        text = "I am not sure the FAQ answers this. These come closest:"
        if asked.retrieval.elsewhere:
            decision = Decision.OTHER_COURSES
            text = "The FAQ of this course does not cover this. In other courses, these come close:"
        return asked.answer(
            text,
            decision,
            reason,
            judgement=judgement,
            generation=generation,
            related=self._related(asked.retrieval.matches),
        )

    def _ask_back(self, asked: _Asked, judgement: Judgement | None) -> Answer:
        # What bears the name of the thing is shown even if nothing tells that it is meant.
        named = asked.assessment.retrieval if topics(asked.question.text) else None
        matches = named.matches if named is not None else asked.assessment.matches
        return asked.answer(
            "Which error, tool or step do you mean? Please write it in a few more words."
            + (" Perhaps it is one of these:" if matches else ""),
            Decision.VAGUE,
            "It does not say what it is about.",
            judgement=judgement,
            related=tuple(Source.of(m) for m in matches[: self._settings.answer.num_related]),
        )

    def _related(self, matches: tuple[Match, ...]) -> tuple[Source, ...]:
        return tuple(
            Source.of(match, first_sentence(match.document.answer))
            for match in matches[: self._settings.answer.num_related]
        )

    def _not_covered(
        self, asked: _Asked, reason: str, judgement: Judgement | None = None
    ) -> Answer:
        contact = self._settings.contact(asked.question.course)
        return asked.answer(
            f"The FAQ has no answer to this. Please ask {contact}.",
            Decision.NOT_COVERED,
            reason,
            judgement=judgement,
        )

    def _nothing_found(self, asked: _Asked) -> Answer:
        question = asked.question
        contact = self._settings.contact(question.course)
        corpus = self._retriever.corpus
        if corpus is None or not corpus.documents:
            return asked.answer(
                f"There is no FAQ to search at the moment. Please ask {contact}.",
                Decision.NO_CORPUS,
                "No FAQ entry could be read; `python main.py check` names the problems.",
            )
        if question.course is not None and question.course not in corpus.courses:
            return asked.answer(
                f"There is no FAQ for the course {question.course}. Please ask {contact}.",
                Decision.UNKNOWN_COURSE,
                f"Known courses: {', '.join(sorted(corpus.courses))}.",
            )
        if any(character.isalnum() for character in question.text):
            return self._not_covered(asked, "No entry shares a word with it.")
        return asked.answer(
            "There is no question in that. Write one in a few words.",
            Decision.NO_QUESTION,
            "The question holds no word to search for.",
        )


def apology(reason: str) -> Answer:
    """The answer when answering itself broke."""
    return Answer(
        text="Something went wrong on our side. Please ask again.",
        decision=Decision.FAILED,
        reason=reason,
        timings=Timings(retrieve_s=0.0, total_s=0.0),
    )


def _is_sure(judgement: Judgement) -> bool:
    """Whether so short a message surely means one entry all the same ("certificate?")."""
    sure = judgement.probability is None or judgement.probability >= SURE
    return judgement.verdict is Verdict.ANSWERS and sure


def _quoted(
    asked: _Asked,
    judgement: Judgement,
    decision: Decision,
    reason: str,
    *,
    generation: Generation | None = None,
    dropped: tuple[str, ...] = (),
) -> Answer:
    best = asked.retrieval.matches[0]
    return asked.answer(
        quote(best),
        decision,
        reason,
        judgement=judgement,
        generation=generation,
        sources=(Source.of(best),),
        related=_nearly_as_close(asked.retrieval.matches, {best.document.id}),
        dropped=dropped,
    )


def _nearly_as_close(matches: tuple[Match, ...], used: set[str]) -> tuple[Source, ...]:
    """The best entry that the answer does not stand on, if it is nearly as close as the best."""
    for match in matches:
        if match.document.id not in used:
            near = match.score >= NEARLY_AS_CLOSE * matches[0].score
            return (Source.of(match),) if near else ()
    return ()
