"""An offline Telegram: a Bot API server on the loopback, and people who talk to the bot.

The bot sees what the real servers would send it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from tests.telegram_html import units
from tests.telegram_server import Call, Json, Shown, TelegramServer


class TelegramTwin(TelegramServer):
    """See the module; use `telegram_twin()`."""

    async def wait(self, condition: Callable[[], object], timeout: float = 120.0) -> None:
        """Wait until `condition` holds; it is looked at after every call of the bot."""
        async with asyncio.timeout(timeout), self.changed:
            await self.changed.wait_for(condition)

    def called(self, method: str, **args: object) -> list[Call]:
        """The calls of `method` with these arguments."""
        return [
            call
            for call in self.calls
            if call.method == method and all(call.args.get(key) == args[key] for key in args)
        ]

    def shown(self, chat: int | Json | None = None) -> list[Shown]:
        """What is in the chat from the bot now, oldest first."""
        wanted = chat["id"] if isinstance(chat, dict) else chat
        return [
            versions[-1]
            for key, versions in self.versions.items()
            if key not in self.deleted and wanted in (None, key[0])
        ]

    async def wait_shown(self, chat: int | Json, text: str, timeout: float = 120.0) -> Shown:
        """The first message of the bot in the chat that contains `text`."""
        found: list[Shown] = []

        def look() -> bool:
            found[:] = [shown for shown in self.shown(chat) if text in shown.text]
            return bool(found)

        await self.wait(look, timeout)
        return found[0]

    # People

    def person(self, number: int, name: str = "Ada", language: str | None = "en") -> Json:
        user = {"id": number, "is_bot": False, "first_name": name, "username": name.lower()}
        self.chats.setdefault(number, {"id": number, "type": "private", "first_name": name})
        return user | ({"language_code": language} if language else {})

    def group(self, number: int = -100500, title: str = "Course", *, forum: bool = False) -> Json:
        chat: Json = {"id": number, "type": "supergroup", "title": title}
        return self.chats.setdefault(number, chat | ({"is_forum": True} if forum else {}))

    async def private(self, user: Json, text: str, **extra: Any) -> Json:
        """The person writes to the bot."""
        return await self.say(self.chats[user["id"]], user, text, **extra)

    async def say(
        self,
        chat: Json,
        user: Json,
        text: str,
        *,
        reply_to: Json | Shown | None = None,
        topic: int | None = None,
        **extra: Any,
    ) -> Json:
        """Somebody writes into a chat."""
        message: Json = {
            "message_id": self._number(),
            "date": 1_790_000_000,
            "chat": chat,
            "from": user,
            "text": text,
            "entities": _found_entities(text),
        }
        if topic is not None:
            self.topics.add((chat["id"], topic))
            message |= {"message_thread_id": topic, "is_topic_message": True}
        if reply_to is not None:
            original = reply_to.raw if isinstance(reply_to, Shown) else reply_to
            message["reply_to_message"] = {
                key: value for key, value in original.items() if key != "reply_to_message"
            }
        message |= extra
        self._said[chat["id"], message["message_id"]] = message
        await self.push({"message": message})
        return message

    async def edit_said(self, message: Json, text: str) -> None:
        edited = message | {
            "text": text,
            "entities": _found_entities(text),
            "edit_date": message["date"] + 5,
        }
        await self.push({"edited_message": edited})

    async def press(self, user: Json, shown: Shown, label: str) -> str:
        """Press the button with that label; returns the id that `toasts` uses."""
        return await self.press_data(user, shown, shown.buttons[label])

    async def press_data(self, user: Json, shown: Shown, data: str) -> str:
        query = str(self._next_query)
        self._next_query += 1
        await self.push(
            {
                "callback_query": {
                    "id": query,
                    "from": user,
                    "chat_instance": "1",
                    "message": shown.raw,
                    "data": data,
                }
            }
        )
        return query

    async def inline(self, user: Json, text: str) -> str:
        """Type after the bot's name in some chat; returns the id that `inline_answers` uses."""
        query = str(self._next_query)
        self._next_query += 1
        await self.push({"inline_query": {"id": query, "from": user, "query": text, "offset": ""}})
        return query

    async def push(self, update: Json) -> Json:
        """Deliver an update: to the webhook if there is one, else to the next poll."""
        update = {"update_id": self._next_update} | update
        self._next_update += 1
        if self.webhook.get("url"):
            await self.call_webhook(update)
        else:
            self.pending.append(update)
            await self.poke()
        return update

    async def again(self, update: Json) -> None:
        """Deliver an update once more, as after an unclean stop."""
        self.pending.append(update)
        await self.poke()

    async def call_webhook(self, update: Json, secret: str | None = None) -> int:
        """What the bot's server answers to one delivery."""
        headers = {
            "X-Telegram-Bot-Api-Secret-Token": self.webhook["secret_token"]
            if secret is None
            else secret
        }
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.webhook["url"], json=update, headers=headers) as response,
        ):
            return response.status


@asynccontextmanager
async def telegram_twin(
    *, without: frozenset[str] = frozenset(), strict: bool = False
) -> AsyncIterator[TelegramTwin]:
    """A running twin; `without` names methods that this server does not know."""
    twin = TelegramTwin(without=without, strict=strict)
    app = web.Application()
    app.router.add_route("*", "/bot{token}/{method}", twin.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    twin.base_url = f"http://127.0.0.1:{port}/bot"
    try:
        yield twin
    finally:
        await twin.close()
        await runner.cleanup()


def _found_entities(text: str) -> list[Json]:
    """The entities that the server finds in what a person types."""
    found = []
    for kind, pattern in (
        ("mention", r"(?<!\w)@\w{3,32}"),
        ("bot_command", r"(?<![\w/])/[a-z0-9_]+(?:@\w+)?"),
        ("url", r"https?://\S+"),
    ):
        for match in re.finditer(pattern, text):
            found.append(
                {
                    "type": kind,
                    "offset": units(text[: match.start()]),
                    "length": units(match.group()),
                }
            )
    return sorted(found, key=lambda entity: entity["offset"])
