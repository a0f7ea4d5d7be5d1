"""Whether PyTorch can use the NVIDIA GPU with its driver, and which of its builds would suit it.

The oldest driver for each CUDA: https://docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html
PyTorch 2.13 is built for CUDA 12.6, 13.0 and 13.2: https://github.com/pytorch/pytorch/pull/187075
The GPUs of each build: https://github.com/pytorch/pytorch/issues/172663
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping

#: The CUDA that the package index's own build of the locked PyTorch needs.
LOCKED_CUDA = 13
#: The oldest driver for each CUDA that PyTorch is built for, the newest first.
OLDEST_DRIVER = {13: 580, 12: 525}
#: The oldest GPU that LOCKED_CUDA has code for, by its compute capability: a T4. A V100 has 7.0.
OLDEST_CAPABILITY = (7, 5)


def read_driver(environ: Mapping[str, str]) -> str:
    """The version of the NVIDIA driver, such as 535.104.05; empty without a GPU that it drives."""
    return _ask("driver_version", environ)


def read_capability(environ: Mapping[str, str]) -> str:
    """The compute capability of the first GPU, such as 7.5; empty where the driver is too old to
    tell it."""
    return _ask("compute_cap", environ)


def objection(driver: str, capability: str) -> str:
    """Why the locked PyTorch, as the package index has it, could not use a GPU with this driver and
    compute capability, and what to do; the end of a sentence, empty if it could."""
    if _major(driver) < OLDEST_DRIVER[LOCKED_CUDA]:
        return f"its driver is {driver}; {remedy(driver)}"
    if capability and tuple(map(int, capability.split("."))) < OLDEST_CAPABILITY:
        return f"its compute capability is {capability}; {_other_build(12)}"
    return ""


def remedy(driver: str) -> str:
    """What gets a PyTorch onto this machine that can use the driver, as the end of a sentence."""
    cuda = next((cuda for cuda, oldest in OLDEST_DRIVER.items() if _major(driver) >= oldest), None)
    if cuda is None:
        return f"install NVIDIA driver {OLDEST_DRIVER[LOCKED_CUDA]} or newer"
    other = "" if cuda == LOCKED_CUDA else f", or install driver {OLDEST_DRIVER[LOCKED_CUDA]}"
    return f"{_other_build(cuda)}{other}"


def _other_build(cuda: int) -> str:
    """How to get PyTorch's build for that CUDA, as the end of a sentence."""
    return (
        "set TORCH_INDEX_URL to the address that PyTorch's install page names for CUDA "
        f"{cuda} and set up again"
    )


def _ask(field: str, environ: Mapping[str, str]) -> str:
    command = ["nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader"]
    try:
        said = subprocess.run(
            command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    # Of several GPUs each has a line; failures and warnings are told in words, on the same stream.
    found = re.search(rb"(?m)^\s*(\d+(\.\d+)*)\s*$", said.stdout)
    return found[1].decode() if found else ""


def _major(driver: str) -> int:
    """535 of 535.104.05. What is no version counts as new: nobody is held up by a guess."""
    found = re.match(r"\d+", driver)
    return int(found[0]) if found else 10**6
