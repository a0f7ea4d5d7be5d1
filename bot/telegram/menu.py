"""The menus of commands: everybody's, and a longer one in the private chats of the staff."""

from __future__ import annotations

import logging
from collections.abc import Collection

from bot.adapter import DeliveryError
from bot.delivery.texts import say, texts
from bot.desk.commands import commands_on
from bot.telegram.client import TelegramClient
from bot.telegram.errors import TokenRejected
from bot.telegram.values import PLATFORM
from engine.errors import StoreError
from engine.store.jobs import JobStore

log = logging.getLogger(__name__)

#: In the store: which menus were published last.
KEY = "telegram:menu"


async def publish_menus(client: TelegramClient, store: JobStore, admins: Collection[int]) -> None:
    """Best effort: without menus everything works, too."""
    everyones, staffs = (commands_on(PLATFORM, staff=staff) for staff in (False, True))
    wanted = f"1 {','.join(map(str, sorted(admins)))} {' '.join(staffs)}"
    wanted += f" {' '.join(texts().languages)}"
    try:
        if await store.get_value(KEY) == wanted:
            return
        complete = True
        for language in texts().languages:
            code = "" if language == "en" else language
            await client.set_menu(_menu(everyones, language), None, code)
            for admin in admins:
                try:
                    await client.set_menu(_menu(staffs, language), admin, code)
                except TokenRejected:
                    raise
                except DeliveryError as error:  # they have not written to the bot yet
                    complete = False
                    log.info("no menu for admin %d: %s", admin, error)
        if complete:
            await store.set_value(KEY, wanted)
    except (DeliveryError, StoreError) as error:
        log.warning("the menu of commands was not published: %s", error)


def _menu(names: Collection[str], language: str) -> list[tuple[str, str]]:
    return [(name, say(f"command.{name}", language)) for name in names]
