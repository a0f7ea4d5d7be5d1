"""Words for the truth check: their stems, and which carry no claim of their own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path


def word_set(text: str) -> frozenset[str]:
    """The words of a list written as running text."""
    return frozenset(text.split())


#: English grammar: never compared by stem. What commits a sentence is in lexicons/.
STOP_WORDS = word_set(
    """
    a an the this that these those it its itself they them their theirs he she him her his
    hers you your yours yourself we us our ours i me my mine someone somebody anyone one's is
    are was were be been being am do does did doing done has have had having will would shall
    and or but nor so as of in on at by to for from with into onto about up out off over under
    through via per among between within during upon toward towards against who whom whose
    which what where when why how there here then thus hence too also just even still already
    yet else such same own very quite rather please well really simply if because since while
    although though unless until before after once whether than whenever wherever however
    therefore moreover furthermore otherwise without except instead till can could may might
    must should ought cannot need needs needed not no yes let lets like etc e.g i.e s t re ve
    ll d m
    """
)
#: Words that say little: they may appear though the entry has others in their place.
LIGHT_WORDS = word_set(
    """
    able allow allowed permitted possible possibly perhaps maybe probably likely ensure make
    sure want wish try attempt order help way thing case note keep mind remember get go come
    happen use using used work take give given provide provided contain include following
    follow below above step next first second then finally lastly additionally specific
    specifically certain respective relevant appropriate proper properly correct correctly
    successfully directly currently actually generally usually typically normally basically
    essentially necessary required requirement require mandatory recommend recommended suggest
    suggested advise advised optional option available have mean means simply easily easy
    process action never avoid none nothing alternatively hold held become etc kind sort part
    various different several variable command value parameter setting method solution
    approach
    """
) - {"several", "different", "usually", "typically", "generally", "first", "second"}

#: Groups of words that one may put for another in an answer without claiming anything else.
_SYNONYMS = Path(__file__).with_name("synonyms.txt")
_IRREGULAR = {
    "sent": "send", "ran": "run", "running": "run", "got": "get", "gotten": "get", "made": "make",
    "took": "take", "taken": "take", "gave": "give", "given": "give", "found": "find",
    "built": "build", "kept": "keep", "chosen": "choose", "chose": "choose", "written": "write",
    "wrote": "write", "shown": "show", "began": "begin", "begun": "begin", "paid": "pay",
    "stopped": "stop", "stopping": "stop", "setting": "set", "children": "child",
    "people": "person", "using": "use", "said": "say", "saved": "save", "held": "hold",
    "went": "go", "gone": "go", "left": "leave", "lost": "lose", "met": "meet", "done": "do",
    "used": "use", "putting": "put", "mapping": "map", "logged": "log", "logging": "log",
    "getting": "get",
}  # fmt: skip
WHEN_WORDS = word_set(
    """
    january february march april june july august september october november december monday
    tuesday wednesday thursday friday saturday sunday today tomorrow yesterday midnight noon
    weekend
    """
)
NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(
        """
        zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
        fifteen sixteen seventeen eighteen nineteen twenty
        """.split()  # noqa: SIM905
    )
} | {
    "hundred": "100",
    "thousand": "1000",
    "dozen": "12",
    "half": "0.5",
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "ninety": "90",
}

_SUFFIXES = ("ational", "ization", "isation", "ations", "ation", "ions", "ion", "ments", "ment",
             "ings", "ing", "edly", "ies", "ied", "ely", "es", "ed", "ly", "e", "s",
             "y")  # fmt: skip


def _raw_stem(word: str) -> str:
    word = _IRREGULAR.get(word, word)
    if len(word) <= 3 or not word.isalpha():
        return word
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= max(3, len(suffix)):
            if suffix == "s" and word.endswith(("ss", "us", "is")):
                return word
            if suffix == "y" and word[-2] in "aeou":
                return word
            root = word[: -len(suffix)]
            if suffix in ("ies", "ied"):
                return root
            doubled = len(root) > 3 and root[-1] == root[-2] and root[-1] not in "lsz"
            if suffix in ("ing", "ed") and doubled:
                root = root[:-1]
            return root.removesuffix("e") if len(root) > 3 else root
    return word


@cache
def _canonical() -> Mapping[str, str]:
    """Stem → the stem that stands for its group of synonyms."""
    found: dict[str, str] = {}
    for line in _SYNONYMS.read_text(encoding="utf-8").splitlines():
        group = line.partition("#")[0].split()
        for word in group:
            found.setdefault(_raw_stem(word), _raw_stem(group[0]))
    return found


@cache
def _stems(words: frozenset[str]) -> frozenset[str]:
    return frozenset(map(english_stem, words))


_CONTRACTIONS = {"can't": "can not", "cannot": "can not", "won't": "will not",
                 "ain't": "is not", "let's": "let us", "dont": "do not", "doesnt": "does not",
                 "cant": "can not", "isnt": "is not", "w/o": "without"}  # fmt: skip


@lru_cache(maxsize=20_000)
def english_stem(word: str) -> str:
    """A light stem of the lower-case `word`, the same for its inflections and close synonyms."""
    raw = _raw_stem(word)
    return _canonical().get(raw, raw)


@dataclass(frozen=True, slots=True)
class Words:
    """How the words of a language are compared."""

    #: ISO 639-1.
    language: str
    stem: Callable[[str], str]
    #: Words that claim nothing.
    stop: frozenset[str]

    def parts(self, lowered: str) -> list[str]:
        """The words in one between spaces: "don't" is "do" and "not", "l'heure" "l" and "heure"."""
        if self.language != "en":
            return lowered.replace("'", " ").split()
        found = _CONTRACTIONS.get(lowered, lowered.replace("e-mail", "email")).split()
        return [
            part
            for word in found
            for part in ((word[:-3], "not") if word.endswith("n't") else (word,))
        ]

    def is_light(self, stemmed: str) -> bool:
        """Whether a word with this stem says little: it may stand for another."""
        return self.language == "en" and stemmed in _stems(LIGHT_WORDS)

    def is_when(self, stemmed: str) -> bool:
        """Whether the stem is that of a month, weekday or the like."""
        return self.language == "en" and stemmed in _stems(WHEN_WORDS)


_LETTERS = re.compile(r"[^\W\d_]+")


def split_words(text: str) -> list[str]:
    """The lower-case words of `text`, one character each in scripts without spaces."""
    found: list[str] = []
    for match in _LETTERS.finditer(unicodedata.normalize("NFKC", text).casefold()):
        word = match[0]
        if "\u2e80" <= word[0] <= "\u9fff" or "\u0e00" <= word[0] <= "\u0e7f":
            found.extend(word)
        else:
            found.append(word)
    return found
