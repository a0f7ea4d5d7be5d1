"""Makes of a unit what may be shown of it: trimmed, whole, without a dangling start."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from engine.code_fences import opening_fence
from engine.grounding.evidence import NO
from engine.grounding.filler import CONNECTOR, LEANING, OPENER, capitalized, trim
from engine.grounding.grounding import Grounding
from engine.grounding.lead_ins import PROSE, announces_block, is_lead_in, says_nothing
from engine.grounding.lexicon import ENGLISH
from engine.grounding.sentence import read
from engine.grounding.units import Unit, UnitKind
from engine.invisible import without_invisible

#: Fewer words are no answer; chosen by hand.
MIN_WORDS = 4
_COMMENT = re.compile(r"(?:^|(?<=\s))#\s.*$")


def candidates(
    unit: Unit, grounding: Grounding, *, at_start: bool, after_gap: bool
) -> Iterator[Unit]:
    """`unit` as it may be shown: trimmed, without a yes or connector that refers to nothing."""
    if unit.kind is UnitKind.CODE:
        yield from closed(unit)
        return
    if unit.kind is UnitKind.ROW:
        yield unit
        return
    text = trim(unit.text)
    if after_gap or at_start:
        connector = CONNECTOR.match(text)
        text = capitalized(text[connector.end() :]) if connector else text
        if after_gap and LEANING.match(text):
            return
    opener = OPENER.match(text)
    if opener and text[opener.end() :].strip("*_ "):
        rest = capitalized(text[opener.end() :])
        agreed = grounding.answers(rest, no=says_no(text))
        yield replace(unit, text=balanced(text if agreed else rest))
        return
    yield replace(unit, text=balanced(text))


def is_bare_opener(text: str) -> bool:
    opener = OPENER.match(text)
    return opener is not None and not text[opener.end() :].strip("*_ ")


def without_opener(unit: Unit) -> Unit:
    """What a unit says after its yes or no."""
    opener = OPENER.match(unit.text) if unit.kind in PROSE else None
    rest = unit.text[opener.end() :] if opener else ""
    return replace(unit, text=rest) if rest.strip("*_ ") else unit


def says_no(text: str) -> bool:
    return NO.match(text) is not None


def introduces(unit: Unit) -> bool:
    """Whether it only announces what follows: a list, a block of code."""
    return is_lead_in(unit) or (announces_block(unit) and says_nothing(unit.text))


def balanced(text: str) -> str:
    """`text` without emphasis that is opened here and closed in another sentence."""
    for mark in ("**", "__", "~~"):
        if text.count(mark) % 2:
            text = text.replace(mark, "")
    return text.replace("`", "") if text.count("`") % 2 else text


def closed(unit: Unit) -> Iterator[Unit]:
    """A code block, and the same without comments, which may say anything; one that breaks off is
    closed, if need be without its last line."""
    lines = unit.text.split("\n")
    fence = opening_fence(lines[0])
    assert fence is not None
    if len(lines) > 1 and fence.is_closed_by(lines[-1]):
        yield unit
        bare = [lines[0], *(_COMMENT.sub("", line) for line in lines[1:])]
        yield replace(unit, text="\n".join(line for line in bare if line.strip("> \t")))
        return
    yield replace(unit, text="\n".join([*lines, fence.mark]))
    if len(lines) > 2:
        yield replace(unit, text="\n".join([*lines[:-1], fence.mark]))


def is_thin(text: str) -> bool:
    """Whether `text` is too little to be an answer: no fact and hardly a word."""
    bare = without_invisible(text)
    if re.search(r"\d|`[^`]+`|\w+://", bare):
        return False
    return len(re.findall(r"\w+", bare)) < MIN_WORDS or read(bare, ENGLISH).empty
