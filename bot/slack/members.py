"""What we know of the people in a workspace: their language, and whether we may answer them."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from bot.adapter import DeliveryError
from bot.slack.client import SlackWeb
from config.settings import SlackSettings

log = logging.getLogger(__name__)

#: The language of a person must not hold up their question.
LANGUAGE_S = 0.7
#: Seconds after which it is asked for again.
LANGUAGE_KEPT_S = 3600.0
#: The same when Slack did not say.
UNKNOWN_KEPT_S = 60.0
MAX_PEOPLE = 10_000


class SlackPeople:
    """Remembers for a while what Slack said of a person; nothing is stored."""

    def __init__(
        self, settings: SlackSettings, web: SlackWeb, *, is_staff: Callable[[str], bool]
    ) -> None:
        self._settings = settings
        self._web = web
        self.is_staff = is_staff
        #: Person → until when it is believed, language.
        self._languages: OrderedDict[str, tuple[float, str | None]] = OrderedDict()

    def allowed(self, channel: str, user: str) -> bool:
        """Whether this person may be answered there."""
        if self.is_staff(user):
            return True
        channels, users = self._settings.allowed_channels, self._settings.allowed_users
        if users and user not in users:
            return False
        return channel.startswith("D") or not channels or channel in channels

    async def language(self, user: str) -> str | None:
        """The language of the person's client, as far as Slack tells it in time."""
        known = self._languages.get(user)
        if known is not None and monotonic() < known[0]:
            return known[1]
        language = None
        try:
            async with asyncio.timeout(LANGUAGE_S):
                answer = await self._web.call("users.info", user=user, include_locale=True)
                language = str((answer.get("user") or {}).get("locale") or "") or None
        except (DeliveryError, TimeoutError):
            log.debug("the language of a person is not known")
        kept_s = LANGUAGE_KEPT_S if language else UNKNOWN_KEPT_S
        self._languages[user] = (monotonic() + kept_s, language)
        while len(self._languages) > MAX_PEOPLE:
            self._languages.popitem(last=False)
        return language
