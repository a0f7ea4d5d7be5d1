"""`models …`: the generation models on this machine."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.errors import say_error
from bot.cli.options import ConfigOption, set_up
from bot.desk.model_library import ModelLibrary
from config.settings import Settings
from engine.models.memory import GB
from engine.models.saved import describe_saved, refuse_existing, save_model

AliasArgument = Annotated[str, typer.Argument(help="Its alias, as `models list` shows it.")]

models_app = typer.Typer(help="The generation models.", no_args_is_help=True)


@models_app.command("list")
def models_list(config: ConfigOption = None) -> None:
    """The catalogue: aliases, sizes, licences, which are here already, and what `auto` takes."""
    library = _library(config)
    for choice in library.choices():
        print(f"{choice.alias:20} {choice.summary}")
        if choice.about:
            print(f"{'':20} {choice.about}")
    print(f"{'auto':20} {library.automatic()}")


@models_app.command("pull")
def models_pull(alias: AliasArgument, config: ConfigOption = None) -> None:
    """Fetch a model and make it ready, so that it loads without a network.

    Example: `main.py models pull phi-3-mini`
    """
    from bot.cli.terminal import TransferView

    settings, secrets = set_up(config, quiet=True)
    library = _library_of(settings)
    with TransferView(sys.stderr) as view:
        fetch = library.pull(alias, hf_token=secrets.hub_token, on_progress=view.show)
        folder = asyncio.run(fetch)
    say_error(f"{alias} is ready in {folder}. {library.pinning(alias)}".rstrip())


@models_app.command("save")
def models_save(
    alias: AliasArgument,
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    config: ConfigOption = None,
) -> None:
    """Save a model to a new folder, with sums, for machines without a login or network.

    Example: `main.py models save mistral-7b /media/stick/mistral-7b`
    """
    from bot.cli.terminal import TransferView

    refuse_existing(folder)
    models_pull(alias, config)
    entry, found = _library(config).find(alias)
    assert found is not None  # it was pulled just now
    with TransferView(sys.stderr) as view:
        manifest = save_model(entry, found, folder, on_progress=view.show)
    print(f"{len(manifest.files)} files of {alias} are saved in {folder}.")


@models_app.command("show")
def models_show(alias: AliasArgument, config: ConfigOption = None) -> None:
    """Where a model's weights lie, where they come from, and whether they are as saved."""
    library = _library(config)
    entry, found = library.find(alias)
    facts = next(choice.summary for choice in library.choices() if choice.alias == alias)
    print(f"{alias}: {entry.hub_id}, {facts}.")
    print(describe_saved(found) if found else "Not on this machine.")
    pinning = library.pinning(alias)
    if pinning:
        print(pinning)


@models_app.command("remove")
def models_remove(alias: AliasArgument, config: ConfigOption = None) -> None:
    """Delete a model's weights from this machine, those in the hub's cache too."""
    freed = _library(config).remove(alias)
    print(f"{freed / GB:.2f} GB freed." if freed else f"{alias} is not on this machine.")


def _library(config: Path | None) -> ModelLibrary:
    settings, _ = set_up(config, quiet=True)
    return _library_of(settings)


def _library_of(settings: Settings) -> ModelLibrary:
    return ModelLibrary(settings.engine, settings.models_dir)
