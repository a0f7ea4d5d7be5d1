"""Recognises the sentences that announce what follows them: a list, a table, a block of code."""

from __future__ import annotations

import re

from engine.grounding.clauses import Relation
from engine.grounding.polarity import Modal
from engine.grounding.prose import read_prose
from engine.grounding.sentences import Unit, UnitKind

PROSE = (UnitKind.SENTENCE, UnitKind.ITEM)
_POINTS_DOWN = re.compile(r"\b(?:following|below|command|run|execute|like this)\b", re.IGNORECASE)
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
    return unit.text.rstrip("*_)\"'”’ ").endswith((".", "!", "?", ":", "。", "！", "？", "…"))


def announces_block(unit: Unit) -> bool:
    """Whether code right after it belongs to it: it points there, or breaks off before it."""
    if unit.kind not in PROSE:
        return False
    points = _POINTS_AHEAD.search(unit.text) or _POINTS_AT_BLOCK.search(unit.text)
    return _breaks_off(unit) or bool(points)


def lacks_block(unit: Unit, before: str) -> bool:
    """Whether it means nothing where no code follows; `before` is the text before it."""
    ahead, last = _POINTS_AHEAD.search(unit.text), _ENTER_LAST.search(unit.text)
    if ahead is not None:
        return "`" not in unit.text[ahead.end() :]
    if last is not None:
        return last["block"].lower() not in before.lower()
    return bool(_BARE.search(unit.text)) or says_nothing(unit.text)


def _breaks_off(unit: Unit) -> bool:
    return not is_ended(unit) and bool(_OPEN_END.search(unit.text))


def says_nothing(lead: str) -> bool:
    """Whether a lead-in such as “Follow these steps:” leaves open what it introduces."""
    return not any(
        clause.claims
        or clause.negated
        or clause.modal is not Modal.NONE
        or clause.relation is not Relation.NONE
        for clause in read_prose(lead).clauses
    )


def introduces_code(text: str) -> bool:
    """Whether code after `text` is to be read together with it."""
    clauses = read_prose(text).clauses
    related = any(clause.relation is not Relation.NONE for clause in clauses)
    return related or bool(_POINTS_DOWN.search(text))
