"""Questions to begin with."""

from __future__ import annotations

from bot.desk.starters import starters
from tests.harness import FAQ, ListCorpus


async def test_every_course_and_section_gets_its_turn() -> None:
    corpus = await ListCorpus(FAQ).load()

    assert [d.id for d in starters(corpus, None)] == ["join-late", "cuda-memory", "certificate"]
    assert [d.id for d in starters(corpus, "course-a", 1)] == ["join-late"]
    assert starters(corpus, "no-such-course") == ()
    assert starters(None, None) == ()
