"""How far a download or a copy of weights is, for a bar in a terminal or for words in chat."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ConfigDict

from engine.models.sizes import GB, MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One step of bringing weights somewhere, at one moment."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    #: Begins a sentence: "Downloading phi-3-mini".
    what: str
    #: Bytes that are there, and in all; 0 in all where nothing can be counted.
    done: int = 0
    total: int = 0

    def __str__(self) -> str:
        if not self.total:
            return self.what
        if self.total < GB:
            return f"{self.what}: {self.done / MB:.0f} of {self.total / MB:.0f} MB"
        return f"{self.what}: {self.done / GB:.1f} of {self.total / GB:.1f} GB"
