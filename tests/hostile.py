"""Texts that nobody means well with, for everything that reads what people send."""

from __future__ import annotations

import pytest

#: What is repeated until a text has the length that is asked for.
_UNITS = {
    "nothing but newlines": "\n",
    "nothing but spaces": " ",
    "one word without an end": "a",
    "one line of words": "word ",
    "half a surrogate pair": "\ud800",
    "NUL bytes": "\0",
    "brackets that open": "((((",
    "links that open": "[2024](",
    "question marks": "?",
    "questions of one word": "why? ",
    "and and and": "and ",
    "and how and how": "and how ",
    "also also also": "also, ",
    "a greeting again and again": "hi, ",
    "backticks": "`",
    "fences": "```\n",
    "addresses that go on": "a://",
    "bullets": "- x\n",
    "quotation marks of mails": "> ",
    "years": "2024 ",
    "days": "1. May 2024, ",
    "times": "12:00:00 ",
    "levels of a log": "ERROR ",
    "names of errors": "a.bError: ",
    "capitals that grow when lowered": "İ",
    "ligatures": "ﬃ",
    "marks upon a letter": "a\u0301\u0301",
    "dots": ". ",
    "commas": ", ",
    "dashes": "— ",
    "Cyrillic": "как и как ",
}
#: By name, each of a size that no pattern may choke on.
HOSTILE = {
    **{name: (unit * (12_000 // len(unit) + 1))[:12_000] for name, unit in _UNITS.items()},
    "a megabyte": "how do I join? " * 70_000,
    "a megabyte of one letter": "x" * 1_000_000,
    "one line of 100,000 characters": "Why does it fail with this error " * 3_000,
    "100,000 newlines between two words": "why" + "\n" * 100_000 + "not?",
    "5,000 numbered items": "\n".join(f"{n}. how do I do thing {n}?" for n in range(1, 5_001)),
    "nothing": "",
}

hostile = pytest.mark.parametrize("text", [pytest.param(t, id=n) for n, t in HOSTILE.items()])
