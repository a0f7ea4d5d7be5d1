"""Who is staff."""

from __future__ import annotations

from config.settings import AdminsSettings


def is_admin(admins: AdminsSettings, platform: str, user_id: str) -> bool:
    """Whether this person is staff: by numeric Telegram id or Slack member id, never by name.
    Who sits at the console owns the machine."""
    match platform:
        case "console":
            return True
        case "telegram":
            return user_id.isdecimal() and int(user_id) in admins.telegram
        case "slack":
            return user_id in admins.slack
    return False
