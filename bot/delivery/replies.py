"""What a question's message reads like at each step of its life: all words of ours in it."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.delivery.headlines import in_parts
from bot.delivery.texts import contact_in, duration, say, texts
from bot.messages import Action, ActionStyle, Reply, ReplyState
from engine.store.jobs import Job
from engine.types import Answer, Decision, Match, Source, Tier

#: Entries offered while the asker waits.
NUM_MATCHES = 3
#: What may have been wrong with an answer, as `reason.…` of the texts.
VOTE_REASONS = ("wrong", "outdated", "incomplete", "off_topic")


def private_reply(key: str, language: str | None, **values: object) -> Reply:
    """A sentence of ours for nobody but the person who asked."""
    return Reply(text=say(key, language, **values), ephemeral=True)


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
        language=language,
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
        language=language,
    )


#: What is said by decision, where the FAQ holds no answer.
_SENTENCES = {
    Decision.NO_CORPUS: "no_corpus",
    Decision.UNKNOWN_COURSE: "no_corpus",
    Decision.NO_QUESTION: "no_question",
    Decision.FAILED: "failed",
    Decision.NOT_COVERED: "not_found",
    Decision.NOT_SURE: "closest",
    Decision.MODEL_ABSTAINED: "closest",
    Decision.NO_CURRENT_DATE: "no_date",
    Decision.OTHER_COURSES: "closest.other_courses",
    Decision.GREETED: "greeted",
    Decision.THANKED: "thanked",
    Decision.VAGUE: "vague",
}
#: What would end the text of a link.
_BRACKET, _ESCAPED = re.compile(r"[\\\[\]]"), r"\\\g<0>"
#: What is said above an entry that is quoted.
_NOTICES = {
    Decision.QUOTED_NO_MODEL: "quoted.no_model",
    Decision.QUOTED_UNSUPPORTED: "quoted",
    Decision.QUOTED_WHOLE: "quoted",
}


def final(
    job: Job | None,
    answer: Answer,
    *,
    language: str | None,
    contact: str | None,
    explains: bool = False,
) -> Reply:
    """The answer, or what is closest, with what can be done about it: our own sentences in
    `language`, an entry or the model's text as it is. `contact` is whom to ask, None for the course
    staff; `explains` offers to say why it is so."""
    notices = [_long(answer, language)]
    related = answer.related
    if answer.parts:
        text = in_parts(
            (one.question, _part(one.answer, language, contact)) for one in answer.parts
        )
        notices += [_language_note(answer, language)]
        # What is close to a part that is not answered stands below its own words.
        listed = {
            source.id
            for one in answer.parts
            if not one.answer.found
            for source in one.answer.related
        }
        related = tuple(source for source in related if source.id not in listed)
    else:
        text = _said(answer, language, contact)
        if answer.tier is Tier.CLOSEST and (note := _language_note(answer, language)):
            text = f"{note} {text}"
        notice = _NOTICES.get(answer.decision)
        notices += [say(notice, language) if notice else ""]
    found = answer.found
    sources = answer.sources if found else related
    if answer.cites:
        sources = tuple(
            replace(source, title=f"[{place}] {source.title}")
            for place, source in enumerate(sources, start=1)
        )
    return Reply(
        text=text,
        notice=" ".join(filter(None, notices)),
        sources=_dated(sources, language),
        sources_title=say("sources", language) if found and answer.sources else "",
        related=_dated(related, language) if found else (),
        related_title=say("also", language) if found and related else "",
        actions=_actions(job, answer, language, explains=explains) if job else (),
        job_id=job.id if job else None,
        language=language,
        answer=answer,
    )


def answer_text(answer: Answer, language: str | None, contact: str | None) -> str:
    """What is said, without the titles and lists of a message: a sentence of ours, what the model
    wrote, or what an entry says."""
    if answer.parts:
        return in_parts(
            (one.question, answer_text(one.answer, language, contact)) for one in answer.parts
        )
    if answer.found:
        rest = say("quoted.part", language) if answer.shortened else ""
        return "\n\n".join(filter(None, (answer.text, rest)))
    key, name = _SENTENCES[answer.decision], _faq_language(answer, language)
    if answer.decision is Decision.NO_CURRENT_DATE and not answer.platform_url:
        key = "no_date.contact"
    if answer.decision is Decision.NOT_COVERED and name:
        # Do not say that the FAQ has no answer: in another language it may have one.
        key = "not_found.language"
    text = say(key, language, contact=contact_in(language, contact), name=name)
    if answer.decision is Decision.VAGUE and answer.related:
        text = f"{text} {say('vague.perhaps', language)}"
    if answer.platform_url:
        text = f"{say('dates', language, url=answer.platform_url)}\n\n{text}"
    return text


def _said(answer: Answer, language: str | None, contact: str | None) -> str:
    """What is said for one question; above an entry its own question, which tells the reader
    whether it is about theirs."""
    text = answer_text(answer, language, contact)
    if answer.quoted and answer.sources:
        return f"**{answer.sources[0].title}**\n\n{text}"
    return text


def _language_note(answer: Answer, language: str | None) -> str:
    """In which language the FAQ is, where that is not the question's."""
    name = _faq_language(answer, language)
    named = name and any(one.tier is Tier.CLOSEST for one in answer.each)
    return say("language.note", language, name=name) if named else ""


