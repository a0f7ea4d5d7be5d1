"""The benchmark of the engine runs, and says of every figure whether its goal is reached."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from benchmarks.engine import chosen
from benchmarks.engine_bench import percentile
from benchmarks.engine_cpu import rise
from benchmarks.engine_figures import GOALS, Measured, as_json, status, table
from benchmarks.engine_llama import LlamaCpp
from benchmarks.engine_nf4 import Speed, advice
from benchmarks.engine_plot import growth_curve, ratios, read
from benchmarks.switch_tables import Start, write_run

ROOT = Path(__file__).resolve().parent.parent
#: It takes half a minute on a machine at rest; no result of a side may take longer than 300 s.
LIMIT_S = 1200

#: Stands for a python with llama-cpp-python: speaks as benchmarks/llama_child.py does.
LLAMA = """#!{python}
import json, sys
print(json.dumps({{"system": " ".join(sys.argv[3:])}}), flush=True)
for line in sys.stdin:
    order = json.loads(line)
    answer = {{"tokens": [len(order["prompt"])] * order["new"], "first_s": 0.25}}
    answer |= {{"first_cpu_s": 0.125, "seconds": 1.0, "cpu_seconds": 0.5}}
    print(json.dumps(answer), flush=True)
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run with tiny shapes writes."""
    output = tmp_path_factory.mktemp("results") / "tiny.json"
    # Two threads take seconds for what one does at once where other programs run as well.
    command = [sys.executable, "-m", "benchmarks.engine", "--tiny", "--threads", "1"]
    ran = subprocess.run(
        [*command, "--output", str(output)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert ran.returncode == 0, ran.stderr
    content: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    return content


def result(at: str, *figures: Mapping[str, object], tiny: bool = False) -> dict[str, object]:
    """A result file."""
    return {"machine": {"at": at, "tiny": tiny}, "figures": figures, "runs": []}


def test_tiny_shapes_fill_every_row_but_those_of_another_program_and_of_a_gpu(
    tiny: dict[str, Any],
) -> None:
    missing = {row["key"] for row in tiny["figures"] if row["status"] == "not measured"}

    assert missing == {"llama", "gpu-nf4"}


def test_tiny_shapes_write_the_same_text_on_every_side(tiny: dict[str, Any]) -> None:
    told = {row["key"]: row["measured"] for row in tiny["figures"]}

    for key in ("waiting-8", "waiting-32", "waiting-128"):
        assert "2 of 2 texts equal" in told[key]
    assert "32 of 32 texts equal" in told["batching-32"]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("waiting-8", 3.0, "reached"),
        ("waiting-8", 2.99, "missed"),
        ("gpu-nf4", 0.35, "reached"),
        ("gpu-nf4", 0.36, "missed"),
        ("llama", 0.7, "reported"),
        ("llama", 1.1, "reported"),
        ("admission", None, "reported"),
        ("waiting-8", None, "missed"),
    ],
)
def test_a_figure_is_measured_against_its_goal(
    key: str, value: float | None, expected: str
) -> None:
    assert status(key, {key: Measured("", value)}) == expected


def test_the_table_has_a_row_for_what_was_not_measured_too() -> None:
    lines = table({"waiting-8": Measured("3.50×", 3.5)}).splitlines()

    assert len(lines) == 2 + len(GOALS)
    assert "| CPU, float32, 8 waiting | ≥ 3× one after the other | 3.50× | reached |" in lines
    assert sum(line.endswith("|  | not measured |") for line in lines) == len(GOALS) - 1


def test_growth_is_the_most_that_a_later_time_exceeds_an_earlier_one() -> None:
    assert rise([4.0, 2.0, 3.0, 1.0]) == 1.5
    assert rise([4.0, 2.0]) == 0.5


def test_the_95th_percentile_of_a_hundred_is_beyond_95_of_them() -> None:
    assert percentile(range(100), 0.95) == 95
    assert percentile([1.0], 0.95) == 1.0


@pytest.mark.parametrize(
    ("quarter", "expected"),
    [
        (Speed(read=2, one=2, many=2), "choose NF4"),
        (Speed(read=0.9, one=2, many=0.5), "choose NF4 for one asker at a time or where"),
        (Speed(read=0.5, one=1, many=1), "choose NF4 only where bfloat16 does not fit"),
    ],
)
def test_nf4_is_advised_where_whole_questions_are_answered_sooner(
    quarter: Speed, expected: str
) -> None:
    half = Speed(read=1, one=1, many=1)

    assert expected in advice(half, quarter, 10, 10).partition(": ")[2]


def test_an_unknown_figure_is_named_with_those_that_are_there() -> None:
    with pytest.raises(SystemExit, match="waiting-9 cannot be measured here; there are one-answer"):
        chosen("waiting-9", device="cpu", tiny=False)


def test_llama_cpp_is_asked_in_a_process_of_its_own(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(LLAMA.format(python=sys.executable), encoding="utf-8")
    python.chmod(0o700)

    with LlamaCpp(python, Path("model.gguf"), threads=2, num_tokens=64) as llama:
        run = llama.run([[1, 2], [3]], 4)

    assert llama.system == "model.gguf 2 64"
    assert run.tokens == [[2] * 4, [1] * 4]
    assert (run.seconds, run.cpu_seconds, run.num_questions) == (2.0, 1.0, 2)
    assert [first.wall for first in run.firsts] == [0.25, 0.25]


def test_a_python_without_llama_cpp_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    side = LlamaCpp(Path(sys.executable), Path("model.gguf"), threads=1, num_tokens=64)

    with pytest.raises(RuntimeError, match="must have the package llama-cpp-python"):
        side.__enter__()

    assert "No module named 'llama_cpp'" in capfd.readouterr().err


def test_the_newest_number_of_a_figure_is_drawn_and_none_of_tiny_shapes() -> None:
    row = {"key": "waiting-8"}

    drawn = read(
        [
            result("2026-11-26", row | {"value": 3.5}),
            result("2026-11-25", row | {"value": 2.5}, {"key": "llama", "value": 0.9}),
            result("2026-11-27", row | {"value": 9.0}, tiny=True),
            result("2026-11-28", row | {"value": None}),
            result("2026-11-29", {"figure": "of before the table had keys"}),
            {"machine": "of another benchmark", "runs": {}},
            {"command": "one that does not tell its machine", "lines": []},
        ]
    )

    assert drawn.values == {"waiting-8": 3.5, "llama": 0.9}


def test_the_results_that_are_here_can_be_drawn_together() -> None:
    files = (ROOT / "benchmarks" / "results").glob("*.json")

    drawn = read([json.loads(path.read_text(encoding="utf-8")) for path in files])

    assert drawn.growth
    assert drawn.values["waiting-8"] >= 3


def test_a_run_of_switches_is_added_to_those_that_the_file_holds(tmp_path: Path) -> None:
    output = tmp_path / "new" / "switches.json"
    start = Start(how="loaded", seconds=4.0, cpu_s=3.0, smoke_s=0.5, smoke_cpu_s=0.25)

    write_run(output, "--rounds 1", [start], [])
    write_run(output, "--exchange", [], [])

    first, second = json.loads(output.read_text(encoding="utf-8"))["runs"]
    assert first["command"] == "python -m benchmarks.switch --rounds 1"
    assert first["starts"] == [asdict(start)]
    assert first.keys() == second.keys()


def test_the_picture_shows_goals_that_were_met_missed_and_not_measured() -> None:
    picture = ratios({"waiting-8": 3.5, "gpu-nf4": 0.5})

    assert ">3.5×<" in picture
    assert ">0.5×<" in picture
    goals = [goal for goal in GOALS.values() if goal.least or goal.most]
    assert picture.count("not measured") == len(goals) - 2


def test_the_curve_has_a_point_for_each_number_that_waits() -> None:
    picture = growth_curve({10: 0.002, 10_000: 0.001})

    assert "2.00 ms" in picture
    assert ">10,000<" in picture


def test_the_results_hold_every_row() -> None:
    rows = as_json({"growth": Measured("flat", 1.0)})

    assert [row["key"] for row in rows] == list(GOALS)
    assert next(row for row in rows if row["key"] == "growth")["status"] == "reached"
