"""What staff see while another model is loaded: one message, from the start to the outcome."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest

from bot.adapter import DeliveryError, DeliveryRefused, MessageGone
from bot.desk.commands import Commands
from bot.desk.switching import announce_switch
from bot.messages import Reply, ReplyState
from config.settings import RetrievalSettings
from engine.answer.relevance import EmbeddedRelevance
from engine.grounding.support import LexicalSupport
from engine.retrieval.retriever import Retriever
from engine.serving.status import EngineState, EngineStatus
from engine.store.jobs import JobStore
from tests.harness import FakeAdapter, FakeModels, ListCorpus, message

ADMIN = message("/model phi-3-mini", user="boss")


@dataclass
class SlowModels(FakeModels):
    """Loads when the test says so; `detail` is what it tells meanwhile."""

    detail: str = "smollm2-135m was chosen."
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    loaded: asyncio.Event = field(default_factory=asyncio.Event)

    def status(self) -> EngineStatus:
        return replace(super().status(), detail=self.detail)

    async def switch(self, alias: str) -> None:
        self.changing_to = alias
        self.begun.set()
        await self.loaded.wait()
        await super().switch(alias)


@asynccontextmanager
async def commands_of(folder: Path, models: FakeModels) -> AsyncIterator[Commands]:
    retriever = Retriever(
        ListCorpus(),
        RetrievalSettings(embedder="none"),
        refresh_s=3600,
        embedder_factory=None,
        cache_dir=folder / "vectors",
    )
    async with JobStore(folder / "questions.sqlite3") as store:
        yield Commands(
            store,
            retriever,
            models,
            list,
            relevance=EmbeddedRelevance(),
            support=LexicalSupport(),
            is_admin=lambda *_: True,
        )


def reads(adapter: FakeAdapter, text: str) -> bool:
    return text in adapter.messages["m1"][-1].text


async def test_progress_of_the_loading_is_told_in_the_one_message(tmp_path: Path) -> None:
    adapter, models = FakeAdapter(), SlowModels()
    async with (
        commands_of(tmp_path, models) as commands,
        asyncio.timeout(20),
        asyncio.TaskGroup() as group,
    ):
        group.create_task(announce_switch(adapter, commands, ADMIN, "phi-3-mini", every_s=0.001))
        await models.begun.wait()
        for detail in ("Downloading phi-3-mini: 2.1 of 7.6 GB …", "Loading phi-3-mini …"):
            models.detail = detail
            async with adapter.changed:
                await adapter.changed.wait_for(partial(reads, adapter, detail))
        models.loaded.set()

    assert list(adapter.messages) == ["m1"]
    *progress, outcome = adapter.messages["m1"]
    assert outcome == Reply(text="phi-3-mini answers now.")
    assert all(reply.state is ReplyState.WAITING for reply in progress)
    assert "smollm2-135m was chosen" not in "".join(reply.text for reply in progress)


@dataclass
class MuteAdapter(FakeAdapter):
    """Takes the second message only."""

    refused: int = 0

    async def post(self, reply_to: str, reply: Reply) -> str:
        if not self.refused:
            self.refused += 1
            raise DeliveryError("not now")
        return await super().post(reply_to, reply)


async def test_the_outcome_is_told_though_the_beginning_could_not_be(tmp_path: Path) -> None:
    adapter = MuteAdapter()

    async with commands_of(tmp_path, FakeModels()) as commands:
        await announce_switch(adapter, commands, ADMIN, "phi-3-mini", every_s=60)

    (told,) = adapter.messages.values()
    assert told == [Reply(text="phi-3-mini answers now.")]


@dataclass
class Faulty(FakeAdapter):
    """Raises these instead of taking the last version of a message, one after the other."""

    faults: list[DeliveryError] = field(default_factory=list)

    async def edit(self, reply_to: str, message_id: str, reply: Reply) -> None:
        if reply.state is ReplyState.FINAL and self.faults:
            raise self.faults.pop(0)
        await super().edit(reply_to, message_id, reply)


@pytest.mark.parametrize(
    ("faults", "told_in"),
    [
        ([DeliveryError("asked to wait", retry_after_s=0.001), DeliveryError("no answer")], "m1"),
        ([MessageGone()], "m2"),
        ([DeliveryError("can no longer be changed") for _ in range(10)], "m2"),
    ],
    ids=["busy", "deleted", "cannot be changed any more"],
)
async def test_the_outcome_is_told_whatever_happens_to_the_message(
    tmp_path: Path, faults: list[DeliveryError], told_in: str
) -> None:
    adapter = Faulty(faults=faults)

    async with commands_of(tmp_path, FakeModels()) as commands:
        await announce_switch(
            adapter, commands, ADMIN, "phi-3-mini", every_s=60, retry_s=(0.001, 0.001)
        )

    assert adapter.messages[told_in][-1] == Reply(text="phi-3-mini answers now.")
    assert list(adapter.messages)[-1] == told_in


async def test_a_chat_that_is_gone_is_not_tried_again(tmp_path: Path) -> None:
    adapter = Faulty(faults=[DeliveryRefused()])

    async with commands_of(tmp_path, FakeModels()) as commands:
        await announce_switch(adapter, commands, ADMIN, "phi-3-mini", every_s=60)

    (versions,) = adapter.messages.values()
    assert versions[-1].state is ReplyState.WAITING


async def test_a_choice_that_cannot_be_stored_is_no_failed_switch(tmp_path: Path) -> None:
    adapter = FakeAdapter()
    async with commands_of(tmp_path, FakeModels()) as commands:
        pass  # the store is closed again

    await announce_switch(adapter, commands, ADMIN, "phi-3-mini", every_s=60)

    assert adapter.messages["m1"][-1].text == (
        "phi-3-mini answers now, but only until a restart: the choice could not be stored."
    )


@dataclass
class Exhausted(FakeModels):
    """The system is out of something."""

    async def switch(self, alias: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def test_what_the_system_refuses_is_told_as_well(tmp_path: Path) -> None:
    adapter = FakeAdapter()

    async with commands_of(tmp_path, Exhausted()) as commands:
        await announce_switch(adapter, commands, ADMIN, "phi-3-mini", every_s=60)

    assert adapter.messages["m1"][-1].text == (
        "Nothing has changed; smollm2-135m keeps answering. "
        "phi-3-mini could not be loaded (No space left on device)."
    )


async def test_nobody_is_said_to_keep_answering_where_nobody_answered(tmp_path: Path) -> None:
    adapter, models = FakeAdapter(), FakeModels(state=EngineState.DOWN)

    async with commands_of(tmp_path, models) as commands:
        await announce_switch(adapter, commands, ADMIN, "broken", every_s=60)

    outcome = adapter.messages["m1"][-1].text
    assert outcome.startswith("No model answers at the moment")
    assert outcome.endswith("its files are damaged.")


@dataclass
class Exchanged(FakeModels):
    """Without room for two: the old model goes first, and the test says what becomes of it."""

    restarting: asyncio.Event = field(default_factory=asyncio.Event)
    known: asyncio.Event = field(default_factory=asyncio.Event)

    async def switch(self, alias: str) -> None:
        self.state = EngineState.LOADING
        await super().switch(alias)

    async def settled(self) -> None:
        self.restarting.set()
        await self.known.wait()


@pytest.mark.parametrize(
    ("model", "state", "outcome"),
    [
        ("phi-3-mini", EngineState.READY, "phi-3-mini answers again. "),
        ("smollm2-135m", EngineState.READY, "smollm2-135m answers now. "),
        ("phi-3-mini", EngineState.DOWN, "No model answers at the moment; the FAQ is quoted "),
    ],
    ids=["it is back", "another one instead", "nothing is"],
)
async def test_after_a_failed_exchange_it_is_told_what_answers_once_that_is_known(
    tmp_path: Path, model: str, state: EngineState, outcome: str
) -> None:
    adapter, models = FakeAdapter(), Exchanged(model="phi-3-mini")
    async with (
        commands_of(tmp_path, models) as commands,
        asyncio.timeout(20),
        asyncio.TaskGroup() as group,
    ):
        group.create_task(announce_switch(adapter, commands, ADMIN, "broken", every_s=60))
        await models.restarting.wait()
        meanwhile = adapter.messages["m1"][-1]
        models.model, models.state = model, state
        models.known.set()

    told = adapter.messages["m1"][-1]
    assert meanwhile.state is ReplyState.WAITING
    assert meanwhile.text.startswith("phi-3-mini is started again; ")
    assert told.state is ReplyState.FINAL
    assert told.text.startswith(outcome)
    assert told.text.endswith("its files are damaged.")


async def test_the_progress_of_another_change_is_not_told(tmp_path: Path) -> None:
    models = SlowModels(detail="Loading phi-3-mini …", changing_to="phi-3-mini")

    async with commands_of(tmp_path, models) as commands:
        told = [commands.progress_towards(alias) for alias in ("phi-3-mini", "flan-t5-xl")]
        models.changing_to = ""
        told.append(commands.progress_towards("phi-3-mini"))

    assert told == ["Loading phi-3-mini …", "", ""]


async def test_a_whole_channel_is_told_of_a_failure_but_not_what_it_says_of_the_server(
    tmp_path: Path,
) -> None:
    adapter = FakeAdapter()
    asker = message("/model broken", user="boss", private=False)

    async with commands_of(tmp_path, FakeModels()) as commands:
        await announce_switch(adapter, commands, asker, "broken", every_s=60)

    assert adapter.messages["m1"][-1].text == (
        "Nothing has changed; smollm2-135m keeps answering. "
        "broken could not be loaded; ask me for /gpu in private to read why."
    )


@pytest.mark.parametrize(
    ("platform", "private", "is_told"),
    [("telegram", True, True), ("telegram", False, False), ("slack", False, True)],
)
async def test_the_last_error_is_shown_to_nobody_but_staff(
    tmp_path: Path, platform: str, private: bool, is_told: bool
) -> None:
    asker = message("/gpu", user="boss", platform=platform, private=private)
    models = FakeModels(last_error="/srv/models/broken: its files are damaged.")

    async with commands_of(tmp_path, models) as commands:
        gpu = await commands.gpu(asker)

    assert ("its files are damaged" in gpu.text) is is_told
