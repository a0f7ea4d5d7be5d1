"""A process killed with SIGKILL anywhere loses no accepted question and answers none twice.

Run as a script, this file is a nursery: it forks one small bot for every line it reads, which
costs milliseconds where a new interpreter costs half a second.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store.jobs import Job, JobStatus, JobStore, NewJob
from engine.types import Answer, Decision, Question, Timings

ROOT = Path(__file__).resolve().parents[3]


class Platform:
    """What a platform remembers, whatever happens to us: an append-only file of events."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "platform.jsonl"

    def note(self, **event: str) -> None:
        with self._path.open("ab", buffering=0) as file:
            file.write(json.dumps(event).encode() + b"\n")

    def events(self, kind: str) -> list[dict[str, str]]:
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        return [event for line in lines if (event := json.loads(line))["kind"] == kind]

    def post(self) -> str:
        placeholder = f"p{len(self.events('post'))}"
        self.note(kind="post", id=placeholder)
        return placeholder


# The bot that gets killed


async def live(folder: Path, num_questions: int) -> None:
    """Take in what the platform delivers, answer all of it, end."""
    platform = Platform(folder)
    acked = [event["id"] for event in platform.events("ack")]
    delivered = [f"m{n}" for n in range(num_questions) if f"m{n}" not in acked] + acked[:1]
    async with JobStore(folder / "jobs.db") as store:
        for job in await store.undelivered():
            assert job.answer is not None
            await deliver(store, platform, job.id, job.placeholder, job.answer)
        await asyncio.gather(*(take_in(store, platform, message) for message in delivered))
        while (job := await store.claim()) is not None:
            await answer(store, platform, job)


async def take_in(store: JobStore, platform: Platform, message_id: str) -> None:
    await store.add(
        NewJob(
            platform="slack",
            conversation="C1",
            message_id=message_id,
            user_id=f"user{hash(message_id) % 3}",
            reply_to="C1",
            question=Question(text=f"question {message_id}"),
        )
    )
    platform.note(kind="ack", id=message_id)


async def answer(store: JobStore, platform: Platform, job: Job) -> None:
    placeholder = job.placeholder
    if placeholder is None:
        placeholder = platform.post()
        await store.set_placeholder(job.id, placeholder)
    answer = Answer(
        # As a model would, it words the answer differently each time.
        text=f"{job.message_id}, attempt {job.attempts}",
        decision=Decision.ANSWERED,
        reason="",
        sources=(),
        model="tiny",
        timings=Timings(retrieve_s=0, total_s=0),
    )
    await store.answer(job.id, answer)
    await deliver(store, platform, job.id, placeholder, answer)


async def deliver(
    store: JobStore, platform: Platform, job_id: int, placeholder: str | None, answer: Answer
) -> None:
    platform.note(kind="edit", id=str(placeholder), text=answer.text)
    await store.deliver(job_id)


def die_at(point: int) -> None:
    """Have this process killed at the `point`-th moment right before or after a call of SQLite."""
    moments = itertools.count(1)

    def hook(frame: object, event: str, callee: object) -> None:
        is_sqlite = isinstance(getattr(callee, "__self__", None), sqlite3.Connection)
        if event in ("c_call", "c_return") and is_sqlite and next(moments) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(hook)


def nursery() -> None:
    for line in sys.stdin:
        folder, num_questions, point = json.loads(line)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                if point:
                    die_at(point)
                asyncio.run(live(Path(folder), num_questions))
                status = 0
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


# The tests


class Bots:
    """Lets bots live, one after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def survives(self, folder: Path, num_questions: int, *, point: int = 0) -> bool:
        """Whether a bot came to its end; False when it was killed at `point`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(folder), num_questions, point]) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        assert code in (0, -signal.SIGKILL)
        return code == 0


@pytest.fixture(scope="module")
def bots() -> Iterator[Bots]:
    with subprocess.Popen(
        [sys.executable, __file__],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Bots(process)


def test_a_kill_at_any_moment_loses_nothing_and_answers_nothing_twice(
    bots: Bots, tmp_path: Path
) -> None:
    for point in itertools.count(1):
        folder = tmp_path / str(point)
        folder.mkdir()
        if bots.survives(folder, 2, point=point):
            break
        assert bots.survives(folder, 2)
        check(folder, 2, kills=1)

    assert point > 100


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_kill_after_kill_loses_nothing_and_answers_nothing_twice(
    bots: Bots, tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    kills = 0

    for num_questions in range(1, 41):
        kills += not bots.survives(tmp_path, num_questions, point=dice.randint(1, 120))
    assert bots.survives(tmp_path, 40)

    assert kills > 10
    check(tmp_path, 40, kills=kills)


def check(folder: Path, num_questions: int, *, kills: int) -> None:
    """Compare what the platform remembers with what the store holds."""
    platform = Platform(folder)
    questions = {f"m{n}" for n in range(num_questions)}
    edits = {
        (edit["text"].split(",")[0], edit["id"], edit["text"]) for edit in platform.events("edit")
    }
    jobs = asyncio.run(stored(folder))

    assert {ack["id"] for ack in platform.events("ack")} == questions
    # One message and one wording for each question, however often it was sent.
    assert Counter(question for question, _, _ in edits) == Counter(questions)
    assert len({placeholder for _, placeholder, _ in edits}) == num_questions
    assert len(platform.events("post")) <= num_questions + kills
    assert Counter(job.message_id for job in jobs) == Counter(questions)
    assert {job.status for job in jobs} == {JobStatus.DELIVERED}
    assert {
        (job.message_id, job.placeholder, job.answer and job.answer.text) for job in jobs
    } == edits
    assert sum(job.attempts for job in jobs) <= num_questions + kills


async def stored(folder: Path) -> list[Job]:
    """All jobs of the file, which is also looked at for damage when it is opened."""
    async with JobStore(folder / "jobs.db") as store:
        jobs = [await store.get(number) for number in range(1, 200)]
    return [job for job in jobs if job is not None]


if __name__ == "__main__":
    nursery()
