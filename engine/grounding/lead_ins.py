"""Recognises lead-ins, which announce what follows them: a list, a table, a block of code."""

from __future__ import annotations

import re

from engine.grounding.lexicon import ENGLISH, words_of
from engine.grounding.sentence import read
from engine.grounding.units import Unit, UnitKind

PROSE = (UnitKind.SENTENCE, UnitKind.ITEM)
_BLOCK = r"(?:commands?|code|lines?|script|snippet|cell|block)"
_ENTER = r"(?:run|execute|use|try|enter|type|add|put|paste|copy|write)"
#: Something that is yet to come and is not said in the rest of the sentence either.
_POINTS_AHEAD = re.compile(
    rf"\b(?:following (?!the )(?:\w+ )?{_BLOCK}\b"
    rf"|{_BLOCK} below\b(?=\W*$|\W+(?:and|from|in|into|on|to|with)\b)"
    rf"|(?:as follows|like (?:this|so)|{_ENTER} (?:this|these|the following))(?=\W*$))"
    r"(?![^:]*:\W*\w)",
    re.IGNORECASE | re.DOTALL,
)
#: What is pointed at may stand before as well.
_POINTS_AT_BLOCK = re.compile(
    rf"\b(?:{_ENTER} (?:this|these) {_BLOCK}\b|(?:this|these) {_BLOCK}(?=\W*$))", re.IGNORECASE
)
_ENTER_LAST = re.compile(rf"\b{_ENTER} (?:this|these) (?P<block>{_BLOCK})\W*$", re.IGNORECASE)
#: Nothing but a piece of code or an address, or what a colon announces.
_ONLY_CODE = re.compile(r"(?:^|:)[\s*_]*(?:`[^`]+`|https?://\S+|\[[^\]]*\]\(\S+\))[\s*_]*$")
_BARE = re.compile(r"\b(?:run|execute|using|running|via|following)[*_\s]*$", re.IGNORECASE)
_OPEN_END = re.compile(
    r"\b(?:run|execute|type|enter|use|using|running|with|by|via|do|try|is|are|to|in|as|like|"
    r"commands?|code|snippet|script|following|below)[*_\s]*$",
    re.IGNORECASE,
)


def is_lead_in(unit: Unit) -> bool:
    """Whether a colon says that something follows."""
    return unit.kind in PROSE and unit.text.rstrip("*_ ").endswith(":")


def is_ended(unit: Unit) -> bool:
    """Whether it has the mark that ends a sentence."""
    text = unit.text.rstrip("*_)\"'”’ ")
    if text.endswith((".", "!", "?", ":", "。", "！", "？", "…")):
        return True
    return bool(_ONLY_CODE.search(unit.text))


def announces_block(unit: Unit) -> bool:
    """Whether code right after it belongs to it: it points there, or breaks off before it."""
    if unit.kind not in PROSE:
        return False
    points = _POINTS_AHEAD.search(unit.text) or _POINTS_AT_BLOCK.search(unit.text)
    breaks_off = not is_ended(unit) and bool(_OPEN_END.search(unit.text))
    return breaks_off or bool(points)


def lacks_block(unit: Unit, before: str) -> bool:
    """Whether it means nothing where no code follows; `before` is the text before it."""
    ahead, last = _POINTS_AHEAD.search(unit.text), _ENTER_LAST.search(unit.text)
    if ahead is not None:
        return "`" not in unit.text[ahead.end() :]
    if last is not None:
        return last["block"].lower() not in before.lower()
    return bool(_BARE.search(unit.text)) or says_nothing(unit.text)


def says_nothing(text: str) -> bool:
    """Whether it names nothing, as “Follow these steps:” does, or one thing to do with it."""
    said = read(text, ENGLISH)
    light = words_of(ENGLISH).is_light
    weighty = [key for key in said.content if not light(key)]
    return len(weighty) < 2 and not any(token.fact for token in said.tokens)
