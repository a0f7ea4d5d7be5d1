"""Which courses are searched, and how the size of the FAQ counts."""

from __future__ import annotations

from pathlib import Path

from engine.retrieval.calibration import Claim, threshold
from engine.retrieval.search import ELSEWHERE_STRICTER
from engine.types import Question
from tests.engine.retrieval.retriever_cases import ALL, FakeSource, ids, running
from tests.fake_embedder import FakeEmbedder


async def test_a_course_is_searched_with_those_that_it_includes(
    tmp_path: Path, embedder: FakeEmbedder | None
) -> None:
    async with running(
        FakeSource(*ALL), tmp_path, embedder, includes={"b": ["a"], "new": ["b"]}
    ) as retriever:
        await retriever.settled()

        included = await retriever.search(Question(text="Can I join late?", course="b"))
        without_own = await retriever.search(
            Question(text="When is the homework due?", course="new")
        )
        other_way = await retriever.search(Question(text="Can I join late?", course="a"))

    assert ids(included)[0] == "late"
    assert included.covered
    assert not included.elsewhere
    assert ids(without_own)[0] == "due"
    assert not without_own.elsewhere
    assert "due" not in ids(other_way)


async def test_what_its_course_does_not_cover_is_searched_for_in_all(
    tmp_path: Path, embedder: FakeEmbedder | None
) -> None:
    async with running(FakeSource(*ALL), tmp_path, embedder) as retriever:
        await retriever.settled()

        missed = await retriever.search(Question(text="Can I join late?", course="b"))
        everywhere = await retriever.search(Question(text="Can I join late?"))

    assert missed.elsewhere
    assert missed.covered
    assert ids(missed)[0] == "late"
    assert missed.matches == tuple(m for m in everywhere.matches if m.document.course != "b")
    assert not everywhere.elsewhere
    assert missed.gate == threshold(Claim.COVERED, missed.mode)
    assert missed.confidence >= missed.gate + ELSEWHERE_STRICTER * (1 - missed.gate)


async def test_what_no_course_covers_is_a_miss_of_its_own_course(
    tmp_path: Path, embedder: FakeEmbedder | None
) -> None:
    async with running(FakeSource(*ALL), tmp_path, embedder) as retriever:
        await retriever.settled()

        missed = await retriever.search(Question(text="Who won the football match?", course="b"))

    assert not missed.covered
    assert not missed.elsewhere
    assert set(ids(missed)) <= {"due", "compose"}


async def test_what_its_course_covers_is_not_searched_for_elsewhere(
    tmp_path: Path, embedder: FakeEmbedder | None
) -> None:
    twin = ("twin", "a", "When is the homework due?", "On Monday evening.")
    async with running(FakeSource(*ALL, twin), tmp_path, embedder) as retriever:
        await retriever.settled()

        found = await retriever.search(Question(text="When is the homework due?", course="b"))

    assert ids(found)[0] == "due"
    assert not found.elsewhere
    assert "twin" not in ids(found)


async def test_the_same_score_says_less_among_more_entries(tmp_path: Path) -> None:
    few = [(f"m{n}", "small", f"What is the best day number {n}?", "Text.") for n in range(10)]
    many = [(f"n{n}", "big", f"How long do I cook egg {n}?", "Water.") for n in range(400)]
    asked = "the best number"
    async with running(
        FakeSource(*few, *many), tmp_path, FakeEmbedder(), includes={"big": ["small"]}
    ) as retriever:
        await retriever.settled()
        found = [
            await retriever.search(Question(text=asked, course=course))
            for course in ("small", "big")
        ]

    assert found[0].matches == found[1].matches
    assert [one.elsewhere for one in found] == [False, False]
    over = [one.features.over for one in found if one.features]
    assert over[0] > over[1]
    assert found[0].confidence > found[1].confidence
