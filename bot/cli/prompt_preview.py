"""What `ask --show-prompt` prints: what the model would read for a question, or why nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.assistant import running_retriever
from bot.cli.askable import require_askable
from config.settings import Secrets, Settings
from engine.answer.answering import Answerer
from engine.answer.judges import running_relevance
from engine.errors import after_colon
from engine.grounding.support import LexicalSupport
from engine.models.catalog import ModelEntry, load_catalog
from engine.models.choice import Choice
from engine.protocol import ShownPrompt
from engine.serving.preview import Rehearsal, show_prompt
from engine.types import Answer, Document, Question


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptPreview:
    """A question as it would come to the model."""

    question: Question
    entry: ModelEntry
    #: What comes of the question where the model writes nothing.
    answer: Answer
    #: The entries that the model would be given if they fit, best first.
    documents: tuple[Document, ...] = ()
    #: Whether the best entry is so short that it is mostly quoted without asking the model.
    is_short: bool = False
    #: Whether the model is asked before whether the best entry answers.
    judges: bool = False
    #: None where the model is not asked.
    prompt: ShownPrompt | None = None


async def preview_prompt(settings: Settings, secrets: Secrets, question: Question) -> PromptPreview:
    """Take the question all the way to the model, which is not there."""
    short_entry = settings.answer.short_entry
    # However short the entry is, this shows what the model would read.
    always = settings.answer.model_copy(update={"short_entry": 0})
    settings = settings.model_copy(update={"answer": always})
    choice = Choice(settings.engine, load_catalog(settings.engine.catalog), settings.models_dir)
    entry, _ = await asyncio.to_thread(choice.first)
    rehearsal = Rehearsal(entry)
    answer = await _rehearse(settings, secrets, question, rehearsal)
    request = rehearsal.request
    if request is None:
        return PromptPreview(question=question, entry=entry, answer=answer)
    return PromptPreview(
        question=question,
        entry=entry,
        answer=answer,
        documents=request.documents,
        is_short=len(request.documents[0].answer) <= short_entry,
        judges=rehearsal.judges,
        prompt=await show_prompt(settings.engine, entry, settings.models_dir, request),
    )


async def _rehearse(
    settings: Settings, secrets: Secrets, question: Question, rehearsal: Rehearsal
) -> Answer:
    async with (
        running_retriever(settings) as retriever,
        running_relevance(settings.answer, rehearsal, secrets.hub_token) as relevance,
    ):
        await require_askable(retriever, question.course)
        # Nothing is written, so there is nothing to check: no model is loaded for it.
        answerer = Answerer(retriever, rehearsal, settings, relevance, LexicalSupport())
        return await answerer.answer(question, request_id="preview")


def preview_object(preview: PromptPreview) -> dict[str, object]:
    """What `ask --show-prompt --json` prints."""
    prompt = preview.prompt
    return {
        "question": preview.question.text,
        "course": preview.question.course,
        "model": preview.entry.alias,
        "prompt": prompt.text if prompt else None,
        "tokens": prompt.num_tokens if prompt else None,
        "max_tokens": prompt.max_tokens if prompt else None,
        "document_ids": list(prompt.document_ids) if prompt else [],
        "note": _note(preview),
    }


def preview_text(preview: PromptPreview) -> str:
    """The same for people, the prompt last."""
    prompt, alias = preview.prompt, preview.entry.alias
    if prompt is None:
        return _note(preview)
    count = "" if prompt.num_tokens is None else f"{prompt.num_tokens} of "
    lines = [f"{alias} would read {count}at most {prompt.max_tokens} tokens, with these entries:"]
    lines += [
        f"[{number}] {document.question} ({document.id})"
        for number, document in enumerate(preview.documents, 1)
        if document.id in prompt.document_ids
    ]
    if note := _note(preview):
        lines.append(note)
    return "\n".join([*lines, "", prompt.text])


def _note(preview: PromptPreview) -> str:
    alias, prompt = preview.entry.alias, preview.prompt
    if prompt is None:
        return f"Nothing would be sent to {alias}: {after_colon(preview.answer.reason)}"
    notes = []
    if preview.judges:
        notes.append(f"{alias} is asked first whether the best entry answers: this if it says yes.")
    if preview.is_short:
        notes.append(
            f"An entry as short as the first one is mostly quoted without asking {alias} "
            "(answer.short_entry)."
        )
    if prompt.num_tokens is None:
        notes.append(
            f"{alias} is not on this machine: its chat template is left out, and how many entries "
            "fit is a guess."
        )
    return " ".join(notes)
