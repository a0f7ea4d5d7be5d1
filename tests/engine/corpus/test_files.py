"""Files and folders: what is found, which course and section it belongs to, what stays."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.course_names import parse_metadata
from engine.corpus.entry import Entry
from engine.corpus.files import Reading, read_source
from engine.corpus.formats.text.markdown import parse_markdown
from engine.corpus.listing import list_files
from engine.errors import CorpusError
from tests.engine.corpus.file_cases import LIMIT, entries, entry, places, questions, read, write

METADATA = """
course: llm-zoomcamp
course_name: "LLM Zoomcamp"
sections:
  - id: module-1
    name: "Module 1: RAG"
    comment: "Written for people"
  - id: general
    name: "General questions"
"""


def test_metadata_names_and_orders_courses_and_sections(tmp_path: Path) -> None:
    write(tmp_path / "llm" / "_metadata.yaml", METADATA)
    write(tmp_path / "llm/general/001_aa_x.md", entry("Late?", id="aa", sort_order=2))
    write(tmp_path / "llm/general/002_bb_x.md", entry("First?", id="bb", sort_order=1))
    write(tmp_path / "llm/module-1/001_cc_x.md", entry("What is RAG?", id="cc"))
    write(tmp_path / "llm/020-more/001_dd_x.md", entry("More?", id="dd"))

    reading = read(tmp_path)

    assert questions(reading) == ["What is RAG?", "First?", "Late?", "More?"]
    assert places(reading) == [
        ("llm-zoomcamp", "Module 1: RAG"),
        ("llm-zoomcamp", "General questions"),
        ("llm-zoomcamp", "General questions"),
        ("llm-zoomcamp", "More"),
    ]
    assert next(iter(reading.files.values())).titles == {"llm-zoomcamp": "LLM Zoomcamp"}
    assert reading.problems == ()


def test_one_course_folder_reads_like_the_root_of_several(tmp_path: Path) -> None:
    write(tmp_path / "llm" / "_metadata.yaml", METADATA)
    write(tmp_path / "llm/general/001_aa_x.md", entry("Late?"))

    assert entries(read(tmp_path / "llm")) == entries(read(tmp_path))


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("a-course/010-gpu-setup/001.md", ("a-course", "GPU Setup")),
        ("a-course/001.md", ("a-course", "")),
        ("010-gpu-setup/001.md", ("the-faq", "GPU Setup")),
        ("001.md", ("the-faq", "")),
    ],
)
def test_folder_names_stand_in_for_metadata(
    tmp_path: Path, file: str, place: tuple[str, str]
) -> None:
    write(tmp_path / "The FAQ" / file, entry("Why?"))

    assert places(read(tmp_path / "The FAQ")) == [place]


def test_front_matter_says_it_best(tmp_path: Path) -> None:
    fields = {"course": "LLM Zoomcamp", "section": "Own", "id": 77, "url": "https://e.org"}
    write(tmp_path / "a" / "010-b" / "c.md", entry("Why?", "![x](y.png) {{ ref('a') }}", **fields))

    (only,) = entries(read(tmp_path))

    assert only == Entry(
        question="Why?",
        answer="![x](y.png) {{ ref('a') }}",
        course="llm-zoomcamp",
        section="Own",
        id="77",
        url="https://e.org",
    )


def test_a_folder_may_hold_every_format(tmp_path: Path) -> None:
    write(tmp_path / "notes.md", entry("In Markdown?"))
    write(tmp_path / "Some Course.csv", "question,answer\nIn CSV?,So.\n")
    write(tmp_path / "list.yaml", "In YAML?: So.\n")
    write(tmp_path / "list.yml", "In yml?: So.\n")
    write(tmp_path / "documents.json", '[{"question": "In JSON?", "text": "So."}]')

    reading = read(tmp_path)

    assert sorted(questions(reading)) == [
        "In CSV?",
        "In JSON?",
        "In Markdown?",
        "In YAML?",
        "In yml?",
    ]
    assert ("some-course", "") in places(reading)


def test_what_is_too_much_to_keep_is_told_and_not_read(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"{number}.md", entry(f"Why {number}?"))

    reading = read_source(tmp_path, list_files(tmp_path), Reading(), LIMIT, most_chars=20)

    assert questions(reading) == ["Why 0?", "Why 1?"]
    assert reading.problems[0].source == str(tmp_path / "2.md")
    assert "list smaller folders" in reading.problems[0].reason


def test_a_bad_file_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    write(tmp_path / "good.md", entry("Why?"))
    bad = write(tmp_path / "bad.md", "---\nquestion: a: b\n---\nSo.")
    plain = write(tmp_path / "plain.md", "# No front matter")
    empty = write(tmp_path / "empty.md", entry("Why not?", answer=""))

    reading = read(tmp_path)

    assert questions(reading) == ["Why?"]
    assert {problem.source for problem in reading.problems} == {str(bad), str(empty)}
    assert [passed.source for passed in reading.passed_over] == [str(plain)]


def test_a_file_that_turns_bad_keeps_its_entries(tmp_path: Path) -> None:
    path = write(tmp_path / "list.yaml", "Why this?: So.\n")
    before = read(tmp_path)
    path.write_text("Why this?: [", encoding="utf-8")

    after = read(tmp_path, before)

    assert questions(after) == ["Why this?"]
    assert "Its 1 entries read at" in after.problems[0].reason


def test_bad_metadata_keeps_the_names_it_gave(tmp_path: Path) -> None:
    metadata = write(tmp_path / "_metadata.yaml", METADATA)
    write(tmp_path / "general" / "001.md", entry("Why?"))
    before = read(tmp_path)
    metadata.write_text("course: [", encoding="utf-8")

    after = read(tmp_path, before)

    assert places(after) == [("llm-zoomcamp", "General questions")]
    assert [problem.source for problem in after.problems] == [str(metadata)]


def test_deleted_files_and_entries_are_gone(tmp_path: Path) -> None:
    listed = write(tmp_path / "list.yaml", "Why this?: So.\nWhy that?: So.\n")
    gone = write(tmp_path / "gone.md", entry("Why?"))
    before = read(tmp_path)
    gone.unlink()
    listed.write_text("Why that?: So.\n", encoding="utf-8")

    after = read(tmp_path, before)

    assert questions(after) == ["Why that?"]
    assert after.problems == ()


def test_a_file_that_came_back_bad_after_its_deletion_brings_nothing_back(tmp_path: Path) -> None:
    path = write(tmp_path / "list.yaml", "Why this?: So.\n")
    before = read(tmp_path)
    path.unlink()
    between = read(tmp_path, before)
    path.write_text("[", encoding="utf-8")

    assert questions(read(tmp_path, between)) == []


def test_a_listed_path_that_vanished_keeps_its_entries_and_is_a_problem(tmp_path: Path) -> None:
    path = write(tmp_path / "faq" / "list.yaml", "Why this?: So.\n")
    before = read(tmp_path / "faq")
    path.rename(tmp_path / "elsewhere.yaml")
    path.parent.rmdir()

    after = read(tmp_path / "faq", before)

    assert questions(after) == ["Why this?"]
    assert "There is no such file or folder" in after.problems[0].reason
    assert "stay in use" in after.problems[0].reason


def test_a_path_that_never_existed_is_a_problem(tmp_path: Path) -> None:
    reading = read(tmp_path / "nowhere")

    assert entries(reading) == []
    assert reading.problems[0].source == str(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "name", ["faq.pdf", "pipe.yaml", "big.yaml"], ids=["format", "pipe", "too large"]
)
def test_a_listed_file_that_cannot_be_used_is_a_problem(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "pipe.yaml":
        os.mkfifo(path)
    else:
        path.write_bytes(b"#" * (LIMIT + 1))

    reading = read(path)

    assert [problem.source for problem in reading.problems] == [str(path)]


def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    write(tmp_path / "real" / "entry.md", entry("Why?"))
    (tmp_path / "faq").mkdir()
    (tmp_path / "faq" / "course").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "loop").symlink_to(tmp_path / "faq")

    assert questions(read(tmp_path / "faq")) == ["Why?"]


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    assert read(tmp_path).problems[0].reason == "The folder holds no FAQ files."


def test_a_name_with_a_nul_is_a_problem() -> None:
    assert len(read(Path("a\0b")).problems) == 1


@pytest.mark.parametrize("sections", ["[a-b, {id: c}]", "{a-b: A B, c: C}", "null", "7"])
def test_sections_are_read_liberally(sections: str) -> None:
    names = parse_metadata(f"title: T\nsections: {sections}\n".encode())

    assert names.title == "T"
    assert dict(names.sections) in ({"a-b": "A B", "c": "C"}, {})


@given(
    st.binary() | st.text().map(lambda text: f"---\n{text}\n---\n{text}".encode(errors="replace"))
)
def test_arbitrary_markdown_raises_nothing_but_corpus_error(data: bytes) -> None:
    for parse in (parse_markdown, parse_metadata):
        try:
            parse(data)
        except CorpusError:
            continue


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1))
def test_a_question_in_front_matter_is_read_back(question: str) -> None:
    parsed = parse_markdown(entry(question, "So.\n---\nAnd so.").encode())

    assert [each.question for each in parsed.entries] in ([" ".join(question.split())], [])
    assert all(each.answer == "So.\n---\nAnd so." for each in parsed.entries)


def test_when_a_file_was_read_is_known(tmp_path: Path) -> None:
    write(tmp_path / "list.yaml", "Why this?: So.\n")

    (readable,) = read(tmp_path).files.values()

    assert isinstance(readable.read_at, datetime)
    assert readable.read_at.tzinfo is not None
