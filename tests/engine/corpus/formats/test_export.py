"""A zip is read as the folder that it holds."""

from __future__ import annotations

import io
import zipfile

import pytest

from engine.corpus.entry import Parsed
from engine.corpus.formats.parsers import PARSERS
from engine.errors import CorpusError

_ID, _OTHER = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"


def parsed(files: dict[str, str]) -> Parsed:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return PARSERS[".zip"](file.getvalue(), 1_000_000)


def rows(files: dict[str, str]) -> list[tuple[str, str, str, str]]:
    return [
        (entry.course, entry.section, entry.question, entry.answer)
        for entry in parsed(files).entries
    ]


def test_a_notion_export_is_read_without_ids_and_properties() -> None:
    files = {
        f"Camp FAQ {_ID}.md": "# Camp FAQ\n\n[Can I come late?](Camp%20FAQ/Can.md)\n",
        f"Camp FAQ {_ID}/Can I come late {_ID}.md": (
            "# Can I come late?\n\nCategory: Arrival\nStatus: Done\n\nYes, until noon.\n"
        ),
        f"Camp FAQ {_ID}/Where do we sleep {_OTHER}.md": "# Where do we sleep?\n\nIn tents.\n",
        f"Camp FAQ {_ID}/Table {_ID}_all.csv": "Name,Status\nCan I come late?,Done\n",
    }

    assert rows(files) == [
        ("", "Camp FAQ", "Can I come late?", "Yes, until noon."),
        ("", "Camp FAQ", "Where do we sleep?", "In tents."),
    ]


def test_two_pages_of_one_name_are_both_read() -> None:
    files = {f"FAQ {_ID}.md": "## Why?\n\nSo.\n", f"FAQ {_OTHER}.md": "## When?\n\nNow.\n"}

    assert {row[2] for row in rows(files)} == {"Why?", "When?"}


def test_the_pages_of_a_confluence_export_are_read_and_its_index_is_not() -> None:
    files = {
        "TEAM/index.html": "<h2>Available pages</h2><ul><li><a href=a.html>A</a></ul>",
        "TEAM/Access_12.html": "<title>Team : Access</title><h2>How do I get in?</h2><p>Ring.",
        "TEAM/Printer_13.html": "<title>Team : Printer</title><h2>Is it on?</h2><p>Look.",
        "TEAM/styles/site.css": "a{}",
    }

    assert [row[2:] for row in rows(files)] == [
        ("How do I get in?", "Ring."),
        ("Is it on?", "Look."),
    ]


def test_metadata_names_the_course_and_its_sections() -> None:
    entry = "---\nquestion: Why?\n---\nSo.\n"
    files = {
        "faq-main/_questions/llm/_metadata.yaml": "course: llm\nsections:\n- {id: s1, name: Start}",
        "faq-main/_questions/llm/s1/a.md": entry,
        "faq-main/_questions/other/02_rooms/b.md": entry.replace("Why", "Where"),
    }

    assert rows(files) == [("llm", "Start", "Why?", "So."), ("", "Other", "Where?", "So.")]


def test_what_cannot_be_read_is_named_by_its_path() -> None:
    found = parsed({"a.md": "## Why?\n\nSo.\n", "b/c.docx": "x", "b/d.pdf": "x"})

    assert len(found.entries) == 1
    assert [problem.split(":")[0] for problem in found.problems] == ["b/c.docx", "b/d.pdf"]


def test_a_zip_without_questions_is_refused() -> None:
    with pytest.raises(CorpusError, match="None of the 1 files of the zip holds a question"):
        parsed({"a.md": "Notes.\n", "b.png": ""})


def test_of_a_repository_only_the_faq_is_read() -> None:
    files = {
        "lamp-main/README.md": "# Lamp\n\n## Why another lamp?\n\nSo.\n",
        "lamp-main/CONTRIBUTING.md": "## How do I send a patch?\n\nBy mail.\n",
        "lamp-main/node_modules/a/faq.md": "## What is a?\n\nA letter.\n",
        "lamp-main/docs/faq.md": "# FAQ\n\n## Why does it blink?\n\nThe tide turns.\n",
    }

    assert [question for _, _, question, _ in rows(files)] == ["Why does it blink?"]


def test_a_zip_with_nothing_but_a_readme_is_that_readme() -> None:
    assert [row[2] for row in rows({"a/README.md": "## Why?\n\nSo.\n"})] == ["Why?"]
