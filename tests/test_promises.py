"""Each promise of the README names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SECTION = (ROOT / "README.md").read_text(encoding="utf-8").split("## What you can rely on\n")[1]
PROMISES = re.findall(r"(?m)^- \*\*(.+?)\.\*\*", SECTION.split("\n## ")[0])


def test_there_are_promises() -> None:
    assert len(PROMISES) > 4


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_names_tests_that_exist(promise: str) -> None:
    row = re.search(rf"(?m)^\| {re.escape(promise)} \| (.*) \|$", SECTION)

    assert row
    named = re.findall(r"\[`(test_\w+)`\]\(([\w/.]+)\)", row[1])

    assert len(named) == row[1].count("`") // 2 > 0
    for name, file in named:
        assert re.search(rf"(?m)^(async )?def {name}\(", (ROOT / file).read_text(encoding="utf-8"))
