"""Which model is started, and what is tried after one that cannot be loaded."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from config.settings import EngineSettings
from engine.errors import ModelLoadError
from engine.models.catalog import AUTO, CPU_DEFAULT, load_catalog
from engine.models.choice import CHOSEN, Choice
from engine.models.hardware import DeviceMemory, Hardware
from engine.models.weights import prepare_weights
from tests.engine.worker.tiny_models import catalog, entry
from tests.fake_hardware import FakeHardware

MODELS = catalog(entry("one"), entry("two"), entry(CPU_DEFAULT), entry("phi-3-mini"))


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

    assert large.alias == "phi-3-mini"
    assert other is not None
    small, why = other
    assert small.alias == CPU_DEFAULT
    assert "the Hugging Face hub cannot be reached" in why
    assert why.endswith(f"{CPU_DEFAULT} was chosen: nothing better is here.")


def test_with_a_gpu_and_no_hub_the_small_model_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    small, why = choice(AUTO, hardware=GPU).first()

    assert small.alias == CPU_DEFAULT
    assert "HF_HUB_OFFLINE" in why


#: What a machine has: the memory that is free in GB, on a GPU or not, cores, bfloat16.
SMALL_CARD, T4, LARGE_CARD, HUGE_CARD = (7.5, True), (15.0, True), (24.5, True), (84.0, True)
TWO_CORES, EIGHT_CORES, OLD_CORES = (6.0, False, 2, True), (14.0, False, 8, True), (14.0, False, 16)


def machine(free_gb: float, on_gpu: bool, cores: int = 2, bfloat16: bool = False) -> FakeHardware:
    free = int(free_gb * 10**9)
    return FakeHardware(
        lambda: DeviceMemory(
            total=free + 10**9, free=free, on_gpu=on_gpu, cores=cores, bfloat16=bfloat16
        )
    )


@pytest.mark.parametrize(
    ("has", "here", "hub", "alias", "why"),
    [
        (HUGE_CARD, [], True, "qwen3-8b", "come from the Hugging Face hub"),
        (LARGE_CARD, [], True, "qwen3-8b", "fits the GPU's 24.5 GB free"),
        (LARGE_CARD, ["phi-3-mini"], False, "phi-3-mini", "qwen3-8b would fit it too"),
        (T4, ["phi-3-mini"], False, "phi-3-mini", "fits the GPU's 15.0 GB free"),
        (T4, [], True, "phi-3-mini", "come from the Hugging Face hub"),
        (T4, [], False, "smollm2-135m", "HF_HUB_OFFLINE forbids"),
        (T4, ["qwen3-1.7b"], False, "qwen3-1.7b", "phi-3-mini would fit it too"),
        (SMALL_CARD, [], True, "qwen3-1.7b", "come from the Hugging Face hub"),
        (SMALL_CARD, [], False, "smollm2-135m", "HF_HUB_OFFLINE forbids"),
        ((1.5, True), [], True, "smollm2-135m", "qwen3-0.6b needs 2.1 GB"),
        (TWO_CORES, [], True, "smollm2-135m", "no CUDA GPU to use."),
        (TWO_CORES, ["qwen3-1.7b"], True, "smollm2-135m", "no CUDA GPU to use."),
        (EIGHT_CORES, [], True, "smollm2-135m", "models pull qwen3-1.7b` would bring a better"),
        (EIGHT_CORES, [], False, "smollm2-135m", "no CUDA GPU to use."),
        (EIGHT_CORES, ["qwen3-1.7b"], False, "qwen3-1.7b", "and 8 cores can serve it."),
        (EIGHT_CORES, ["qwen3-0.6b"], True, "qwen3-0.6b", "models pull qwen3-1.7b` would"),
        ((3.0, False, 8, True), ["qwen3-0.6b", "qwen3-1.7b"], True, "qwen3-0.6b", "8 cores"),
        (OLD_CORES, ["qwen3-1.7b"], True, "smollm2-135m", "no CUDA GPU to use."),
    ],
)
def test_auto_takes_the_best_that_fits_and_can_be_had(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    has: tuple[float, bool],
    here: list[str],
    hub: bool,
    alias: str,
    why: str,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0" if hub else "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    for name in here:
        put(tmp_path / name)

    entry, reason = shipped(tmp_path, machine(*has)).first()

    assert entry.alias == alias
    assert why in reason
    assert reason.startswith(f"{alias} was chosen: ")


def put(folder: Path) -> None:
    """Weights that only look like some."""
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").touch()


def shipped(models_dir: Path, hardware: Hardware, model: str = AUTO) -> Choice:
    models = load_catalog(Path("config/models.yaml"))
    return Choice(EngineSettings(model=model), models, models_dir, hardware=hardware)


def test_a_named_model_is_taken_whatever_the_machine(tmp_path: Path) -> None:
    entry, reason = shipped(tmp_path, machine(1.0, False), "flan-t5-xl").first()

    assert entry.alias == "flan-t5-xl"
    assert "asked for by the settings" in reason


def test_after_a_failed_download_only_what_is_here_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    put(tmp_path / "qwen3-0.6b")
    one = shipped(tmp_path, machine(*T4))
    tried = [one.first()[0]]
    while other := one.instead_of(tried[-1], "It failed."):
        tried.append(other[0])

    assert [entry.alias for entry in tried] == ["phi-3-mini", "qwen3-0.6b", "smollm2-135m"]
