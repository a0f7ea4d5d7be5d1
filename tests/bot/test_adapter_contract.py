"""What delivery relies on, the same for every ChatAdapter: the fake of the tests among them."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.adapter import ChatAdapter, DeliveryError, DeliveryRefused, MessageGone
from bot.console.adapter import ConsoleAdapter
from bot.messages import Reply, ReplyState
from bot.slack.parse import ReplyTo
from engine.store.jobs import JobStore
from tests import slack_workspace
from tests.bot.slack.slack_desk import adapter_for, settings_for
from tests.harness import FakeAdapter
from tests.slack_twin import SlackTwin
from tests.telegram_bench import Bench, bench
from tests.telegram_faults import BAD_GATEWAY

WAITING = Reply(notice="One moment.", state=ReplyState.WAITING, job_id=1)


class Place(ABC):
    """An adapter with a conversation, and what a person who reads there sees."""

    adapter: ChatAdapter
    reply_to: str
    #: Whether messages can vanish, conversations close and servers fail there.
    remote = True

    @abstractmethod
    def shown(self) -> list[str]:
        """The final messages, oldest first."""

    def delete(self, message_id: str) -> None:
        """Somebody deletes the message."""
        raise NotImplementedError

    def close_conversation(self) -> None:
        """From now on nothing may be posted there."""
        raise NotImplementedError

    def fail(self) -> None:
        """The next post or edit fails."""
        raise NotImplementedError


class Fake(Place):
    def __init__(self) -> None:
        self.adapter = self.fake = FakeAdapter()
        self.reply_to = "chat"

    def shown(self) -> list[str]:
        return [reply.text for reply in self.fake.finals]

    def delete(self, message_id: str) -> None:
        self.fake.deleted.add(message_id)

    def close_conversation(self) -> None:
        self.fake.errors += [DeliveryRefused()] * 9

    def fail(self) -> None:
        self.fake.errors.append(DeliveryError())


class OnConsole(Place):
    remote = False

    def __init__(self) -> None:
        self.out = io.StringIO()
        self.adapter = ConsoleAdapter(stdin=io.StringIO(), stdout=self.out)
        self.reply_to = f"{self.adapter.session}-1 How?"

    def shown(self) -> list[str]:
        return [text for text in self.out.getvalue().split("\n\n") if text]


class OnTelegram(Place):
    def __init__(self, on: Bench) -> None:
        self.twin = on.twin
        self.twin.person(7)
        self.adapter = on.adapter
        self.reply_to = "7//"

    def shown(self) -> list[str]:
        return [message.text for message in self.twin.shown(7)]

    def delete(self, message_id: str) -> None:
        self.twin.deleted.add((7, int(message_id.rpartition("/")[2])))

    def close_conversation(self) -> None:
        self.twin.blocked.add(7)

    def fail(self) -> None:
        self.twin.fail("sendMessage", BAD_GATEWAY)
        self.twin.fail("editMessageText", BAD_GATEWAY)


class OnSlack(Place):
    def __init__(self, twin: SlackTwin, store: JobStore, folder: Path) -> None:
        self.twin = twin
        self.adapter = adapter_for(twin, store, settings_for(twin, folder))
        self.reply_to = ReplyTo(channel="C1", user="U1", thread="1.0", message="1.0").dump()
        twin.channels["C1"].append({"ts": "1.0", "user": "U1", "text": "How?"})

    def shown(self) -> list[str]:
        return [slack_workspace.shown(message) for message in self.twin.ours("C1")]

    def delete(self, message_id: str) -> None:
        self.twin.message("C1", message_id.rpartition("/")[2])["deleted"] = True

    def close_conversation(self) -> None:
        for method in ("chat.postMessage", "chat.update"):
            self.twin.fail(method, *[slack_workspace.Fault(error="is_archived")] * 9)

    def fail(self) -> None:
        for method in ("chat.postMessage", "chat.update"):
            self.twin.fail(method, slack_workspace.Fault(status=500, body="oops"))


@asynccontextmanager
async def place_of(kind: str, folder: Path) -> AsyncIterator[Place]:
    match kind:
        case "fake":
            yield Fake()
        case "console":
            yield OnConsole()
        case "telegram":
            async with bench(folder) as on:
                await on.ask()  # answers belong to a stored question
                yield OnTelegram(on)
        case _:
            async with SlackTwin() as slack, JobStore(folder / "questions.sqlite3") as store:
                yield OnSlack(slack, store, folder)


@pytest.fixture(params=["fake", "console", "telegram", "slack"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    async with place_of(request.param, tmp_path) as place:
        yield place


@pytest.fixture(params=["fake", "telegram", "slack"])
async def remote(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A place where messages vanish, conversations are closed and servers fail."""
    async with place_of(request.param, tmp_path) as place:
        yield place


