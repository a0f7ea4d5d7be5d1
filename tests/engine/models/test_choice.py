"""Which model is started, and what is tried after one that cannot be loaded."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from config.settings import EngineSettings
from engine.errors import ModelLoadError
from engine.models.catalog import AUTO, CPU_DEFAULT, GPU_DEFAULT, load_catalog
from engine.models.choice import CHOSEN, Choice
from engine.models.hardware import DeviceMemory, Hardware
from engine.models.weights import prepare_weights
from tests.engine.worker.tiny_models import catalog, entry
from tests.fake_hardware import FakeHardware

MODELS = catalog(entry("one"), entry("two"), entry(CPU_DEFAULT), entry(GPU_DEFAULT))


def choice(setting: str, preferred: str | None = None, hardware: Hardware | None = None) -> Choice:
    settings = EngineSettings(model=setting, device="cpu")
    return Choice(settings, MODELS, Path("none"), preferred=preferred, hardware=hardware)


@pytest.mark.parametrize(
    ("setting", "preferred", "first"),
    [(AUTO, None, CPU_DEFAULT), (AUTO, "two", "two"), ("one", "two", "one")],
    ids=["nobody chose", "staff chose", "the settings name one"],
)
def test_staff_s_choice_counts_where_the_settings_leave_it_open(
    setting: str, preferred: str | None, first: str
) -> None:
    chosen, why = choice(setting, preferred).first()

    assert chosen.alias == first
    assert (why == CHOSEN) == (first == "two")


@pytest.mark.parametrize(
    ("setting", "failed", "next_one"),
    [
        (AUTO, "two", CPU_DEFAULT),
        (AUTO, CPU_DEFAULT, None),
        ("one", "two", "one"),
        ("one", "one", None),
    ],
)
def test_after_a_failure_the_next_is_tried_and_the_reason_kept(
    setting: str, failed: str, next_one: str | None
) -> None:
    other = choice(setting).instead_of(MODELS.get(failed), "It is damaged.")

    assert (other and other[0].alias) == next_one
    assert other is None or other[1].startswith("It is damaged. ")


#: Has a GPU with room for every model.
GPU = FakeHardware(lambda: DeviceMemory(total=16 * 10**9, free=15 * 10**9, on_gpu=True))


async def test_with_a_gpu_the_large_model_is_fetched_and_the_small_one_replaces_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed.getsockname()[1]}")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    one = choice(AUTO, hardware=GPU)

    large, _ = one.first()
    with pytest.raises(ModelLoadError) as failed:
        await prepare_weights(large, tmp_path, on_progress=lambda _: None)
    other = one.instead_of(large, str(failed.value))

    assert large.alias == GPU_DEFAULT
    assert other is not None
    small, why = other
    assert small.alias == CPU_DEFAULT
    assert "the Hugging Face hub cannot be reached" in why
    assert why.endswith(f"{CPU_DEFAULT} is used instead.")


def test_with_a_gpu_and_no_hub_the_small_model_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    small, why = choice(AUTO, hardware=GPU).first()

    assert small.alias == CPU_DEFAULT
    assert "HF_HUB_OFFLINE" in why


@pytest.mark.parametrize(
    ("setting", "gpu_free_gb", "here", "may_fetch", "alias", "why"),
    [
        ("auto", None, True, True, "smollm2-135m", "no CUDA GPU"),
        ("auto", None, False, True, "smollm2-135m", "no CUDA GPU"),
        ("auto", 15.0, True, False, "phi-3-mini", "fits the GPU"),
        ("auto", 4.0, True, True, "smollm2-135m", "needs 10.3 GB"),
        ("auto", 15.0, False, True, "phi-3-mini", "come from the Hugging Face hub"),
        ("auto", 15.0, False, False, "smollm2-135m", "HF_HUB_OFFLINE forbids"),
        ("flan-t5-xl", None, False, True, "flan-t5-xl", "asked for"),
    ],
    ids=["no GPU", "no GPU nor copy", "GPU", "small GPU", "hub", "offline", "named"],
)
def test_the_model_is_chosen_by_what_the_machine_can_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    gpu_free_gb: float | None,
    here: bool,
    may_fetch: bool,
    alias: str,
    why: str,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0" if may_fetch else "1")
    on_gpu, free = gpu_free_gb is not None, int((gpu_free_gb or 0) * 10**9)
    memory = DeviceMemory(total=16 * 10**9, free=free, on_gpu=on_gpu)
    if here:
        (tmp_path / GPU_DEFAULT).mkdir()
        (tmp_path / GPU_DEFAULT / "config.json").write_text("{}")
        (tmp_path / GPU_DEFAULT / "model.safetensors").touch()

    entry, reason = Choice(
        EngineSettings(model=setting),
        load_catalog(Path("config/models.yaml")),
        tmp_path,
        hardware=FakeHardware(lambda: memory),
    ).first()

    assert entry.alias == alias
    assert why in reason
