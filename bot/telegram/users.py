"""Whom we answer on Telegram, and who is staff."""

from __future__ import annotations

from collections.abc import Collection

from config.settings import TelegramSettings


class TelegramUsers:
    """The settings, asked about a person."""

    def __init__(self, settings: TelegramSettings, admins: Collection[int]) -> None:
        self._settings = settings
        self._admins = {str(admin) for admin in admins}

    def is_admin(self, user: str) -> bool:
        return user in self._admins

    def allowed(self, user: str, chat: int | None) -> bool:
        """Whether this person may be answered there; None is an inline search."""
        if self.is_admin(user):
            return True
        users, chats = self._settings.allowed_users, self._settings.allowed_chats
        group = chat is not None and chat < 0
        if group and chats and chat not in chats:
            return False
        return not users or (user.isdecimal() and int(user) in users)
