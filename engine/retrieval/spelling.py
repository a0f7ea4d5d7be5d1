"""Finds the FAQ's own words for what people abbreviate or misspell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

#: Words of two characters and more: what the word index takes for words as well.
WORD = re.compile(r"(?u)\b\w\w+\b")
#: Shorter words have too many neighbours, longer ones are no words.
SHORTEST, LONGEST = 5, 30


class Spelling:
    """The words of the FAQ, found again from one letter too many, too few, wrong or swapped.

    Words are compared by what is left after taking one letter away, as SymSpell does: a question
    costs a few look-ups and no distance is ever computed.
    """

    def __init__(self, texts: Iterable[str], stem: Callable[[str], str]) -> None:
        self._stem = stem
        self._counts = Counter(word for text in texts for word in WORD.findall(text.lower()))
        self._stems = {stem(word) for word in self._counts}
        self._nearest: dict[str, str] = {}
        for word in filter(_is_plain, self._counts):
            for key in _keys(word):
                known = self._nearest.get(key)
                if known is None or self._counts[known] < self._counts[word]:
                    self._nearest[key] = word

    def repaired(self, text: str) -> str:
        """`text` with every unknown word replaced that is one letter from a known one."""
        return WORD.sub(lambda match: self._repaired(match.group()), text)

    def _repaired(self, original: str) -> str:
        word = original.lower()
        if not _is_plain(word) or self._stem(word) in self._stems:
            return original
        near = {self._nearest[key] for key in _keys(word) if key in self._nearest}
        # A wrong first letter is rare in typing and common between different words.
        near = {other for other in near if other[0] == word[0]}
        return max(near, key=lambda other: (self._counts[other], other)) if near else original


def _is_plain(word: str) -> bool:
    return SHORTEST <= len(word) <= LONGEST and word.isalpha()


def _keys(word: str) -> Iterator[str]:
    yield word
    for i in range(len(word)):
        yield word[:i] + word[i + 1 :]


#: What is short for what, in English; only what means one thing in a course.
_LONG = {
    "hw": "homework",
    "hws": "homeworks",
    "cert": "certificate",
    "certs": "certificates",
    "proj": "project",
    "vid": "video",
    "vids": "videos",
    "lec": "lecture",
    "lecs": "lectures",
    "mod": "module",
    "env": "environment",
    "envs": "environments",
    "repo": "repository",
    "pw": "password",
    "pwd": "password",
    "acct": "account",
    "docs": "documentation",
    "config": "configuration",
    "gh": "github",
    "k8s": "kubernetes",
    "reqs": "requirements",
    "conn": "connection",
}
_SHORT = re.compile(rf"(?i)\b({'|'.join(_LONG)})(\d*)\b")


def spelt_out(text: str) -> str:
    """`text` with the long form behind each abbreviation: "hw3" becomes "hw3 homework 3"."""
    return _SHORT.sub(_with_long, text)


def _with_long(match: re.Match[str]) -> str:
    return f"{match.group()} {_LONG[match[1].lower()]} {match[2]}".rstrip()
