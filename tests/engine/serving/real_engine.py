"""What tests of real engine processes have in common: a question, a long one, and the process."""

from __future__ import annotations

import asyncio
from pathlib import Path

from engine.generation import GenerationRequest
from engine.serving.supervisor import EngineSupervisor
from engine.types import Document

#: Seconds anything here may take, however slow and busy the machine is.
PATIENCE_S = 300


def request(max_new_tokens: int = 8, deadline_s: float = PATIENCE_S) -> GenerationRequest:
    """A question with one entry."""
    document = Document(id="a", course="c", section="s", question="Join?", answer="Yes.")
    return GenerationRequest(
        id="1",
        question="May I join?",
        documents=(document,),
        max_new_tokens=max_new_tokens,
        deadline_s=deadline_s,
    )


LONG = request(max_new_tokens=3500)


def ignore(_: str) -> None:
    """No one listens."""


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    return Path(f"/proc/{pid}").exists()


async def begin(engine: EngineSupervisor) -> asyncio.Task[object]:
    """Start a long generation; returns when its first token is here."""
    begun = asyncio.Event()
    task: asyncio.Task[object] = asyncio.create_task(engine.generate(LONG, lambda _: begun.set()))
    task.add_done_callback(lambda _: begun.set())  # or it has failed, which its test will tell
    await begun.wait()
    return task


def break_off(folder: Path) -> None:
    """Leave of a saved model's weights no more than their beginning."""
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
