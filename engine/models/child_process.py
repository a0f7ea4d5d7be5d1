"""Child processes: what they see of our environment, never a secret, and how they are read."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Mapping

#: Bytes of a line that are kept; more is a progress bar or somebody's data.
MOST_BYTES = 64 * 1024
#: Names that a process with a model needs, whole or by their beginning.
_NEEDED = re.compile(
    r"PATH|HOME|USER|LANG|LANGUAGE|TZ|TMPDIR|VIRTUAL_ENV|LD_LIBRARY_PATH|HF_HOME|HF_HUB_CACHE"
    r"|(LC|XDG|CUDA|NVIDIA|NCCL|OMP|GOMP|MKL|KMP|TORCH|TORCHINDUCTOR|PYTORCH|PYTHON|BNB|TRITON)_?\w*"
)
#: What else a download needs; a proxy's address may hold a password, so only a download gets it.
_NETWORK = re.compile(
    r"(https?|all|no)_proxy|HF_ENDPOINT|HF_(HUB|XET)_\w+|TRANSFORMERS_OFFLINE|SSL_CERT_\w+"
    r"|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE",
    re.IGNORECASE,
)
#: What the hub's library takes for a yes.
_YES = {"1", "ON", "YES", "TRUE"}
#: What usually is behind a signal that ended a process.
_SIGNALS: Mapping[int, str] = {
    signal.SIGBUS: "a file was cut short while it was read, or the disk fails",
    signal.SIGILL: "a library uses an instruction that this processor lacks",
    signal.SIGTERM: "somebody ended it",
}
_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|TELEGRAM|SLACK")


def engine_environment(ours: Mapping[str, str]) -> dict[str, str]:
    """The environment of the engine process, which must reach nothing but its weights."""
    kept = {name: value for name, value in ours.items() if _may_pass(name, _NEEDED)}
    if "OMP_WAIT_POLICY" not in kept:
        # How long a waiting thread of OpenMP spins before it sleeps: on a machine at rest an
        # answer takes 1.6 times as long without, on a busy one 1.8 times as long with no end to
        # it, since who spins takes the core from the one it waits for.
        kept.setdefault("GOMP_SPINCOUNT", "10000")
    return kept | {
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
    }


def fetch_environment(ours: Mapping[str, str]) -> dict[str, str]:
    """The environment of the process that fetches weights; the hub's token comes another way."""
    kept = {
        name: value
        for name, value in ours.items()
        if _may_pass(name, _NEEDED) or _may_pass(name, _NETWORK)
    }
    # A second copy of what was downloaded, of which the check for free space knows nothing.
    kept.setdefault("HF_XET_CHUNK_CACHE_SIZE_BYTES", "0")
    return kept | {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}


def may_ask_hub(ours: Mapping[str, str]) -> bool:
    """Whether nobody switched the hub off, in the way its own library knows."""
    return not offline_variable(ours)


def offline_variable(ours: Mapping[str, str]) -> str:
    """The variable that switched the hub off; empty where none did."""
    # As in its library, the second counts only where the first is not set.
    name = "HF_HUB_OFFLINE" if ours.get("HF_HUB_OFFLINE") else "TRANSFORMERS_OFFLINE"
    return name if ours.get(name, "").upper() in _YES else ""


def _may_pass(name: str, wanted: re.Pattern[str]) -> bool:
    return bool(wanted.fullmatch(name)) and not _SECRET.search(name.upper())


async def read_lines(
    stream: asyncio.StreamReader, *, most: int = MOST_BYTES
) -> AsyncIterator[bytes]:
    """Every line without its end; of one that is longer than `most` only the beginning.

    A StreamReader's own lines raise ValueError there.
    """
    line = b""
    while chunk := await stream.read(MOST_BYTES):
        first, *others = chunk.split(b"\n")
        line += first[: most - len(line)]
        for other in others:
            yield line
            line = other[:most]
    if line:
        yield line


def why_ended(status: int, last: str) -> str:
    """Why a process ended by itself, from its exit status and the last line that it wrote."""
    if status == -signal.SIGKILL:
        return "it was killed; too little memory is the usual reason"
    reason = f"exit status {status}"
    if status < 0:
        reason = f"signal {-status}; {_SIGNALS.get(-status, 'a library or a driver is at fault')}"
    return reason + (f", {last[:200]}" if last else "")
