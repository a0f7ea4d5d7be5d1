"""Fills in what a small Bot API server leaves out and python-telegram-bot insists on."""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

#: Kinds of updates whose value is a message.
_MESSAGES = ("message", "edited_message")
#: What Telegram itself finds in a text; a message that holds any of it has entities.
_FOUND = re.compile(r"(?P<bot_command>\A/\w+(?:@\w+)?)|(?P<mention>(?<!\w)@\w{3,})")


def complete_update(raw: Json) -> Json:
    """The update with everything that must be there; what is there stays as it is."""
    update = dict(raw)
    for kind in _MESSAGES:
        if isinstance(update.get(kind), dict):
            update[kind] = complete_message(update[kind])
    for kind in ("callback_query", "inline_query", "my_chat_member"):
        if isinstance(update.get(kind), dict):
            update[kind] = _with_user(update[kind])
    query = update.get("callback_query")
    if isinstance(query, dict):
        query = update["callback_query"] = {"chat_instance": "", **query}
        if isinstance(query.get("message"), dict):
            query["message"] = complete_message(query["message"])
    if isinstance(update.get("inline_query"), dict):
        update["inline_query"] = {"offset": "", "query": "", **update["inline_query"]}
    return update


def complete_message(raw: Json, chat: Json | None = None) -> Json:
    """The message as Telegram would send it; `chat` is where it stands if it does not say."""
    # Not 0: that marks a message which can no longer be seen.
    message = _with_user({"date": 1, **({"chat": chat} if chat else {}), **raw})
    if isinstance(message.get("chat"), dict):
        message["chat"] = _with_type(message["chat"])
    for text, entities in (("text", "entities"), ("caption", "caption_entities")):
        if isinstance(message.get(text), str) and entities not in message:
            message[entities] = _entities(message[text])
    original = message.get("reply_to_message")
    if isinstance(original, dict):
        message["reply_to_message"] = complete_message(original, message.get("chat"))
    return message


def complete_result(result: Any, data: Json) -> Any:
    """What a call returned; a message that was sent must not seem lost because it came back
    with little more than its number."""
    if isinstance(result, dict) and "message_id" in result and "chat_id" in data:
        return complete_message(result, {"id": int(data["chat_id"])})
    return result


def _with_user(value: Json) -> Json:
    user = value.get("from")
    if not isinstance(user, dict):
        return value
    return {**value, "from": {"is_bot": False, "first_name": "", **user}}


def _with_type(chat: Json) -> Json:
    kind = "private" if int(chat.get("id") or 0) > 0 else "supergroup"
    return {"type": kind, **chat}


def _entities(text: str) -> list[Json]:
    return [
        {
            "type": found.lastgroup,
            "offset": len(text[: found.start()].encode("utf-16-le")) // 2,
            "length": len(found.group().encode("utf-16-le")) // 2,
        }
        for found in _FOUND.finditer(text)
    ]
