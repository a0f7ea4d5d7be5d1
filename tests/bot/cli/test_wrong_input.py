"""Commands with wrong input: exit code 1, one sentence, nothing printed for programs, at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot.cli.app import app
from config.settings import ROOT

FAQ = [{"id": "late", "course": "a", "section": "s", "question": "Late?", "text": "Yes, join."}]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder. A command that came as far as a model would tell of the catalogue."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAQ_DATA_DIR", "data")
    monkeypatch.setenv("FAQ_RETRIEVAL__EMBEDDER", "none")
    monkeypatch.setenv("FAQ_ENGINE__CATALOG", "gone.yaml")
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    (tmp_path / "faq.json").write_text(json.dumps(FAQ))
    (tmp_path / "q.csv").write_text("question,course,document\nLate?,a,late\n")
    (tmp_path / "other.csv").write_text("question,course,document\nLate?,a,zz\n")
    (tmp_path / "empty.csv").write_text("question,course,document\n")
    (tmp_path / "columns.csv").write_text("text;answer\na;b\n")
    (tmp_path / "q.jsonl").write_text('{"question": "Late?", "kind": "plain", "ids": ["late"]}\n')
    (tmp_path / "other.jsonl").write_text('{"question": "?", "kind": "plain", "ids": ["zz"]}\n')
    (tmp_path / "empty").write_text("")
    return tmp_path


def run(words: Sequence[str]) -> Result:
    return CliRunner().invoke(app, list(words))


def retrieval(questions: str, documents: str = "faq.json") -> list[str]:
    return ["eval", "retrieval", "--documents", documents, "--questions", questions]


def answers(questions: str, documents: str = "faq.json") -> list[str]:
    return ["eval", "answers", "--documents", documents, "--questions", questions]


ASK = ["ask", "Can I join late?"]


@pytest.mark.parametrize("option", ["--json", "--show-prompt"])
def test_an_unknown_course_is_told_without_loading_torch(option: str, folder: Path) -> None:
    code = (
        "import sys, atexit; from bot.cli.app import app; "
        "atexit.register(lambda: print('torch' in sys.modules)); "
        f"sys.argv = ['main.py', 'ask', 'When?', '--course', 'nosuch', '{option}']; app()"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FAQ_RETRIEVAL__EMBEDDER": "auto"}

    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=90
    )

    assert (done.returncode, done.stdout) == (1, "False\n")
    assert "There is no course 'nosuch'." in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ask", ""], "There is no question to answer; write one in a few words."),
        (["ask", " \n\t "], "There is no question to answer"),
        (["ask", "\u200b\ufeff"], "There is no question to answer"),
        (["ask", "", "--show-prompt"], "There is no question to answer"),
        ([*ASK, "--course", "nosuch"], "There is no course 'nosuch'. Known: course-organisation"),
        ([*ASK, "--course", "nosuch", "--json"], "There is no course 'nosuch'."),
        ([*ASK, "--config", "gone.yml"], "The settings file gone.yml cannot be read (No such file"),
        ([*ASK, "--config", "data.d"], "cannot be read"),
        ([*ASK, "--config", "."], "The settings file . cannot be read (Is a directory)."),
        ([*ASK, "--config", "binary"], "The settings file binary is not valid YAML"),
        ([*ASK, "--config", "faq.json"], "The settings file faq.json must hold keys and values."),
        (["gaps"], "No questions are stored in data: FAQ Desk never ran there."),
        (["gaps", "--days", "-1"], "'--days'"),
        (["gaps", "--days", "99999999999"], "'--days'"),
        (["gaps", "--limit", "0"], "'--limit'"),
        (["gaps", "--days", "soon"], "'--days'"),
        (["health"], "FAQ Desk does not run"),
        (retrieval("gone.csv"), "gone.csv cannot be read (No such file or directory)."),
        (retrieval("."), "cannot be read (Is a directory)."),
        (retrieval("empty"), "empty needs the columns question, course, document in its first"),
        (retrieval("empty.csv"), "empty.csv holds no question below its first line."),
        (retrieval("columns.csv"), "columns.csv needs the columns question, course, document"),
        (retrieval("binary"), "binary is not a CSV file in UTF-8"),
        (retrieval("other.csv"), "other.csv names none of the 1 entries of the documents"),
        (retrieval("q.csv", "gone"), "gone: There is no such file or folder"),
        (answers("gone.jsonl"), "gone.jsonl cannot be read (No such file or directory)."),
        (answers("empty"), "empty holds no row; write one JSON object a line."),
        (answers("binary"), "binary, line 1: write one JSON object a line"),
        (answers("other.jsonl"), "other.jsonl names none of the 1 entries of the documents"),
        (answers("q.jsonl", "gone"), "gone: There is no such file or folder"),
        ([*answers("q.jsonl"), "--faq", "x"], "q.jsonl holds no row for the FAQ “x”; no row names"),
        (["eval", "support", "--cases", "gone"], "gone cannot be read (No such file or directory)"),
        (["eval", "support", "--cases", "empty"], "empty holds no row"),
        (["eval", "support", "--cases", "q.jsonl"], "q.jsonl, line 1: “set” is missing."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_is_one_sentence_and_exit_code_1(
    words: list[str], told: str, folder: Path
) -> None:
    result = run(words)

    assert result.exit_code == 1, result.output
    assert told in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert "catalogue" not in result.stderr


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("nowhere", "nowhere: There is no such file or folder"),
        ("empty", "There is no entry to search."),
    ],
)
@pytest.mark.parametrize("options", [[], ["--json"], ["--course", "a"]], ids=len)
def test_without_an_faq_no_model_is_waited_for(
    source: str, told: str, options: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_CORPUS__SOURCES", source)

    result = run([*ASK, *options])

    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "words",
    [
        ["models", "show", "nosuch"],
        ["models", "pull", "nosuch"],
        ["models", "remove", "nosuch"],
        ["models", "save", "nosuch", "new"],
        [*ASK, "--model", "nosuch"],
        ["run", "--model", "nosuch"],
        ["chat", "--model", "nosuch"],
        ["check", "--model", "nosuch"],
        [*answers("q.jsonl"), "--model", "nosuch"],
    ],
    ids=" ".join,
)
def test_a_model_that_the_catalogue_lacks_is_one_sentence(
    words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_ENGINE__CATALOG", str(ROOT / "config/models.yaml"))

    result = run(words)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("There is no model called 'nosuch'. Known: smollm2-135m")
    assert len(result.stderr.splitlines()) == 1
    assert not (folder / "data").exists()


@pytest.mark.parametrize("command", ["run", "chat", "ask"])
def test_a_model_of_the_settings_that_the_catalogue_lacks_is_one_sentence(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_ENGINE__CATALOG", str(ROOT / "config/models.yaml"))
    monkeypatch.setenv("FAQ_ENGINE__MODEL", "nosuch")

    result = run(ASK if command == "ask" else [command])

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("There is no model called 'nosuch'.")


@pytest.mark.parametrize("target", ["full", "empty"])
def test_a_model_is_not_saved_over_what_is_there(target: str, folder: Path) -> None:
    (folder / "full").mkdir()
    (folder / "full" / "notes.txt").touch()

    result = run(["models", "save", "smollm2-135m", target])

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"{target} exists already; name a new folder.\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["asks"], "Did you mean 'ask'"),
        (["model", "list"], "Did you mean 'models'"),
        (["gpu", "--watch", "0"], "unexpected extra argument"),
        (["ask"], "Missing argument"),
        (["ask", "x", "--corse", "a"], "No such option"),
        (["models", "show"], "Missing argument"),
        (["eval", "retrieval"], "Missing option"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_no_command_or_option_is_exit_code_2(words: list[str], told: str) -> None:
    result = run(words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_without_a_command_the_commands_are_listed() -> None:
    result = run([])

    for command in ("run", "chat", "ask", "check", "gpu", "health", "gaps", "models", "eval"):
        assert command in result.output


def test_an_error_of_the_disk_names_the_file(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "questions.sqlite3").mkdir()

    result = run(["gaps"])

    assert (result.exit_code, result.stdout) == (1, "")
    assert "data/questions.sqlite3" in result.stderr
