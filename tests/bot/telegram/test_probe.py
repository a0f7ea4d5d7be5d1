"""What `check --online` tells of Telegram's token."""

from __future__ import annotations

import asyncio

import pytest

from bot.findings import Finding
from bot.telegram.probe import probe_telegram
from config.settings import Secrets, TelegramSettings
from tests.telegram_faults import BAD_GATEWAY, CUT_BEFORE, HTML_200, Fault
from tests.telegram_server import TOKEN
from tests.telegram_twin import telegram_twin


async def probe(
    base_url: str, token: str = TOKEN, *, webhook_url: str = "", timeout_s: float = 30
) -> list[Finding]:
    settings = TelegramSettings(base_url=base_url, webhook_url=webhook_url)
    secrets = Secrets.model_validate({"telegram_bot_token": token})
    found = await probe_telegram(settings, secrets, timeout_s=timeout_s)
    assert token not in str(found)
    return found


async def test_a_good_token_is_told_with_whose_it_is() -> None:
    async with telegram_twin() as twin:
        bot, privacy = await probe(twin.base_url)

    assert (bot.good, bot.sentence) == (True, "TELEGRAM_BOT_TOKEN is accepted: @faq_twin_bot.")
    assert privacy.good
    assert "privacy mode" in privacy.sentence
    assert twin.called("getUpdates") == []


async def test_without_a_token_nobody_is_asked() -> None:
    assert (
        await probe_telegram(TelegramSettings(base_url="http://127.0.0.1:1/bot"), Secrets()) == []
    )


async def test_a_refused_token_is_told_with_what_to_do() -> None:
    async with telegram_twin() as twin:
        (bot,) = await probe(twin.base_url, "424242:AA-somebody-elses")

    assert not bot.good
    assert bot.sentence.startswith("Telegram refuses TELEGRAM_BOT_TOKEN; copy it again")


@pytest.mark.parametrize("fault", [CUT_BEFORE, BAD_GATEWAY, HTML_200], ids=range(3))
async def test_a_telegram_that_cannot_be_reached_is_no_fault_of_the_token(fault: Fault) -> None:
    async with telegram_twin() as twin:
        twin.fail("getMe", fault)
        (bot,) = await probe(twin.base_url)

    assert not bot.good
    assert bot.sentence.startswith("TELEGRAM_BOT_TOKEN could not be tried (")


async def test_a_telegram_that_never_answers_is_not_waited_for() -> None:
    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked.wait()
        writer.close()

    asked = asyncio.Event()
    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        (bot,) = await probe(f"http://127.0.0.1:{port}/bot", timeout_s=0.5)
        asked.set()

    assert "TELEGRAM_BOT_TOKEN could not be tried" in bot.sentence


async def test_a_webhook_elsewhere_is_told_by_its_host_alone() -> None:
    async with telegram_twin() as twin:
        twin.webhook = {"url": "https://other.example.org/secret-path"}
        *_, webhook = await probe(twin.base_url)

    assert "a webhook on other.example.org now, which `run` ends" in webhook.sentence
    assert "secret-path" not in webhook.sentence


async def test_a_webhook_that_could_not_be_delivered_to_is_a_problem() -> None:
    url = "https://faq.example.org/hook"
    async with telegram_twin() as twin:
        twin.webhook = {"url": url, "last_error_message": "Connection refused"}
        *_, webhook = await probe(twin.base_url, webhook_url=url)

    assert (webhook.good, webhook.sentence) == (
        False,
        "Telegram could not deliver to the webhook last: Connection refused.",
    )


async def test_a_server_that_knows_no_webhook_is_enough() -> None:
    async with telegram_twin(without=frozenset({"getWebhookInfo"})) as twin:
        bot, _ = await probe(twin.base_url)

    assert bot.good
