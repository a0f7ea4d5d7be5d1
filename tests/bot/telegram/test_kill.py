"""A process that is killed again and again loses no question and answers none twice."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

from tests.telegram_twin import TelegramTwin, telegram_twin
from tests.waits import within

ROOT = Path(__file__).resolve().parents[3]
QUESTIONS = 40


async def start(twin: TelegramTwin, folder: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.telegram_child",
        twin.base_url,
        str(folder),
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


def answers(twin: TelegramTwin) -> dict[int, int]:
    """Question → how many messages answer it."""
    found: dict[int, int] = {}
    for shown in twin.shown(7):
        if "👍" in shown.buttons and shown.reply_to is not None:
            found[shown.reply_to] = found.get(shown.reply_to, 0) + 1
    return found


async def test_killed_at_any_moment_every_question_is_answered_exactly_once(
    tmp_path: Path,
) -> None:
    dice = random.Random(5)
    async with telegram_twin() as twin:
        ada = twin.person(7)
        asked = [
            (await twin.private(ada, f"Can I still join after the start? {number}"))["message_id"]
            for number in range(QUESTIONS)
        ]

        for goal in (1, 6, 14, 25):
            child = await start(twin, tmp_path)
            calls = len(twin.calls) + goal + dice.randrange(12)
            await twin.wait(lambda calls=calls: len(twin.calls) >= calls)
            child.kill()
            await within(child.wait())
        child = await start(twin, tmp_path)
        await twin.wait(lambda: len(answers(twin)) == QUESTIONS)
        child.terminate()
        await within(child.wait())

        assert answers(twin) == dict.fromkeys(asked, 1)
