"""An offline Slack for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.slack_twin import SlackTwin


@pytest.fixture
async def slack() -> AsyncIterator[SlackTwin]:
    async with SlackTwin() as twin:
        yield twin
