"""Recognises how people ask, in the six languages of the interface: where a question begins, what
it is about, and whether it goes on from something said before."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_DATA = Path(__file__).with_name("asking.yaml")
#: Characters that are looked at.
MAX_CHARS = 1_000
#: Characters after a question mark that may be a smiley.
MAX_AFTER_MARK = 20
#: What may stand before a question and is none: a greeting, a name, a filler.
_OPENING = (
    r"(?:(?:hi|hey|hello|hallo|hola|oi|ol[aá]|salut|bonjour|buenas|moin|привет|здравствуйте|ok"
    r"|okay|so|well|please|pls|sorry|quick question|question|frage|pregunta|pergunta|вопрос|team"
    r"|all|guys|everyone|everybody|zusammen|pessoal|chicos|a tod[oa]s|todos|tous|всем)\b"
    r"[\s,.!:-]*){0,4}"
)
_ENDS_ASKING = re.compile(r"\?\W*\Z")
#: A greeting with whom it greets, and thanks: the politest question is the same question.
_GREETING = re.compile(
    r"(?i)^\W*(?:hi|hey|hello|hallo|hola|oi|ol[aá]|salut|bonjour|buenas|buenos días|bom dia|moin"
    r"|guten (?:tag|morgen|abend)|good (?:morning|afternoon|evening)|привет"
    r"|здравствуйте"
    r"|добрый (?:день|вечер))\b(?:[ ,]+(?:all|everyone|everybody|there|team|guys|folks|zusammen"
    r"|leute|pessoal|a tod[oa]s|tod[oa]s|chicos|à tous|tout le monde|всем|ребята))?"
    r"(?:[,.!:;)]|\s[–-])*\s+"
)
_THANKS = re.compile(
    r"(?i)(?:(?<=[.!?,\n])|(?<=\s))\s*(?:many |vielen |muchas |muito )?(?:thanks|thank you|thx"
    r"|ty|danke|gracias|obrigad[oa]|merci|спасибо)(?: a lot| so much| in advance| im voraus"
    r"| de antemano| d'avance| beaucoup| заранее| большое)?[\s.!)🙏🙂]*$"
)
#: How an answer to a yes-or-no question begins. The truth check has narrower words of its own: it
#: must not take "No module named …" for a no.
_YES_OR_NO = re.compile(
    r"\W*(?:yes|yep|yeah|no|nope|not? (?:really|necessarily)|absolutely|of course|unfortunately"
    r"|ja|nein|doch|leider|oui|non|si|sí|sim|não|nao|да|нет)(?!\w)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The patterns of asking.yaml, put together; all take lower-case text."""

    #: A question at the beginning.
    start: re.Pattern[str]
    #: Between two clauses: "and" before a question, or a comma or a colon before one.
    joint: re.Pattern[str]
    #: At the beginning: what opens a further matter.
    further: re.Pattern[str]
    #: The same inside a sentence.
    further_inside: re.Pattern[str]
    #: "I have two questions about the project:", with what they are about.
    counted: re.Pattern[str]
    #: At the beginning of a part: what ties it to the one before.
    opener: re.Pattern[str]
    #: At the beginning: what goes on from something said before.
    goes_on: re.Pattern[str]
    #: Words that say nothing of what is asked for, and those that stand for what was named before.
    empty: frozenset[str]
    points_back: frozenset[str]
    #: At the end: a dot that ends no sentence.
    abbreviation: re.Pattern[str]
    #: At the end: the word before the number of a thing ("homework 2."), which begins no list.
    thing: re.Pattern[str]


@cache
def asking() -> Asking:
    """The patterns, made when they are first needed."""
    content = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    starts = "|".join(one for words in content["starts"].values() for one in words.split())
    further = "|".join(one for words in content["further"].values() for one in words.split())
    tied = "|".join(content["and"].split())
    alone = "|".join(content["sentence_starts"].split())
    counted, having = ("|".join(content[key].split()) for key in ("counted", "having"))
    return Asking(
        start=re.compile(
            rf"\W*{_OPENING}(?:(?:{further})\W+)?(?:(?:{tied}|or|oder|then|dann)\s+){{0,2}}¿?(?:{starts}|{alone})(?!\w)"
        ),
        joint=re.compile(
            rf"(?:\s*[,;–—]\s*|\s+-\s+|\s+)(?:(?:{tied})\s+)(?=¿?(?:{starts})(?!\w))"
            rf"|\s*[,;–—]\s*(?=¿?(?:{starts})(?!\w))|(?<=:)\s+(?=¿?(?:{starts})(?!\w))"
        ),
        further=re.compile(rf"\W*(?:(?:{tied})\s+)?(?:{further})(?!\w)"),
        further_inside=re.compile(
            rf"(?:\s*[,;–—.]\s*|\s+)(?=(?:(?:{tied})\s+)?(?:{further})(?!\w))"
        ),
        opener=re.compile(rf"\W*(?:(?:{tied})\s+)?(?:{further})\W+|\W*(?:{tied})\s+"),
        counted=re.compile(
            rf"\W*{_OPENING}(?:(?:{having})\s+)?(?:{counted})(?P<about>[^:,;.?!\n]{{0,60}})\s*[:,;.?!\n]+\s*"
        ),
        goes_on=re.compile(rf"\W*(?:{'|'.join(content['goes_on'].split())})(?!\w)"),
        empty=frozenset(content["empty"].split()),
        points_back=frozenset(content["points_back"].split()),
        abbreviation=re.compile(rf"(?<!\w)(?:{'|'.join(content['abbreviations'].split())})\.\Z"),
        thing=re.compile(rf"(?<!\w)(?:{'|'.join(content['numbered_things'].split())})\s+\Z"),
    )


def plain(text: str) -> str:
    """`text` as the patterns take it: in lower case, with straight apostrophes, as long as it was.

    "İ" alone is two characters in lower case.
    """
    return text.replace("İ", "I").lower().replace("’", "'")


def asks(text: str) -> bool:
    """Whether `text` asks: it ends in a question mark, or begins as a question does."""
    text = text.strip()
    if _ENDS_ASKING.search(text[-MAX_AFTER_MARK:]):
        return True
    return asking().start.match(plain(text[:MAX_CHARS])) is not None


def says_yes_or_no(answer: str) -> bool:
    return _YES_OR_NO.match(answer) is not None


def meaningful(text: str) -> tuple[str, ...]:
    """The words of `text` that say what it is about, in lower case, each once."""
    words = (match.group() for match in _WORD.finditer(plain(text)))
    return tuple(dict.fromkeys(word for word in words if word not in asking().empty))


def goes_on(text: str) -> bool:
    """Whether `text` begins as what goes on from something said before ("and on Windows?")."""
    return asking().goes_on.match(plain(text[:MAX_CHARS])) is not None


def points_back(words: Iterable[str]) -> bool:
    """Whether one of these words, in lower case, stands for something named before ("it")."""
    return not asking().points_back.isdisjoint(words)


def bare(text: str, *, part: bool = False) -> str:
    """`text` without the greeting before it and the thanks behind it; a `part` of a message without
    what ties it to the one before as well ("also", "and"). All of it where nothing else is left."""
    found = _GREETING.sub("", text.strip(), count=1)
    found = _THANKS.sub("", found, count=1).strip()
    if part and (opener := asking().opener.match(plain(found))):
        found = found[opener.end() :].strip()
    return found if any(character.isalnum() for character in found) else text
