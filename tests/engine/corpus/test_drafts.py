"""What somebody keeps back, and how a question may be asked, on their way into the corpus."""

from __future__ import annotations

from pathlib import Path

from tests.engine.corpus.corpus_cases import loader, questions, written


async def test_drafts_are_left_out_and_counted_once_for_each_file(tmp_path: Path) -> None:
    path = written(
        tmp_path / "faq.json",
        [
            {"question": "Why is it so?", "answer": "Because."},
            {"question": "What is next?", "answer": "To be seen.", "draft": True},
            {"question": "And then?", "answer": "To be seen.", "draft": "yes"},
            {"question": "Who?", "answer": "Us.", "draft": True},
        ],
    )

    corpus = await loader(path).load()

    assert questions(corpus) == ["Why is it so?"]
    assert corpus.problems == ()
    assert [(each.source, each.reason) for each in corpus.left_out] == [
        (str(path), "2 entries are left out, marked “draft: true”."),
        (str(path), "1 entry is left out, marked “draft: yes”."),
    ]


async def test_an_answer_that_points_at_a_draft_is_not_resolved_past_it(tmp_path: Path) -> None:
    path = written(
        tmp_path / "faq.json",
        [
            {"question": "Why is it so?", "answer": "Because."},
            {"question": "What is next?", "answer": "To be seen.", "draft": True},
            {"question": "And then?", "answer": "See the previous answer."},
        ],
    )

    assert questions(await loader(path).load()) == ["Why is it so?"]


async def test_phrasings_come_with_their_document(tmp_path: Path) -> None:
    path = written(tmp_path / "faq.json", [{"q": ["Why?", "What for?"], "a": "So it is."}])
    subject = loader(path)
    first = await subject.load()

    written(path, [{"q": ["Why?", "How come?"], "a": "So it is."}])
    second = await subject.load()

    assert first.documents[0].phrasings == ("What for?",)
    assert second.documents[0].id == first.documents[0].id
    assert second.version != first.version


async def test_settings_in_a_folder_are_passed_over_and_said(tmp_path: Path) -> None:
    written(tmp_path / "faq.json", [{"q": "Why?", "a": "So it is."}])
    written(tmp_path / "package.json", {"name": "x", "version": "1.0", "scripts": {}})

    corpus = await loader(tmp_path).load()

    assert questions(corpus) == ["Why?"]
    assert corpus.problems == ()
    assert [Path(each.source).name for each in corpus.passed_over] == ["package.json"]
