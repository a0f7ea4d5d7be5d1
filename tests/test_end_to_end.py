"""The program itself: real processes, real default model, real files; the platforms' twins."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from tests.slack_twin import SlackTwin
from tests.slack_workspace import APP_TOKEN, BOT_TOKEN
from tests.telegram_server import TOKEN
from tests.telegram_twin import TelegramTwin, telegram_twin

ROOT = Path(__file__).resolve().parent.parent
SLACK_TOKENS = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN}
#: Seconds a process may take for anything here on a busy machine.
PATIENCE_S = 600

pytestmark = pytest.mark.model


@pytest.fixture
def data_dir(tmp_path: Path, default_model: Path) -> Path:
    """A fresh data folder in which the default model is ready."""
    (tmp_path / "data" / "models").mkdir(parents=True)
    (tmp_path / "data" / "models" / default_model.name).symlink_to(default_model)
    return tmp_path / "data"


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    foreign = ("FAQ_", "TELEGRAM_", "SLACK_", "HF_")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    own = {
        "FAQ_DATA_DIR": str(data_dir),
        "FAQ_RETRIEVAL__EMBEDDER": "none",
        "FAQ_ANSWER__SHORT_ENTRY": "0",  # a model is asked whatever the entry is
    }
    return inherited | own | more


async def start(
    data_dir: Path, *arguments: str, stdin: int = asyncio.subprocess.PIPE, **env: str
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "main.py",
        *arguments,
        cwd=ROOT,
        env=environment(data_dir, **env),
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def finish(process: asyncio.subprocess.Process, text: str = "") -> tuple[int, str, str]:
    """Write `text`, wait for the end: exit code, standard output, standard error."""
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate(text.encode())
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def serving(data_dir: Path, **env: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`main.py run` in the background; ended in order, and its log free of tokens."""
    process = await start(data_dir, "run", FAQ_LOGGING__LEVEL="DEBUG", **env)
    # Read all along: a log that nobody reads would hold up the program.
    reading = asyncio.ensure_future(process.communicate())
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE_S):
            log = b"".join(await reading).decode()
        for token in (TOKEN, BOT_TOKEN, APP_TOKEN):
            assert token not in log
    assert process.returncode in (0, -signal.SIGKILL), log


async def test_a_script_gets_one_answer_a_line(data_dir: Path) -> None:
    process = await start(data_dir, "run", FAQ_RETRIEVAL__EMBEDDER="auto")

    code, out, err = await finish(
        process, "Can I still join after the course has started?\n\nWho won the 1998 world cup?\n"
    )

    assert code == 0, err
    joined, unknown = out.split("The FAQ has no answer to this.")
    assert "Sources:\n- Can I still join" in joined
    assert "Please ask the course staff." in unknown


async def test_odd_input_never_takes_the_program_down(data_dir: Path) -> None:
    lines = ["", "   ", "🤷", "\x00\x1b[31m", "/nonsense", "/model nope", "x" * 1_000_000]
    process = await start(data_dir, "chat")

    code, out, err = await finish(process, "\n".join(lines))

    assert code == 0, err
    assert "Traceback" not in err
    assert "\x1b" not in out
    assert out.count("I found no question in that.") == 1
    assert out.count("The FAQ has no answer to this.") == 2
    assert "I do not know the command /nonsense." in out
    assert "There is no model `nope`." in out


async def test_ask_prints_one_json_object(data_dir: Path) -> None:
    process = await start(
        data_dir, "ask", "How do I get a certificate?", "--course", "course-organisation", "--json"
    )

    code, out, err = await finish(process)

    assert code == 0, err
    answer = json.loads(out)
    expected = {"question", "course", "found", "answer", "quoted", "sources", "model", "timings"}
    assert expected <= set(answer)
    assert answer["found"]
    assert {source["course"] for source in answer["sources"]} == {"course-organisation"}
    assert set(answer["sources"][0]) == {"id", "title", "section", "course", "url", "score"}


async def test_ask_shows_the_prompt_of_the_default_model_and_asks_it_nothing(
    data_dir: Path,
) -> None:
    question = "How do I get a certificate?"
    process = await start(data_dir, "ask", question, "--show-prompt", "--json")

    code, out, err = await finish(process)

    assert code == 0, err
    shown = json.loads(out)
    assert shown["model"] == "smollm2-135m"
    assert shown["prompt"].startswith("<|im_start|>system\n")
    assert shown["prompt"].endswith(f"{question}<|im_end|>\n<|im_start|>assistant\n")
    assert 100 < shown["tokens"] <= shown["max_tokens"]
    assert shown["document_ids"]


