"""The fragments under which the headings of a page are found."""

from __future__ import annotations

import re
from collections import Counter

_DROPPED = re.compile(r"[^\w\- ]")


class Anchors:
    """Makes the fragments of one page, in the order of its headings."""

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()

    def of(self, title: str) -> str:
        """As GitHub does: lower case, dashes for spaces, a number where it stands there already."""
        slug = _DROPPED.sub("", title.strip().lower()).replace(" ", "-")
        repeats = self._used[slug]
        self._used[slug] += 1
        return f"{slug}-{repeats}" if repeats else slug
