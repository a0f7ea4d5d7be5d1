"""Options that several commands have, and the settings that they lead to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from config.loading import hub_home, load_secrets, load_settings
from config.logging import set_up_logging
from config.settings import Secrets, Settings
from engine.models.catalog import AUTO, load_catalog

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="A YAML file with your own settings.")
]
ModelOption = Annotated[
    str | None, typer.Option("--model", help="Alias of the model, instead of the configured one.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def set_up(
    config: Path | None,
    model: str | None = None,
    *,
    quiet: bool = False,
    sources: Sequence[str] | None = None,
) -> tuple[Settings, Secrets]:
    """Read settings and secrets, and prepare this process as they say.

    `sources` are read instead of the configured ones. A `quiet` command logs warnings only, unless
    the settings name a level. Raises ConfigError, and ModelError where the catalogue has no such
    model.
    """
    _hold_standard_streams()
    overrides: dict[str, Any] = {"engine": {"model": model}} if model is not None else {}
    if sources:
        overrides["corpus"] = {"sources": tuple(sources)}
    settings = load_settings(config, overrides=overrides)
    secrets = load_secrets()
    if model not in (None, AUTO):
        load_catalog(settings.engine.catalog).get(model)
    logging_settings = settings.logging
    if (quiet or not secrets.on_platforms) and "level" not in logging_settings.model_fields_set:
        logging_settings = logging_settings.model_copy(update={"level": "WARNING"})
    set_up_logging(logging_settings)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    home = hub_home()
    if home:
        os.environ["HF_HOME"] = home
    return settings, secrets


def _hold_standard_streams() -> None:
    """Open those that are closed. Otherwise the next file, such as the database, takes the number
    of one: it is printed into, or handed to the engine."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
