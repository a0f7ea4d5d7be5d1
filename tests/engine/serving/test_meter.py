"""What the engine wrote, counted by a clock of the test's own."""

from __future__ import annotations

import pytest

from engine.protocol import FinishReason, Generation
from engine.serving.meter import Meter


def generation(tokens: int, first_token_s: float, total_s: float) -> Generation:
    return Generation(
        text="x",
        finish_reason=FinishReason.STOP,
        prompt_tokens=1,
        completion_tokens=tokens,
        document_ids=(),
        model="tiny",
        first_token_s=first_token_s,
        total_s=total_s,
    )


def test_the_last_hour_is_counted_and_what_is_older_forgotten() -> None:
    now = [0.0]
    meter = Meter(clock=lambda: now[0])

    meter.note(generation(100, 1, 2))
    now[0] = 3000
    meter.note(generation(50, 1, 2))
    within = meter.tokens_last_hour
    now[0] = 3601

    assert within == 150
    assert meter.tokens_last_hour == 50
    assert meter.uptime_s == 3601


def test_the_speed_is_that_of_the_writing_and_another_model_has_its_own() -> None:
    meter = Meter(clock=lambda: 5.0)

    before = meter.tokens_per_s
    meter.note(generation(11, 1, 2))
    meter.note(generation(21, 1, 2))
    meter.note(generation(1, 1, 1))
    speed = meter.tokens_per_s
    meter.start_afresh()

    assert before is None
    assert speed == pytest.approx(15)
    assert meter.tokens_per_s is None
    assert meter.tokens_last_hour == 33
