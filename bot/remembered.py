"""Bounds what is remembered of people and chats, so that it does not grow for ever."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

#: Entries that are remembered at once.
MAX_KNOWN = 10_000


def remember(known: OrderedDict[K, V], key: K, value: V) -> None:
    """Keep the value, and forget the one that was kept longest ago."""
    known[key] = value
    known.move_to_end(key)
    if len(known) > MAX_KNOWN:
        known.popitem(last=False)
