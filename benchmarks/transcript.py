"""What the platform transcripts share: the program as a process, and the page that is written."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from time import monotonic

from engine.store.jobs import JobStore, NewJob
from engine.types import Answer, Decision, Question, Source, Timings

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "data" / "models" / "smollm2-135m"
PAGES = ROOT / "docs" / "transcripts"
#: Seconds that anything here may take on a busy machine.
PATIENCE_S = 240.0
RUN = ("main.py", "run")


class Page:
    """A transcript: who said what, and when, as it happened."""

    def __init__(self, title: str, intro: str) -> None:
        self._lines = [f"# {title}", "", intro]
        self._started = monotonic()

    def part(self, title: str) -> None:
        """A new dialog, with a clock of its own."""
        self._lines += ["", f"## {title}", ""]
        self._started = monotonic()

    def line(self, who: str, text: str) -> None:
        """One utterance, or one version of a message."""
        seconds = monotonic() - self._started
        body = "\n".join(f"  > {row}" if row else "  >" for row in text.splitlines())
        self._lines.append(f"- `{seconds:6.1f} s` **{who}**\n\n{body}\n")

    def fact(self, text: str) -> None:
        """Something that was counted or checked."""
        self._lines.append(f"- {text}")

    def write(self, path: Path, *, private: Path) -> None:
        """Save the page; the folder `private` is of no interest and is written as `~`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "\n".join(self._lines).rstrip().replace(str(private), "~")
        path.write_text(text + "\n", encoding="utf-8")


def data_folder(where: Path) -> Path:
    """A fresh data folder in which the default model is ready."""
    folder = where / "data"
    (folder / "models").mkdir(parents=True)
    if MODEL.is_dir():
        (folder / "models" / MODEL.name).symlink_to(MODEL)
    return folder


@asynccontextmanager
async def running(
    data: Path, log: Path, *, command: Sequence[str] = RUN, **env: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program as a process of its own; ended in order unless it was killed."""
    foreign = ("FAQ_", "TELEGRAM_", "SLACK_", "HF_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    kept |= {"FAQ_DATA_DIR": str(data), "FAQ_RETRIEVAL__EMBEDDER": "none"} | env
    with log.open("ab") as err:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, cwd=ROOT, env=kept, stderr=err
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            await process.wait()


@asynccontextmanager
async def followed(changed: asyncio.Condition, look: Callable[[], None]) -> AsyncIterator[None]:
    """While the block runs, `look` whenever something changed."""

    async def follow() -> None:
        async with changed:
            while True:
                look()
                await changed.wait()

    async with asyncio.TaskGroup() as background:
        following = background.create_task(follow())
        yield
        following.cancel()
    look()


async def until(holds: Callable[[], object], what: str) -> None:
    """Wait until `holds()`; says what never came."""
    deadline = monotonic() + PATIENCE_S
    while not holds():
        if monotonic() > deadline:
            raise TimeoutError(f"this never came: {what}")
        await asyncio.sleep(0.05)


def stored(data: Path, condition: str) -> int:
    """How many questions of that kind the program has on the disk."""
    try:
        address = f"file:{data}/questions.sqlite3?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as database:
            query = f"SELECT count(*) FROM jobs WHERE {condition}"
            return int(database.execute(query).fetchone()[0])
    except sqlite3.OperationalError:  # not created yet
        return 0


#: A question for each kind of reply: kind words, asked back, closest entries, none.
KINDS = (
    "thanks, that helped!",
    "it does not work",
    "Can I get a refund if I do not finish?",
    "wie lade ich ein modell in 4 bit?",
    "who won the world cup in 1998?",
)


def long_answer() -> str:
    """Markdown of 20,000 characters with a table and code."""
    rows = "\n".join(f"| step {n} | `make part-{n}` | {n * 7} minutes |" for n in range(1, 21))
    code = "\n".join(f"print('line {n} of the installation')" for n in range(1, 121))
    text = (
        f"| Step | Command | Time |\n|---|---|---|\n{rows}\n\n```python\n{code}\n```\n\n"
        "<!channel> and @everyone are words here, and no calls.\n\n"
    )
    number = 0
    while len(text) < 19_900:
        number += 1
        text += f"Remark {number}: the whole manual must arrive, and nothing may be lost.\n\n"
    return text + "These are the last words of the manual. ".ljust(20_000 - len(text), ".")


async def store_long_answer(data: Path, platform: str, conversation: str, reply_to: str) -> None:
    """Leave an answer of 20,000 characters to be delivered at the next start, as if the program
    had been killed in between: no FAQ entry is quoted at that length."""
    async with JobStore(data / "questions.sqlite3") as store:
        await store.add(
            NewJob(
                platform=platform,
                conversation=conversation,
                message_id="1",
                user_id="7",
                reply_to=reply_to,
                question=Question(text="How does the whole manual read?"),
            )
        )
        job = await store.claim()
        assert job is not None
        source = Source(
            id="manual", title="The manual", section="Setup", course="course", url=None, score=1.0
        )
        answer = Answer(
            text=long_answer(),
            decision=Decision.ANSWERED,
            reason="",
            sources=(source,),
            model="smollm2-135m",
            timings=Timings(retrieve_s=0.0, total_s=0.0),
        )
        await store.answer(job.id, answer)
