"""Decides what is shown for what was found out: which entries, how much of them, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from time import monotonic

from config.settings import Settings
from engine.answer.assessment import Assessment, Kind
from engine.answer.dates import asks_when, past_edition
from engine.answer.extractive import first_sentence, passage, quote
from engine.answer.query_rewriting import leans_back
from engine.answer.small_talk import topics
from engine.corpus.corpus import Corpus
from engine.protocol import Generation
from engine.types import (
    Answer,
    AnswerPart,
    Decision,
    Judgement,
    Match,
    Question,
    Source,
    Tier,
    Timings,
)

#: An entry that scores at least this share of the best one is named under the answer, too: in a
#: message of two questions it often answers the other one. Chosen by hand.
NEARLY_AS_CLOSE = 0.75
_BY_MODEL = (Decision.ANSWERED, Decision.MODEL_ABSTAINED)
#: The tier of a message of several questions is the best of theirs.
_BEST_FIRST = (Tier.ANSWER, Tier.CLOSEST, Tier.CLARIFY, Tier.NONE, Tier.COURTESY)
_CITATION = re.compile(r"\[(\d{1,2})\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question on its way through: what was found out about it, and since when it waits."""

    assessment: Assessment
    #: Monotonic.
    started: float
    judgement: Judgement | None = None

    @property
    def question(self) -> Question:
        return self.assessment.question

    @property
    def matches(self) -> tuple[Match, ...]:
        """What the search found, close or not."""
        retrieval = self.assessment.retrieval
        return retrieval.matches if retrieval is not None else ()


class Presentation:
    def __init__(self, settings: Settings, today: Callable[[], date]) -> None:
        self._settings = settings
        self._today = today

    def answer(
        self,
        asked: Asked,
        decision: Decision,
        reason: str,
        generation: Generation | None = None,
    ) -> Answer:
        """What is known of the question and its way; what is shown comes on top."""
        found = asked.assessment.retrieval
        differ = found is not None and found.question_language != found.faq_language
        return Answer(
            decision=decision,
            reason=reason,
            # Who quotes an entry writes nothing.
            model=generation.model if generation and decision in _BY_MODEL else None,
            timings=Timings(
                retrieve_s=round(asked.assessment.retrieve_s, 4),
                first_token_s=round(generation.first_token_s, 3) if generation else None,
                generate_s=round(generation.total_s, 3) if generation else None,
                total_s=round(monotonic() - asked.started, 3),
            ),
            retrieval=found.mode if found is not None and found.matches else None,
            judgement=asked.judgement,
            languages=(found.question_language, found.faq_language) if differ and found else None,
            candidates=tuple(self.source(match) for match in asked.matches),
            num_lines=asked.assessment.num_lines,
        )

    def source(self, match: Match, excerpt: str = "", *, dated: bool = False) -> Source:
        """The source that names an entry, with its age where all of it is about what is over;
        `dated`: where any of it is."""
        edition = past_edition(match.document, self._today())
        year = edition.year if edition is not None and (edition.whole or dated) else None
        return Source.of(match, excerpt, year)

    def quoted(
        self, asked: Asked, decision: Decision, reason: str, generation: Generation | None = None
    ) -> Answer:
        """The best entry as it is written."""
        best = asked.matches[0]
        again = best.document.id in _leaned_on(asked.question)
        quotation = passage(best, asked.question.text) if again else quote(best)
        return replace(
            self.answer(asked, decision, reason, generation),
            text=quotation.text,
            shortened=quotation.shortened,
            sources=(self.source(best),),
            related=self.nearly_as_close(asked.matches, {best.document.id}),
        )

    def nearly_as_close(self, matches: Sequence[Match], used: set[str]) -> tuple[Source, ...]:
        """The best entry that the answer does not stand on, where it is nearly as close."""
        for match in matches:
            if match.document.id not in used:
                near = match.score >= NEARLY_AS_CLOSE * matches[0].score
                return (self.source(match),) if near else ()
        return ()

    def closest(
        self, asked: Asked, decision: Decision, reason: str, generation: Generation | None = None
    ) -> Answer:
        """The closest entries, where it is not sure that they answer."""
        retrieval = asked.assessment.retrieval
        if retrieval is not None and retrieval.elsewhere:
            decision = Decision.OTHER_COURSES
        dated = asks_when(asked.question.text)
        related = tuple(
            self.source(match, first_sentence(match.document.answer), dated=dated)
            for match in self._to_list(asked)
        )
        answer = self.answer(asked, decision, reason, generation)
        return self._with_dates(asked, replace(answer, related=related))

    def _to_list(self, asked: Asked) -> list[Match]:
        """The matches to name; below them the entry that was shown last, if the question leans on
        it and it is about as close: what is asked for may be a detail of it."""
        limit = self._settings.answer.num_related
        named, others = list(asked.matches[:limit]), asked.matches[limit:]
        shown = _leaned_on(asked.question)
        return named + [match for match in others if match.document.id in shown][:1]

    def kind_word(self, asked: Asked) -> Answer:
        """For who greets or thanks."""
        if asked.assessment.kind is Kind.GREETING:
            return self.answer(asked, Decision.GREETED, "It greets and asks nothing.")
        return self.answer(asked, Decision.THANKED, "It asks nothing.")

    def ask_back(self, asked: Asked) -> Answer:
        """For who does not say what it is about."""
        # What bears the name of the thing is shown even if nothing tells that it is meant.
        named = topics(asked.question.text)
        matches = asked.matches if named else asked.assessment.matches
        return replace(
            self.answer(asked, Decision.VAGUE, "It does not say what it is about."),
            related=tuple(self.source(m) for m in matches[: self._settings.answer.num_related]),
        )

    def not_covered(self, asked: Asked, reason: str) -> Answer:
        return self._with_dates(asked, self.answer(asked, Decision.NOT_COVERED, reason))

    def nothing_found(self, asked: Asked, corpus: Corpus | None) -> Answer:
        question = asked.question
        if corpus is None or not corpus.documents:
            return self.answer(
                asked,
                Decision.NO_CORPUS,
                "No FAQ entry could be read; `python main.py check` names the problems.",
            )
        if question.course is not None and question.course not in corpus.courses:
            return self.answer(
                asked,
                Decision.UNKNOWN_COURSE,
                f"The FAQ has no course {question.course}. Known courses: "
                f"{', '.join(sorted(corpus.courses))}.",
            )
        if any(character.isalnum() for character in question.text):
            return self.not_covered(asked, "No entry shares a word with it.")
        return self.answer(asked, Decision.NO_QUESTION, "The question holds no word to search for.")

    def _with_dates(self, asked: Asked, answer: Answer) -> Answer:
        """The answer with where the course publishes its dates, for who asks when."""
        if not asks_when(asked.question.text):
            return answer
        course = asked.question.course
        if course is None and answer.related:
            course = answer.related[0].course
        return replace(answer, platform_url=self._settings.platform_url(course))

    def together(self, asked: Asked, answers: Sequence[Answer]) -> Answer:
        """One answer of those to the parts of a message."""
        best = min(answers, key=lambda answer: _BEST_FIRST.index(answer.tier))
        sources = _once(source for answer in answers if answer.found for source in answer.sources)
        named = {source.id for source in sources}
        related = tuple(
            source
            for source in _once(source for answer in answers for source in answer.related)
            if source.id not in named
        )
        cites = any(answer.cites for answer in answers)
        questions = [part.question.text for part in asked.assessment.parts]
        parts = tuple(
            AnswerPart(question=question, answer=_renumbered(answer, sources) if cites else answer)
            for question, answer in zip(questions, answers, strict=True)
        )
        num_found = sum(answer.found for answer in answers)
        answered = f"{num_found} of them {'is' if num_found == 1 else 'are'} answered"
        return replace(
            self.answer(asked, best.decision, f"It holds {len(parts)} questions; {answered}."),
            sources=sources,
            related=related,
            model=next((answer.model for answer in answers if answer.model), None),
            timings=_sum(answers, asked),
            judgement=best.judgement,
            dropped=tuple(text for answer in answers for text in answer.dropped),
            dropped_because=tuple(text for answer in answers for text in answer.dropped_because),
            cites=cites,
            languages=next((answer.languages for answer in answers if answer.languages), None),
            platform_url=next((a.platform_url for a in answers if a.platform_url), None),
            parts=parts,
        )


