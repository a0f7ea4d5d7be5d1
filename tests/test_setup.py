"""`make` sets up on any machine, whatever disturbs it; with stand-ins for Python and pip."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.setup_checkout import LOCKS, PACKAGES, Checkout, checkout, last_line

#: The moments of a set-up from nothing: see `tests/setup_stand_in.py`.
NUM_MOMENTS = 19


@pytest.fixture
def course(tmp_path: Path) -> Checkout:
    return checkout(tmp_path / "checkout", tmp_path / "programs")


def test_one_command_sets_everything_up_and_starts(course: Checkout) -> None:
    first = course.make("run", "ARGS=--model tiny")
    calls = len(course.calls())
    second = course.make("run")

    assert first.returncode == second.returncode == 0
    assert first.stdout == "run --model tiny was told ''\n"
    assert second.stdout == "run was told ''\n"
    assert second.stderr == ""
    assert len(course.calls()) == calls
    assert set(course.installed()) == PACKAGES - {"gamma"}
    assert course.make("setup-tests").returncode == 0
    assert set(course.installed()) == PACKAGES


@pytest.mark.parametrize("num", range(1, NUM_MOMENTS + 1))
def test_killed_at_any_moment_the_next_call_goes_on(course: Checkout, num: int) -> None:
    killed = course.make("setup-tests", KILL_AT=str(num))
    before = course.calls()

    after = course.make("setup-tests")

    assert killed.returncode == -9
    assert len(before) == num
    assert after.returncode == 0, after.stderr
    assert set(course.installed()) == PACKAGES
    assert (course.folder / "data" / "models" / "smollm2-135m").exists()
    assert "begun" not in course.done().values()
    assert list((course.folder / ".venv" / "tmp").iterdir()) == []
    # What was there in full is not fetched again; pip itself comes anew with the environment.
    there = {call for call in before if call.endswith("is there")} - {"pip: pip is there"}
    assert not there & set(course.calls()[num:])


def test_the_moments_are_all_of_them(course: Checkout) -> None:
    course.make("setup-tests")

    assert len(course.calls()) == NUM_MOMENTS


def test_a_changed_lock_is_installed_and_nothing_else_is_done(course: Checkout) -> None:
    course.make("setup-tests")
    done = len(course.calls())
    lock = course.folder / "requirements.lock"
    lock.write_text(f"{LOCKS[lock.name]}delta==4.0\n", encoding="utf-8")

    ended = course.make("setup-tests")

    assert ended.returncode == 0
    assert {call.split()[1] for call in course.calls()[done:]} == {"delta"}


@pytest.mark.parametrize(
    "name", ["a folder", "Kurs für Anfänger", "a, b; c", "$HOME", "it's", 'the "FAQ"', "#1 (%s)"]
)
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    course = checkout(tmp_path / name, tmp_path / "programs")

    ended = course.make("run")

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "run was told ''\n"


@pytest.mark.parametrize("name", ["Umgebung für FAQ", "it's, a 'venv'"])
def test_environment_and_state_may_lie_elsewhere(
    course: Checkout, tmp_path: Path, name: str
) -> None:
    venv, data = tmp_path / name / "venv", tmp_path / name / "data"
    before = set(course.folder.rglob("*"))

    ended = course.make("run", f"VENV={venv}", FAQ_DATA_DIR=str(data))

    assert ended.returncode == 0, ended.stderr
    assert set(course.installed(str(venv))) == PACKAGES - {"gamma"}
    assert (data / "models" / "smollm2-135m").exists()
    changed = set(course.folder.rglob("*")) - before
    assert not {path for path in changed if "__pycache__" not in path.parts}


def test_where_nothing_can_be_written_one_line_says_what_to_do(course: Checkout) -> None:
    # Neither root nor anybody else can make a folder below a file.
    ended = course.make("run", f"VENV={course.folder / 'Makefile' / 'venv'}")

    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 2
    assert "cannot be written (Not a directory). Name folders elsewhere: make VENV=" in (
        last_line(ended)
    )


def test_a_disk_that_is_full_is_told_in_a_line(course: Checkout) -> None:
    # A device that is always full, where the record of what was done is to be written.
    (course.folder / ".venv").mkdir()
    (course.folder / ".venv" / "set-up.json.part").symlink_to("/dev/full")

    ended = course.make("setup")

    assert ended.returncode == 2
    assert "No space left on device. Mend that" in last_line(ended)
    assert len(ended.stderr.splitlines()) <= 3


def test_python_may_have_a_path_with_spaces(course: Checkout, tmp_path: Path) -> None:
    folder = tmp_path / "my Pythons"
    folder.mkdir()
    (course.programs / "python3").rename(folder / "python 3")
    (course.programs / "python3").symlink_to(folder / "python 3")

    ended = course.make("setup", f"PYTHON={folder / 'python 3'}")

    assert ended.returncode == 0, ended.stderr


def test_a_python_that_is_not_there_is_named(course: Checkout) -> None:
    ended = course.make("run", "PYTHON=python3.99")

    assert ended.returncode == 2
    assert last_line(ended) == (
        "There is no 'python3.99' here. Install Python, or name yours: make PYTHON=python3.12"
    )


@pytest.mark.parametrize("newest", ["3.8", "3.10"], ids=["old", "also old"])
def test_a_python_without_wheels_is_refused(course: Checkout, newest: str) -> None:
    lock = course.folder / "requirements.lock"
    lock.write_text(f"# Wheels for Python 3.7 to {newest}.\n", encoding="utf-8")

    ended = course.make("run")

    assert ended.returncode == 2
    assert last_line(ended).startswith(
        f"FAQ Desk needs Python 3.7 to {newest}, and 'python3' is 3.{sys.version_info[1]}."
    )
    assert course.calls() == []


def test_two_at_once_wait_for_each_other(course: Checkout, tmp_path: Path) -> None:
    (course.folder / ".venv").mkdir()
    # Stands in for the other one: it has the lock until it is told to end.
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import fcntl, sys; lock = open(sys.argv[1], 'a'); fcntl.flock(lock, fcntl.LOCK_EX);"
            "print(flush=True); sys.stdin.read()",
            str(course.folder / ".venv" / ".set-up.lock"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdin
        assert holder.stdout
        holder.stdout.readline()
        environ = {
            "PATH": f"{course.programs}:/usr/bin:/bin",
            "STAND_IN_LOG": str(course.log),
            "HOME": str(tmp_path),
        }
        waiting = subprocess.Popen(
            ["make", "-C", str(course.folder), "setup"],
            env=environ,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        with waiting:
            assert waiting.stderr
            said = waiting.stderr.readline()
            calls = course.calls()
            holder.stdin.close()
            rest = waiting.stderr.read()

    assert said == "Another set-up works in .venv; waiting for it to end.\n"
    assert calls == []
    assert rest.endswith("Set-up done.\n")
    assert waiting.returncode == 0


def test_an_environment_of_somebody_else_is_used_and_never_emptied(course: Checkout) -> None:
    course.make("setup")
    theirs = course.folder / ".venv"
    (theirs / "set-up.json").unlink()
    (theirs / "notes.txt").write_text("mine", encoding="utf-8")

    used = course.make("setup")
    (theirs / "site" / "pip.works").unlink()
    refused = course.make("setup-tests")

    assert used.returncode == 0, used.stderr
    assert refused.returncode == 2
    assert "no environment of Python 3.11 to 3.14 with pip. Delete it" in last_line(refused)
    assert (theirs / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_folder_with_other_things_is_never_touched(course: Checkout, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    (home / "thesis.txt").write_text("mine", encoding="utf-8")

    ended = course.make("setup", f"VENV={home}")
    cleaned = course.make("clean", f"VENV={home}")

    assert ended.returncode == 2
    assert "is no environment" in last_line(ended)
    assert cleaned.returncode == 0
    assert (home / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_after_an_upgrade_of_python_the_environment_is_made_anew(course: Checkout) -> None:
    course.make("setup")
    state = course.folder / ".venv" / "set-up.json"
    state.write_text(state.read_text().replace(f"3.{sys.version_info[1]}", "3.1"), encoding="utf-8")
    done = len(course.calls())

    ended = course.make("setup")

    assert ended.returncode == 0
    assert "pip: alpha is there" in course.calls()[done:]


def test_clean_forgets_the_set_up_and_keeps_the_data(course: Checkout) -> None:
    course.make("setup")

    course.make("clean")

    assert not (course.folder / ".venv").exists()
    assert (course.folder / "data" / "models" / "smollm2-135m").exists()


def test_whoever_may_not_write_the_environment_still_runs_with_data_elsewhere(
    course: Checkout, tmp_path: Path
) -> None:
    course.make("setup")
    # As for a service whose environment belongs to root: not even the lock can be opened.
    (course.folder / ".venv" / ".set-up.lock").unlink()
    (course.folder / ".venv" / ".set-up.lock").mkdir()

    ended = course.make("run", FAQ_DATA_DIR=str(tmp_path / "data"))

    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "data" / "models" / "smollm2-135m").exists()


def test_a_model_that_lies_elsewhere_is_prepared_once(course: Checkout) -> None:
    course.make("setup")
    shutil.rmtree(course.folder / "data")
    (course.folder / "main.py").write_text("elsewhere", encoding="utf-8")

    course.make("setup")
    done = len(course.calls())
    again = course.make("setup")

    assert again.returncode == 0
    assert len(course.calls()) == done
    assert not (course.folder / "data").exists()


def test_what_is_piped_in_reaches_the_assistant_and_not_the_set_up(course: Checkout) -> None:
    ended = subprocess.run(
        ["make", "-C", str(course.folder), "--no-print-directory", "run"],
        env={"PATH": f"{course.programs}:/usr/bin:/bin", "STAND_IN_LOG": str(course.log)},
        input="Can I still join?\n",
        capture_output=True,
        encoding="utf-8",
    )

    assert ended.stdout == "run was told 'Can I still join?\\n'\n"


def test_a_failure_of_pip_is_one_line_and_the_next_call_goes_on(course: Checkout) -> None:
    (course.programs / "pip-says").write_text("ERROR: Something new\n", encoding="utf-8")

    failed = course.make("run")
    (course.programs / "pip-says").unlink()
    ended = course.make("run")

    assert failed.returncode == 2
    assert failed.stdout == ""
    assert last_line(failed) == "pip failed: Something new"
    assert ended.returncode == 0
