"""Tells messages that ask nothing (thanks, greetings) and those that ask too little to search for.

Both are told by their words: a message is courtesy when nothing but courtesy is in it, and vague
when nothing is left of it beside "it does not work". The words are those of the languages the
interface speaks; in another language a message is searched for like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from engine.answer.asking import plain

#: Longer messages say something, however kindly.
MAX_COURTESY_WORDS = 14
#: Longer ones are neither courtesy nor vague, and reading them costs time.
MAX_CHARS = 300
#: A complaint about one thing in more words than this tells more than that it does not work.
MAX_WORDS_ABOUT_ONE = 7

_WORDS = Path(__file__).with_name("small_talk.yaml")
_WORD = re.compile(r"[^\W_]+(?:['’`][^\W_]+)*")
#: A smile, a thumb, a heart: what people send instead of a kind word.
_GESTURE = re.compile(
    r"[👍🙏❤♥💙💚💛🧡💜😊🙂😀😃😄😁😆😍🤗🥰😂🤣🥳🎉👏🙌💪👌✅💯☺🔥⭐✨👋🫶🤝]|(?<!\w)[:;=]-?[)D]|<3"
)
_NUMBER = re.compile(r"\d")
#: The name of an error tells what it is about.
_ERROR_NAME = re.compile(r"[a-z](?:Error|Exception)\b|\b[A-Z]{2,}_[A-Z_]+\b")
#: What asks for nothing but that it works.
_ASKS_FOR_HELP = re.compile(
    r"(?i)^\W{0,8}(?:how (?:do i|to|can i|should i) (?:fix|solve)"
    r"|what (?:should|do|can) i do"
    r"|what now|can (?:any|some)(?:one|body) (?:please )?help|was (?:tun|soll ich tun)"
    r"|qué hago|que faço|que faire|что делать)\b"
)
#: A version, a result, a code of an error: something to search for.
_FIGURES = re.compile(r"\d[.,]\d|\d{3}")


#: "How are you?" and its kin: the only questions that are courtesy.
_PHATIC = re.compile(
    r"(?i)^\W*(?:(?:hi|hey|hello|yo)\W+)?(?:"
    r"how(?:'s| is| are) (?:it going|you|things|everyone)(?: doing)?(?: today)?|what'?s up|sup"
    r"|(?:is )?any(?:one|body) (?:here|there)|are you (?:there|here|a bot|human)|you there"
    r"|wie geht'?s(?: (?:dir|euch))?|¿?(?:qué|que) tal|¿?c[oó]mo est[aá]s?"
    r"|tudo bem(?: com voc[eê]s?)?|(?:comment )?[çc]a va|как дела|ты (?:тут|бот)|есть кто(?: тут)?"
    r")\W*$"
)
#: How a question begins that asks for something of its own.
_ASKS = re.compile(
    r"(?i)(?:^|[.,;!?] )\W{0,8}(?:(?:and|so|but|ok|hi|hey|hello|also) ){0,3}(?:"
    r"how (?:do|to|can|could|would|much|many|long|often|does|is|are|should)"
    r"|what(?:'?s| is| are| does| if| do| should)|where|when|who|whom|which"
    r"|(?:can|could|may|should|will|would|shall|do|does|did|is"
    r"|are|am|was|were|have|has|must) (?:i|we|you|it|there|the|this|that|they|one|my|a|an)\b"
    r"|wie|wo|wann|wer|was (?:ist|sind|muss)|welche|kann (?:ich|man)|muss (?:ich|man)|gibt es"
    r"|c[oó]mo|d[oó]nde|cu[aá]ndo|qui[eé]n|cu[aá]l|puedo|se puede|hay"
    r"|onde|quando|quem|qual|posso|d[aá] para|tem como"
    r"|comment|o[uù]|quand|qui|quel|peut-on|puis-je|est-ce"
    r"|как|где|когда|кто|какой|какая|какие|можно|нужно|есть ли|сколько)\b"
)


#: Orders to the assistant itself: to drop its rules, to show them, to be somebody else. At the
#: start of a sentence, where a student tells no story of a model that ignores instructions.
_ORDERS = re.compile(
    r"(?im)(?:^|[.!?:;]\s)\W{0,8}(?:please\s+|bitte\s+|por favor\s+|пожалуйста\s+)?(?:"
    r"(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instructions?|rules?|prompt)\b"
    r"|(?:ignora|olvida|esquece|ignoriere|vergiss|ignorez|oubliez?|oublie|забудь|игнорируй)\b.{0,40}"
    r"\b(?:instruc\w+|anweisung\w*|consignes?|regeln|reglas|regras|règles|инструкци\w*|правила)"
    r"|(?:from now on|ab jetzt|a partir de ahora|с этого момента),? you\b|pretend (?:to be|you)\b"
    r"|(?:repeat|print|reveal|show|output|dump|translate)\b.{0,30}\b(?:system prompt|signing secret"
    r"|your (?:hidden |system )?(?:prompt|instructions|rules|context)))"
    r"|<\|\w+\|>\s*system|\[/?INST\]|^#+ *(?:new )?instruction|\"role\"\s*:\s*\"system\""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What small_talk.yaml lists; each list is explained there."""

    courtesy: frozenset[str]
    greetings: frozenset[str]
    thanks: frozenset[str]
    filler: frozenset[str]
    trouble: frozenset[str]
    certain_trouble: frozenset[str]
    empty: frozenset[str]
    success: frozenset[str]
    negations: frozenset[str]
    complaint: frozenset[str]

    def is_complaint(self, words: Sequence[str]) -> bool:
        """Whether the words deny that something works."""
        return not self.success.isdisjoint(words) and not self.negations.isdisjoint(words)

    def is_idle(self, word: str) -> bool:
        """Whether a complaint may hold the word and still name nothing."""
        return word in self.trouble or word in self.empty or word in self.filler


