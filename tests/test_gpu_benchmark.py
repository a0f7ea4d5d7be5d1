"""`make gpu` runs with tiny models, goes on after an interruption, tells what is not measured."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.gpu.__main__ import run
from benchmarks.gpu.parts import PARTS, Part
from benchmarks.gpu.process import measure
from benchmarks.gpu.report import ROWS, report
from benchmarks.gpu.results import Result, Results, State
from config.settings import ROOT

COMMAND = [sys.executable, "-m", "benchmarks.gpu", "--tiny"]
#: Twenty seconds on a machine at rest.
LIMIT_S = 600


def run_tiny(out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The command as people give it."""
    return subprocess.run(
        [*COMMAND, "--out", str(out), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path / "out", tiny=True)


@pytest.mark.parametrize("part", [name for name in PARTS if name != "environment"])
def test_each_part_runs_with_tiny_models(part: str, results: Results) -> None:
    measure(part, results)  # here: to load PyTorch once more takes longer than most of them

    result = results.read(part)
    assert result.state is State.DONE, result.reason
    assert result.figures
    assert not [key for key, value in result.figures.items() if str(value).startswith("0 of")]


def test_the_command_runs_a_part_in_a_process_of_its_own(results: Results) -> None:
    ran = run_tiny(results.folder, "--part", "phi-3-mini")

    result = results.read("phi-3-mini")
    assert result.state is State.DONE, (result.reason, ran.stdout, ran.stderr)
    assert result.figures


def test_an_interrupted_run_goes_on_with_what_is_missing(results: Results) -> None:
    with subprocess.Popen(
        [*COMMAND, "--out", str(results.folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("  "):  # the first part has begun
                break
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LIMIT_S)
    assert process.returncode == 128 + signal.SIGINT
    assert results.read("environment").state is State.BEGUN

    again = run_tiny(results.folder, "--limit-s", "0")
    assert again.returncode == 3
    assert results.read("environment").state is State.DONE
    assert "Run it again for what remains: flan-t5-xl, phi-3-mini," in again.stdout

    for name in PARTS:
        if name != "environment":
            results.write(Result(part=name, state=State.SKIPPED, tiny=True))
    last = run_tiny(results.folder)
    assert last.returncode == 0
    assert "environment:" not in last.stdout


def test_a_part_that_crashes_is_told_and_not_run_again(results: Results) -> None:
    part = Part(name="unknown", title="", module="", expected_s=1)

    run(part, results, LIMIT_S)

    result = results.read(part.name)
    assert result.state is State.FAILED
    assert "KeyError: 'unknown'" in result.reason
    assert not result.remains


def test_a_part_that_hangs_is_ended(results: Results) -> None:
    run(PARTS["environment"], results, 0.01)

    assert results.read("environment").remains


def test_a_file_that_was_cut_off_counts_as_missing(results: Results) -> None:
    results.write(Result(part="graphs", state=State.DONE, tiny=True))
    file = results.folder / "graphs.tiny.json"
    file.write_text(file.read_text(encoding="utf-8")[:40], encoding="utf-8")

    assert results.read("graphs").state is State.MISSING


def test_results_of_an_earlier_folder_are_taken_over(results: Results, tmp_path: Path) -> None:
    results.write(Result(part="graphs", state=State.DONE, tiny=True, figures={"one": 1}))
    results.write(Result(part="parking", state=State.BEGUN, tiny=True))

    later = Results(tmp_path / "later", tiny=True)
    later.take_over(results.folder)

    assert later.read("graphs") == results.read("graphs")
    assert later.read("parking").state is State.MISSING


def test_the_report_has_every_row_and_part_and_says_why_one_is_not_measured(
    results: Results,
) -> None:
    real = Results(results.folder, tiny=False)
    real.write(
        Result(part="quantised", state=State.SKIPPED, reason="bitsandbytes is not installed")
    )

    text = report(real.all())

    assert text.count("| not measured |") == len(ROWS)
    assert "| not measured | quantised skipped: bitsandbytes is not installed |" in text
    assert "| not measured | graphs missing |" in text
    for part in PARTS:
        assert f"| {part} | {PARTS[part].title} |" in text


def test_the_report_holds_a_figure_against_its_goal(results: Results) -> None:
    speeds = {"engine_1_tokens_per_s": 120.0, "plain_1_tokens_per_s": 30.0}
    speeds |= {"engine_8_tokens_per_s": 600.0}
    real = Results(results.folder, tiny=False)
    real.write(Result(part="mistral-7b", state=State.DONE, figures=speeds))

    text = report(real.all())

    assert "| ≥ 3× | 4.00× (30 → 120 tokens/s) | reached |" in text
    assert "| ≥ 6× | 5.00× (120 → 600 tokens/s) | missed |" in text


def test_no_more_files_than_a_lent_machine_gives_back() -> None:
    assert len(PARTS) <= 8


def test_a_python_without_the_packages_is_told_what_to_do() -> None:
    ran = subprocess.run(
        [sys.executable, "-S", "-m", "benchmarks.gpu"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )

    assert ran.returncode == 2
    assert "This Python lacks torch, transformers," in ran.stderr
    assert "Traceback" not in ran.stderr
