"""python-telegram-bot's Bot, with time-outs that suit and updates as Telegram sent them."""

from __future__ import annotations

import os
from typing import Any

from pydantic import SecretStr
from telegram import Bot
from telegram.request import HTTPXRequest

from bot.telegram.complete import complete_result
from config.platforms import require_usable_proxy


class RawBot(Bot):
    """Bot parses updates at once, and one malformed one fails all; here they come out raw. What
    a call returns is completed where a small server leaves things out."""

    async def _post(self, endpoint: str, data: Any = None, **options: Any) -> Any:
        return complete_result(await super()._post(endpoint, data, **options), data or {})

    async def raw_updates(self, offset: int, timeout_s: int, kinds: tuple[str, ...]) -> list[Any]:
        data: dict[str, Any] = {
            "offset": offset,
            "timeout": timeout_s,
            "limit": 100,
            "allowed_updates": list(kinds),
        }
        result = await self._post("getUpdates", data, read_timeout=timeout_s + 10)
        return result if isinstance(result, list) else []


def open_bot(token: SecretStr, base_url: str, *, timeout_s: float) -> RawBot:
    """A bot that has not connected yet. Raises ConfigError for a proxy that cannot be used."""
    # Opt in to what the next version does, which also keeps its warnings away.
    os.environ.setdefault("PTB_TIMEDELTA", "true")
    require_usable_proxy()
    return RawBot(
        token=token.get_secret_value(),
        base_url=base_url,
        request=HTTPXRequest(
            connection_pool_size=32,
            read_timeout=timeout_s,
            write_timeout=timeout_s,
            connect_timeout=timeout_s / 2,
            pool_timeout=timeout_s / 2,
        ),
        get_updates_request=HTTPXRequest(
            connection_pool_size=2, connect_timeout=timeout_s / 2, pool_timeout=timeout_s / 4
        ),
    )
