"""Each example of docs/extending.md does what the page says."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from config.settings import CorpusSettings
from engine.corpus.formats.parsers import PARSERS
from engine.corpus.loader import CorpusLoader
from engine.grounding.grounded_text import GroundedText
from engine.models.catalog import Task, load_catalog
from tests.fakes import ScriptedGenerator
from tests.harness import FAQ, running_desk

PAGE = Path(__file__).resolve().parent.parent / "docs" / "extending.md"


def example(section: str, language: str = "python") -> str:
    text = PAGE.read_text(encoding="utf-8").split(f"## {section}\n")[1]
    found = re.search(rf"```{language}\n(.*?)```", text.split("\n## ")[0], re.DOTALL)
    assert found, section
    return found[1]


def defined(section: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": section}
    exec(compile(example(section), f"{PAGE}: {section}", "exec"), names)
    return names


async def test_a_platform(tmp_path: Path) -> None:
    adapter = defined("A platform")["SocketAdapter"](str(tmp_path / "socket"))
    answer = "Yes, you can join at any time."
    question = "Can I still join after the course has started?"
    script = ScriptedGenerator({question: answer})

    async with asyncio.timeout(60), running_desk(tmp_path, script, {"socket": adapter}):
        lines, writer = await asyncio.open_unix_connection(tmp_path / "socket")
        writer.write(question.encode() + b"\n")
        version = {"state": ""}
        while version["state"] != "final":
            version = json.loads(await lines.readline())
        await adapter.close()
        writer.close()
        await writer.wait_closed()

    assert answer in version["text"]


async def test_a_source_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parse = defined("A source format")["parse_toml"]
    monkeypatch.setitem(PARSERS, ".toml", lambda data, _: parse(data))  # type: ignore[arg-type]
    path = tmp_path / "faq.toml"
    entries = '[[entry]]\nquestion = "When?"\nanswer = "Now."\n[[entry]]\nquestion = "Where?"\n'
    path.write_text(entries, encoding="utf-8")

    settings = CorpusSettings(sources=[str(path)])
    corpus = await CorpusLoader(settings, cache_dir=tmp_path, course_titles={}).load()

    assert [(entry.question, entry.answer) for entry in corpus.documents] == [("When?", "Now.")]
    assert "“Where?”) has no answer" in str(corpus.problems)


def test_a_model(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(example("A model", "yaml"), encoding="utf-8")

    entry = load_catalog(path).get("qwen2-1.5b")

    assert (entry.task, entry.context_window) == (Task.CAUSAL, 4096)


def test_a_checker() -> None:
    grounded = GroundedText(FAQ[:1], "", defined("A checker")["EveryWord"]())

    grounded.feed("You can join at any time. Everybody is welcome to hop aboard at any time.")
    grounded.finish()

    assert grounded.text == "You can join at any time."
