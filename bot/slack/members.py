"""What we know of the members of a workspace: their language, and whether we may answer them."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from bot.adapter import DeliveryError
from bot.slack.client import SlackClient
from config.settings import SlackSettings

log = logging.getLogger(__name__)

#: Seconds after which it is asked for again.
LANGUAGE_KEPT_S = 3600.0
#: The same when Slack did not say.
UNKNOWN_KEPT_S = 60.0
MAX_MEMBERS = 10_000


class SlackMembers:
    """Remembers for a while what Slack said of a person; nothing is stored."""

    def __init__(
        self,
        settings: SlackSettings,
        client: SlackClient,
        *,
        is_staff: Callable[[str], bool],
        language_s: float,
    ) -> None:
        """`language_s`: longest time that asking for a language may hold up a question."""
        self._settings = settings
        self._client = client
        self.is_staff = is_staff
        self._language_s = language_s
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
            async with asyncio.timeout(self._language_s):
                answer = await self._client.call("users.info", user=user, include_locale=True)
                language = str((answer.get("user") or {}).get("locale") or "") or None
        except (DeliveryError, TimeoutError):
            log.debug("the language of a person is not known")
        kept_s = LANGUAGE_KEPT_S if language else UNKNOWN_KEPT_S
        self._languages[user] = (monotonic() + kept_s, language)
        while len(self._languages) > MAX_MEMBERS:
            self._languages.popitem(last=False)
        return language