async def test_check_is_content_with_the_defaults(data_dir: Path) -> None:
    code, out, err = await finish(await start(data_dir, "check"))

    assert code == 0, out + err
    assert "0 problems." in out


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"FAQ_CORPUS__SOURCES": "no/such/file.json"}, "no/such/file.json"),
        ({"FAQ_ENGINE__MODEL": "gpt-17"}, "gpt-17"),
        ({"SLACK_APP_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN"),
    ],
    ids=["corpus", "model", "slack"],
)
async def test_check_names_the_problem(env: dict[str, str], named: str, data_dir: Path) -> None:
    code, out, err = await finish(await start(data_dir, "check", **env))

    assert code == 1, out
    assert named in out + err
    assert "Traceback" not in err


async def test_a_wrong_setting_is_one_sentence(data_dir: Path) -> None:
    code, _, err = await finish(await start(data_dir, "run", FAQ_ENGIN__MODEL="secret"))

    assert code == 1
    assert err.startswith("FAQ_ENGIN__MODEL: there is no such setting.")
    assert "secret" not in err


async def test_a_second_process_in_the_same_folder_is_refused(data_dir: Path) -> None:
    async with telegram_twin() as twin, serving(data_dir, **on(twin)):
        await twin.wait(lambda: twin.called("getUpdates"), PATIENCE_S)

        code, _, err = await finish(await start(data_dir, "chat"), "hello\n")

    assert code == 1
    assert "Another FAQ Desk" in err


async def test_killed_in_mid_answer_a_console_question_is_answered_once_after_the_restart(
    data_dir: Path,
) -> None:
    process = await start(data_dir, "chat")
    assert process.stdin
    process.stdin.write(b"How do I save a model to load it without a login?\n")
    await process.stdin.drain()
    await until(data_dir, "status = 'running'", 1)
    process.kill()
    await process.communicate()

    code, out, err = await finish(await start(data_dir, "chat"))
    again = await finish(await start(data_dir, "chat"))

    assert code == 0, err
    assert out.count("You asked before I was restarted: How do I save a model") == 1
    assert "Sources:" in out
    assert again[1] == ""


async def test_telegram_answers_survive_a_kill(data_dir: Path) -> None:
    async with telegram_twin() as twin:
        people = [twin.person(number, f"Student{number}") for number in range(1, 6)]
        async with serving(data_dir, **on(twin)) as process:
            for user in people:
                await twin.private(user, "Can I still join after the course has started?")
            await until(data_dir, "placeholder IS NOT NULL", 5)
            process.kill()
            await process.wait()
        async with serving(data_dir, **on(twin)):
            await twin.wait(lambda: answered(twin, people), PATIENCE_S)

        shown = [twin.shown(user["id"]) for user in people]

    assert [len(messages) for messages in shown] == [1] * 5, "one message each, edited"


async def test_both_platforms_are_served_by_one_process_that_others_can_ask_after(
    data_dir: Path,
) -> None:
    async with telegram_twin() as telegram, SlackTwin() as slack:
        env = on(telegram) | SLACK_TOKENS | {"FAQ_SLACK__BASE_URL": slack.base_url}
        user, seen = telegram.person(7), ""
        async with serving(data_dir, **env):
            await telegram.private(user, "How do I get a certificate?")
            await slack.mention("C1", "U1", "How do I get a certificate?")
            await telegram.wait(lambda: answered(telegram, [user]), PATIENCE_S)
            async with asyncio.timeout(PATIENCE_S):
                while not any("Sources" in json.dumps(m) for m in slack.ours("C1")):
                    await asyncio.sleep(0.1)
            # It is published every few seconds.
            async with asyncio.timeout(PATIENCE_S):
                while "- Model: smollm2-135m" not in seen:
                    _, seen, _ = await finish(await start(data_dir, "gpu"))
            healthy, well, _ = await finish(await start(data_dir, "health"))
        _, after, _ = await finish(await start(data_dir, "gpu"))

    assert "Batch: " in seen
    assert (healthy, "FAQ Desk is well: smollm2-135m" in well) == (0, True)
    assert "No FAQ Desk is running on the data folder" in after


def on(twin: TelegramTwin) -> dict[str, str]:
    return {"TELEGRAM_BOT_TOKEN": TOKEN, "FAQ_TELEGRAM__BASE_URL": twin.base_url}


def answered(twin: TelegramTwin, people: Sequence[dict[str, object]]) -> bool:
    return all(
        any("Sources" in message.text for message in twin.shown(user["id"]))  # type: ignore[arg-type]
        for user in people
    )


async def until(data_dir: Path, condition: str, count: int) -> None:
    """Wait until the store holds so many questions of that kind."""
    async with asyncio.timeout(PATIENCE_S):
        while stored(data_dir, condition) < count:
            await asyncio.sleep(0.05)


def stored(data_dir: Path, condition: str) -> int:
    try:
        with closing(
            sqlite3.connect(f"file:{data_dir}/questions.sqlite3?mode=ro", uri=True)
        ) as database:
            query = f"SELECT count(*) FROM jobs WHERE {condition}"
            return int(database.execute(query).fetchone()[0])
    except sqlite3.OperationalError:  # not created yet
        return 0
