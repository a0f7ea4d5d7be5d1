"""How property tests run: quickly by default, long with `--hypothesis-profile=deep`."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("quick", max_examples=100, deadline=None)
settings.register_profile("deep", max_examples=100_000, deadline=None)
settings.load_profile("quick")
