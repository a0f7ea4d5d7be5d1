"""The result of the truth check for one statement: shown or dropped, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a statement is not shown; for staff."""

    #: A link shows another address than it opens.
    DECEIVES = "a link shows another address than it opens"
    STRUCK = "it is struck through"
    QUOTATION = "what it quotes is not verbatim"
    CODE = "its code does not stand so in an entry"
    ADDRESS = "its address stands in no entry"
    NAME = "a name, path or option in it stands in no entry"
    NUMBER = "its number stands in no entry so"
    DATE = "a day, month or length of time in it stands in no entry so"
    NEGATION = "the entry says the opposite of it"
    MODALITY = "the entry says must, may or should otherwise"
    CONDITION = "it leaves out a condition"
    DEGREE = "the entry says how often or how many otherwise"
    REPLACED = "it has another word in the place of the entry's"
    OPPOSITE = "it has the opposite of the entry's word"
    ORDER = "it puts the entry's words in an order that says something else"
    TALK = "it is talk, not a statement about the matter"
    ITSELF = "it speaks of itself"
    TOO_LONG = "it is too long to be one statement"
    EMPTY = "it says nothing that can be looked up"
    UNPROVEN = "too little of it stands in the entries"
    #: In a language that is not read, or another than the entries'.
    NOT_VERBATIM = "it does not stand nearly word for word in an entry of its language"
    BREAKS_OFF = "it breaks off"
    REPEATED = "it was said before"
    LEANS = "it refers to what was dropped"
    DANGLES = "nothing that it introduces is shown"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Whether a statement may be shown."""

    #: None when it may.
    reason: Reason | None
    #: The entries it stands on; empty when it may not be shown.
    document_ids: tuple[str, ...] = ()

    @property
    def supported(self) -> bool:
        return self.reason is None
