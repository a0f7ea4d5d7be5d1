"""Which files of a folder are looked at, and what is said of the others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.corpus.files import Reading, read_source
from engine.corpus.listing import list_files
from tests.engine.corpus.file_cases import LIMIT, entry, questions, read, write


def test_files_that_are_no_entries_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "entry.md", entry("Why?"))
    for name in ("README.md", "CONTRIBUTING.md", ".git/x.md", "_draft.md", "~$list.docx", "a.png"):
        write(tmp_path / name, "nothing")

    reading = read(tmp_path)

    assert questions(reading) == ["Why?"]
    assert reading.problems == ()


@pytest.mark.parametrize(
    "name",
    [
        *("agents.md", "Readme.md", "README.de.md", "readme_zh-CN.md", "CODE_OF_CONDUCT.md"),
        *("code-of-conduct.md", "license.md", "LICENCE.md", "Contributing.md", "ChangeLog.md"),
        *("CLAUDE.md", "SECURITY.md", "PULL_REQUEST_TEMPLATE.md"),
        *("requirements.txt", "requirements-dev.txt", "robots.txt", "CMakeLists.txt"),
    ],
)
def test_what_is_about_the_repository_is_passed_over_and_told(tmp_path: Path, name: str) -> None:
    write(tmp_path / "entry.md", entry("Why?"))
    write(tmp_path / name, entry("Is this an entry?"))

    reading = read(tmp_path)

    assert questions(reading) == ["Why?"]
    assert reading.problems == ()
    assert [(each.source, name in each.reason) for each in reading.passed_over] == [
        (str(tmp_path), True)
    ]


@pytest.mark.parametrize(
    "name",
    ["faq.md", "README-FAQ.md", "agents-and-tools.md", "security.md", "license-questions.md"],
)
def test_a_name_that_only_resembles_these_is_read(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, entry("Why?"))

    assert questions(read(tmp_path)) == ["Why?"]


def test_a_readme_that_stands_alone_in_an_faq_folder_is_read(tmp_path: Path) -> None:
    write(tmp_path / "faq" / "README.md", "## Why?\n\nSo.")
    write(tmp_path / "faq" / "images" / "a.png", "x")
    write(tmp_path / "docs" / "README.md", "## Who?\n\nWe.")

    assert questions(read(tmp_path)) == ["Why?"]


def test_a_readme_beside_the_files_of_an_faq_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "faq" / "README.md", "## How do I add a question?\n\nSo.")
    write(tmp_path / "faq" / "light.md", "## Why?\n\nSo.")

    assert questions(read(tmp_path)) == ["Why?"]


def test_a_listed_readme_is_read(tmp_path: Path) -> None:
    assert questions(read(write(tmp_path / "README.md", entry("Why?")))) == ["Why?"]


@pytest.mark.parametrize(
    "folder",
    [
        *(".git", "node_modules", "venv", ".venv", "lib/site-packages/x", "__pycache__"),
        *("x.egg-info", "_build", "_site", "dist", "docs/build", "_drafts", "my-env"),
    ],
)
def test_what_programs_make_is_never_looked_into(tmp_path: Path, folder: str) -> None:
    write(tmp_path / "entry.md", entry("Why?"))
    write(tmp_path / "package.json", "{}")
    write(tmp_path / "docs" / "Makefile", "")
    write(tmp_path / "my-env" / "pyvenv.cfg", "")
    write(tmp_path / folder / "other.md", entry("And this?"))

    assert questions(read(tmp_path)) == ["Why?"]


def test_a_section_may_be_called_build_and_a_folder_may_start_with_a_line(tmp_path: Path) -> None:
    write(tmp_path / "docker" / "build" / "a.md", entry("Why?"))
    write(tmp_path / "_questions" / "a.md", entry("When?"))

    assert sorted(questions(read(tmp_path))) == ["When?", "Why?"]


def test_files_that_are_not_read_are_counted_by_kind(tmp_path: Path) -> None:
    write(tmp_path / "entry.md", entry("Why?"))
    names = ["a.png", "b.PNG", "sub/c.py", "d.sh", "Makefile", "faq.xlsx", "sub/old.xlsx", "e.odt"]
    for name in (*names, "_draft.md", ".hidden", "~$lock.docx"):
        write(tmp_path / name, "")

    told = [each.reason for each in read(tmp_path).passed_over]

    assert {each.source for each in read(tmp_path).passed_over} == {str(tmp_path)}
    assert told == [
        "1 .odt file is not read (e.odt); save or export it as .docx.",
        "2 .xlsx files are not read (faq.xlsx, old.xlsx); export each sheet as .csv.",
        "5 files of kinds that are not read (.png, no suffix, .py and 1 more).",
        "1 file is kept back by the “_” before the name (_draft.md); rename it to have it read.",
    ]


def test_files_that_are_no_faq_for_one_reason_are_told_in_one_line(tmp_path: Path) -> None:
    write(tmp_path / "entry.md", entry("Why?"))
    for number in range(5):
        write(tmp_path / f"s{number}.yaml", "version: 3")

    (told,) = read(tmp_path).passed_over

    assert told.source == str(tmp_path)
    assert told.reason.startswith("5 files are no FAQ (s0.yaml, s1.yaml, s2.yaml and 2 more). ")


def test_a_listed_file_of_another_kind_says_what_to_do(tmp_path: Path) -> None:
    reading = read(write(tmp_path / "faq.xlsx", ""))

    assert "export each sheet as .csv" in reading.problems[0].reason


def test_what_is_passed_over_need_not_be_readable(tmp_path: Path) -> None:
    write(tmp_path / "entry.md", entry("Why?"))
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.log")

    assert read(tmp_path).problems == ()


def test_a_source_with_too_many_files_is_not_read_in_part(tmp_path: Path) -> None:
    for number in range(4):
        write(tmp_path / f"{number}.md", entry(f"Why {number}?"))

    listing = list_files(tmp_path, most_files=3)
    reading = read_source(tmp_path, listing, Reading(), LIMIT)

    assert reading.files == {}
    assert "more than 3 files; list smaller folders" in reading.problems[0].reason
