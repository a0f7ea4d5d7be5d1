"""The retriever finds entries, says what it can do, and stays as new as its source."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.settings import RetrievalSettings
from engine.answer.query_rewriting import context_of
from engine.corpus.corpus import Corpus, Problem
from engine.errors import CorpusError
from engine.retrieval.calibration import Claim, likelihood, threshold
from engine.retrieval.retrieval import Retrieval
from engine.retrieval.retriever import ELSEWHERE_STRICTER, FEW_TEXTS, Retriever
from engine.types import Document, Question, RetrievalMode, Turn
from tests.fake_embedder import FakeEmbedder, other_languages

JOIN = ("late", "a", "Can I join late?", "Yes, at any time before the end.")
DOCKER = ("docker", "a", "Docker does not start", "Restart the machine and install Docker again.")
DUE = ("due", "b", "When is the homework due?", "On Monday evening.")
OTHER_DOCKER = ("compose", "b", "How do I use Docker Compose?", "Run docker compose up.")
ALL = (JOIN, DOCKER, DUE, OTHER_DOCKER)


def corpus_of(*entries: tuple[str, str, str, str], problems: Sequence[Problem] = ()) -> Corpus:
    documents = tuple(
        Document(id=id, course=course, section="", question=question, answer=answer)
        for id, course, question, answer in entries
    )
    return Corpus(
        documents=documents,
        courses={document.course: document.course.upper() for document in documents},
        problems=tuple(problems),
        version=repr(documents),
        loaded_at=datetime.now(UTC),
    )


class FakeSource:
    """Gives what the test puts in; `looked` tells that the retriever has asked again."""

    def __init__(self, *entries: tuple[str, str, str, str]) -> None:
        self.next: Corpus | CorpusError = corpus_of(*entries)
        self.has_changed = False
        self.looked = asyncio.Event()

    async def load(self) -> Corpus:
        self.has_changed = False
        if isinstance(self.next, CorpusError):
            raise self.next
        return self.next

    async def changed(self) -> bool:
        self.looked.set()
        return self.has_changed

    def put(self, content: Corpus | CorpusError) -> None:
        self.next, self.has_changed = content, True
        self.looked.clear()

    async def was_read(self) -> None:
        """Wait until what was put in has been read and the next look has come."""
        await asyncio.wait_for(self.looked.wait(), 120)
        self.looked.clear()
        await asyncio.wait_for(self.looked.wait(), 120)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not condition():  # a property has no event to wait for
            await asyncio.sleep(0)


@asynccontextmanager
async def running(
    source: FakeSource,
    folder: Path,
    embedder: FakeEmbedder | None = None,
    settings: RetrievalSettings | None = None,
    *,
    multilingual: FakeEmbedder | None = None,
    includes: Mapping[str, Sequence[str]] | None = None,
) -> AsyncIterator[Retriever]:
    retriever = Retriever(
        source,
        settings or RetrievalSettings(),
        refresh_s=0.001,
        embedder_factory=(lambda: embedder) if embedder else None,
        multilingual_factory=(lambda: multilingual) if multilingual else None,
        includes=includes,
        cache_dir=folder,
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(retriever.run(stop))
        try:
            await asyncio.wait_for(retriever.ready(), 120)
            yield retriever
        finally:
            stop.set()


def ids(found: Retrieval) -> list[str]:
    return [match.document.id for match in found.matches]


@pytest.fixture(params=[None, FakeEmbedder], ids=["words", "words and vectors"])
def embedder(request: pytest.FixtureRequest) -> FakeEmbedder | None:
    make: Callable[[], FakeEmbedder] | None = request.param
    return make() if make else None


async def test_the_entry_about_the_question_comes_first(
    tmp_path: Path, embedder: FakeEmbedder | None
) -> None:
    async with running(FakeSource(*ALL), tmp_path, embedder) as retriever:
        await retriever.settled()

        found = await retriever.search(Question(text="Can I join late?"))

    assert ids(found)[0] == "late"
    assert found.mode is (RetrievalMode.HYBRID if embedder else RetrievalMode.LEXICAL)
    assert found.evidence is not None
    assert found.confidence == round(likelihood(Claim.COVERED, found.mode, found.evidence), 4)
    assert found.gate == threshold(Claim.COVERED, found.mode)
    assert found.covered
    assert (found.question_language, found.faq_language) == ("en", "en")
    assert not found.elsewhere


async def test_only_the_course_of_the_question_is_searched(
    tmp_path: Path, embedder: FakeEmbedder | None
) -> None:
    async with running(FakeSource(*ALL), tmp_path, embedder) as retriever:
        await retriever.settled()

        everywhere = await retriever.search(Question(text="docker"))
        in_b = await retriever.search(Question(text="docker", course="b"))

    assert {"docker", "compose"} <= set(ids(everywhere))
    assert set(ids(in_b)) <= {"compose", "due"}
    assert ids(in_b)[0] == "compose"


@pytest.mark.parametrize(
    "question",
    [
        Question(text=""),
        Question(text="?!"),
        Question(text="🙏🙏"),
        Question(text="docker", course="unknown"),
        Question(text="docker", course=""),
    ],
    ids=["empty", "punctuation", "emoji", "unknown course", "nameless course"],
)
async def test_nothing_to_search_for_or_in_finds_nothing(
    tmp_path: Path, embedder: FakeEmbedder | None, question: Question
) -> None:
    async with running(FakeSource(*ALL), tmp_path, embedder) as retriever:
        await retriever.settled()

        found = await retriever.search(question)

    assert found.matches == ()
    assert found.confidence == 0
    assert not found.covered


@pytest.mark.parametrize("text", ["docker " * 150_000, "x" * 1_000_000, "é\u0301" * 500_000])
async def test_a_megabyte_is_cut_before_it_is_searched(
    tmp_path: Path, embedder: FakeEmbedder | None, text: str
) -> None:
    async with running(FakeSource(*ALL), tmp_path, embedder) as retriever:
        await retriever.settled()

        await retriever.search(Question(text=text))

    assert all(len(text) <= 4000 for text in (embedder.encoded if embedder else []))


async def test_as_many_entries_come_as_are_asked_for(tmp_path: Path) -> None:
    settings = RetrievalSettings(num_results=1)
    async with running(FakeSource(*ALL), tmp_path, settings=settings) as retriever:
        usual = await retriever.search(Question(text="docker"))
        two = await retriever.search(Question(text="docker"), 2)
        none = await retriever.search(Question(text="docker"), 0)

    assert [len(found.matches) for found in (usual, two, none)] == [1, 2, 0]


async def test_words_are_searched_while_the_vectors_are_being_made(tmp_path: Path) -> None:
    english, multilingual = FakeEmbedder("english"), other_languages()
    english.may_encode.clear()
    multilingual.may_encode.clear()
    async with running(FakeSource(*ALL), tmp_path, english, multilingual=multilingual) as retriever:
        found, details = [], []
        for wait in (retriever.ready, retriever.settled, retriever.complete):
            await wait()
            found.append(await retriever.search(Question(text="docker")))
            details.append(retriever.detail)
            (multilingual if english.may_encode.is_set() else english).may_encode.set()

    assert [one.mode for one in found] == [
        RetrievalMode.LEXICAL,
        RetrievalMode.HYBRID,
        RetrievalMode.ENSEMBLE,
    ]
    assert [one.gate for one in found] == [threshold(Claim.COVERED, one.mode) for one in found]
    assert details == [
        "Words only so far, over 4 entries: the vectors are not ready yet.",
        "Words and English vectors over 4 entries; the multilingual ones follow.",
        "Words and vectors over 4 entries.",
    ]


async def test_an_embedder_for_other_languages_that_cannot_start_leaves_the_english_one(
    tmp_path: Path,
) -> None:
    multilingual = other_languages()
    multilingual.refuses_to_start = "this processor lacks avx2"
    async with running(
        FakeSource(*ALL), tmp_path, FakeEmbedder(), multilingual=multilingual
    ) as retriever:
        await retriever.complete()

        found = await retriever.search(Question(text="docker"))

    assert found.mode is RetrievalMode.HYBRID
    assert retriever.mode is RetrievalMode.HYBRID
    assert retriever.detail == (
        "Words and English vectors over 4 entries: this processor lacks avx2."
    )


async def test_an_english_embedder_that_cannot_start_leaves_the_other_and_is_told(
    tmp_path: Path,
) -> None:
    english = FakeEmbedder("english")
    english.refuses_to_start = "the Python package torch is not installed"
    async with running(
        FakeSource(*ALL), tmp_path, english, multilingual=other_languages()
    ) as retriever:
        await retriever.complete()

        found = await retriever.search(Question(text="Docker does not start"))

    assert found.mode is RetrievalMode.MULTILINGUAL
    assert ids(found)[0] == "docker"
    assert found.covered
    assert "the Python package torch is not installed" in retriever.detail


@pytest.mark.parametrize("failing", ["english", "multilingual"])
async def test_an_embedder_that_fails_on_a_question_leaves_the_other(
    tmp_path: Path, failing: str
) -> None:
    encoders = {"english": FakeEmbedder("english"), "multilingual": other_languages()}
    async with running(
        FakeSource(*ALL), tmp_path, encoders["english"], multilingual=encoders["multilingual"]
    ) as retriever:
        await retriever.complete()
        encoders[failing].fails = True

        found = await retriever.search(Question(text="Docker does not start"))

    left = {"english": RetrievalMode.MULTILINGUAL, "multilingual": RetrievalMode.HYBRID}
    assert found.mode is left[failing]
    assert ids(found)[0] == "docker"
    assert found.gate == threshold(Claim.COVERED, found.mode)


async def test_a_question_in_another_language_is_searched_with_multilingual_vectors_only(
    tmp_path: Path,
) -> None:
    english, multilingual = FakeEmbedder("english"), other_languages()
    german = "Wie kann ich Docker auf der Maschine installieren?"
    async with running(FakeSource(*ALL), tmp_path, english, multilingual=multilingual) as retriever:
        await retriever.complete()

        found = await retriever.search(Question(text=german))

    assert found.mode is RetrievalMode.MULTILINGUAL
    assert (found.question_language, found.faq_language) == ("de", "en")
    assert german in multilingual.asked
    assert german not in english.encoded
    assert found.evidence is not None
    assert found.evidence.over_english == 0
    assert found.gate == threshold(Claim.COVERED, RetrievalMode.MULTILINGUAL)
    assert retriever.mode is RetrievalMode.ENSEMBLE


async def test_only_the_english_model_reads_a_question_with_its_typing_errors_mended(
    tmp_path: Path,
) -> None:
    english, multilingual = FakeEmbedder("english"), other_languages()
    async with running(FakeSource(*ALL), tmp_path, english, multilingual=multilingual) as retriever:
        await retriever.complete()

        await retriever.search(Question(text="Why does dokcer not start?"))

    assert "Why does dokcer not start?" in multilingual.asked
    assert "Why does docker not start?" in english.asked


GERMAN = (
    ("spaet", "a", "Kann ich später einsteigen?", "Ja, jederzeit bis zum Ende des Kurses."),
    ("docker", "a", "Docker startet nicht", "Starte den Rechner neu und installiere es nochmals."),
)


async def test_a_faq_in_another_language_needs_no_english_embedder(tmp_path: Path) -> None:
    english, multilingual = FakeEmbedder("english"), other_languages()
    async with running(
        FakeSource(*GERMAN), tmp_path, english, multilingual=multilingual
    ) as retriever:
        await retriever.complete()

        own = await retriever.search(Question(text="Kann ich noch später einsteigen?"))
        foreign = await retriever.search(Question(text="Can I still join the course later?"))

    assert english.encoded == []
    assert retriever.language == "de"
    assert retriever.mode is RetrievalMode.MULTILINGUAL
    assert retriever.detail == "Words and vectors over 2 entries."
    assert (own.mode, foreign.mode) == (RetrievalMode.MULTILINGUAL,) * 2
    assert (own.question_language, own.faq_language) == ("de", "de")
    assert (foreign.question_language, foreign.faq_language) == ("en", "de")
    assert ids(own)[0] == "spaet"


async def test_a_very_large_english_faq_gets_no_multilingual_vectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.retrieval.retriever.MANY_ENTRIES", 3)
    multilingual = other_languages()
    async with running(
        FakeSource(*ALL), tmp_path, FakeEmbedder(), multilingual=multilingual
    ) as retriever:
        await retriever.complete()

        found = await retriever.search(Question(text="docker"))

    assert multilingual.encoded == []
    assert found.mode is RetrievalMode.HYBRID
    assert retriever.detail.startswith("Words and English vectors over 4 entries: ")


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


async def test_an_embedder_that_cannot_start_leaves_the_words(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    embedder.refuses_to_start = "the Python package x is not installed"
    async with running(FakeSource(*ALL), tmp_path, embedder) as retriever:
        await retriever.settled()

        found = await retriever.search(Question(text="docker"))

    assert found.matches
    assert retriever.mode is RetrievalMode.LEXICAL
    assert retriever.detail == "Words only, over 4 entries: the Python package x is not installed."


async def test_an_embedder_that_fails_on_a_question_leaves_the_words(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    async with running(FakeSource(*ALL), tmp_path, embedder) as retriever:
        await retriever.settled()
        embedder.fails = True

        found = await retriever.search(Question(text="docker"))

    assert found.mode is RetrievalMode.LEXICAL
    assert found.matches


async def test_without_vectors_it_says_that_they_are_off(tmp_path: Path) -> None:
    async with running(FakeSource(JOIN), tmp_path) as retriever:
        await retriever.settled()

        assert retriever.detail == "Words only, over 1 entry: vectors are switched off."


async def test_a_change_of_the_faq_is_found(tmp_path: Path, embedder: FakeEmbedder | None) -> None:
    source = FakeSource(JOIN, DOCKER)
    async with running(source, tmp_path, embedder) as retriever:
        await retriever.settled()
        source.put(corpus_of(JOIN, DUE))
        await source.was_read()

        added = await retriever.search(Question(text="When is the homework due?"))
        deleted = await retriever.search(Question(text="Docker does not start"))

    assert ids(added)[0] == "due"
    assert "docker" not in ids(deleted)


async def test_deleted_entries_go_before_a_lot_of_new_ones_has_vectors(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    source = FakeSource(JOIN, DOCKER)
    async with running(source, tmp_path, embedder) as retriever:
        await retriever.settled()
        embedder.may_encode.clear()
        many = [(f"n{n}", "a", f"Entry number {n}", "Text.") for n in range(FEW_TEXTS)]
        source.put(corpus_of(JOIN, *many))
        await until(lambda: retriever.mode is RetrievalMode.LEXICAL)

        found = await retriever.search(Question(text="Docker does not start"))
        embedder.may_encode.set()

    assert "docker" not in ids(found)


async def test_a_search_under_way_ends_with_the_index_it_began_with(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    source = FakeSource(JOIN, DOCKER)
    async with running(source, tmp_path, embedder) as retriever:
        await retriever.settled()
        embedder.may_encode.clear()
        async with asyncio.TaskGroup() as group:
            search = group.create_task(retriever.search(Question(text="Docker does not start")))
            await asyncio.sleep(0)
            source.put(corpus_of(DOCKER))  # its vectors are known: nothing to encode
            await source.was_read()
            size_meanwhile = len(retriever.corpus.documents) if retriever.corpus else 0
            embedder.may_encode.set()

    assert size_meanwhile == 1
    assert ids(search.result())[0] == "docker"


async def test_a_faq_that_turns_bad_leaves_the_last_good_one(tmp_path: Path) -> None:
    source = FakeSource(*ALL)
    async with running(source, tmp_path) as retriever:
        source.put(CorpusError("faq.json is not JSON."))
        await until(lambda: "not JSON" in retriever.detail)
        meanwhile = await retriever.search(Question(text="docker"))
        source.put(corpus_of(DUE))
        await until(lambda: "not JSON" not in retriever.detail)
        mended = await retriever.search(Question(text="homework"))

    assert meanwhile.matches
    assert ids(mended) == ["due"]


async def test_a_faq_that_cannot_be_read_at_first_is_empty_until_it_can(tmp_path: Path) -> None:
    source = FakeSource()
    source.next = CorpusError("There is no faq.json.")
    embedder = FakeEmbedder()
    async with running(source, tmp_path, embedder) as retriever:
        await retriever.settled()
        empty = retriever.corpus
        found = await retriever.search(Question(text="docker"))
        source.put(corpus_of(*ALL))
        await until(lambda: retriever.mode is RetrievalMode.HYBRID)

    assert empty is not None
    assert empty.documents == ()
    assert [problem.reason for problem in empty.problems] == ["There is no faq.json."]
    assert found.matches == ()
    assert "4 entries" in retriever.detail


async def test_problems_beside_unchanged_entries_are_shown(tmp_path: Path) -> None:
    source = FakeSource(*ALL)
    problem = Problem(source="b.json", reason="b.json is not JSON.")
    async with running(source, tmp_path) as retriever:
        source.put(corpus_of(*ALL, problems=[problem]))
        await source.was_read()

        assert retriever.corpus is not None
        assert retriever.corpus.problems == (problem,)


@pytest.mark.parametrize("waiting", ["english", "multilingual"])
async def test_stopping_in_the_middle_of_the_vectors_closes_the_embedders(
    tmp_path: Path, waiting: str
) -> None:
    encoders = {"english": FakeEmbedder("english"), "multilingual": other_languages()}
    encoders[waiting].may_encode.clear()
    english_waits = waiting == "english"
    one_sided = RetrievalMode.MULTILINGUAL if english_waits else RetrievalMode.HYBRID

    async with running(
        FakeSource(*ALL), tmp_path, encoders["english"], multilingual=encoders["multilingual"]
    ) as retriever:
        await until(lambda: encoders[waiting].started)
        await until(lambda: retriever.mode is one_sided)

    assert {name for name, one in encoders.items() if one.started and not one.closed} == set()


async def test_a_short_follow_up_is_read_in_the_light_of_the_question_before(
    tmp_path: Path, embedder: FakeEmbedder | None
) -> None:
    asked = Turn(question="Docker does not start", answer="Restart.")
    async with running(FakeSource(*ALL), tmp_path, embedder) as retriever:
        await retriever.settled()

        alone = await retriever.search(Question(text="and the machine?"))
        follow_up, thanks = [
            await retriever.search(one, context=context_of(one, retriever.title_of))
            for one in (
                Question(text="and the machine?", history=(asked,)),
                Question(text="thanks!", history=(asked,)),
            )
        ]

    assert ids(follow_up)[0] == "docker"
    assert follow_up.confidence > alone.confidence
    assert not thanks.covered


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
    over = [one.evidence.over for one in found if one.evidence]
    assert over[0] > over[1]
    assert found[0].confidence > found[1].confidence
