"""The entries of the written cases, and the check of a text against some of them."""

from __future__ import annotations

from engine.grounding.grounded_text import GroundedText
from tests.engine.grounding.grounding_cases import cases

WRITTEN = ("grounding_cases", "grounding_heldout", "grounding_sealed")
CASES = [case for name in WRITTEN for case in cases(name)]
ENTRIES = {document.id: document for case in CASES for document in case.documents}


def check(says: str, *about: str, question: str = "") -> GroundedText:
    grounded = GroundedText([ENTRIES[id_] for id_ in about], question)
    grounded.feed(says)
    grounded.finish()
    return grounded
