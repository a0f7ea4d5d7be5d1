"""Every example of docs/faq-format.md is read as the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.settings import CorpusSettings
from engine.corpus.loader import CorpusLoader

PAGE = Path(__file__).parent.parent / "docs" / "faq-format.md"
_PART = re.compile(
    r"^`(?P<name>[^`\n]+)`:\n\n(?P<fence>`{3,})\w+\n(?P<text>.*?)^(?P=fence)$"
    r"|^- (?P<course>[\w-]+) ·(?P<section>[^\n]*)· (?P<question>[^\n]+)$",
    re.MULTILINE | re.DOTALL,
)
Files = dict[str, str]
Entries = list[tuple[str, ...]]


def examples() -> list[tuple[Files, Entries]]:
    """The files of each example, and course, section and question of what is read of them."""
    found: list[tuple[Files, Entries]] = []
    for part in _PART.finditer(PAGE.read_text(encoding="utf-8")):
        if part["name"]:
            if not found or found[-1][1]:  # the list of the example before has ended it
                found.append(({}, []))
            found[-1][0][part["name"]] = part["text"]
        else:
            entry = (part[name].strip() for name in ("course", "section", "question"))
            found[-1][1].append(tuple(entry))
    return found


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix != ".docx":
        path.write_text(text, encoding="utf-8")
        return
    import docx

    document = docx.Document()
    for line in text.splitlines():
        style, _, words = line.partition(" | ")
        document.add_paragraph(words, style=style)
    document.save(str(path))


def test_the_page_has_examples() -> None:
    assert len(examples()) >= 12


@pytest.mark.parametrize(
    ("files", "entries"),
    examples(),
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_an_example_is_read_as_the_page_says(
    files: Files, entries: Entries, tmp_path: Path
) -> None:
    for name, text in files.items():
        write(tmp_path / name, text)
    # A file is listed by itself, a course by its folder.
    source = tmp_path / next(iter(files)).partition("/")[0]
    settings = CorpusSettings(sources=(str(source),))

    corpus = await CorpusLoader(settings, cache_dir=tmp_path / "cache", course_titles={}).load()

    assert [(each.course, each.section, each.question) for each in corpus.documents] == entries
    assert not corpus.problems
    assert not corpus.passed_over
