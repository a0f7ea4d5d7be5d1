"""A whole desk on Telegram in a process of its own, for tests that kill it: ADDRESS FOLDER."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from config.settings import LimitsSettings, Settings
from engine.protocol import GenerationRequest
from engine.store.jobs import JobStore
from tests.fakes import ScriptedGenerator
from tests.harness import desk_on
from tests.telegram_bench import adapter_on
from tests.telegram_twin import TelegramTwin


def write(request: GenerationRequest) -> str:
    return "Yes, you can join at any time."


async def main(address: str, folder: Path) -> None:
    twin = TelegramTwin()
    twin.base_url = address
    limits = LimitsSettings(questions_per_minute=1000, max_waiting_per_user=1000)
    settings = Settings(data_dir=folder, limits=limits)
    async with JobStore(folder / "questions.sqlite3") as store:
        adapters = {"telegram": adapter_on(twin, store)}
        async with desk_on(store, folder, ScriptedGenerator(write), adapters, settings=settings):
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
