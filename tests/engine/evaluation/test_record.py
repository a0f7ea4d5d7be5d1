"""A measurement keeps its outcomes, says how far it is, and names the line that it cannot read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.evaluation.display import LINE_S, Progress
from engine.evaluation.record import Record, measure, run_key
from engine.evaluation.rows import read_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """What is measured here."""

    text: str
    length: int


class Stop(Exception):
    """Someone pressed Ctrl-C."""


WORDS = ["a", "bb", "ccc", "dddd"]


async def run(
    path: Path,
    *,
    key: str = "k",
    stop_at: str | None = None,
    told: list[str] | None = None,
) -> tuple[list[Length], list[str]]:
    """The outcomes for WORDS, and which of them were asked."""
    asked: list[str] = []

    async def ask(_: int, word: str) -> Length:
        if word == stop_at:
            raise Stop
        asked.append(word)
        return Length(text=word, length=len(word))

    said = told if told is not None else []
    with Record(path, key, Length, total=len(WORDS), say=said.append) as record:
        found = await measure(WORDS, ask, record, lambda *_: None)
    return found, asked


async def interrupt(path: Path, *, told: list[str] | None = None) -> None:
    """A run that ends after two of the four."""
    with pytest.raises(Stop):
        await run(path, stop_at="ccc", told=told)


async def test_a_stopped_measurement_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "made" / "r.jsonl"
    told: list[str] = []

    await interrupt(path, told=told)
    found, asked = await run(path, told=told)

    assert asked == ["ccc", "dddd"]
    assert [one.length for one in found] == [1, 2, 3, 4]
    assert told == [
        f"Stopped after 2 of 4, which are in {path}; the same command goes on from there.",
        f"Going on after 2 of 4, which are in {path}.",
    ]


async def test_a_measurement_that_ended_is_measured_anew(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    told: list[str] = []

    await run(path, told=told)
    assert not path.exists()
    _, asked = await run(path, told=told)

    assert asked == WORDS
    assert told == []


async def test_every_outcome_is_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"

    with Record(path, "k", Length, total=4, say=print) as record:
        assert not path.exists()
        record.add(0, Length(text="a", length=1))
        first = path.read_text().splitlines()
        record.add(1, Length(text="bb", length=2))
        second = path.read_text().splitlines()

    assert first == ['{"run": "k"}', '[0, {"text": "a", "length": 1}]']
    assert second == [*first, '[1, {"text": "bb", "length": 2}]']


@pytest.mark.parametrize("lost", range(1, 34))
async def test_wherever_the_file_breaks_off_the_rest_counts(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "r.jsonl"
    await interrupt(path)
    path.write_bytes(path.read_bytes()[:-lost])

    found, asked = await run(path)

    assert found == [Length(text=word, length=len(word)) for word in WORDS]
    assert asked == WORDS[1:]


@pytest.mark.parametrize("size", [0, 5])
async def test_a_file_that_breaks_off_in_its_first_line_counts_as_new(
    tmp_path: Path, size: int
) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'{"run": "k"}\n'[:size])

    _, asked = await run(path)

    assert asked == WORDS


@pytest.mark.parametrize(
    "content", ['{"run": "other"}\n[0, {}]\n', "question,course\n", "notes"], ids=range(3)
)
async def test_a_file_of_something_else_is_refused_and_left_alone(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(content)

    with pytest.raises(EngineError, match="does not belong to this measurement"):
        await run(path)

    assert path.read_text() == content


@pytest.mark.parametrize("line", ["{", "7", '[0, {"text": "a"}]'])
async def test_a_broken_line_among_whole_ones_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(f'{{"run": "k"}}\n{line}\n[1, {{"text": "bb", "length": 2}}]\n')

    with pytest.raises(EngineError, match="line 2, is no outcome"):
        await run(path)


async def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(EngineError, match=r"cannot be read \(Is a directory\)"):
        await run(tmp_path)
    with pytest.raises(EngineError, match=r"r.jsonl cannot be read \(Not a directory\)"):
        await run(tmp_path / "file" / "r.jsonl")
    with pytest.raises(EngineError, match=r"/proc/r.jsonl cannot be written"):
        await run(Path("/proc/r.jsonl"))


def test_a_key_stands_for_everything_that_was_measured() -> None:
    assert run_key("answers", [1], "v") == run_key("answers", [1], "v")
    assert run_key("answers", [1], "v") != run_key("answers", [2], "v")


# How far it is


class Terminal(io.StringIO):
    """Looks like a terminal."""

    def isatty(self) -> bool:
        return True


def ticking(step: float) -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += step


def shown(stream: io.StringIO, step: float) -> str:
    ticks = ticking(step)
    with Progress(stream, clock=lambda: next(ticks)) as progress:
        for done in range(1, 6):
            progress.show(done, 5)
    return stream.getvalue()


def test_a_file_gets_a_line_every_few_seconds() -> None:
    assert shown(io.StringIO(), LINE_S / 2) == "1 of 5\n3 of 5\n5 of 5\n"


def test_a_terminal_gets_one_line_that_changes() -> None:
    assert shown(Terminal(), 1) == "\r1 of 5\r2 of 5\r3 of 5\r4 of 5\r5 of 5\n"


def test_a_terminal_is_not_written_to_all_the_time() -> None:
    assert shown(Terminal(), 0.001) == "\r1 of 5\r5 of 5\n"


# Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A row."""

    word: str
    others: tuple[str, ...] = ()


def test_rows_are_read_with_whatever_else_they_hold(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(
        '\ufeff{"word": "a\u2028b", "more": 1}\r\n\n{"word": "c", "others": ["d"]}', "utf-8"
    )

    assert read_rows(file, Word) == [Word(word="a\u2028b"), Word(word="c", others=("d",))]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, r"rows.jsonl cannot be read \(No such file or directory\)"),
        (b"", "rows.jsonl holds no row; write one JSON object a line"),
        (b"\n \n", "holds no row"),
        (b'{"word": "a"}\n\nword,others\n', "rows.jsonl, line 3: write one JSON object a line"),
        (b'[{"word": "a"},\n', "line 1: write one JSON object a line"),
        (b'["a"]\n', "line 1: write one JSON object a line"),
        (b"\xff\xfe\x00", "line 1: write one JSON object a line"),
        (b'{"word": "a"}\n{"others": []}\n', "line 2: “word” is missing"),
        (b'{"word": 7}\n', "line 1: “word” cannot be used: input should be a valid string"),
        (b'{"word": "a", "others": ["b", 1]}', "line 1: “others.1” cannot be used"),
    ],
)
def test_what_is_no_row_is_named(tmp_path: Path, content: bytes | None, reason: str) -> None:
    file = tmp_path / "rows.jsonl"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(EngineError, match=reason):
        read_rows(file, Word)
