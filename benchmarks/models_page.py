"""Writes the tables of docs/models.md: `python -m benchmarks.models_page`, by `make docs`."""

from __future__ import annotations

from benchmarks.architectures import ALL
from benchmarks.tiny_network import Architecture
from config.settings import ROOT
from engine.models.catalog import Catalog, ModelEntry, Quantisation, load_catalog

PAGE = ROOT / "docs/models.md"


def marks(name: str) -> tuple[str, str]:
    """What stands before and after a table."""
    return f"<!-- {name}: begin, written by make docs -->", f"<!-- {name}: end -->"


def architecture_row(one: Architecture, reason: str) -> str:
    """`reason` is why slots do not cover the architecture, empty if they do."""
    how = f"one question at a time: {reason}" if reason else "many questions at once"
    return f"| `{one.model_type}` | {one.examples} | {how} |"


def architectures() -> str:
    """How each architecture runs; takes half a minute."""
    from engine.worker.batching.coverage import why_not_covered

    rows = [
        architecture_row(one, why_not_covered(one.network(), num_tokens=256, tolerance=1e-3))
        for one in ALL.values()
    ]
    return "\n".join(["| `model_type` | for instance | answers |", "|---|---|---|", *rows])


def catalogue(catalog: Catalog) -> str:
    """What the catalogue has."""
    rows = [_catalogue_row(entry) for entry in catalog.entries.values()]
    head = "| alias | on the hub | licence | memory | window | good for |"
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])


def _catalogue_row(entry: ModelEntry) -> str:
    bits = "" if entry.quantisation is Quantisation.NONE else f", {entry.quantisation.value}"
    gated = ", terms to accept" if entry.gated else ""
    return (
        f"| `{entry.alias}` | [{entry.hub_id}](https://huggingface.co/{entry.hub_id}) "
        f"| {entry.licence}{gated} | {entry.memory_gb:g} GB{bits} | {entry.context_window:,} "
        f"| {entry.about} |"
    )


def replaced(page: str, name: str, table: str) -> str:
    """The page with the table called `name` in place of the one there."""
    begin, end = marks(name)
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"


def main() -> None:
    from transformers.utils import logging

    logging.set_verbosity_error()
    tables = {
        "catalogue": catalogue(load_catalog(ROOT / "config/models.yaml")),
        "architectures": architectures(),
    }
    page = PAGE.read_text(encoding="utf-8")
    for name, table in tables.items():
        page = replaced(page, name, table)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
