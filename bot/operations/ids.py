"""Whether the ids in the settings can be ids: a wrong one silences the bot, or gives staff no
rights, without a word."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from bot.findings import Finding
from config.settings import Settings

_MEMBER = re.compile(r"[UW][A-Z0-9]{2,}")
_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,}")
_CHAT = re.compile(r"-?[0-9]+(/[0-9]+)?")
_MEMBER_WORDS = "Slack member ids start with U or W, as in U012AB3CD (profile, “Copy member ID”)"
_CHANNEL_WORDS = "Slack channel ids start with C or G, as in C012AB3CD (channel, “Copy link”)"
_USER_WORDS = "Telegram user ids are whole numbers above 0; /id tells people theirs"
_GROUP_WORDS = "ids of Telegram groups are below 0, as in -1001234567890"
_CHAT_WORDS = "write a Telegram chat as -1001234567890, or with a topic as -1001234567890/7"


def id_problems(settings: Settings) -> list[Finding]:
    """Each setting with ids that nobody and nothing can have, and places that two courses claim."""
    return [
        *(
            _problem(f"{setting}: {', '.join(map(repr, wrong))} cannot be right; {words}.")
            for setting, values, fits, words in _lists(settings)
            if (wrong := [value for value in values if not fits(str(value))])
        ),
        *map(_problem, _claimed_twice(settings)),
    ]


def _lists(
    settings: Settings,
) -> Iterator[tuple[str, Sequence[int | str], Callable[[str], object], str]]:
    """The settings that hold ids, each with what its ids look like."""
    telegram, slack, admins = settings.telegram, settings.slack, settings.admins
    yield "admins.telegram", admins.telegram, _is_user, _USER_WORDS
    yield "admins.slack", admins.slack, _MEMBER.fullmatch, _MEMBER_WORDS
    yield "telegram.allowed_users", telegram.allowed_users, _is_user, _USER_WORDS
    yield "telegram.allowed_chats", telegram.allowed_chats, _is_group, _GROUP_WORDS
    yield "slack.allowed_users", slack.allowed_users, _MEMBER.fullmatch, _MEMBER_WORDS
    yield "slack.allowed_channels", slack.allowed_channels, _CHANNEL.fullmatch, _CHANNEL_WORDS
    for name, course in settings.courses.items():
        where = f"courses.{name}"
        yield f"{where}.slack_channels", course.slack_channels, _CHANNEL.fullmatch, _CHANNEL_WORDS
        yield f"{where}.telegram_chats", course.telegram_chats, _CHAT.fullmatch, _CHAT_WORDS


def _is_user(value: str) -> bool:
    return int(value) > 0


def _is_group(value: str) -> bool:
    return int(value) < 0


def _claimed_twice(settings: Settings) -> Iterator[str]:
    courses = defaultdict(list)
    for name, course in settings.courses.items():
        for place in dict.fromkeys((*course.slack_channels, *course.telegram_chats)):
            courses[place].append(name)
    for place, names in courses.items():
        if len(names) > 1:
            yield f"{place} belongs to {' and '.join(names)}; leave it with one of them."


def _problem(sentence: str) -> Finding:
    return Finding(subject="ids", good=False, sentence=sentence)
