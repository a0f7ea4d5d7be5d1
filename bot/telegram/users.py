"""Whom we answer on Telegram, and who is staff."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from config.settings import TelegramSettings


@dataclass(eq=False, slots=True)
class TelegramUsers:
    """The settings, asked about a person."""

    settings: TelegramSettings
    admins: Collection[int]

    def is_admin(self, user: str) -> bool:
        return user.isdecimal() and int(user) in self.admins

    def allowed(self, user: str, chat: int | None) -> bool:
        """Whether this person may be answered there; None is an inline search."""
        if self.is_admin(user):
            return True
        users, chats = self.settings.allowed_users, self.settings.allowed_chats
        group = chat is not None and chat < 0
        if group and chats and chat not in chats:
            return False
        return not users or (user.isdecimal() and int(user) in users)