@cache
def _words() -> _Words:
    content = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    return _Words(**{name: frozenset(words.split()) for name, words in content.items()})


def is_courtesy(text: str) -> bool:
    """Whether `text` is a greeting, thanks or farewell and asks nothing, by its every word."""
    if len(text) > MAX_CHARS:
        return False
    words = list(_of(_GESTURE.sub(" ", text)))
    if not words:
        return bool(_GESTURE.search(text)) and "?" not in text
    if _words().is_complaint(words):
        return False
    if len(words) > MAX_COURTESY_WORDS:
        return False
    if _PHATIC.match(text):
        return True
    if "?" in text or _NUMBER.search(" ".join(words)):
        return False
    if not any(word in _words().courtesy for word in words):
        return False
    return all(word in _words().courtesy or word in _words().filler for word in words)


def may_be_courtesy(text: str) -> bool:
    """Whether `text` thanks, greets or takes leave, asks nothing and complains of nothing, though
    it says more than that: courtesy, if the FAQ has nothing about the rest ("hello from Nairobi").
    """
    if len(text) > MAX_CHARS:
        return False
    words = list(_of(text))
    if not 0 < len(words) <= MAX_COURTESY_WORDS or "?" in text or _ASKS.search(text):
        return False
    said = set(words)
    if said & _words().certain_trouble or _words().is_complaint(words):
        return False
    # A question may have a "good" in it; who greets begins with it.
    return bool(said & _words().thanks) or words[0] in _words().greetings


def complains(text: str) -> bool:
    """Whether `text` says in a few words that something is wrong, and gives no figure."""
    if len(text) > MAX_CHARS or _FIGURES.search(text) or _ERROR_NAME.search(text):
        return False
    words = list(_of(text))
    return len(words) <= MAX_WORDS_ABOUT_ONE and bool(set(words) & _words().complaint)


def orders_about(text: str) -> bool:
    """Whether `text` gives the assistant orders about itself instead of asking something."""
    return _ORDERS.search(text) is not None


def is_greeting(text: str) -> bool:
    """Whether a courtesy greets, rather than thanks or takes leave."""
    words = set(_of(text))
    return bool(words & _words().greetings or _PHATIC.match(text)) and not words & _words().thanks


def topics(text: str) -> tuple[str, ...] | None:
    """The words of a complaint that name a thing: `("docker",)` of "docker not working??".

    None when the text asks something of its own or says enough to be searched for. An empty
    tuple when it names nothing ("it does not work").
    """
    if len(text) > MAX_CHARS or _FIGURES.search(text) or _ERROR_NAME.search(text):
        return None
    words = list(_of(text))
    if not words:
        return () if text.count("?") > 1 else None
    if _ASKS.search(text) and not _ASKS_FOR_HELP.search(text):
        return None
    left = dict.fromkeys(word for word in words if not _words().is_idle(word))
    named = tuple(word for word in left if not word.isdecimal())
    troubled = any(word in _words().trouble for word in words)
    if not named:
        return () if troubled else None
    few = len(words) <= 2 or (troubled and len(words) <= MAX_WORDS_ABOUT_ONE)
    asks = _ASKS.search(text) is not None
    return named if len(named) == 1 and few and not asks else None


def is_bare_name(text: str) -> bool:
    """Whether `text` is the name of a thing and nothing else ("certificate?")."""
    named = topics(text)
    return bool(named) and not any(word in _words().trouble for word in _of(text))


def _of(text: str) -> Iterator[str]:
    for match in _WORD.finditer(plain(text)):
        yield match.group()
