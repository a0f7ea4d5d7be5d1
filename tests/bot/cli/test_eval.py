"""`main.py eval …` as it is typed: one line of JSON, one sentence for an error, and Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot.cli.app import app

ROOT = Path(__file__).resolve().parents[3]
#: Seconds until a test gives up; a machine may be slow.
PATIENCE_S = 120
FAQ = [
    {
        "id": "join-late",
        "course": "course-a",
        "section": "General",
        "question": "Can I still join after the course has started?",
        "text": "Yes, you can join at any time. Watch the deadlines of the homework.",
    },
    {
        "id": "certificate",
        "course": "course-a",
        "section": "Certificates",
        "question": "How do I get a certificate?",
        "text": "Finish the project and review 3 projects of your peers.",
    },
]
JOIN = {"question": FAQ[0]["question"], "course": "course-a", "kind": "plain", "faq": "small"}


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAQ_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    file = tmp_path / "documents.json"
    file.write_text(json.dumps(FAQ))
    return file


def jsonl(tmp_path: Path, *rows: object) -> Path:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["eval", *map(str, arguments)])


def answers(documents: Path, questions: Path, *options: str | Path) -> Result:
    return run(
        *("answers", "--documents", documents, "--questions", questions),
        *("--no-model", "--no-vectors", *options),
    )


def support_case(**other: object) -> dict[str, object]:
    passage = {"question": FAQ[0]["question"], "text": FAQ[0]["text"]}
    return {
        "set": "s",
        "group": "g",
        "documents": [passage],
        "question": passage["question"],
        "answer": "You can join at any time.",
        "supported": True,
    } | other


def assert_refused(result: Result, sentence: str) -> None:
    assert result.exit_code == 1, result.output
    assert sentence in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.output


def test_answers_are_one_line_of_json(tmp_path: Path, data_dir: Path, documents: Path) -> None:
    questions = jsonl(
        tmp_path,
        JOIN | {"ids": ["join-late"], "history": [{"question": "?", "answer_id": "gone"}]},
        JOIN | {"ids": ["certificate", "zz"], "kind": "two_part"},
        {"question": "xyzzy", "kind": "off_topic", "faq": "other"},
    )

    result = answers(documents, questions, "--json", "--faq", "small")

    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    found = json.loads(line)
    assert found["groups"][0] == {
        "kind": "plain",
        "n": 1,
        "answer_right": 1.0,
        "answer_wrong": 0.0,
        "closest_right": 0.0,
        "closest_other": 0.0,
        "none": 0.0,
        "courtesy": 0.0,
        "clarify": 0.0,
        "all_named": 1.0,
    }
    assert [group["kind"] for group in found["groups"]] == ["plain", "two_part"]
    assert set(found["milliseconds"]) == {"p50", "p95"}
    assert "1 of the 1 entries of earlier turns" in result.stderr
    assert "1 of the 3 ids" in result.stderr
    assert "2 of 2" in result.stderr
    assert list((data_dir / "evaluation").iterdir()) == []


def test_answers_are_a_table_for_people(tmp_path: Path, documents: Path) -> None:
    result = answers(documents, jsonl(tmp_path, JOIN | {"ids": ["join-late"]}))

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("kind   n  answer right")
    assert "p95" in result.stdout


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"kind": "plain"}, "rows.jsonl, line 1: “question” is missing."),
        ({"question": "?"}, "rows.jsonl, line 1: “kind” is missing."),
        (JOIN | {"ids": "join-late"}, "rows.jsonl, line 1: “ids” cannot be used"),
        (JOIN | {"history": [{"answer_id": "a"}]}, "“history.0.question” is missing."),
        ("join?", "rows.jsonl, line 1: write one JSON object a line"),
        (JOIN | {"ids": ["zz"]}, "names none of the 2 entries of the documents"),
    ],
    ids=range(6),
)
def test_questions_that_cannot_be_asked_are_one_sentence(
    tmp_path: Path, documents: Path, row: object, sentence: str
) -> None:
    assert_refused(answers(documents, jsonl(tmp_path, row)), sentence)


def test_a_missing_file_is_one_sentence(tmp_path: Path, documents: Path) -> None:
    gone = tmp_path / "gone"

    assert_refused(answers(documents, gone), "gone cannot be read (No such file or directory).")
    assert_refused(answers(gone, jsonl(tmp_path, JOIN)), "gone: There is no such file or folder")
    assert_refused(run("support", "--cases", gone), "gone cannot be read")


def test_documents_without_an_entry_are_one_sentence(tmp_path: Path) -> None:
    empty = tmp_path / "empty.json"
    empty.write_text("[]")
    questions = tmp_path / "q.csv"
    questions.write_text("question,course,document\na,b,c\n")

    assert_refused(answers(empty, jsonl(tmp_path, JOIN)), "empty.json holds no FAQ entry.")
    assert_refused(
        run(
            *("retrieval", "--documents", empty, "--questions", questions, "--no-vectors"),
        ),
        "empty.json holds no FAQ entry.",
    )


def test_files_that_could_not_be_read_are_told(tmp_path: Path, documents: Path) -> None:
    (tmp_path / "faq").mkdir()
    documents.rename(tmp_path / "faq" / "documents.json")
    (tmp_path / "faq" / "broken.json").write_text('[{"question": "Why?"')

    result = answers(tmp_path / "faq", jsonl(tmp_path, JOIN | {"ids": ["join-late"]}))

    assert result.exit_code == 0, result.output
    assert "broken.json: The file is not valid JSON" in result.stderr


def test_an_faq_that_no_row_is_for_is_one_sentence(tmp_path: Path, documents: Path) -> None:
    result = answers(documents, jsonl(tmp_path, JOIN), "--faq", "large")

    assert_refused(result, "holds no row for the FAQ “large”; there are rows for small.")


def test_a_model_cannot_be_chosen_and_left_out(tmp_path: Path, documents: Path) -> None:
    result = answers(documents, jsonl(tmp_path, JOIN), "--model", "smollm2-135m")

    assert result.exit_code == 2
    assert "exclude each other" in result.output


def test_a_file_of_something_else_is_not_gone_on_with(tmp_path: Path, documents: Path) -> None:
    questions = jsonl(tmp_path, JOIN)
    before = questions.read_bytes()

    result = answers(documents, questions, "--resume", questions)

    assert_refused(result, "does not belong to this measurement")
    assert questions.read_bytes() == before


def test_support_is_one_line_of_json_or_a_table(tmp_path: Path) -> None:
    cases = jsonl(tmp_path, support_case(), support_case(supported=None))

    as_json = run("support", "--cases", cases, "--json")
    table = run("support", "--cases", cases)

    (line,) = as_json.stdout.splitlines()
    shares = {"n": 1, "whole": 1.0, "nothing": 0.0, "characters": 1.0}
    assert json.loads(line) == {
        "groups": [
            {"set": "s", "group": "g", "supported": True, **shares},
            {"set": "s", "group": "g", "supported": None, **shares},
        ],
        "support": "lexical",
    }
    assert "s    g      not judged  1  1.000    0.000       1.000" in table.stdout


def test_support_is_checked_by_whom_the_settings_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_ANSWER__SUPPORT", str(tmp_path / "nowhere"))

    refused = run("support", "--cases", jsonl(tmp_path, support_case()))

    assert_refused(refused, f"answer.support: the entailment model {tmp_path}/nowhere could not")


def test_a_case_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    cases = jsonl(tmp_path, support_case(), {"set": "s"})

    assert_refused(run("support", "--cases", cases), "rows.jsonl, line 2: “group” is missing.")


@pytest.mark.parametrize("named", [False, True], ids=["its own file", "a file of mine"])
async def test_ctrl_c_stops_and_the_same_command_goes_on(
    tmp_path: Path, data_dir: Path, named: bool
) -> None:
    long = support_case(answer="You can join at any time. " * 200)
    cases = jsonl(tmp_path, *[long] * 2000)
    mine = tmp_path / "mine.jsonl"
    command = ["eval", "support", "--cases", str(cases), *(["--resume", str(mine)] * named)]

    first = await interrupted(command, after="1 of 2000")
    second = await interrupted(command, after="Going on after")

    assert "Stopped after" in first
    assert "the same command goes on from there" in first
    assert "Traceback" not in first + second
    (kept,) = [mine] if named else (data_dir / "evaluation").iterdir()
    assert f"of 2000, which are in {kept}" in second


async def interrupted(command: Sequence[str], *, after: str) -> str:
    """What `main.py` says when Ctrl-C is pressed as soon as it said `after`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "main.py", *command),
        cwd=ROOT,
        env=dict(os.environ),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    said = ""
    async with asyncio.timeout(PATIENCE_S):
        while after not in said:
            line = await process.stderr.readline()
            assert line, said
            said += line.decode()
        process.send_signal(signal.SIGINT)
        said += (await process.stderr.read()).decode()
        assert await process.wait() == 130, said
    return said


def test_retrieval_is_not_measured_on_another_faq(tmp_path: Path, documents: Path) -> None:
    questions = tmp_path / "q.csv"
    questions.write_text("question,course,document\nCan I join?,course-a,zz\n")

    result = run("retrieval", "--documents", documents, "--questions", questions, "--no-vectors")

    assert_refused(result, f"{questions} names none of the 2 entries of the documents")


def test_retrieval_tells_of_labels_that_are_not_there(tmp_path: Path, documents: Path) -> None:
    questions, offtopic = tmp_path / "q.csv", tmp_path / "o.csv"
    questions.write_text(
        "question,course,document\nCan I join?,course-a,join-late\nWhere?,course-a,zz\n"
    )
    offtopic.write_text("question,kind\nWho won the cup?,general\n")
    command = (
        *("retrieval", "--documents", documents, "--questions", questions),
        *("--offtopic", offtopic, "--no-vectors"),
    )

    table, as_json = run(*command), run(*command, "--json")

    assert "1 of the labelled documents" in table.stdout
    assert "3 of 3" in table.stderr
    assert json.loads(as_json.stdout)["gate"]["n"] == 1
    assert json.loads(as_json.stdout)["unknown_documents"] == 1
