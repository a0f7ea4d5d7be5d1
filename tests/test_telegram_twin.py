"""The twin behaves like Telegram where the adapter could tell the difference."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.telegram_faults import BAD_GATEWAY, CUT_AFTER, CUT_BEFORE, HTML_200, flood
from tests.telegram_html import ParseError, live_mentions, parse
from tests.telegram_server import TOKEN
from tests.telegram_twin import TelegramTwin, telegram_twin


class Client:
    """A bot of two lines."""

    def __init__(self, twin: TelegramTwin, session: aiohttp.ClientSession) -> None:
        self.twin = twin
        self._session = session

    async def call(self, method: str, *, token: str = TOKEN, **args: Any) -> dict[str, Any]:
        async with self._session.post(f"{self.twin.base_url}{token}/{method}", json=args) as reply:
            return {"status": reply.status} | await reply.json()

    async def send(self, chat: int = 7, text: str = "Hello", **args: Any) -> dict[str, Any]:
        return await self.call("sendMessage", chat_id=chat, text=text, **args)


@asynccontextmanager
async def client(**options: Any) -> AsyncIterator[Client]:
    async with telegram_twin(**options) as twin, aiohttp.ClientSession() as session:
        twin.person(7)
        yield Client(twin, session)


async def test_updates_come_until_a_higher_offset_confirms_them() -> None:
    async with client() as bot:
        await bot.twin.private(bot.twin.person(7), "one")
        await bot.twin.private(bot.twin.person(7), "two")

        first = await bot.call("getUpdates")
        again = await bot.call("getUpdates", limit=1)
        rest = await bot.call("getUpdates", offset=first["result"][0]["update_id"] + 1)

        texts = [
            [update["message"]["text"] for update in got["result"]] for got in (first, again, rest)
        ]
        assert texts == [["one", "two"], ["one"], ["two"]]


async def test_a_long_poll_ends_when_something_happens() -> None:
    async with client() as bot:
        polling = asyncio.ensure_future(bot.call("getUpdates", timeout=20))
        await bot.twin.wait(lambda: bot.twin.called("getUpdates"))

        await bot.twin.private(bot.twin.person(7), "hello")

        assert (await polling)["result"][0]["message"]["text"] == "hello"


async def test_a_second_poll_ends_the_first_with_409() -> None:
    async with client() as bot:
        polling = asyncio.ensure_future(bot.call("getUpdates", timeout=20))
        await bot.twin.wait(lambda: bot.twin.called("getUpdates"))

        await bot.call("getUpdates")

        assert (await polling)["status"] == 409


async def test_no_polling_beside_a_webhook() -> None:
    async with client() as bot:
        await bot.call("setWebhook", url="https://example.org")
        with_webhook = await bot.call("getUpdates")
        await bot.call("deleteWebhook")

        assert with_webhook["status"] == 409
        assert (await bot.call("getUpdates"))["status"] == 200


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        ({"text": "x" * 4096}, 200, ""),
        ({"text": "😀" * 2048}, 200, ""),
        ({"text": "😀" * 2049}, 400, "too long"),
        ({"text": "<b>" + "x" * 4096 + "</b>", "parse_mode": "HTML"}, 200, ""),
        ({"text": " \n"}, 400, "empty"),
        ({"text": "<b>x", "parse_mode": "HTML"}, 400, "can't parse entities"),
        ({"text": "a < b", "parse_mode": "HTML"}, 400, "can't parse entities"),
        ({"text": "<i><b>x</i></b>", "parse_mode": "HTML"}, 400, "can't parse entities"),
        ({"text": "<code><b>x</b></code>", "parse_mode": "HTML"}, 400, "can't parse entities"),
        ({"chat": 8}, 400, "chat not found"),
        ({"reply_parameters": {"message_id": 99}}, 400, "replied not found"),
        (
            {"reply_parameters": {"message_id": 99, "allow_sending_without_reply": True}},
            200,
            "",
        ),
        ({"message_thread_id": 3}, 400, "thread not found"),
        (
            {"reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": "é" * 33}]]}},
            400,
            "BUTTON_DATA_INVALID",
        ),
    ],
)
async def test_messages_are_checked(args: dict[str, Any], status: int, words: str) -> None:
    async with client() as bot:
        answer = await bot.send(**args)

        assert answer["status"] == status
        assert words in answer.get("description", "")


async def test_an_edit_that_changes_nothing_is_an_error() -> None:
    async with client() as bot:
        sent = (await bot.send())["result"]["message_id"]

        same = await bot.call("editMessageText", chat_id=7, message_id=sent, text="Hello")
        other = await bot.call("editMessageText", chat_id=7, message_id=sent, text="Bye")
        gone = await bot.call("editMessageText", chat_id=7, message_id=99, text="Bye")

        assert "not modified" in same["description"]
        assert other["status"] == 200
        assert "to edit not found" in gone["description"]
        assert [shown.text for shown in bot.twin.shown(7)] == ["Bye"]


async def test_tokens_and_methods_are_checked() -> None:
    async with client(without=frozenset({"sendMessageDraft"})) as bot:
        wrong = await bot.call("getMe", token="1:x")
        unknown = await bot.call("sendMessageDraft", chat_id=7, draft_id=1, text="x")

        assert (wrong["status"], unknown["status"]) == (401, 404)


async def test_drafts_are_for_private_chats() -> None:
    async with client() as bot:
        group = bot.twin.group()

        there = await bot.call("sendMessageDraft", chat_id=group["id"], draft_id=1, text="x")
        here = await bot.call("sendMessageDraft", chat_id=7, draft_id=1, text="x")

        assert (there["status"], here["status"]) == (400, 200)
        assert bot.twin.drafts[7, 1] == ["x"]


async def test_faults_come_as_scripted_and_once() -> None:
    async with client() as bot:
        bot.twin.fail("getMe", flood(3))
        bot.twin.fail("getMe", BAD_GATEWAY)

        answers = [await bot.call("getMe") for _ in range(3)]

        assert [answer["status"] for answer in answers] == [429, 502, 200]
        assert answers[0]["parameters"] == {"retry_after": 3}


@pytest.mark.parametrize(("fault", "arrived"), [(CUT_BEFORE, 0), (CUT_AFTER, 1)])
async def test_a_connection_is_cut_before_or_after_the_call_took_effect(
    fault: Any, arrived: int
) -> None:
    async with client() as bot:
        bot.twin.fail("sendMessage", fault)

        with pytest.raises(aiohttp.ClientError):
            await bot.send()

        assert len(bot.twin.shown(7)) == arrived


async def test_a_proxy_may_answer_in_html() -> None:
    async with client() as bot:
        bot.twin.fail("sendMessage", HTML_200)

        with pytest.raises(aiohttp.ContentTypeError):
            await bot.send()


async def test_the_blocked_bot_is_forbidden() -> None:
    async with client() as bot:
        bot.twin.blocked.add(7)

        assert (await bot.send())["status"] == 403


@pytest.mark.parametrize(
    ("html", "text", "kinds"),
    [
        ("<b>a</b> &lt;x&gt; &amp;", "a <x> &", ["bold"]),
        ('<a href="https://e.org/?a=1&amp;b=2">x</a>', "x", ["text_link"]),
        ('<pre><code class="language-python">x</code></pre>', "x", ["pre"]),
        ("<blockquote>a <code>b</code></blockquote>", "a b", ["blockquote", "code"]),
    ],
)
def test_html_is_read_like_telegram_does(html: str, text: str, kinds: list[str]) -> None:
    read, entities = parse(html)

    assert (read, [entity.type for entity in entities]) == (text, kinds)


@pytest.mark.parametrize("html", ["<", "<script>x</script>", "</b>", "<b>", "<b><b></b>"])
def test_html_that_telegram_rejects_is_rejected(html: str) -> None:
    with pytest.raises(ParseError):
        parse(html)


@pytest.mark.parametrize(
    ("html", "live"),
    [
        ("hi @ada", ["@ada"]),
        ("hi <b>@</b>ada", ["@ada"]),
        ("hi <code>@ada</code>", []),
        ("ada@example.org", []),
        ('<a href="tg://user?id=1">x</a>', ["tg://user?id=1"]),
    ],
)
def test_mentions_are_found(html: str, live: list[str]) -> None:
    assert live_mentions(*parse(html)) == live
