"""/model and /gpu for staff: what is kept for the next start, and what is listed."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from bot.desk.commands import MODEL_KEY
from bot.desk.model_library import ModelLibrary
from config.settings import AdminsSettings, EngineSettings, Settings
from engine.errors import ModelLoadError
from engine.models.hardware import DeviceMemory
from engine.models.saved import save_model
from tests.fake_hardware import FakeHardware
from tests.fakes import ScriptedGenerator
from tests.harness import FakeAdapter, FakeModels, message, running_desk


def is_over(adapter: FakeAdapter, number: int) -> bool:
    """Whether the last switch was told the end of."""
    told = adapter.messages.get(f"m{number}")
    return told is not None and "Changing to" not in told[-1].text


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


async def test_an_idle_model_is_marked_in_the_list(tmp_path: Path) -> None:
    adapter, models = FakeAdapter(platform="slack"), FakeModels(idle=("phi-3-mini",))
    async with running_desk(
        tmp_path, ScriptedGenerator({}), {"slack": adapter}, models=models
    ) as desk:
        await desk.desk.receive(message("/model", platform="slack"))
        (reply,) = await adapter.wait_for_finals(1)

    marked = [line for line in reply.text.splitlines() if "; idle, switching takes seconds" in line]
    assert len(marked) == 1
    assert marked[0].startswith("- `phi-3-mini`: ")


@pytest.mark.parametrize(
    ("total", "phi"),
    [
        (16 * 10**9, "10.3 GB, fits here, MIT"),
        (8 * 10**9, "10.3 GB, does not fit here (8.0 GB), MIT"),
    ],
)
def test_each_model_is_listed_with_its_size_and_whether_it_fits(
    tmp_path: Path, total: int, phi: str
) -> None:
    hardware = FakeHardware(lambda: DeviceMemory(total=total, free=0, on_gpu=True))
    library = ModelLibrary(EngineSettings(), tmp_path / "models", hardware)

    choices = {c.alias: c.summary for c in library.choices()}

    assert choices["phi-3-mini"].startswith(phi)
    assert "nf4, fits here" in choices["mistral-7b"]


COMMIT = "c0ffee" * 6 + "abcd"


def shelf_with(folder: Path, *, saved: str, revision: str) -> ModelLibrary:
    """One model in the catalogue, wanted at `revision`, of which commit `saved` is here."""
    (folder / "catalogue.yaml").write_text(
        "tiny:\n  hub_id: nobody/tiny\n  task: causal\n  prompt: chat\n  context_window: 256\n"
        f"  licence: MIT\n  memory_gb: 1\n  revision: {revision}\n"
    )
    source = folder / "snapshots" / saved
    source.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        (source / name).write_text("{}")
    shelf = ModelLibrary(EngineSettings(catalog=folder / "catalogue.yaml"), folder / "models")
    entry, _ = shelf.find("tiny")
    save_model(entry, source, folder / "models" / "tiny", on_progress=lambda _: None)
    return shelf


def test_a_model_of_a_branch_is_shown_with_its_commit_and_how_to_keep_to_it(
    tmp_path: Path,
) -> None:
    told = shelf_with(tmp_path, saved=COMMIT, revision="main").pinning("tiny")

    assert f"Commit {COMMIT}, which was main when it was fetched" in told
    assert f"`revision: {COMMIT}`" in told


def test_a_pinned_model_is_shown_as_that(tmp_path: Path) -> None:
    shelf = shelf_with(tmp_path, saved=COMMIT, revision=COMMIT)

    assert shelf.pinning("tiny") == f"Commit {COMMIT}, which the catalogue keeps to."


async def test_another_commit_than_the_pinned_one_is_neither_shown_as_well_nor_served(
    tmp_path: Path,
) -> None:
    shelf = shelf_with(tmp_path, saved=COMMIT, revision="a" * 40)

    with pytest.raises(ModelLoadError, match=f"holds commit {COMMIT}"):
        shelf.pinning("tiny")
    with pytest.raises(ModelLoadError, match=f"holds commit {COMMIT}"):
        await shelf.pull("tiny", hf_token=None, on_progress=lambda _: None)
