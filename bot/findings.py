"""What `main.py check` finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    good: bool
    #: What was found and, if it is a problem, what to do.
    sentence: str
