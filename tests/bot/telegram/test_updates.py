"""How the Telegram adapter takes updates: none lost, none twice, by poll and by webhook."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.telegram.errors import TelegramLost, TokenRejected
from bot.telegram.times import Times
from config.settings import ConfigError
from engine.store.jobs import JobStore
from tests.telegram_bench import QUICK, Bench, NotingDesk, adapter_on, bench
from tests.telegram_faults import (
    BAD_GATEWAY,
    CONFLICT,
    CUT_AFTER,
    CUT_BEFORE,
    HANG_AFTER,
    HTML_200,
    UNAUTHORIZED,
    Fault,
    flood,
)
from tests.telegram_server import TOKEN
from tests.telegram_twin import telegram_twin
from tests.waits import within


async def test_an_update_is_confirmed_only_after_it_is_stored(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada = on.twin.person(7)
        on.desk.refusals = 3

        await on.twin.private(ada, "first")
        await on.twin.private(ada, "second")

        assert [message.text for message in await on.desk.told(2)] == ["first", "second"]
        await on.twin.wait(lambda: on.twin.pending == [])


async def test_what_was_not_handled_is_handled_after_a_restart(tmp_path: Path) -> None:
    async with telegram_twin() as twin:
        ada = twin.person(7)
        async with bench(tmp_path, twin=twin) as on:
            on.desk.refusals = 10_000
            for number in range(20):
                await twin.private(ada, f"question {number}")
            await twin.wait(lambda: twin.pending == [])

        async with bench(tmp_path, twin=twin) as on:
            messages = await on.desk.told(20)

    assert [message.text for message in messages] == [f"question {n}" for n in range(20)]


async def test_a_second_delivery_is_the_same_message(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada = on.twin.person(7)
        await on.twin.private(ada, "once")
        update = on.twin.pending[0]
        await on.desk.told()

        await on.twin.again(update)
        await on.twin.private(ada, "end")

        messages = await on.desk.told(2)
        assert len({(m.conversation, m.message_id) for m in messages if m.text == "once"}) == 1


async def test_a_malformed_update_or_a_bug_stops_nobody(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada = on.twin.person(7)

        await on.twin.push({"message": {"text": "no chat"}})
        await on.twin.push({"something_new": {"x": 1}})
        await on.twin.push({"callback_query": 5})
        await on.twin.private(ada, "burst")
        await on.twin.private(ada, "next")

        assert [message.text for message in await on.desk.told()] == ["next"]
        async with asyncio.timeout(120):
            while await on.store.inbox.open("telegram"):
                await on.twin.wait(lambda: True)


async def test_one_persons_trouble_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async with bench(tmp_path, allowed_users=(8,)) as on:
        eve, bob = on.twin.person(7, "Eve"), on.twin.person(8, "Bob")
        on.twin.fail("sendMessage", HANG_AFTER)

        await on.twin.private(eve, "refused, which hangs")
        await on.twin.private(bob, "hello")

        assert (await on.desk.told())[0].text == "hello"


@pytest.mark.parametrize(
    "fault",
    [BAD_GATEWAY, CUT_BEFORE, CUT_AFTER, HTML_200, CONFLICT, flood(0.05), flood(0.0),
     Fault(status=429, parameters={"retry_after": "junk"}), Fault(status=200, body="{}"),
     Fault(status=200, body='{"ok":true,"result":{}}'), Fault(status=200, body='{"ok":tr')],
    ids=["502", "cut", "cut late", "html", "409", "429", "429 zero", "429 junk", "no result",
         "no list", "half"],
)  # fmt: skip
async def test_a_failing_poll_is_repeated(tmp_path: Path, fault: Fault) -> None:
    async with telegram_twin() as twin:
        twin.fail("getUpdates", fault, times=3)
        async with bench(tmp_path, twin=twin) as on:
            await twin.private(twin.person(7), "still there?")

            assert (await on.desk.told())[0].text == "still there?"


async def run_out(tmp_path: Path, twin: object, **changes: object) -> None:
    async with JobStore(tmp_path / "q.sqlite3") as store:
        adapter = adapter_on(twin, store, **changes)  # type: ignore[arg-type]
        try:
            async with asyncio.timeout(120):
                await adapter.run(NotingDesk(), asyncio.Event())
        finally:
            await adapter.close()


@pytest.mark.parametrize("fault", [BAD_GATEWAY, Fault(hang=True)], ids=["down", "hung"])
async def test_a_deaf_bot_ends(tmp_path: Path, fault: Fault) -> None:
    times = Times(poll_s=1, silence_s=0.1, retry_s=(0.01, 0.05), call_s=5.0)
    async with telegram_twin() as twin:
        twin.fail("getUpdates", fault, times=1000)

        with pytest.raises(TelegramLost, match="not been heard"):
            await run_out(tmp_path, twin, times=times)


async def test_a_bot_that_never_reaches_telegram_ends(tmp_path: Path) -> None:
    times = Times(poll_s=1, silence_s=0.1, retry_s=(0.01, 0.05), call_s=5.0)
    async with telegram_twin() as twin:
        twin.fail("getMe", BAD_GATEWAY, times=1000)

        with pytest.raises(TelegramLost):
            await run_out(tmp_path, twin, times=times)


async def test_a_wrong_token_ends_the_bot_and_is_not_told(tmp_path: Path) -> None:
    wrong = "1234567:" + "w" * 35
    async with telegram_twin() as twin:
        with pytest.raises(TokenRejected) as raised:
            await run_out(tmp_path, twin, token=wrong)

    assert wrong not in repr(raised.value) + str(raised.value.__cause__)
    assert "TELEGRAM_BOT_TOKEN" in str(raised.value)


async def test_a_token_that_is_revoked_ends_the_bot(tmp_path: Path) -> None:
    async with telegram_twin() as twin:
        twin.fail("getUpdates", UNAUTHORIZED)

        with pytest.raises(TokenRejected):
            await run_out(tmp_path, twin)


async def test_nothing_is_logged_that_holds_the_token(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="bot")
    async with bench(tmp_path) as on:
        on.twin.person(7)
        for fault in (BAD_GATEWAY, CUT_BEFORE, HTML_200):
            on.twin.fail("getUpdates", fault)
        await on.twin.private(on.twin.person(7), "x")
        await on.desk.told()

    assert TOKEN not in caplog.text
    assert repr(on.adapter).find(TOKEN) == -1
    assert QUICK.poll_s == 1


# Webhook


SECRET = "a-secret-of-24-characters"
#: The system chooses the port.
WEBHOOK = {
    "webhook_url": "http://127.0.0.1/hook",
    "webhook_listen": "127.0.0.1:0",
    "secret": SECRET,
}


async def test_a_webhook_without_a_secret_is_refused(tmp_path: Path) -> None:
    async with telegram_twin() as twin, JobStore(tmp_path / "q.sqlite3") as store:
        for secret in ("", "short", "with spaces in it, and long"):
            with pytest.raises(ConfigError, match="TELEGRAM_WEBHOOK_SECRET"):
                adapter_on(twin, store, webhook_url="https://e.org/hook", secret=secret)


async def test_a_webhook_takes_updates_with_the_secret_only(tmp_path: Path) -> None:
    async with bench(tmp_path, **WEBHOOK) as on:
        twin = on.twin
        await _listening(on)

        statuses = [
            await twin.call_webhook({"update_id": 1, "message": {}}, secret=secret)
            for secret in ("", "wrong", SECRET + "x")
        ]
        statuses.append(await twin.call_webhook({"no": "update"}))
        await twin.private(twin.person(7), "by webhook")

        assert (await on.desk.told())[0].text == "by webhook"
        assert statuses == [401, 401, 401, 400]
        assert twin.called("getUpdates") == []


async def test_a_webhook_says_503_while_the_disk_refuses(tmp_path: Path) -> None:
    async with bench(tmp_path, **WEBHOOK) as on:
        await _listening(on)
        await on.store.close()

        status = await on.twin.call_webhook({"update_id": 1, "message": {}})

        await on.store.open()
        assert status == 503


async def _listening(on: Bench) -> None:
    """Wait until the webhook listens, and let Telegram call it there."""
    await on.twin.wait(lambda: on.twin.webhook.get("url"))
    assert on.adapter.webhook is not None
    await within(on.adapter.webhook.server.listening.wait())
    on.twin.webhook["url"] = f"http://127.0.0.1:{on.adapter.webhook.server.port}/hook"
