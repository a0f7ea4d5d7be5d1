"""The units in which people are told sizes."""

from __future__ import annotations

GB, MB = 1e9, 1e6
