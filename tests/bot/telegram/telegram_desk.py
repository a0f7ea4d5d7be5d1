"""A whole desk that serves an offline Telegram."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.desk.desk import WATCH_S
from config.settings import AdminsSettings, Settings
from engine.protocol import GenerationRequest
from engine.store.jobs import JobStore
from tests.fakes import ScriptedGenerator
from tests.harness import RunningDesk, desk_on
from tests.telegram_bench import ADMIN, adapter_on
from tests.telegram_server import BOT, Shown
from tests.telegram_twin import TelegramTwin

ME = f"@{BOT['username']}"


LATE = "Can I still join after the course has started?"


CERTIFICATE = "How do I get a certificate?"


def write(request: GenerationRequest) -> str:
    """Sentences that stand in the FAQ."""
    if "certificate" in request.question:
        return "Finish the project and review 3 projects of your peers."
    return "Yes, you can join at any time. Register with the form at https://example.org/join."


@dataclass
class Scene:
    """A desk that is up, with the twin it serves."""

    twin: TelegramTwin
    store: JobStore
    desk: RunningDesk
    generator: ScriptedGenerator


@asynccontextmanager
async def scene(
    folder: Path,
    twin: TelegramTwin,
    *,
    answers: Callable[[GenerationRequest], str] = write,
    watch_s: tuple[float, float] = WATCH_S,
    **settings: object,
) -> AsyncIterator[Scene]:
    """The program with one platform."""
    chosen = Settings(data_dir=folder, admins=AdminsSettings(telegram=(ADMIN,)), **settings)  # type: ignore[arg-type]
    generator = ScriptedGenerator(answers)
    async with JobStore(folder / "questions.sqlite3") as store:
        adapter = adapter_on(twin, store)
        try:
            async with desk_on(
                store, folder, generator, {"telegram": adapter}, settings=chosen, watch_s=watch_s
            ) as desk:
                yield Scene(twin=twin, store=store, desk=desk, generator=generator)
        finally:
            await adapter.close()


async def answered(twin: TelegramTwin, chat: int, count: int = 1) -> list[Shown]:
    """The messages with votes, once there are `count` of them."""

    def voted() -> list[Shown]:
        return [shown for shown in twin.shown(chat) if "👍" in shown.buttons]

    await twin.wait(lambda: len(voted()) >= count)
    return voted()
