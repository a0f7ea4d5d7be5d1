"""How often one person may ask."""

from __future__ import annotations

from bot.desk.limits import RateLimit


class Clock:
    """Time that moves when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_third_question_waits_until_the_first_is_a_minute_old() -> None:
    clock = Clock()
    limit = RateLimit(2, clock)
    limit.wait_s("telegram", "1")
    clock.now = 10.0
    limit.wait_s("telegram", "1")
    clock.now = 20.0

    assert limit.wait_s("telegram", "1") == 40.0

    clock.now = 60.0

    assert limit.wait_s("telegram", "1") == 0.0


def test_people_and_platforms_are_counted_apart() -> None:
    limit = RateLimit(1, Clock())
    limit.wait_s("telegram", "1")

    assert limit.wait_s("telegram", "2") == 0.0
    assert limit.wait_s("slack", "1") == 0.0
    assert limit.wait_s("telegram", "1") == 60.0


def test_a_refused_question_does_not_count() -> None:
    clock = Clock()
    limit = RateLimit(1, clock)
    limit.wait_s("telegram", "1")
    for second in range(1, 60):
        clock.now = float(second)
        limit.wait_s("telegram", "1")
    clock.now = 60.0

    assert limit.wait_s("telegram", "1") == 0.0
