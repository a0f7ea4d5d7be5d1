"""Recognises the sentences that announce what follows them: a list, a table, a block of code."""

from __future__ import annotations

import re

from engine.grounding.clauses import Relation
from engine.grounding.polarity import Modal
from engine.grounding.prose import read_prose
from engine.grounding.sentences import Unit, UnitKind

PROSE = (UnitKind.SENTENCE, UnitKind.ITEM)
_POINTS_DOWN = re.compile(r"\b(?:following|below|command|run|execute|like this)\b", re.IGNORECASE)
#: Means nothing when no block comes after it.
_POINTS_AT_BLOCK = re.compile(
    r"\b(?:(?:the )?following (?:\w+ )?(?:commands?|code|lines?|script|snippet|cell|block)"
    r"|(?:commands?|code|lines?|script|snippet|block) below|as follows|like (?:this|so)\b(?=\W*$)"
    r"|(?:these|this) (?:commands?|code|lines?|snippet|block)"
    r"|(?:run|execute|use|try|enter|type) (?:this|these|the following))\b",
    re.IGNORECASE,
)
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
    """Whether it needs the code after it: it points there, or breaks off before it."""
    if unit.kind not in PROSE:
        return False
    open_end = not is_ended(unit) and bool(_OPEN_END.search(unit.text))
    return open_end or bool(_POINTS_AT_BLOCK.search(unit.text))


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
