"""Waits between tries on the outside."""

from __future__ import annotations

import pytest

from bot.adapter import DeliveryError, DeliveryRefused
from bot.backoff import MAX_COMMAND_WAIT_S, Backoff, when_allowed


def test_waits_double_up_to_the_longest_and_begin_again_after_a_success() -> None:
    backoff = Backoff((1.0, 5.0))

    waits = [backoff.failed() for _ in range(4)]
    backoff.succeeded()

    assert waits == [1, 2, 4, 5]
    assert backoff.failed() == 1


def test_a_platform_that_asks_for_a_longer_wait_gets_it() -> None:
    backoff = Backoff((1.0, 5.0))

    assert backoff.failed(DeliveryError(retry_after_s=30)) == 30
    assert backoff.failed(DeliveryError(retry_after_s=0.1)) == 2
    assert backoff.failed(OSError()) == 4


@pytest.mark.parametrize(
    "error",
    [DeliveryRefused(), DeliveryError(), DeliveryError(retry_after_s=MAX_COMMAND_WAIT_S + 1)],
    ids=["refused", "unknown outcome", "long wait"],
)
async def test_only_a_short_wait_is_worth_another_try(error: DeliveryError) -> None:
    failures = [error, DeliveryError(retry_after_s=0.0)]

    async def send() -> str:
        if failures:
            raise failures.pop()
        return "sent"

    with pytest.raises(DeliveryError) as raised:
        await when_allowed(send)

    assert raised.value is error
    assert await when_allowed(send) == "sent"
