"""Exports of help centres, forums and chatbots."""

from __future__ import annotations

import json

import pytest

from engine.corpus.entry import Entry, Parsed
from engine.corpus.formats.data.structured import parse_json
from engine.corpus.formats.data.table import parse_csv
from engine.errors import NotAnFaq


def parsed(content: object) -> Parsed:
    return parse_json(json.dumps(content).encode())


def read(content: object) -> list[Entry]:
    return list(parsed(content).entries)


ARTICLES = {
    "zendesk": {"section_id": 1, "html_url": "https://e.org/1", "url": "https://e.org/api/1"},
    "freshdesk": {"folder_id": 1, "description_text": "Unplug it.", "description": "<p>No.</p>"},
    "helpscout": {"collectionId": "1", "publicUrl": "https://e.org/1"},
}


@pytest.mark.parametrize("program", ARTICLES)
def test_an_article_of_a_help_centre_need_not_ask(program: str) -> None:
    (entry,) = read({"articles": [{"title": "Reset", "body": "Unplug it.", **ARTICLES[program]}]})

    assert (entry.question, entry.answer) == ("Reset", "Unplug it.")
    assert entry.url in ("https://e.org/1", "")


def test_titles_of_other_lists_must_ask() -> None:
    with pytest.raises(NotAnFaq):
        read({"pages": [{"title": "Reset", "body": "Unplug it.", "url": "https://e.org/1"}]})


def test_a_question_of_stack_overflow_has_the_answer_that_it_accepts() -> None:
    posts = [
        {"id": 1, "postType": "question", "title": "Why?", "body": "?", "acceptedAnswerId": 3},
        {"id": 2, "postType": "answer", "parentId": 1, "body": "No."},
        {"id": 3, "postType": "answer", "parentId": 1, "body": "So."},
        {"id": 4, "postType": "question", "title": "When?", "body": "?"},
    ]

    found = parsed(posts)

    assert [(entry.question, entry.answer) for entry in found.entries] == [("Why?", "So.")]
    assert found.left_out == ("1 entry is left out, without an accepted answer.",)


def test_posts_in_a_table_are_read_like_those_of_json() -> None:
    rows = b"Id,PostTypeId,AcceptedAnswerId,Title,Body\n1,1,2,Why?,Eh\n2,2,,,So.\n"

    assert [(e.question, e.answer) for e in parse_csv(rows).entries] == [("Why?", "So.")]


def test_an_intent_is_asked_by_its_first_question_and_small_talk_is_left_out() -> None:
    found = parsed(
        {
            "intents": [
                {"tag": "greeting", "patterns": ["Hi"], "responses": ["Hello"]},
                {"tag": "fee", "patterns": ["price", "What is it?"], "responses": ["1.", "One."]},
            ]
        }
    )

    (entry,) = found.entries
    assert (entry.question, entry.answer) == ("What is it?", "1.")
    assert entry.phrasings == ("price",)
    assert found.left_out == ("1 entry is left out, intents of a chatbot in which nothing asks.",)


@pytest.mark.parametrize("names", [("prompt", "completion"), ("instruction", "output")])
def test_training_data_is_an_faq_only_where_it_asks(names: tuple[str, str]) -> None:
    asking = [dict(zip(names, ("Why is it so?", "So."), strict=True))]
    telling = [dict(zip(names, ("Write a poem", "Roses"), strict=True))]

    assert [entry.question for entry in read(asking)] == ["Why is it so?"]
    with pytest.raises(NotAnFaq):
        read(telling)
