"""Which commands people are shown, by platform and by who they are."""

from __future__ import annotations

import pytest

from bot.delivery.texts import say
from bot.desk.commands import COMMANDS, commands_on


@pytest.mark.parametrize(
    ("platform", "staff", "expected"),
    [
        ("slack", False, "course new cancel model status help"),
        ("slack", True, "course new cancel model status gpu explain help"),
        ("telegram", False, "ask course new cancel model status help"),
        ("console", True, "course new cancel model status gpu explain help quit"),
    ],
)
def test_people_are_shown_what_they_can_use(platform: str, staff: bool, expected: str) -> None:
    assert " ".join(commands_on(platform, staff=staff)) == expected


def test_every_command_is_explained() -> None:
    assert all(say(f"command.{name}") for name in COMMANDS)
