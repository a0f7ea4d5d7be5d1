"""What child processes see of our environment, and how their lines are read."""

from __future__ import annotations

import asyncio
import socket
import sys

import pytest

from engine.models.child_process import (
    MOST_BYTES,
    engine_environment,
    fetch_environment,
    may_ask_hub,
    read_lines,
)
from engine.serving.process import EngineProcess, read_stderr

SECRETS = dict.fromkeys(
    [
        "TELEGRAM_BOT_TOKEN",
        "TELEGRAM_BOT_TOKEN_FILE",
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "SLACK_SIGNING_SECRET",
        "SLACK_SIGNING_SECRET_FILE",
        "HF_TOKEN",
        "HF_TOKEN_FILE",
        "HF_TOKEN_PATH",
        "HUGGING_FACE_HUB_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "OPENAI_API_KEY",
        "PYTHON_API_KEY",
        "XDG_SECRET",
        "DATABASE_URL",
    ],
    "s3cret",
)
NEEDED = {"PATH": "/bin", "HF_HOME": "/big", "CUDA_VISIBLE_DEVICES": "1", "LC_ALL": "C.UTF-8"}


def test_the_engine_sees_what_it_needs_and_no_secret() -> None:
    seen = engine_environment(NEEDED | SECRETS | {"HTTPS_PROXY": "http://u:p@proxy"})

    assert NEEDED.items() <= seen.items()
    assert "s3cret" not in seen.values()
    assert "HTTPS_PROXY" not in seen
    assert seen["HF_HUB_OFFLINE"] == "1"


def test_threads_wait_awake_for_a_moment_unless_an_operator_chose_otherwise() -> None:
    assert engine_environment({})["GOMP_SPINCOUNT"] == "10000"
    assert engine_environment({"GOMP_SPINCOUNT": "5"})["GOMP_SPINCOUNT"] == "5"
    assert "GOMP_SPINCOUNT" not in engine_environment({"OMP_WAIT_POLICY": "passive"})


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "SSL_CERT_FILE", "HF_ENDPOINT"])
def test_a_download_sees_the_way_to_the_network_and_no_secret(name: str) -> None:
    seen = fetch_environment(NEEDED | SECRETS | {name: "x"})

    assert seen[name] == "x"
    assert "s3cret" not in seen.values()


def test_a_download_keeps_no_second_copy_unless_it_is_wanted() -> None:
    name = "HF_XET_CHUNK_CACHE_SIZE_BYTES"

    assert fetch_environment({})[name] == "0"
    assert fetch_environment({name: "5"})[name] == "5"


@pytest.mark.parametrize(
    ("ours", "may"),
    [
        ({}, True),
        ({"HF_HUB_OFFLINE": "0"}, True),
        ({"HF_HUB_OFFLINE": ""}, True),
        ({"HF_HUB_OFFLINE": "1"}, False),
        ({"HF_HUB_OFFLINE": "true"}, False),
    ],
    ids=str,
)
def test_the_hub_is_asked_unless_it_was_switched_off(ours: dict[str, str], may: bool) -> None:
    assert may_ask_hub(ours) is may


LONG = 200 * 1024


@pytest.mark.parametrize("size", [100, LONG, 3 * LONG])
async def test_of_a_line_that_is_too_long_the_beginning_is_read(size: int) -> None:
    stream = asyncio.StreamReader()
    written = b"first\n\n" + b"x" * LONG + b"\nlast\nrest"

    async def write() -> None:
        for start in range(0, len(written), size):
            stream.feed_data(written[start : start + size])
            await asyncio.sleep(0)
        stream.feed_eof()

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        lines = [line async for line in read_lines(stream)]

    assert lines == [b"first", b"", b"x" * MOST_BYTES, b"last", b"rest"]


async def test_the_last_words_after_a_line_that_is_too_long_are_heard() -> None:
    says = f"import sys; sys.stderr.write('x' * {LONG} + '\\nno room left\\n'); sys.exit(3)"
    async with asyncio.TaskGroup() as group:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", says, stderr=asyncio.subprocess.PIPE
        )
        assert process.stderr
        stderr = group.create_task(read_stderr(process.stderr))
        ours, theirs = socket.socketpair()
        with theirs:
            reader, writer = await asyncio.open_connection(sock=ours)
            why = await EngineProcess(process, reader, writer, stderr).wait()

    assert why == "exit status 3, no room left"
