"""The parts of the command line that need no model."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.operations.heartbeat import ALIVE
from bot.operations.published import STATUS, publish
from engine.store.jobs import STORE, JobStore, NewJob
from engine.types import Answer, Decision, Question, Timings
from tests.harness import FakeModels

runner = CliRunner()

MISSED = Answer(
    text="The FAQ has no answer to this.",
    decision=Decision.NOT_COVERED,
    reason="",
    sources=(),
    model=None,
    timings=Timings(retrieve_s=0.0, total_s=0.0),
)


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAQ_DATA_DIR", str(tmp_path))
    return tmp_path


async def miss(store: JobStore, text: str) -> None:
    job = await store.add(
        NewJob(
            platform="slack",
            conversation="c",
            message_id=text,
            user_id="U1",
            reply_to="c",
            question=Question(text=text),
        )
    )
    assert job is not None
    await store.claim()
    await store.answer(job.id, MISSED)


async def test_gaps_lists_what_was_not_answered_while_the_assistant_runs(data_dir: Path) -> None:
    async with JobStore(data_dir / STORE) as store:  # holds the folder's lock
        await miss(store, "Is there a course on beekeeping?")

        listed = await asyncio.to_thread(runner.invoke, app, ["gaps"])
        as_json = await asyncio.to_thread(runner.invoke, app, ["gaps", "--json"])

    assert listed.exit_code == 0, listed.output
    assert "Is there a course on beekeeping?" in listed.output
    assert "1 questions in the last 30 days." in listed.output
    (gap,) = json.loads(as_json.output)
    assert gap["decision"] == "not_covered"
    assert datetime.fromisoformat(gap["asked"]) <= datetime.now(UTC)


@pytest.mark.parametrize("options", [[], ["--json"]], ids=len)
def test_gaps_of_an_unused_folder_are_refused(options: list[str], data_dir: Path) -> None:
    result = runner.invoke(app, ["gaps", *options])

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"No questions are stored in {data_dir}")


def test_health_says_that_nothing_runs(data_dir: Path) -> None:
    result = runner.invoke(app, ["health"])

    assert result.exit_code == 1
    assert "does not run" in result.output


def test_gpu_says_in_a_sentence_that_there_is_no_gpu(data_dir: Path) -> None:
    result = runner.invoke(app, ["gpu"])

    assert result.exit_code == 0, result.output
    assert "GPU 0" in result.output or "No NVIDIA GPU here" in result.output
    assert "No FAQ Desk is running" in result.output


def test_gpu_says_that_it_may_not_read_the_state_and_health_does_without(data_dir: Path) -> None:
    (data_dir / STATUS).mkdir()  # like a file of another user, which root could read
    (data_dir / ALIVE).touch()

    gpu, health = (runner.invoke(app, [command]) for command in ("gpu", "health"))

    assert gpu.exit_code == 1
    assert "run this as the user that it runs as" in gpu.output
    assert "No FAQ Desk is running" not in gpu.output
    assert (health.exit_code, health.output) == (0, "FAQ Desk is well.\n")


async def test_gpu_and_health_tell_of_the_assistant_that_runs(data_dir: Path) -> None:
    stop = asyncio.Event()
    async with JobStore(data_dir / STORE) as store, asyncio.TaskGroup() as group:
        group.create_task(
            publish(
                data_dir / STATUS,
                stop,
                engine=FakeModels(model="phi-3-mini"),
                queue_length=store.queue_length,
                every_s=0.01,
            )
        )
        async with asyncio.timeout(60):
            while not (data_dir / STATUS).exists():
                await asyncio.sleep(0)
        (data_dir / ALIVE).touch()

        gpu = await asyncio.to_thread(runner.invoke, app, ["gpu"])
        health = await asyncio.to_thread(runner.invoke, app, ["health"])
        stop.set()

    assert "- Model: phi-3-mini in float32, ready" in gpu.output
    assert (health.exit_code, health.output) == (
        0,
        "FAQ Desk is well: phi-3-mini, ready, 0 waiting.\n",
    )


def test_the_models_are_listed_with_what_they_need(data_dir: Path) -> None:
    result = runner.invoke(app, ["models", "list"])

    assert result.exit_code == 0, result.output
    for alias in ("flan-t5-xl", "phi-3-mini", "mistral-7b", "mistral-7b-instruct", "smollm2-135m"):
        assert alias in result.output
    assert "cited answers in English on a 16 GB card" in result.output
    assert re.search(r"^auto +\S+ was chosen: .+\.$", result.output, re.MULTILINE)


def test_an_unknown_model_is_one_sentence(data_dir: Path) -> None:
    result = runner.invoke(app, ["models", "show", "gpt-17"])

    assert result.exit_code == 1
    assert "gpt-17" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("options", [["--show-prompt"], ["--show-prompt", "--json"]], ids=len)
def test_no_prompt_of_an_unknown_model_is_shown(options: list[str], data_dir: Path) -> None:
    result = runner.invoke(app, ["ask", "Can I join late?", "--model", "gpt-17", *options])

    assert result.exit_code == 1
    assert "There is no model called 'gpt-17'." in result.output


@pytest.mark.parametrize("content", ["question,course\na,b\n", "\x00", ""], ids=range(3))
def test_a_wrong_question_file_is_one_sentence(
    content: str, data_dir: Path, tmp_path: Path
) -> None:
    questions = tmp_path / "q.csv"
    questions.write_text(content)

    result = runner.invoke(
        app,
        [
            "eval",
            "retrieval",
            "--documents",
            "config/faq",
            "--questions",
            str(questions),
            "--no-vectors",
        ],
    )

    assert result.exit_code == 1, result.output
    assert str(questions) in result.output or "no question" in result.output
