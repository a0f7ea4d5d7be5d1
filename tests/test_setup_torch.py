"""Which build of PyTorch `make` installs on a machine with this driver; with stand-ins."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.setup_checkout import PACKAGES, Checkout, checkout, last_line, program


@pytest.fixture
def course(tmp_path: Path) -> Checkout:
    return checkout(tmp_path / "checkout", tmp_path / "programs")


def says(course: Checkout, driver: str, capability: str = "7.5") -> None:
    """nvidia-smi answers what it is asked."""
    answers = f"case $1 in *compute_cap*) echo '{capability}';; *) echo '{driver}';; esac"
    program(course.programs / "nvidia-smi", answers)


@pytest.mark.parametrize(
    ("driver", "advice"),
    [
        ("535.104.05", "names for CUDA 12 and set up again, or install driver 580"),
        ("570.133.20\n570.133.20", "names for CUDA 12 and set up again, or install driver 580"),
        ("WARNING: infoROM is corrupted\n550.54.15", "names for CUDA 12 and set up again"),
        ("470.82.01", "install NVIDIA driver 580 or newer"),
    ],
    ids=["535", "570, two cards", "550, with a warning", "470"],
)
def test_an_old_driver_is_told_before_anything_is_fetched(
    course: Checkout, driver: str, advice: str
) -> None:
    says(course, driver)

    ended = course.make("run")

    assert ended.returncode == 2
    assert last_line(ended).startswith("Nothing was fetched: the PyTorch of the package index")
    assert f"since its driver is {driver.splitlines()[-1]}; " in last_line(ended)
    assert advice in last_line(ended)
    assert not [call for call in course.calls() if "torch" in call]


@pytest.mark.parametrize(
    "driver",
    ["580.65.06", "610.43", "No devices were found", "NVIDIA-SMI has failed", ""],
    ids=["580", "newer", "no card", "no driver", "nothing"],
)
def test_any_other_machine_gets_the_build_of_the_package_index(
    course: Checkout, driver: str
) -> None:
    says(course, driver)

    ended = course.make("setup")

    assert ended.returncode == 0, ended.stderr
    assert course.installed()["torch"] == "2.13.0"
    assert ("nvidia-smi shows no GPU" in ended.stderr) == (driver[:1] not in "56" or not driver)


@pytest.mark.parametrize("capability", ["6.0", "7.0"], ids=["P100", "V100"])
def test_a_gpu_that_is_too_old_for_the_build_is_told_before_anything_is_fetched(
    course: Checkout, capability: str
) -> None:
    says(course, "580.65.06", capability)

    ended = course.make("run")

    assert ended.returncode == 2
    assert f"since its compute capability is {capability}; set TORCH_INDEX_URL" in last_line(ended)
    assert not [call for call in course.calls() if "torch" in call]
    assert course.make("setup", TORCH_INDEX_URL="https://index.example/whl/cu126").returncode == 0


@pytest.mark.parametrize(
    "capability", ["9.0", "12.0", 'Field "compute_cap" is not a valid field to query.']
)
def test_a_gpu_that_tells_no_fault_is_no_reason_to_stop(course: Checkout, capability: str) -> None:
    says(course, "580.65.06", capability)

    assert course.make("setup").returncode == 0


@pytest.mark.parametrize("build", ["cu126", "cpu"])
def test_with_another_index_its_build_is_installed_and_kept(course: Checkout, build: str) -> None:
    says(course, "535.104.05")

    first = course.make("setup", TORCH_INDEX_URL=f"https://index.example/whl/{build}")
    again = course.make("setup-tests")

    assert first.returncode == again.returncode == 0, first.stderr
    assert course.installed()["torch"] == f"2.13.0{build}"


def test_another_index_later_means_another_build(course: Checkout) -> None:
    course.make("setup", TORCH_INDEX_URL="https://index.example/whl/cpu")

    ended = course.make("setup", TORCH_INDEX_URL="https://index.example/whl/cu126 ")
    same = course.make("setup", TORCH_INDEX_URL="https://index.example/whl/cu126")

    assert ended.returncode == 0
    assert course.installed()["torch"] == "2.13.0cu126"
    assert same.stderr == ""


@pytest.mark.parametrize("num", [*range(1, 6)])
def test_killed_while_the_build_is_exchanged_the_next_call_goes_on(
    course: Checkout, num: int
) -> None:
    course.make("setup")
    wanted = {"TORCH_INDEX_URL": "https://index.example/whl/cu126"}
    moments = len(course.calls()) + num

    course.make("setup", KILL_AT=str(moments), **wanted)
    ended = course.make("setup", **wanted)

    assert ended.returncode == 0, ended.stderr
    assert course.installed()["torch"] == "2.13.0cu126"
    assert set(course.installed()) == PACKAGES - {"gamma"}


def test_a_new_pytorch_is_not_taken_from_the_wrong_index(course: Checkout) -> None:
    course.make("setup", TORCH_INDEX_URL="https://index.example/whl/cpu")
    (course.folder / "requirements-torch.lock").write_text("torch==2.14.0\n", encoding="utf-8")

    refused = course.make("setup")
    ended = course.make("setup", TORCH_INDEX_URL="https://index.example/whl/cpu")

    assert refused.returncode == 2
    assert "set TORCH_INDEX_URL to it again" in last_line(refused)
    assert ended.returncode == 0
    assert course.installed()["torch"] == "2.14.0cpu"


def test_an_address_with_a_password_is_neither_printed_nor_kept(course: Checkout) -> None:
    url = "https://me:hush-hush@index.example/whl/cpu"

    ended = course.make("setup", TORCH_INDEX_URL=url)

    assert "hush" not in ended.stdout + ended.stderr + str(course.done())
