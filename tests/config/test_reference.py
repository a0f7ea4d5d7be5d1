"""The settings reference says what the settings are."""

from __future__ import annotations

from pathlib import Path

from config.reference import reference

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


def test_the_configuration_page_is_up_to_date() -> None:
    expected = reference()

    actual = PAGE.read_text(encoding="utf-8")

    assert actual == expected, "run `make docs`"