def _part(answer: Answer, language: str | None, contact: str | None) -> str:
    """What is said for one question of several, with the entries that are close to it."""
    notice = _NOTICES.get(answer.decision)
    if notice and answer.sources:
        return f"{say(notice, language)}\n\n{_said(answer, language, contact)}"
    text = _said(answer, language, contact)
    if answer.found or not answer.related:
        return text
    return f"{text}\n\n{_as_list(_dated(answer.related, language))}"


def _as_list(sources: tuple[Source, ...]) -> str:
    """Entries as a list in Markdown, each with how it begins."""
    lines = []
    for source in sources:
        named = source.title
        if source.url:
            named = f"[{_BRACKET.sub(_ESCAPED, named)}]({source.url})"
        lines.append(f"- {named}" + (f"\n  {source.excerpt}" if source.excerpt else ""))
    return "\n".join(lines)


def _dated(sources: tuple[Source, ...], language: str | None) -> tuple[Source, ...]:
    """The entries, with its year in the title of one that is about what is over."""
    return tuple(
        replace(source, title=say("source.past", language, title=source.title, year=source.year))
        if source.year
        else source
        for source in sources
    )


def _long(answer: Answer, language: str | None) -> str:
    """What was read of a long message; empty where all of it was."""
    return say("long", language, n=answer.num_lines) if answer.num_lines else ""


def _faq_language(answer: Answer, language: str | None) -> str:
    """What the FAQ's language is called in the asker's; empty where the question is in it, too, or
    where it has no name."""
    return texts().name_of(answer.languages[1], language) if answer.languages else ""


def stopped(job: Job) -> Reply:
    language = job.question.language
    return Reply(text=say("stopped", language), job_id=job.id, language=language)


def _stop(job: Job) -> Action:
    return Action(
        label=say("button.stop", job.question.language),
        value=f"stop:{job.id}",
        style=ActionStyle.DANGER,
    )


def _actions(
    job: Job, answer: Answer, language: str | None, *, explains: bool
) -> tuple[Action, ...]:
    actions: list[Action] = []
    if answer.tier in (Tier.ANSWER, Tier.CLOSEST):
        actions += votes(job.id, language)
    leaves_open = answer.found and answer.leaves_open
    if leaves_open or answer.tier in (Tier.CLOSEST, Tier.NONE):
        actions.append(Action(label=say("button.staff", language), value=f"staff:{job.id}"))
    if explains:
        actions.append(Action(label=say("button.explain", language), value=f"explain:{job.id}"))
    return tuple(actions)


def votes(job_id: int, language: str | None) -> tuple[Action, ...]:
    """The buttons that say whether an answer helped."""
    return tuple(
        Action(label=say(f"button.{vote}", language), value=f"vote:{job_id}:{vote}")
        for vote in ("up", "down")
    )
