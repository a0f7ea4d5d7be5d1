"""Finds a mismatch of entities: the entry is about Windows where the question is about macOS."""

from __future__ import annotations

import re

#: Characters that are looked at, of the question and of the entry.
MAX_CHARS = 4000
#: Names of which one excludes the others; the first is the one people are told.
_GROUPS: tuple[tuple[tuple[str, ...], ...], ...] = (
    (
        ("Windows", "win10", "win11", "powershell", "cmd"),
        ("macOS", "mac", "macbook", "osx", "os x", "m1", "m2", "m3", "homebrew", "brew"),
        ("Linux", "ubuntu", "debian", "fedora", "wsl", "wsl2"),
    ),
    (("Android",), ("iOS", "iphone", "ipad")),
    (
        ("AWS", "amazon", "ec2", "s3", "sagemaker"),
        ("Google Cloud", "gcp", "gcs", "vertex"),
        ("Azure",),
    ),
    (("Slack",), ("Telegram",), ("Discord",), ("WhatsApp",)),
    (("PostgreSQL", "postgres", "psql"), ("MySQL", "mariadb"), ("SQLite",), ("MongoDB", "mongo")),
    (("Docker",), ("Podman",)),
    (("pip",), ("conda", "anaconda", "miniconda"), ("Poetry",), ("uv",)),
    (("Colab",), ("Kaggle",), ("Codespaces",), ("Saturn Cloud", "saturn")),
    (("Chrome",), ("Firefox",), ("Safari",)),
    (("CPU",), ("GPU", "cuda")),
)
#: What people count: another number of it is another thing.
_COUNTED = re.compile(
    r"\b(week|module|lesson|unit|homework|hw|chapter|part|step|project|attempt|cohort|level|printer"
    r"|woche|modul|semana|módulo|semaine|module|неделя|модуль|урок|дз)\s*#?(\d{1,4})\b",
    re.IGNORECASE,
)
#: A code as machines and homework have it: letters and a number.
_CODE = re.compile(r"(?<![\w.-])([A-Za-z]{1,6})-?(\d{1,5})(?![\w.-])")
_SEVERAL = re.compile(r"\d\s*(?:,|-|–|/|&|and|or|to|und|bis|y|e|et|и|до)\s*\d", re.IGNORECASE)
_SAME_WORD = {"hw": "homework"}


def other_thing(question: str, title: str, answer: str) -> tuple[str, str] | None:
    """What the entry is about and what the question asks for, where one excludes the other.

    None when they do not differ, as far as one can tell from names and numbers.
    """
    question, entry = question[:MAX_CHARS], f"{title} {answer}"[:MAX_CHARS]
    for group in _GROUPS:
        asked = [names for names in group if _names(question, names)]
        told = [names for names in group if _names(title, names)]
        if asked and told and not any(_names(entry, names) for names in asked):
            return told[0][0], asked[0][0]
    asked_numbers, told_numbers = _numbers(question), _numbers(title)
    if _SEVERAL.search(title):
        return None  # "homework 1 and 2", "modules 1 to 5"
    for what in asked_numbers.keys() & told_numbers.keys():
        if not asked_numbers[what] & told_numbers[what]:
            return f"{what} {min(told_numbers[what])}", f"{what} {min(asked_numbers[what])}"
    return _other_code(question, title, entry)


def _other_code(question: str, title: str, entry: str) -> tuple[str, str] | None:
    """Error E6 is not error E3: codes of the same letters with another number."""
    asked, told, known = _codes(question), _codes(title), _codes(entry)
    for letters in asked.keys() & told.keys():
        if not asked[letters] & known[letters]:
            return (
                f"{letters.upper()}{min(told[letters])}",
                f"{letters.upper()}{min(asked[letters])}",
            )
    return None


def _codes(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for match in _CODE.finditer(text):
        found.setdefault(match[1].lower(), set()).add(match[2].lstrip("0") or "0")
    return found


def _names(text: str, names: tuple[str, ...]) -> bool:
    words = "|".join(re.escape(name) for name in names)
    return re.search(rf"(?<![\w.-])(?:{words})(?![\w-])", text, re.IGNORECASE) is not None


def _numbers(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for match in _COUNTED.finditer(text):
        what = match[1].lower()
        found.setdefault(_SAME_WORD.get(what, what), set()).add(match[2].lstrip("0") or "0")
    return found
