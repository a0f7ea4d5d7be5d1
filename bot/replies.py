"""What a question's message reads like at each step of its life."""

from __future__ import annotations

from bot.messages import Action, ActionStyle, Reply, ReplyState
from bot.texts import duration, say
from engine.store.jobs import Job
from engine.types import Answer, Decision, Match

#: Entries offered while the asker waits.
NUM_MATCHES = 3


def waiting(
    job: Job,
    *,
    place: int,
    eta_s: float | None,
    matches: tuple[Match, ...],
    loading: bool = False,
) -> Reply:
    """The question is stored and waits; `place` 1 = next."""
    language = job.question.language
    if loading:
        line = say("waiting.model", language)
    elif place <= 1:
        line = say("waiting.next", language)
    elif eta_s is None:
        line = say("waiting.place_only", language, place=place)
    else:
        line = say("waiting.place", language, place=place, eta=duration(eta_s, language))
    return Reply(
        state=ReplyState.WAITING,
        notice=line,
        matches=matches[:NUM_MATCHES],
        sources_title=say("waiting.matches", language) if matches else "",
        actions=(_stop(job),),
        job_id=job.id,
    )


def writing(job: Job, text: str, matches: tuple[Match, ...]) -> Reply:
    """The model works on it; `text` is what has been checked so far."""
    language = job.question.language
    return Reply(
        text=text,
        state=ReplyState.WRITING,
        notice="" if text else say("writing", language),
        matches=() if text else matches[:NUM_MATCHES],
        sources_title=say("waiting.matches", language) if matches and not text else "",
        actions=(_stop(job),),
        job_id=job.id,
    )


def final(job: Job | None, answer: Answer, *, language: str | None, contact: str) -> Reply:
    """The answer, with what it stands on and the two votes."""
    text, notice = answer.text, ""
    if answer.decision in (Decision.NO_CORPUS, Decision.UNKNOWN_COURSE):
        text = say("no_corpus", language, contact=contact)
    elif answer.decision is Decision.NO_QUESTION:
        text = say("no_question", language)
    elif answer.decision is Decision.FAILED:
        text = say("failed", language)
    elif not answer.found:
        text = say("not_found", language, contact=contact)
    elif answer.decision is Decision.QUOTED_NO_MODEL:
        notice = say("quoted.no_model", language)
    elif answer.quoted:
        notice = say("quoted", language)
    if answer.quoted and answer.sources:
        # Its own question tells the reader whether the entry is about theirs.
        text = f"**{answer.sources[0].title}**\n\n{text}"
    title = say("sources" if answer.found else "related", language)
    sources = answer.sources if answer.found else answer.related
    return Reply(
        text=text,
        notice=notice,
        sources=sources,
        sources_title=title if sources else "",
        actions=_votes(job, language) if job and answer.found else (),
        job_id=job.id if job else None,
        answer=answer,
    )


def stopped(job: Job) -> Reply:
    """The asker stopped it."""
    return Reply(text=say("stopped", job.question.language), job_id=job.id)


def _stop(job: Job) -> Action:
    return Action(
        label=say("button.stop", job.question.language),
        value=f"stop:{job.id}",
        style=ActionStyle.DANGER,
    )


def _votes(job: Job, language: str | None) -> tuple[Action, ...]:
    return (
        Action(label=say("button.up", language), value=f"vote:{job.id}:up"),
        Action(label=say("button.down", language), value=f"vote:{job.id}:down"),
    )