def answer(text: str, **more: Any) -> Reply:
    return Reply(text=text, job_id=1, **more)


async def test_messages_are_shown_in_the_order_in_which_they_are_posted(place: Place) -> None:
    for text in ("one", "two", "three"):
        await place.adapter.post(place.reply_to, Reply(text=text))

    assert place.shown() == ["one", "two", "three"]


async def test_an_edit_makes_the_waiting_message_the_answer(place: Place) -> None:
    posted = await place.adapter.post(place.reply_to, WAITING)

    moved = await place.adapter.edit(place.reply_to, posted, answer("Yes."))

    assert posted
    assert moved is None
    assert place.shown() == ["Yes."]


async def test_while_it_is_written_the_message_may_move_and_ends_as_one(place: Place) -> None:
    message = await place.adapter.post(place.reply_to, WAITING)
    for text in ("Yes", "Yes, you", "Yes, you can"):
        growing = answer(text, state=ReplyState.WRITING)
        message = await place.adapter.edit(place.reply_to, message, growing) or message

    await place.adapter.edit(place.reply_to, message, answer("Yes, you can."))

    assert place.shown() == ["Yes, you can."]


async def test_the_final_version_twice_is_one_message(remote: Place) -> None:
    posted = await remote.adapter.post(remote.reply_to, answer("…", state=ReplyState.WRITING))

    for _ in range(2):
        await remote.adapter.edit(remote.reply_to, posted, answer("Yes."))

    assert remote.shown() == ["Yes."]


async def test_a_text_that_is_too_long_for_one_message_arrives_whole(place: Place) -> None:
    words = [f"word{number}" for number in range(3000)]
    paragraphs = [" ".join(words[start : start + 50]) for start in range(0, 3000, 50)]
    posted = await place.adapter.post(place.reply_to, answer("…", state=ReplyState.WRITING))

    await place.adapter.edit(place.reply_to, posted, answer("\n\n".join(paragraphs)))

    assert " ".join(place.shown()).split() == words


async def test_a_deleted_message_is_gone_and_may_be_posted_anew(remote: Place) -> None:
    posted = await remote.adapter.post(remote.reply_to, answer("…", state=ReplyState.WRITING))
    remote.delete(posted)

    with pytest.raises(MessageGone):
        await remote.adapter.edit(remote.reply_to, posted, answer("Yes."))
    await remote.adapter.post(remote.reply_to, answer("Yes."))

    assert remote.shown() == ["Yes."]


async def test_a_closed_conversation_refuses_for_good(remote: Place) -> None:
    remote.close_conversation()

    with pytest.raises(DeliveryRefused):
        await remote.adapter.post(remote.reply_to, answer("Yes."))


async def test_after_a_failure_the_same_edit_succeeds(remote: Place) -> None:
    posted = await remote.adapter.post(remote.reply_to, answer("…", state=ReplyState.WRITING))
    remote.fail()

    with pytest.raises(DeliveryError) as failed:
        await remote.adapter.edit(remote.reply_to, posted, answer("Yes."))
    await remote.adapter.edit(remote.reply_to, posted, answer("Yes."))

    assert not isinstance(failed.value, DeliveryRefused | MessageGone)
    assert remote.shown() == ["Yes."]


async def test_an_output_that_was_closed_is_a_failure() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    console = ConsoleAdapter(stdin=io.StringIO(), stdout=Closed())

    with pytest.raises(DeliveryError):
        await console.post("1 How?", Reply(text="Yes."))


async def test_to_be_heard_is_never_worth_an_error(place: Place) -> None:
    if place.remote:
        place.close_conversation()

    await place.adapter.heard(place.reply_to)


async def test_ctrl_c_stops_no_answer_where_none_is_awaited(place: Place) -> None:
    assert place.adapter.interrupt() is False


async def test_an_adapter_says_where_it_is_and_how_often_it_may_edit(place: Place) -> None:
    assert place.adapter.platform in {"fake", "console", "telegram", "slack"}
    assert place.adapter.edit_interval_s >= 0
