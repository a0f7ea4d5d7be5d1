"""The metadata that each message of ours carries, by which it is found again."""

from __future__ import annotations

import logging

from bot.slack.client import SlackClient
from bot.slack.errors import SlackError
from bot.slack.parse import ReplyTo
from bot.slack.render import Json

log = logging.getLogger(__name__)

EVENT_TYPE = "faq_desk_answer"


def metadata(job_id: int | None, part: int) -> Json | None:
    """What a message carries; numbers only, since every app in the workspace can read it."""
    if job_id is None:
        return None
    return {"event_type": EVENT_TYPE, "event_payload": {"job_id": job_id, "part": part}}


async def ours(
    client: SlackClient, to: ReplyTo, job_id: int, since: str = ""
) -> dict[int, list[str]]:
    """Part → time stamps of our messages about this question, oldest first.

    Raises DeliveryError when it cannot be known now.
    """
    values: dict[str, object] = {"channel": to.channel, "limit": 200}
    values |= {"include_all_metadata": True, "inclusive": True}
    method, oldest = "conversations.history", since or to.message
    if to.thread:
        method, values["ts"] = "conversations.replies", to.thread
    if oldest:
        values["oldest"] = oldest
    try:
        answer = await client.call(method, **values)
    except SlackError as error:
        if error.code == "ratelimited":
            raise
        log.warning("cannot look for earlier messages: %s", error.code)
        return {}
    found: dict[int, list[str]] = {}
    for message in answer.get("messages") or []:
        carried = message.get("metadata") or {}
        payload = carried.get("event_payload") or {}
        if carried.get("event_type") == EVENT_TYPE and payload.get("job_id") == job_id:
            found.setdefault(int(payload.get("part") or 0), []).append(str(message["ts"]))
    return {part: sorted(stamps) for part, stamps in found.items()}
