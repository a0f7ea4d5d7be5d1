"""Turns to speak: limits, pauses and order."""

from __future__ import annotations

import asyncio

import pytest

from bot.adapter import DeliveryError
from bot.pace import MAX_PAUSE_S, Limit, Pace


class Clock:
    """Time that passes while somebody sleeps, and at no other time."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(clock=clock, sleep=clock.sleep)


async def test_every_limit_of_a_turn_is_kept(pace: Pace, clock: Clock) -> None:
    limits = [Limit("chat", 1, 1.0), Limit("group", 3, 60.0)]

    times = []
    for _ in range(5):
        await pace.turn("chat", limits)
        times.append(clock.now)

    assert times == [0, 1, 2, 60, 61]


async def test_turns_of_a_conversation_go_in_the_order_of_asking(pace: Pace) -> None:
    served: list[int] = []

    async def speak(number: int) -> None:
        await pace.turn("chat", [Limit("chat", 1, 1.0)])
        served.append(number)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(speak(number))

    assert served == list(range(6))


async def test_an_edit_does_not_wait_behind_new_messages(pace: Pace, clock: Clock) -> None:
    posts = [Limit("chat.postMessage", 1, 60.0)]
    await pace.turn("chat", posts)
    waiting = asyncio.ensure_future(pace.turn("chat", posts))
    await asyncio.sleep(0)

    await pace.turn("chat", [Limit("chat.update", 1, 60.0)])
    edited_at = clock.now
    await waiting

    assert (edited_at, clock.now) == (0, 60)


async def test_a_pause_holds_up_that_conversation_alone(pace: Pace, clock: Clock) -> None:
    pace.pause("one", 5)

    await pace.turn("two", [])
    meanwhile = clock.now
    await pace.turn("one", [])

    assert (meanwhile, clock.now) == (0, 5)


async def test_a_long_pause_is_not_waited_for(pace: Pace, clock: Clock) -> None:
    pace.pause("one", MAX_PAUSE_S + 1)

    with pytest.raises(DeliveryError) as raised:
        await pace.turn("one", [])

    assert raised.value.retry_after_s == MAX_PAUSE_S + 1
    assert clock.now == 0


async def test_without_patience_there_is_no_wait(pace: Pace, clock: Clock) -> None:
    limits = [Limit("chat", 1, 2.0)]
    await pace.turn("chat", limits, patient=False)

    with pytest.raises(DeliveryError) as raised:
        await pace.turn("chat", limits, patient=False)

    assert raised.value.retry_after_s == 2
    assert clock.now == 0
