"""Ids that nobody can have: the bot would be silent, or staff without rights, without a word."""

from __future__ import annotations

import pytest

from bot.operations.ids import id_problems
from config.settings import Settings


def problems(**sections: object) -> list[str]:
    found = id_problems(Settings.model_validate(sections))
    assert not any(finding.good for finding in found)
    return [finding.sentence for finding in found]


def test_real_ids_are_no_problem() -> None:
    course = {"slack_channels": ["C012AB3CD", "G012AB3CD"], "telegram_chats": ["-100123/7", "-5"]}

    assert (
        problems(
            admins={"telegram": [424242], "slack": ["U012AB3CD", "W012AB3CD"]},
            telegram={"allowed_users": [7], "allowed_chats": [-1001234567890]},
            slack={"allowed_users": ["U012AB3CD"], "allowed_channels": ["C012AB3CD"]},
            courses={"a": course, "b": {}},
        )
        == []
    )


@pytest.mark.parametrize(
    ("section", "setting", "value", "told"),
    [
        ("admins", "telegram", [-100123], "admins.telegram: -100123 cannot be right"),
        ("admins", "telegram", [0], "admins.telegram: 0 cannot be right"),
        ("admins", "slack", ["ada", "U012AB3CD"], "admins.slack: 'ada' cannot be right"),
        ("admins", "slack", ["@ada", "ada@example.org"], "'@ada', 'ada@example.org' cannot be"),
        ("telegram", "allowed_users", [-1], "telegram.allowed_users: -1 cannot be right"),
        ("telegram", "allowed_chats", [1001234567890], "are below 0"),
        ("slack", "allowed_users", ["C012AB3CD"], "start with U or W"),
        ("slack", "allowed_channels", ["#course"], "slack.allowed_channels: '#course' cannot be"),
    ],
)
def test_an_id_that_cannot_be_one_is_named(
    section: str, setting: str, value: list[object], told: str
) -> None:
    (problem,) = problems(**{section: {setting: value}})

    assert told in problem


@pytest.mark.parametrize(
    ("setting", "value"), [("slack_channels", "course-help"), ("telegram_chats", "@course")]
)
def test_a_place_of_a_course_that_cannot_be_one_is_named(setting: str, value: str) -> None:
    (problem,) = problems(courses={"a": {setting: [value]}})

    assert problem.startswith(f"courses.a.{setting}: '{value}' cannot be right; ")


def test_a_place_that_two_courses_claim_is_named() -> None:
    shared = {"slack_channels": ["C012AB3CD"], "telegram_chats": ["-5"]}

    assert problems(courses={"a": shared, "b": shared, "c": {"slack_channels": ["C1234"]}}) == [
        "C012AB3CD belongs to a and b; leave it with one of them.",
        "-5 belongs to a and b; leave it with one of them.",
    ]
