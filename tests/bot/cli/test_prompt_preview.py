"""What `ask --show-prompt` prints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli.prompt_preview import PromptPreview, preview_object, preview_prompt, preview_text
from config.settings import Secrets, Settings
from engine.protocol import ShownPrompt
from engine.types import Answer, Decision, Document, Question, Timings
from tests.engine.worker.tiny_models import entry

DOCUMENTS = tuple(
    Document(id=id, course="c", section="s", question=question, answer="Yes.")
    for id, question in (("late", "Can I join late?"), ("long", "Why?"), ("fee", "Is it free?"))
)
PROMPT = ShownPrompt(
    model="tiny",
    text="<|im_start|>system\nAnswer.",
    num_tokens=312,
    max_tokens=1888,
    document_ids=("late", "fee"),
)
ASKED = PromptPreview(
    question=Question(text="May I join?"),
    entry=entry(),
    answer=Answer(
        text="The FAQ has no answer to this.",
        decision=Decision.NOT_COVERED,
        reason="Nothing in the FAQ is close: 0.01, and 0.24 is needed.",
        timings=Timings(retrieve_s=0.0, total_s=0.0),
    ),
    documents=DOCUMENTS,
    prompt=PROMPT,
)
NOT_ASKED = replace(ASKED, documents=(), prompt=None)


def settings(folder: Path, model: str) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": folder,
            "engine": {"model": model, "device": "cpu"},
            "retrieval": {"embedder": "none"},
        }
    )


def test_people_are_told_the_tokens_and_the_numbered_entries_and_then_the_prompt() -> None:
    assert preview_text(ASKED) == (
        "tiny would read 312 of at most 1888 tokens, with these entries:\n"
        "[1] Can I join late? (late)\n"
        "[3] Is it free? (fee)\n"
        "\n"
        "<|im_start|>system\nAnswer."
    )


def test_programs_are_told_the_same() -> None:
    assert preview_object(ASKED) == {
        "question": "May I join?",
        "course": None,
        "model": "tiny",
        "prompt": "<|im_start|>system\nAnswer.",
        "tokens": 312,
        "max_tokens": 1888,
        "document_ids": ["late", "fee"],
        "note": "",
    }


def test_where_nothing_would_be_sent_it_is_said_why_in_one_sentence() -> None:
    sentence = (
        "Nothing would be sent to tiny: nothing in the FAQ is close: 0.01, and 0.24 is needed."
    )

    assert preview_text(NOT_ASKED) == sentence
    assert preview_object(NOT_ASKED) == {
        "question": "May I join?",
        "course": None,
        "model": "tiny",
        "prompt": None,
        "tokens": None,
        "max_tokens": None,
        "document_ids": [],
        "note": sentence,
    }


def test_what_is_not_sure_is_noted() -> None:
    guessed = replace(ASKED, judges=True, prompt=replace(PROMPT, num_tokens=None))

    text = preview_text(guessed)

    assert text.startswith("tiny would read at most 1888 tokens, with these entries:\n")
    assert "tiny is asked first whether the best entry answers: this if it says yes." in text
    assert "tiny is not on this machine: its chat template is left out" in text


@pytest.mark.parametrize(
    ("model", "judges", "numbered"),
    [("mistral-7b", False, False), ("flan-t5-xl", True, False), ("phi-3-mini", True, True)],
)
async def test_a_question_goes_all_the_way_to_a_model_that_is_not_here(
    tmp_path: Path, model: str, judges: bool, numbered: bool
) -> None:
    question = Question(text="Can I still join after the course has started?")

    preview = await preview_prompt(settings(tmp_path, model), Secrets(), question)

    assert preview.prompt is not None
    assert (preview.entry.alias, preview.judges) == (model, judges)
    assert "you can join at any time" in preview.prompt.text
    assert question.text in preview.prompt.text
    assert ("<entry 1>" in preview.prompt.text) is numbered
    assert set(preview.prompt.document_ids) <= {d.id for d in preview.documents}


async def test_a_question_that_the_faq_does_not_cover_does_not_come_to_the_model(
    tmp_path: Path,
) -> None:
    question = Question(text="Who won the world cup of 1998?")

    preview = await preview_prompt(settings(tmp_path, "mistral-7b"), Secrets(), question)

    assert preview.prompt is None
    assert preview_text(preview).startswith("Nothing would be sent to mistral-7b: ")
