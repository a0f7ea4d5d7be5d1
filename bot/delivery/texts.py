"""Every sentence of ours that a person reads in chat, by key and language."""

from __future__ import annotations

from bot.delivery.languages.french import FRENCH
from bot.delivery.languages.german import GERMAN
from bot.delivery.languages.portuguese import PORTUGUESE
from bot.delivery.languages.russian import RUSSIAN
from bot.delivery.languages.spanish import SPANISH

ENGLISH = {
    "welcome": "Ask me anything about the course. I answer from its FAQ and name my sources.",
    "welcome.group": (
        "Hello! Mention me in a message, reply to one of mine, or write /ask with your question; "
        "I answer from the course FAQ."
    ),
    "starters": "For example:",
    "help": (
        "Ask a question in your own words; I answer from the course FAQ and name my sources.\n\n"
        "{commands}"
    ),
    "command.ask": "ask a question",
    "command.help": "what I can do",
    "command.course": "choose the course your questions are about",
    "command.model": "the models; staff can switch",
    "command.gpu": "the graphics card (staff)",
    "command.new": "forget the conversation so far",
    "command.cancel": "stop the answer that is being written",
    "command.status": "the state of the assistant",
    "command.explain": "why the last answer here is as it is (staff)",
    "command.quit": "leave",
    "command.unknown": "I do not know the command {name}. /help lists what I can do.",
    "waiting.next": "Your question is next.",
    "waiting.place": "Your question is number {place} in the queue, about {eta} to go.",
    "waiting.place_only": "Your question is number {place} in the queue.",
    "waiting.model": "The model is still loading; I will answer as soon as it is ready.",
    "waiting.matches": "Meanwhile, these entries of the FAQ match best:",
    "writing": "Writing the answer …",
    "quoted": "Quoted from the FAQ:",
    "quoted.no_model": "The model is not available right now; this is the FAQ's own text:",
    "sources": "Sources",
    "not_found": "The FAQ has no answer to this. Please ask {contact}.",
    "not_found.language": (
        "The FAQ is in {name}: ask again in {name}, and I may find the answer, or ask {contact}."
    ),
    "closest": "I am not sure the FAQ answers this. These come closest:",
    "closest.other_courses": (
        "The FAQ of this course does not cover this. In other courses, these come close:"
    ),
    "dates": "Dates are published here: {url}",
    "no_date": "The FAQ has no current date for this. These entries come closest:",
    "no_date.contact": (
        "The FAQ has no current date for this. Please ask {contact}. These entries come closest:"
    ),
    "long": (
        "Your message is long. I went by {n} lines of it, those that ask or tell what went wrong."
    ),
    "long.one": (
        "Your message is long. I went by one line of it, the one that asks or tells what went "
        "wrong."
    ),
    "source.past": "{title} (from {year})",
    "also": "Also close",
    "greeted": "Hello! Ask me anything about the course.",
    "thanked": "You are welcome! 🙂",
    "vague": "Which error, tool or step do you mean? Please write it in a few more words.",
    "vague.perhaps": "Perhaps it is one of these:",
    "button.staff": "Ask staff",
    "contact": "the course staff",
    "staff.contact": "I cannot pass questions on yet. Please ask {contact}.",
    "language.note": "The FAQ is in {name}.",
    "language.en": "English",
    "language.de": "German",
    "language.es": "Spanish",
    "language.pt": "Portuguese",
    "language.fr": "French",
    "language.ru": "Russian",
    "no_question": "I found no question in that. Write one in a few words.",
    "no_corpus": "I have no FAQ to search at the moment. Please ask {contact}.",
    "failed": "Something went wrong on my side and I could not answer. Please ask again.",
    "stopped": "Stopped.",
    "nothing_to_stop": "There is nothing to stop.",
    "new": "Done: I start afresh with your next question.",
    "restart": "You asked before I was restarted:",
    "refused.rate": "That was quick! You can ask again in {seconds} seconds.",
    "refused.waiting": (
        "You have {count} questions waiting. I will take the next one when one of them is answered."
    ),
    "refused.queue": (
        "There are very many questions at the moment ({count} are waiting). "
        "Please try again in about {eta}."
    ),
    "ids": "You: {user}\nHere: {channel}",
    "not_allowed": "I am sorry, I may not answer here. The course staff can change that.",
    "text_only": "I can read text only. Please write your question.",
    "admins_only": "Only the course staff can do that.",
    "course.current": "Your questions are about: {course}.",
    "course.all": "Your questions are about all courses.",
    "course.choose": "Choose with /course NAME, or /course all:",
    "course.unknown": "There is no course {name}. Known: {courses}.",
    "course.everything": "all courses",
    "model.list": "Models:",
    "model.unknown": "There is no model {name}. Known: {models}.",
    "model.switching": "Changing to {model}; no question is lost …",
    "model.switched": "{model} answers now.",
    "model.not_kept": (
        "{model} answers now, but only until a restart: the choice could not be stored."
    ),
    "model.failed": "Nothing has changed; {old} keeps answering. {why}",
    "model.failed_restarting": "{old} is started again; questions wait meanwhile. {why}",
    "model.failed_restarted": "{model} answers again. {why}",
    "model.failed_other": "{model} answers now. {why}",
    "model.failed_alone": "No model answers at the moment; the FAQ is quoted instead. {why}",
    "model.why_in_private": "{model} could not be loaded; ask me for /gpu in private to read why.",
    "model.idle": "idle, switching takes seconds",
    "model.how": "Switch with /model NAME.",
    "vote.thanks": "Thank you!",
    "vote.reason": "Thank you. What was wrong?",
    "vote.gone": "I no longer have that answer.",
    "reason.wrong": "wrong",
    "reason.outdated": "out of date",
    "reason.incomplete": "incomplete",
    "reason.off_topic": "not my question",
    "button.explain": "Why?",
    "button.stop": "Stop",
    "button.up": "👍",
    "button.down": "👎",
    "seconds": "{n} s",
    "minutes": "{n} min",
}

ENGLISH_TAG = "en"
#: Language (first part of the IETF tag) → key → sentence. A missing one falls back to English.
LANGUAGES: dict[str, dict[str, str]] = {
    ENGLISH_TAG: ENGLISH,
    "de": GERMAN,
    "es": SPANISH,
    "pt": PORTUGUESE,
    "fr": FRENCH,
    "ru": RUSSIAN,
}


def spoken(language: str | None) -> str | None:
    """The language of LANGUAGES that an IETF tag means; None for one that we do not speak."""
    first = (language or "").replace("_", "-").split("-")[0].lower()
    return first if first in LANGUAGES else None


def say(key: str, language: str | None = None, **values: object) -> str:
    """The sentence for `key` in the person's language, English where there is none."""
    own = LANGUAGES[spoken(language) or ENGLISH_TAG]
    return own.get(key, ENGLISH[key]).format(**values)


def contact_in(language: str | None, contact: str) -> str:
    """`contact` as settings name it; the one of their default in the person's language."""
    return say("contact", language) if contact == ENGLISH["contact"] else contact


def duration(seconds: float, language: str | None = None) -> str:
    """A waiting time for people: whole seconds below 90 s, whole minutes above."""
    if seconds < 90:
        return say("seconds", language, n=max(1, round(seconds)))
    return say("minutes", language, n=round(seconds / 60))
