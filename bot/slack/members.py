"""What we know of the members of a workspace: their language, and whether we may answer them."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from time import monotonic

from bot.adapter import DeliveryError
from bot.remembered import remember
from bot.slack.client import SlackClient
from bot.slack.parse import text_in
from config.settings import SlackSettings

log = logging.getLogger(__name__)

#: Seconds after which it is asked for again.
LANGUAGE_KEPT_S = 3600.0
#: The same when Slack did not say.
UNKNOWN_KEPT_S = 60.0


@dataclass(eq=False, slots=True)
class SlackMembers:
    """Remembers for a while what Slack said of a person; nothing is stored."""

    settings: SlackSettings
    client: SlackClient
    _: KW_ONLY
    is_staff: Callable[[str], bool]
    #: Longest time that asking for a language may hold up a question.
    language_s: float
    #: Person → until when it is believed, language.
    _languages: OrderedDict[str, tuple[float, str | None]] = field(
        init=False, default_factory=OrderedDict
    )

    def allowed(self, channel: str, user: str) -> bool:
        """Whether this person may be answered there."""
        if self.is_staff(user):
            return True
        channels, users = self.settings.allowed_channels, self.settings.allowed_users
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
            async with asyncio.timeout(self.language_s):
                answer = await self.client.call("users.info", user=user, include_locale=True)
                language = text_in(answer, "user", "locale") or None
        except (DeliveryError, TimeoutError):
            log.debug("the language of a person is not known")
        kept_s = LANGUAGE_KEPT_S if language else UNKNOWN_KEPT_S
        remember(self._languages, user, (monotonic() + kept_s, language))
        return language
