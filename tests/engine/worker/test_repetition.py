"""A text that says the same again and again ends; one that does not is never stopped."""

from __future__ import annotations

import re
from itertools import pairwise
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.worker.repetition import MIN_CHUNK, Repetition

LOOP = "The answer is: you need a token. "
LINE = "You need a token to use the API of the hub.\n"
ROW = "| small | 16 GB of memory | yes, on a card |\n"
LAYER = "    nn.Linear(128, 128), nn.ReLU(),\n"


def end_of(text: str) -> int | None:
    return Repetition().find(text, len(text))


def written(text: str) -> str:
    return text[: end_of(text)]


def stands_thrice_in_a_row(text: str) -> bool:
    """The same, said by a slow and simple rule."""
    spaced = re.sub(r"\s", " ", f"{text} ")
    return re.search(rf"(.{{{MIN_CHUNK},}}?)\1\1", spaced) is not None


@pytest.mark.parametrize(
    ("begin", "chunk"),
    [
        ("You need a token. ", LOOP),
        ("", LINE),
        ("", "- You need a token to use the API.\n\n"),
        ("So: ", "Il faut un jeton pour utiliser l’API du hub. "),
        ("", "APIを使うにはハブのトークンが必要です。まずトークンを作成してください。"),
        ("Run it.\n\n", "```bash\nexport HF_TOKEN=hf_abc\n```\n\n"),
    ],
    ids=["sentences", "lines", "list", "french", "japanese", "blocks"],
)
def test_a_chunk_that_stands_there_for_the_third_time_in_a_row_is_the_last(
    begin: str, chunk: str
) -> None:
    text = written(begin + 9 * chunk)

    assert text.rstrip() == (begin + 3 * chunk).rstrip()
    assert end_of(begin + 2 * chunk) is None


def test_a_chunk_without_the_end_of_a_sentence_ends_after_one_copy_more() -> None:
    text = written("Use it " + "and then use the token " * 9)

    assert text.count("and then use the token") == 4


def test_many_copies_of_a_short_chunk_are_copies_of_a_longer_one() -> None:
    assert len(written("No. " * 99)) < 99 * 4
    assert end_of("No. " * 10) is None


def test_a_loop_within_which_something_stands_twice_is_found() -> None:
    twice = "You need a token for the hub. You need a token for the card, too. "

    text = written(9 * twice)

    assert text.endswith(".")
    assert text.count("for the card") <= 4


def test_a_sentence_is_said_twice_at_most_and_counters_do_not_hide_the_third() -> None:
    steps = [f"{n}. You need a token to use the API.\n" for n in range(1, 9)]

    assert written("".join(steps)) == "".join(steps[:3]).rstrip()


def test_a_sentence_that_comes_a_third_time_after_others_is_the_last() -> None:
    said = "You need a token to use the API. "

    text = written(f"{said}It is free. {said}You get it on the hub. {said}Enter it there. ")

    assert text.endswith(f"on the hub. {said}".rstrip())


@pytest.mark.parametrize(
    "text",
    [
        "1. Open A. Click **Save**.\n2. Open B. Click **Save**.\n3. Open C. Click **Save**.\n",
        "| a | b |\n|---|---|\n" + "".join(f"{ROW}| no | {n} GB | no |\n" for n in range(9)),
        "=" * 200 + "\n" + "| --- | --- | --- | --- |\n" * 9,
        "```python\n" + 5 * LAYER + "```\n",
        "```yaml\n"
        + "".join(f"{name}:\n  restart: unless-stopped until next week\n" for name in "abcdefg")
        + "```\n",
        "\n".join(f'  File "/home/me/Course/2. Tracking/run.py", line {n}, in f' for n in range(9)),
        "".join(f"Week {n}: hand in the homework by Monday, 23:00. " for n in range(9)),
        "0 0 0 0 " * 50,
    ],
    ids=["steps", "rows", "rules", "layers", "services", "traceback", "weeks", "zeros"],
)
def test_what_repeats_for_a_reason_is_left_alone(text: str) -> None:
    assert end_of(text) is None


def test_code_that_never_ends_ends_all_the_same() -> None:
    assert written("```python\n" + 99 * LAYER).count("ReLU") < 9


pieces = st.lists(
    st.one_of(
        st.sampled_from(
            [LOOP, LINE, ROW, LAYER, "No. ", "```\n", "\n", "It is free. ", "好的。", "a b "]
        ),
        st.text(alphabet="ab. \n|`", max_size=8),
    ),
    max_size=40,
)


@given(pieces)
def test_the_end_is_the_same_whatever_the_pieces(parts: list[str]) -> None:
    text = "".join(parts)
    repetition = Repetition()
    ends, shown = [0], 0
    for part in parts:
        ends.append(ends[-1] + len(part))

    found = None
    for before, end in pairwise(ends):
        found = repetition.find(text[:end], end)
        if found is not None:
            shown = before
            break

    assert found == end_of(text)
    assert found is None or shown <= found


@given(pieces)
def test_a_text_without_repetition_is_never_stopped(parts: list[str]) -> None:
    text = "".join(parts)

    end = end_of(text)

    sentences = [s.strip() for s in re.split(r"(?<=[.!?…。！？])|\n", text)]
    thrice = any(len(s) >= MIN_CHUNK and text.count(s) > 2 for s in sentences)
    assert end is None or thrice or stands_thrice_in_a_row(text)


@given(st.lists(st.text(alphabet="abcdefg .\n", min_size=1), unique=True))
def test_lines_that_differ_are_never_stopped(lines: list[str]) -> None:
    text = "".join(f"{number}: {line!r}.\n" for number, line in enumerate(lines))

    end = end_of(text)

    assert end is None or stands_thrice_in_a_row(text)


def test_a_long_text_costs_as_much_a_character_as_a_short_one() -> None:
    text = "".join(f"Sentence {n} says that {n * n} is the square of it. " for n in range(10_000))

    def seconds(size: int) -> float:
        began = perf_counter()
        assert end_of(text[:size]) is None
        return (perf_counter() - began) / size

    assert min(seconds(400_000) for _ in range(2)) < 20 * min(seconds(5_000) for _ in range(3))
