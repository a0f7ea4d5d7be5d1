"""The state of GPUs and model as staff see it: /gpu and `python main.py gpu`."""

from __future__ import annotations

from bot.delivery.texts import duration, say
from engine.models.gpu import Gpu, Host
from engine.models.hardware import Hardware
from engine.models.memory import GB
from engine.serving.status import EngineState, EngineStatus

HOUR_S = 3600


def describe_devices(
    hardware: Hardware,
    status: EngineStatus,
    *,
    our_pids: frozenset[int] = frozenset(),
    num_queued: int | None = None,
) -> str:
    """The GPUs (or that there is none) and the model, one fact a line.

    `num_queued` counts the questions that wait for the engine, where that is known.
    """
    gpus = hardware.read_gpus(our_pids)
    # Some containers hide who uses the GPU: what is ours cannot be told from the rest then.
    on_gpu = status.state is EngineState.READY and not status.device.lower().startswith("cpu")
    hidden = on_gpu and not any(gpu.memory_ours for gpu in gpus)
    lines = [_gpu_line(gpu, split=not hidden) for gpu in gpus] or [
        _no_gpu_line(hardware.read_host())
    ]
    lines.append(_model_line(status))
    if status.state is not EngineState.STOPPED:
        lines += [_speed_line(status), _places_line(status, num_queued)]
    if status.memory_measured:
        computed = status.memory_computed
        expected = f", {computed / GB:.1f} GB computed" if computed else ""
        lines.append(f"Memory of the model: {status.memory_measured / GB:.1f} GB{expected}")
    if status.idle:
        lines.append(f"{say('model.idle').capitalize()}: {', '.join(status.idle)}")
    if status.detail:
        lines.append(status.detail)
    if status.last_error and status.last_error != status.detail:
        lines.append(f"Last error: {status.last_error}")
    return "\n".join(f"- {line}" for line in lines)


def _no_gpu_line(host: Host) -> str:
    busy = min(100, 100 * host.load / host.cores)
    return (
        "No NVIDIA GPU here: the model runs on the CPU "
        f"({host.cores} cores, {busy:.0f} % busy in the last minute; "
        f"memory {host.memory_used / GB:.1f} of {host.memory_total / GB:.1f} GB)."
    )


def _gpu_line(gpu: Gpu, *, split: bool) -> str:
    others = max(0, gpu.memory_used - gpu.memory_ours)
    shares = f" ({gpu.memory_ours / GB:.1f} ours, {others / GB:.1f} others')" if split else ""
    parts = [f"memory {gpu.memory_used / GB:.1f} of {gpu.memory_total / GB:.1f} GB{shares}"]
    if gpu.utilisation is not None:
        parts.append(f"{gpu.utilisation} % busy")
    if gpu.temperature is not None:
        parts.append(f"{gpu.temperature} °C")
    if gpu.power is not None:
        parts.append(f"{gpu.power:.0f} W")
    return f"GPU {gpu.index}: {gpu.name} (driver {gpu.driver}): " + ", ".join(parts)


def _model_line(status: EngineStatus) -> str:
    dtype = f" in {status.dtype}" if status.dtype else ""
    since = f" for {_age(status.uptime_s)}" if status.uptime_s is not None else ""
    return f"Model: {status.model or 'none'}{dtype}, {status.state.value}{since}"


def _speed_line(status: EngineStatus) -> str:
    now = f"{status.tokens_per_s:.1f} tokens/s" if status.tokens_per_s else "nothing written yet"
    hour = status.tokens_last_hour
    mean = f" ({hour / HOUR_S:.1f} a second)" if hour >= HOUR_S else ""
    return f"Speed: {now}; {hour:,} tokens in the last hour{mean}"


def _places_line(status: EngineStatus, num_queued: int | None) -> str:
    running = min(status.num_running, status.num_slots)
    return f"Batch: {running} of {status.num_slots} places in use, {num_queued or 0} waiting"


def _age(seconds: float) -> str:
    return duration(seconds) if seconds < 2 * HOUR_S else f"{seconds / HOUR_S:.0f} hours"
