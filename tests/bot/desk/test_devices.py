"""What /gpu says: with GPUs, without, with a model and without one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.desk.devices import describe_devices
from engine.models.gpu import Gpu
from engine.serving.status import EngineState, EngineStatus
from tests.fake_hardware import FakeHardware

GB = 10**9


def gpu(index: int = 0, **changes: object) -> Gpu:
    fields: dict[str, object] = {
        "index": index,
        "name": "Tesla T4",
        "driver": "550.54.15",
        "memory_total": 15 * GB,
        "memory_used": 10 * GB,
        "memory_ours": 8 * GB,
        "utilisation": 87,
        "temperature": 61,
        "power": 68.4,
    }
    return Gpu(**(fields | changes))  # type: ignore[arg-type]


def having(*gpus: Gpu) -> FakeHardware:
    """A machine with these GPUs."""
    return FakeHardware(gpus=gpus)


SERVING = EngineStatus(
    state=EngineState.READY,
    model="phi-3-mini",
    detail="It was chosen with /model.",
    device="Tesla T4",
    dtype="float16",
    tokens_per_s=41.26,
    tokens_last_hour=12_345,
    num_slots=8,
    num_running=3,
    memory_computed=9_900_000_000,
    memory_measured=9_700_000_000,
    uptime_s=4000,
    last_error="No token for 20 s; the engine process is replaced.",
    idle=("smollm2-135m", "flan-t5-xl"),
)


def test_a_gpu_is_described_with_all_that_is_known() -> None:
    assert describe_devices(having(gpu()), SERVING, num_queued=4).splitlines() == [
        "- GPU 0: Tesla T4 (driver 550.54.15): memory 10.0 of 15.0 GB "
        "(8.0 ours, 2.0 others'), 87 % busy, 61 °C, 68 W",
        "- Model: phi-3-mini in float16, ready for 67 min",
        "- Speed: 41.3 tokens/s; 12,345 tokens in the last hour (3.4 a second)",
        "- Batch: 3 of 8 places in use, 4 waiting",
        "- Memory of the model: 9.7 GB, 9.9 GB computed",
        "- Idle, switching takes seconds: smollm2-135m, flan-t5-xl",
        "- It was chosen with /model.",
        "- Last error: No token for 20 s; the engine process is replaced.",
    ]


def test_each_of_several_gpus_has_a_line_with_what_its_driver_tells() -> None:
    told = describe_devices(
        having(gpu(0), gpu(1, utilisation=None, temperature=None, power=None)), SERVING
    )

    first, second = told.splitlines()[:2]
    assert first.startswith("- GPU 0: ")
    assert second.startswith("- GPU 1: ")
    assert second.endswith("others')")


@pytest.mark.parametrize(
    ("gpus", "status", "splits"),
    [
        ([gpu(memory_ours=0)], SERVING, [False]),
        ([gpu(memory_ours=0)], replace(SERVING, device="CPU, 4 threads"), [True]),
        ([gpu(memory_ours=0)], replace(SERVING, state=EngineState.LOADING), [True]),
        ([gpu(0), gpu(1, memory_ours=0)], SERVING, [True, True]),
    ],
    ids=["hidden by a container", "on the CPU", "nothing there yet", "on the other GPU"],
)
def test_what_is_ours_is_left_out_where_the_driver_hides_whose_it_is(
    gpus: list[Gpu], status: EngineStatus, splits: list[bool]
) -> None:
    told = describe_devices(having(*gpus), status).splitlines()[: len(gpus)]

    assert ["ours" in line for line in told] == splits


def test_without_a_gpu_a_sentence_says_so() -> None:
    told = describe_devices(having(), EngineStatus(state=EngineState.STOPPED, model=None))

    first, second = told.splitlines()
    assert first.startswith("- No NVIDIA GPU here: the model runs on the CPU (")
    assert second == "- Model: none, stopped"


def test_the_mean_of_an_hour_is_told_once_it_says_something() -> None:
    told = describe_devices(having(gpu()), replace(SERVING, tokens_last_hour=34))

    assert "- Speed: 41.3 tokens/s; 34 tokens in the last hour\n" in told


def test_an_error_that_is_the_present_state_is_told_once() -> None:
    why = "phi-3-mini does not fit into memory."
    down = EngineStatus(state=EngineState.DOWN, model="phi-3-mini", detail=why, last_error=why)

    assert describe_devices(having(gpu()), down).count(why) == 1
