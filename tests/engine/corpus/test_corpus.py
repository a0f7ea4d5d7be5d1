"""The loader: every source at once, the last good entries, changes and addresses."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.corpus.text import clean_line, clean_text
from engine.errors import CorpusError
from tests.engine.corpus.corpus_cases import ENTRIES, loader, questions, written

#: A text as somebody wrote it, or none; the word keeps it from being taken for a placeholder.
WRITTEN = st.one_of(st.just(""), st.text(max_size=8).map("word {}".format))


async def test_documents_keep_their_ids_and_others_get_stable_ones(tmp_path: Path) -> None:
    path = written(tmp_path / "documents.json", ENTRIES)

    first = await loader(path).load()
    written(path, ENTRIES[::-1])
    second = await loader(path).load()

    assert first.documents[0].id == "a1"
    assert {document.id for document in first.documents} == {d.id for d in second.documents}
    assert first.loaded_at.tzinfo is not None


async def test_courses_are_named_by_settings_then_files_then_prettily(tmp_path: Path) -> None:
    path = written(
        tmp_path / "documents.json",
        [*ENTRIES, {"course": "Data Engineering!", "question": "Where?", "text": "Here."}],
    )

    corpus = await loader(path, llm_zoomcamp="The LLM course").load()

    assert corpus.courses == {
        "llm-zoomcamp": "The LLM course",
        "ml": "ML",
        "data-engineering": "Data Engineering!",
    }


async def test_one_id_with_different_answers_keeps_both(tmp_path: Path) -> None:
    other = {**ENTRIES[0], "text": "Because."}
    path = written(tmp_path / "documents.json", [ENTRIES[0], other, ENTRIES[0], other])

    corpus = await loader(path).load()
    again = await loader(path).load()

    assert [document.answer for document in corpus.documents] == ["So.", "Because."]
    assert corpus.documents[0].id == "a1"
    assert corpus.documents[1].id.startswith("a1-")
    assert again.documents == corpus.documents


async def test_every_file_is_listed_with_the_ids_of_its_entries(tmp_path: Path) -> None:
    folder = tmp_path / "faq"
    folder.mkdir()
    one = written(folder / "one.json", ENTRIES)
    copy = written(folder / "two.json", [ENTRIES[0], {"question": "Question", "answer": "Answer"}])
    empty = written(tmp_path / "three.json", [{"question": "Question", "answer": "Answer"}])

    corpus = await loader(folder, empty).load()

    first, second = (document.id for document in corpus.documents)
    assert [(file.source, file.entry_ids) for file in corpus.files] == [
        (str(one), (first, second)),
        (str(copy), (first,)),
        (str(empty), ()),
    ]


async def test_unsafe_addresses_of_entries_are_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "d.json", [{**ENTRIES[0], "url": "javascript:alert(1)"}])

    assert (await loader(path).load()).documents[0].url is None


async def test_the_version_changes_with_the_documents_only(tmp_path: Path) -> None:
    path = written(tmp_path / "documents.json", ENTRIES)
    subject = loader(path)

    first = await subject.load()
    written(path, [*ENTRIES, 7])
    same = await subject.load()
    written(path, ENTRIES[:1])
    other = await subject.load()

    assert first.version == same.version
    assert same.problems != ()
    assert other.version != first.version


async def test_a_source_that_turns_bad_keeps_serving_beside_the_others(tmp_path: Path) -> None:
    one = written(tmp_path / "one.json", ENTRIES[:1])
    two = written(tmp_path / "two.json", ENTRIES[1:])
    subject = loader(one, two)
    await subject.load()
    one.write_text("[{", encoding="utf-8")
    written(two, [{"question": "New?", "text": "Yes."}])

    corpus = await subject.load()

    assert questions(corpus) == ["Why?", "New?"]
    assert [problem.source for problem in corpus.problems] == [str(one)]


async def test_no_entry_at_all_is_an_error_that_lists_the_problems(tmp_path: Path) -> None:
    bad = written(tmp_path / "bad.json", [])
    missing = tmp_path / "missing"

    with pytest.raises(CorpusError, match="No FAQ entry could be read") as error:
        await loader(bad, missing, "ftp://e.org/x.json").load()

    assert str(missing) in str(error.value)
    assert "ftp:// is not supported" in str(error.value)


async def test_the_home_of_an_unknown_user_is_a_problem_beside_the_rest(tmp_path: Path) -> None:
    path = written(tmp_path / "documents.json", ENTRIES)

    corpus = await loader("~no-such-user/faq", path).load()

    assert len(corpus.documents) == len(ENTRIES)
    (problem,) = corpus.problems
    assert "There is no such file or folder" in problem.reason


async def test_changes_are_noticed(tmp_path: Path) -> None:
    path = written(tmp_path / "one.json", ENTRIES)
    subject = loader(tmp_path)
    before = await subject.changed()

    await subject.load()
    unchanged = await subject.changed()
    written(tmp_path / "two.json", ENTRIES)
    added = await subject.changed()
    await subject.load()
    path.unlink()
    removed = await subject.changed()

    assert (before, unchanged, added, removed) == (True, False, True, True)


async def test_a_failed_load_is_not_tried_again_until_something_changes(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    subject = loader(path)
    with pytest.raises(CorpusError):
        await subject.load()

    unchanged = await subject.changed()
    written(path, ENTRIES)

    assert unchanged is False
    assert await subject.changed() is True


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(WRITTEN, WRITTEN, st.booleans()), max_size=6))
def test_exactly_the_entries_that_the_file_holds_are_served(
    tmp_path: Path, rows: list[tuple[str, str, bool]]
) -> None:
    path = tmp_path / "rows.json"
    subject = loader(path)
    always = ("Always?", "Yes.")

    def load(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        written(path, [{"question": question, "answer": answer} for question, answer in pairs])
        return [(d.question, d.answer) for d in asyncio.run(subject.load()).documents]

    def expected(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        cleaned = [(clean_line(question), clean_text(answer)) for question, answer in pairs]
        return list(dict.fromkeys(pair for pair in cleaned if all(pair)))

    everything = [always, *((question, answer) for question, answer, _ in rows)]
    kept = [always, *((question, answer) for question, answer, stays in rows if stays)]

    assert load(everything) == expected(everything)
    assert load(kept) == expected(kept)
    assert load([always]) == [always]
