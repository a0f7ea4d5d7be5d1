"""What can go wrong with a call of the Bot API, for the offline Telegram."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong with one call."""

    status: int = 500
    description: str = "Internal Server Error"
    parameters: dict[str, Any] = field(default_factory=dict)
    #: Answer with this body instead of JSON.
    body: str | None = None
    #: Cut the connection instead of answering.
    cut: bool = False
    #: Never answer; the caller must give up.
    hang: bool = False
    #: The call takes effect all the same: the answer alone is lost.
    after: bool = False


def flood(seconds: float) -> Fault:
    return Fault(
        status=429,
        description=f"Too Many Requests: retry after {seconds}",
        parameters={"retry_after": seconds},
    )


CUT_BEFORE = Fault(cut=True)
CUT_AFTER = Fault(cut=True, after=True)
HANG_BEFORE = Fault(hang=True)
HANG_AFTER = Fault(hang=True, after=True)
HTML_200 = Fault(status=200, body="<html>maintenance</html>")
BAD_GATEWAY = Fault(status=502, description="Bad Gateway")
CONFLICT = Fault(status=409, description="Conflict: terminated by other getUpdates request")
UNAUTHORIZED = Fault(status=401, description="Unauthorized")
