"""The memory of the machine or GPU, and the refusal of what does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ModelLoadError
from engine.models.gpu import Gpu
from engine.models.hardware import Machine, does_not_fit, gpu_problem, uses_gpu
from engine.models.memory import MemoryNeed
from engine.worker.loading import load_model
from tests.engine.worker.tiny_models import entry, save_causal


def test_a_model_that_does_not_fit_is_refused_with_the_numbers(tmp_path: Path) -> None:
    folder = save_causal(tmp_path / "tiny")
    huge = entry(context_window=10**10)

    with pytest.raises(ModelLoadError) as refused:
        load_model(huge, folder, device="cpu")

    told = str(refused.value)
    assert told.startswith("tiny does not fit into memory: it needs ")
    assert "one question of 10,000,000,000 tokens" in told
    assert "GB are free on this machine" in told


@pytest.mark.parametrize(("weights", "helps"), [(10**10, True), (10**11, False)])
def test_a_shorter_window_is_advised_only_where_it_helps(weights: int, helps: bool) -> None:
    need = MemoryNeed(weights=weights, question=10**11, work=0, runtime=10**9, num_tokens=2048)

    told = str(does_not_fit(entry(), need, need.total(), 2 * 10**10, "the GPU"))

    assert told.endswith("or lower its context_window.") is helps


def test_a_container_s_limit_counts(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("2000000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 500000\n")

    room = Machine(cgroup=tmp_path).read_device_memory("cpu")

    assert (room.total, room.free) == (3_000_000, 1_500_000)


def test_a_container_without_a_limit_has_the_machine_s_memory(
    tmp_path: Path,
) -> None:
    (tmp_path / "memory.max").write_text("max\n")

    room = Machine(cgroup=tmp_path).read_device_memory("cpu")

    assert 0 < room.free < room.total
    assert room.total > 10**8


def a_gpu(cuda: tuple[int, int] | None) -> Gpu:
    return Gpu(
        index=0,
        name="Tesla T4",
        driver="570.133.20",
        memory_total=16 * 10**9,
        memory_used=0,
        memory_ours=0,
        utilisation=None,
        temperature=None,
        power=None,
        cuda=cuda,
    )


@pytest.mark.parametrize(
    ("cuda", "built_for", "said"),
    [
        ((12, 8), "13.0", "PyTorch needs CUDA 13.0 and driver 570.133.20 has 12.8"),
        ((13, 0), "", "PyTorch here is for CPUs only"),
        ((13, 0), "13.0", ""),
        ((13, 0), "13.2", ""),
        ((13, 1), "12.8", ""),
        (None, "13.0", ""),
    ],
    ids=["old driver", "no CUDA", "same", "same but for the minor number", "newer", "not told"],
)
def test_a_gpu_that_pytorch_cannot_use_is_known_beforehand(
    cuda: tuple[int, int] | None, built_for: str, said: str
) -> None:
    problem = gpu_problem(a_gpu(cuda), built_for)

    assert said in problem
    assert bool(problem) == bool(said)
    assert ("set TORCH_INDEX_URL" in problem) == bool(said)


@pytest.mark.parametrize(
    ("device", "available", "uses"),
    [("auto", True, True), ("cuda", True, True), ("cpu", True, False), ("cpu", False, False)],
)
def test_a_gpu_is_used_where_it_may_be(device: str, available: bool, uses: bool) -> None:
    gpus = [a_gpu((13, 0))]

    assert uses_gpu(device, available=available, built_for="13.0", gpus=gpus) is uses


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_a_gpu_that_pytorch_does_not_find_is_no_reason_to_compute_on_the_cpu(device: str) -> None:
    with pytest.raises(ModelLoadError, match=r"CUDA 13\.0, cannot use .* driver 570\.133\.20"):
        uses_gpu(device, available=False, built_for="13.0", gpus=[a_gpu(None)])


def test_without_a_gpu_the_cpu_is_used_unless_a_gpu_was_asked_for() -> None:
    assert not uses_gpu("auto", available=False, built_for="13.0", gpus=[])
    with pytest.raises(ModelLoadError, match="PyTorch finds no CUDA GPU"):
        uses_gpu("cuda", available=False, built_for="13.0", gpus=[])
