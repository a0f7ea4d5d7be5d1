"""`ask`: one question answered, or the prompt that a model would read for it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Annotated

import typer

from bot.cli.errors import WrongInput
from bot.cli.options import ConfigOption, JsonOption, ModelOption, set_up
from config.settings import Secrets, Settings
from engine.invisible import without_invisible
from engine.limits import STORED_CHARS
from engine.types import Question

CourseOption = Annotated[
    str | None, typer.Option("--course", help="Search in this course only (its machine name).")
]


def ask(
    question: str,
    course: CourseOption = None,
    config: ConfigOption = None,
    model: ModelOption = None,
    show_prompt: Annotated[
        bool,
        typer.Option("--show-prompt", help="Print what the model would read; it is not asked."),
    ] = False,
    explained: Annotated[
        bool, typer.Option("--explain", help="Say as well why the answer is as it is.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer one question and exit.

    Examples: `main.py ask "Can I join late?"`, `main.py ask --course my-course "When?" --json`
    """
    from engine.answer.gist import shortened

    text = shortened(without_invisible(question).strip(), STORED_CHARS)
    if not text:
        raise WrongInput("There is no question to answer; write one in a few words.")
    settings, secrets = set_up(config, model, quiet=True)
    asked = Question(text=text, course=course or None)
    if show_prompt:
        asyncio.run(_show_prompt(settings, secrets, asked, as_json=as_json))
    else:
        asyncio.run(_ask(settings, secrets, asked, as_json=as_json, explained=explained))


async def _ask(
    settings: Settings, secrets: Secrets, question: Question, *, as_json: bool, explained: bool
) -> None:
    from bot.assistant import answering_from, running_retriever
    from bot.cli.askable import require_askable, require_course
    from bot.delivery.asker_language import asker_language
    from bot.delivery.render import plain_text
    from bot.delivery.replies import final
    from bot.desk.explain import explain
    from bot.faq import corpus_loader
    from bot.operations.reports import answer_object

    await require_course(corpus_loader(settings), question.course)
    async with running_retriever(settings) as retriever:
        await require_askable(retriever, question.course)  # before a model is loaded
        language = asker_language(question.text, None, retriever.language)
        async with answering_from(retriever, settings, secrets) as assistant:
            answer = await assistant.answerer.answer(question, request_id="ask")
            support = assistant.support.name
    contact = settings.contact(question.course)
    if as_json:
        asked = replace(question, language=language)
        content = answer_object(asked, answer, support, contact)
        if explained:
            content["explanation"] = explain(answer)
        print(json.dumps(content, ensure_ascii=False, indent=2))
        return
    print(plain_text(final(None, answer, language=language, contact=contact)))
    if explained:
        print(f"\nWhy:\n\n{explain(answer)}")


async def _show_prompt(
    settings: Settings, secrets: Secrets, question: Question, *, as_json: bool
) -> None:
    from bot.cli.askable import require_course
    from bot.cli.prompt_preview import preview_object, preview_prompt, preview_text
    from bot.faq import corpus_loader

    await require_course(corpus_loader(settings), question.course)
    preview = await preview_prompt(settings, secrets, question)
    if as_json:
        print(json.dumps(preview_object(preview), ensure_ascii=False, indent=2))
    else:
        print(preview_text(preview))
