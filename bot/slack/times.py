"""How long things may take at Slack."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """In seconds."""

    #: Without a word from Slack and a new connection for this long the program ends, to be
    #: started again.
    silence_s: float = 60.0
    #: Pause after a failure; doubled each time up to the second.
    retry_s: tuple[float, float] = (1.0, 30.0)
    #: What came in may take this long to be stored after a stop.
    grace_s: float = 3.0
    #: To show that a question was heard must not hold up its answer.
    heard_s: float = 3.0
    #: Nor must the language of the person who asks.
    language_s: float = 0.7
    #: Between two pings of the socket.
    ping_s: float = 10.0
    #: Nothing heard for so long, not even a pong: the socket is taken for dead and replaced.
    stale_s: float = 30.0
    #: A new socket must say hello within this.
    hello_s: float = 10.0
    #: A socket that lasted so long was a good one.
    settled_s: float = 30.0
    #: An old socket is kept open so long after its replacement works.
    overlap_s: float = 5.0
