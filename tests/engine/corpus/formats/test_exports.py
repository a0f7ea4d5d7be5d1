"""Exports of forums give the accepted answers; those of chats are named."""

from __future__ import annotations

import json

import pytest

from engine.corpus.formats.data.structured import parse_json
from engine.errors import NotAnFaq

TOPIC = {
    "id": 77,
    "title": "Docker &amp; permissions",
    "post_stream": {
        "posts": [
            {"post_number": 1, "cooked": "<p>What now?</p>"},
            {"post_number": 2, "cooked": "<p>Me too.</p>"},
            {"post_number": 3, "cooked": "<p>Join the group.</p>", "accepted_answer": True},
        ]
    },
}
OPEN_TOPIC = {"title": "Still open", "post_stream": {"posts": [{"cooked": "Anybody?"}]}}
ANSWERED = {
    "question_id": 5,
    "title": "Why is it &quot;hidden&quot;?",
    "link": "https://e.org/5",
    "tags": ["airflow", "dag"],
    "body": "<p>I tried.</p>",
    "answers": [
        {"is_accepted": False, "body": "<p>No idea.</p>"},
        {"is_accepted": True, "body": "<p>Wrong folder.</p>"},
    ],
}


def read(content: object) -> list[tuple[str, str, str, str]]:
    parsed = parse_json(json.dumps(content).encode())
    return [(entry.id, entry.section, entry.question, entry.answer) for entry in parsed.entries]


def test_the_solution_answers_a_topic_of_discourse() -> None:
    expected = [("77", "", "Docker & permissions", "Join the group.")]

    assert read(TOPIC) == read([TOPIC, OPEN_TOPIC]) == expected


def test_the_post_that_a_topic_names_is_its_solution() -> None:
    posts = [{"post_number": number, "cooked": f"Post {number}."} for number in (1, 2, 3)]
    topic = {"id": 1, "title": "T", "post_stream": {"posts": posts}}

    assert read({**topic, "accepted_answer": {"post_number": 2}})[0][3] == "Post 2."


def test_the_accepted_answer_is_taken_and_other_questions_are_counted() -> None:
    unanswered = {"title": "How?", "body": "<p>How?</p>", "answers": []}
    content = {"items": [ANSWERED, unanswered], "has_more": False}

    parsed = parse_json(json.dumps(content).encode())

    assert read(content) == [("5", "airflow", 'Why is it "hidden"?', "Wrong folder.")]
    assert parsed.entries[0].url == "https://e.org/5"
    assert parsed.left_out == ("1 entry is left out, without an accepted answer.",)


@pytest.mark.parametrize(
    "content",
    [
        OPEN_TOPIC,
        [{"number": 3, "title": "How do I start?", "body": "I tried.", "user": {"login": "x"}}],
        {"items": [{**ANSWERED, "answers": ANSWERED["answers"][:1]}], "has_more": False},
    ],
    ids=["open topic", "issues", "nothing accepted"],
)
def test_posts_without_an_accepted_answer_are_no_faq(content: object) -> None:
    with pytest.raises(NotAnFaq, match="no answer is marked as accepted"):
        read(content)


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "message", "user": "U1", "ts": "1700.1", "text": "How do I join?"}],
        {"name": "Course", "messages": [{"id": 1, "type": "service"}, {"type": "message"}]},
        [{"messages": [{"role": "user", "content": "How?"}]}],
    ],
    ids=["Slack", "Telegram", "with a model"],
)
def test_a_conversation_is_named_with_what_to_do(content: object) -> None:
    with pytest.raises(NotAnFaq, match=r"conversation.*write the questions worth keeping"):
        read(content)


@pytest.mark.parametrize(
    "content",
    [
        {"question": ["Why?", "When?"], "answer": ["So.", "Now."], "section": ["A", "B"]},
        {
            "question": {"0": "Why?", "1": "When?"},
            "answer": {"0": "So.", "1": "Now."},
            "section": {"0": "A", "1": "B"},
        },
    ],
    ids=["lists", "mappings"],
)
def test_a_data_frame_written_by_columns_is_read_by_rows(content: object) -> None:
    assert read(content) == [("", "A", "Why?", "So."), ("", "B", "When?", "Now.")]
