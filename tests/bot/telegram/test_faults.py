"""What goes wrong with the messages of the Telegram adapter."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from bot.adapter import DeliveryError, DeliveryRefused, MessageGone
from bot.messages import Reply
from bot.telegram.pace import TelegramPace
from bot.telegram.times import Times
from tests.telegram_bench import adapter_on, bench
from tests.telegram_faults import (
    BAD_GATEWAY,
    CUT_AFTER,
    CUT_BEFORE,
    HANG_AFTER,
    HTML_200,
    Fault,
    flood,
)
from tests.telegram_server import TOKEN


async def test_an_unknown_outcome_is_an_error_and_the_repetition_an_edit(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        job = await on.ask()
        posted = await on.adapter.post("7//", Reply(notice="Next.", job_id=job.id))
        on.twin.fail("editMessageText", HANG_AFTER)
        impatient = adapter_on(on.twin, on.store, times=Times(call_s=0.15))

        with pytest.raises(DeliveryError, match="unknown"):
            await impatient.edit("7//", posted, Reply(text="Yes.", job_id=job.id))
        await impatient.close()
        on.twin.heal()  # it may have given up before it was heard at all
        await on.adapter.edit("7//", posted, Reply(text="Yes.", job_id=job.id))

        assert [shown.text for shown in on.twin.shown(7)] == ["Yes."]


async def test_a_question_that_has_a_message_never_gets_a_second(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        job = await on.ask()
        first = await on.adapter.post("7//", Reply(notice="Next.", job_id=job.id))

        second = await on.adapter.post("7//", Reply(text="Yes.", job_id=job.id))

        assert first == second
        assert [shown.text for shown in on.twin.shown(7)] == ["Yes."]


async def test_a_deleted_message_is_gone_and_may_be_posted_anew(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        job = await on.ask()
        posted = await on.adapter.post("7//", Reply(notice="Next.", job_id=job.id))
        on.twin.deleted.add((7, int(posted.partition("/")[2])))

        with pytest.raises(MessageGone):
            await on.adapter.edit("7//", posted, Reply(text="Yes.", job_id=job.id))
        again = await on.adapter.post("7//", Reply(text="Yes.", job_id=job.id))

        assert again != posted
        assert [shown.text for shown in on.twin.shown(7)] == ["Yes."]


@pytest.mark.parametrize("chat", [7, 12345], ids=["blocked", "unknown"])
async def test_who_blocked_us_is_never_tried_again(tmp_path: Path, chat: int) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        on.twin.blocked.add(7)

        with pytest.raises(DeliveryRefused):
            await on.adapter.post(f"{chat}//", Reply(text="Hello?"))


async def test_a_group_that_moved_is_answered_where_it_is_now(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        old, new = on.twin.group(-5), on.twin.group(-100777)
        moved = Fault(status=400, parameters={"migrate_to_chat_id": new["id"]})
        on.twin.fail("sendMessage", moved)

        await on.adapter.post(f"{old['id']}//3", Reply(text="Here."))
        await on.adapter.post(f"{old['id']}//3", Reply(text="And here."))

        assert [shown.text for shown in on.twin.shown(new)] == ["Here.", "And here."]


@pytest.mark.parametrize(
    "fault",
    [BAD_GATEWAY, CUT_BEFORE, CUT_AFTER, HTML_200, flood(3), Fault(status=200, body="[]")],
    ids=["502", "cut", "cut late", "html", "429", "list"],
)
@pytest.mark.parametrize("method", ["sendMessage", "editMessageText"])
async def test_whatever_fails_is_a_delivery_error(
    tmp_path: Path, method: str, fault: Fault
) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        job = await on.ask()
        posted = "7/2"
        if method == "editMessageText":
            posted = await on.adapter.post("7//", Reply(notice="Next.", job_id=job.id))
        on.twin.fail(method, fault)

        answer = Reply(text="Yes.", job_id=job.id)
        put = partial(on.adapter.post, "7//", answer)
        if method == "editMessageText":
            put = partial(on.adapter.edit, "7//", posted, answer)
        with pytest.raises(DeliveryError) as raised:
            await put()

        assert TOKEN not in str(raised.value)
        assert raised.value.retry_after_s == (3.0 if fault.status == 429 else None)


async def test_after_a_429_that_chat_alone_is_left_alone(tmp_path: Path) -> None:
    now, naps = [100.0], []

    async def sleep(seconds: float) -> None:
        naps.append(seconds)
        now[0] += seconds

    pace = TelegramPace(per_second=10_000, per_chat_s=0.0, clock=lambda: now[0], sleep=sleep)
    async with bench(tmp_path, pace=pace) as on:
        on.twin.person(7)
        on.twin.person(8, "Bob")
        job = await on.ask()
        on.twin.fail("sendMessage", flood(3))

        with pytest.raises(DeliveryError) as raised:
            await on.adapter.post("7//", Reply(text="Yes.", job_id=job.id))
        await on.adapter.post("8//", Reply(text="Meanwhile."))
        undisturbed = list(naps)
        await on.adapter.post("7//", Reply(text="Yes.", job_id=job.id))

        assert raised.value.retry_after_s == 3
        assert undisturbed == []
        assert naps == [3.0]


async def test_the_answer_to_a_command_is_tried_again_after_a_short_429(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        on.twin.fail("sendMessage", flood(0.05))

        await on.adapter.post("7//", Reply(text="Models:"))

        assert [shown.text for shown in on.twin.shown(7)] == ["Models:"]