def _leaned_on(question: Question) -> frozenset[str]:
    """The entries of the answer before, where the question means nothing without it."""
    last = [turn for turn in question.history[-1:] if turn.answer]
    if not last or not leans_back(question):
        return frozenset()
    return frozenset(last[0].entry_ids)


def _once(sources: Iterable[Source]) -> tuple[Source, ...]:
    found: dict[str, Source] = {}
    for source in sources:
        found.setdefault(source.id, source)
    return tuple(found.values())


def _renumbered(answer: Answer, sources: Sequence[Source]) -> Answer:
    """A part whose [1] is its own first source, with the numbers of all sources."""
    if not answer.cites:
        return answer
    places = {source.id: place for place, source in enumerate(sources, 1)}
    own = [places[source.id] for source in answer.sources]

    def renumber(match: re.Match[str]) -> str:
        number = int(match[1])
        return f"[{own[number - 1]}]" if 1 <= number <= len(own) else match.group()

    return replace(answer, text=_CITATION.sub(renumber, answer.text))


def _sum(answers: Sequence[Answer], asked: Asked) -> Timings:
    """The times of all parts together; they are written side by side."""
    first = [a.timings.first_token_s for a in answers if a.timings.first_token_s is not None]
    written = [a.timings.generate_s for a in answers if a.timings.generate_s is not None]
    return Timings(
        retrieve_s=round(asked.assessment.retrieve_s, 4),
        first_token_s=min(first) if first else None,
        generate_s=max(written) if written else None,
        total_s=round(monotonic() - asked.started, 3),
    )
