"""/model and /gpu for staff: what is kept for the next start, and what is listed."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from bot import model_shelf
from bot.commands import MODEL_KEY
from bot.model_shelf import ModelShelf
from config.settings import AdminsSettings, Settings
from engine.room import Room
from tests.fakes import ScriptedGenerator
from tests.harness import FakeAdapter, message, running_desk


def is_over(adapter: FakeAdapter, number: int) -> bool:
    """Whether the last switch was told the end of."""
    told = adapter.messages.get(f"m{number}")
    return told is not None and "Loading" not in told[-1].text


async def test_the_model_that_serves_after_a_switch_is_kept_for_the_next_start(
    tmp_path: Path,
) -> None:
    adapter = FakeAdapter(platform="slack")
    settings = Settings(data_dir=tmp_path, admins=AdminsSettings(slack=("U1",)))
    kept = []
    async with running_desk(
        tmp_path, ScriptedGenerator({}), {"slack": adapter}, settings=settings
    ) as desk:
        for number, text in enumerate(("/model phi-3-mini", "/model broken")):
            await desk.desk.receive(message(text, number=number, user="U1", platform="slack"))
            async with adapter.changed:
                await adapter.changed.wait_for(partial(is_over, adapter, number + 1))
            kept.append(await desk.store.get_value(MODEL_KEY))

    assert kept == ["phi-3-mini", "phi-3-mini"]


@pytest.mark.parametrize(
    ("total", "phi"),
    [
        (16 * 10**9, "10.3 GB, fits here, MIT"),
        (8 * 10**9, "10.3 GB, does not fit here (8.0 GB), MIT"),
    ],
)
def test_each_model_is_listed_with_its_size_and_whether_it_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, total: int, phi: str
) -> None:
    monkeypatch.setattr(model_shelf, "read_room", lambda _: Room(total=total, free=0, on_card=True))

    choices = {c.alias: c.summary for c in ModelShelf(Settings(data_dir=tmp_path)).choices()}

    assert choices["phi-3-mini"].startswith(phi)
    assert "nf4, fits here" in choices["mistral-7b"]
