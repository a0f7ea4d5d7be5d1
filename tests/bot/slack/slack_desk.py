"""A whole desk that serves an offline Slack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from bot.delivery.delivery import RETRY_S
from bot.slack.adapter import SlackAdapter
from bot.slack.pace import SlackPace
from bot.slack.times import Times
from config.settings import AdminsSettings, Settings, SlackSettings
from engine.protocol import Generation, GenerationRequest
from engine.serving.generator import Generator
from engine.store.jobs import JobStore
from engine.types import OnPiece
from tests.fakes import ScriptedGenerator
from tests.harness import RunningDesk, desk_on
from tests.slack_twin import APP_TOKEN, BOT_TOKEN, SECRET, SlackTwin
from tests.slack_workspace import Json, pressable, shown
from tests.waits import within

LATE = "Can I still join after the start?"
LATE_ANSWER = "You can join at any time."
STAFF = "USTAFF"

#: Tries again at once, and takes no slow machine for a dead Slack.
QUICK = Times(
    silence_s=120,
    retry_s=(0.01, 0.02),
    heard_s=120,
    language_s=120,
    ping_s=0.03,
    stale_s=120,
    hello_s=60,
    settled_s=0.5,
    overlap_s=0.02,
)


def settings_for(slack: SlackTwin, folder: Path, **changes: object) -> Settings:
    """Settings that point at the twin; `changes` are those of the Slack section."""
    values = {"base_url": slack.base_url, **changes}
    return Settings(
        data_dir=folder,
        admins=AdminsSettings(slack=(STAFF,)),
        slack=SlackSettings.model_validate(values),
    )


def adapter_for(
    slack: SlackTwin, store: JobStore, settings: Settings, *, bot_token: str = BOT_TOKEN
) -> SlackAdapter:
    """The real adapter, with no patience and no pace."""

    async def status() -> str:
        return "- Model: fake (ready)"

    return SlackAdapter(
        settings.slack,
        SecretStr(bot_token),
        SecretStr(APP_TOKEN),
        SecretStr(SECRET),
        store,
        is_staff=lambda user: user in settings.admins.slack,
        status=status,
        starters=lambda: [LATE, "How do I get a certificate?"],
        pace=SlackPace(channel_s=0.0, per_minute={}, others=100_000),
        times=replace(QUICK, ping_s=0.5),
        edit_interval_s=0.0,
    )


class HeldGenerator(ScriptedGenerator):
    """Writes nothing before `begin` is set, and its last word only when `gate` is."""

    def __init__(self, text: str) -> None:
        super().__init__(lambda _: text)
        self.begin = asyncio.Event()
        self.gate.clear()

    async def _write(self, request: GenerationRequest, on_piece: OnPiece) -> Generation:
        await self.begin.wait()
        return await super()._write(request, on_piece)


@asynccontextmanager
async def slack_desk(
    slack: SlackTwin,
    folder: Path,
    generator: Generator | None = None,
    *,
    settings: Settings | None = None,
    retry_s: tuple[float, float] = RETRY_S,
) -> AsyncIterator[RunningDesk]:
    """A running desk whose one platform is the twin."""
    settings = settings or settings_for(slack, folder)
    async with JobStore(folder / "questions.sqlite3") as store:
        adapter = adapter_for(slack, store, settings)
        async with desk_on(
            store,
            folder,
            generator or ScriptedGenerator(lambda _: LATE_ANSWER),
            {"slack": adapter},
            settings=settings,
            retry_s=retry_s,
        ) as desk:
            if settings.slack.mode == "http":
                await _listening(slack, adapter)
            else:
                await slack.until(lambda: slack.sockets)
            yield desk


async def _listening(slack: SlackTwin, adapter: SlackAdapter) -> None:
    await slack.until(lambda: slack.called("auth.test"))
    assert adapter.http is not None
    await within(adapter.http.server.listening.wait())
    slack.http_target = f"http://127.0.0.1:{adapter.http.server.port}/slack/events"


def votable(message: Json) -> bool:
    """Whether the message is a complete answer."""
    return any(value.startswith("vote:") for value in pressable(message))


def answers(slack: SlackTwin, channel: str) -> list[Json]:
    """The complete answers in a channel."""
    return [m for m in slack.ours(channel) if votable(m)]


async def answered(slack: SlackTwin, channel: str, count: int = 1) -> list[Json]:
    """Wait for that many complete answers."""
    await slack.until(lambda: len(answers(slack, channel)) >= count)
    return answers(slack, channel)


async def says(slack: SlackTwin, channel: str, text: str) -> Json:
    """Wait for a message of ours that holds the text."""

    def found() -> Json | None:
        return next((m for m in slack.ours(channel) if text in shown(m)), None)

    message: Json = await slack.until(found)
    return message


async def whispered(slack: SlackTwin, text: str) -> Json:
    """Wait for an ephemeral message that holds the text."""

    def found() -> Json | None:
        return next((m for m in slack.ephemerals if text in shown(m)), None)

    message: Json = await slack.until(found)
    return message
