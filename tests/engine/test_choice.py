"""Which model is started, and what is tried after one that cannot be loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import EngineSettings
from engine.catalog import AUTO, CPU_DEFAULT
from engine.choice import CHOSEN, Choice
from tests.engine.tiny_models import catalog, entry

MODELS = catalog(entry("one"), entry("two"), entry(CPU_DEFAULT))


def choice(setting: str, preferred: str | None = None) -> Choice:
    settings = EngineSettings(model=setting, device="cpu")
    return Choice(settings, MODELS, Path("none"), preferred=preferred)


@pytest.mark.parametrize(
    ("setting", "preferred", "first"),
    [(AUTO, None, CPU_DEFAULT), (AUTO, "two", "two"), ("one", "two", "one")],
    ids=["nobody chose", "staff chose", "the settings name one"],
)
def test_staff_s_choice_counts_where_the_settings_leave_it_open(
    setting: str, preferred: str | None, first: str
) -> None:
    chosen, why = choice(setting, preferred).first()

    assert chosen.alias == first
    assert (why == CHOSEN) == (first == "two")


@pytest.mark.parametrize(
    ("setting", "failed", "next_one"),
    [
        (AUTO, "two", CPU_DEFAULT),
        (AUTO, CPU_DEFAULT, None),
        ("one", "two", "one"),
        ("one", "one", None),
    ],
)
def test_after_a_failure_the_next_is_tried_and_the_reason_kept(
    setting: str, failed: str, next_one: str | None
) -> None:
    other = choice(setting).instead_of(MODELS.get(failed), "It is damaged.")

    assert (other and other[0].alias) == next_one
    assert other is None or other[1].startswith("It is damaged. ")
