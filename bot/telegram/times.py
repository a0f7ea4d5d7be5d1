"""How long things may take at Telegram."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """In seconds."""

    #: A long poll: Telegram answers at once when something happens.
    poll_s: int = 30
    #: Without a good poll for this long the program ends, to be started again.
    silence_s: float = 60.0
    #: Pause after a failure; doubled each time up to the second.
    retry_s: tuple[float, float] = (1.0, 15.0)
    #: What is being handled at a stop may take this long; the rest is done after the restart.
    grace_s: float = 2.0
    #: A call other than a poll.
    call_s: float = 20.0
    #: To show that a question was heard must not hold up its answer.
    heard_s: float = 3.0
