"""Finds out what a model would be given, without its weights and without an answer."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path

from config.settings import EngineSettings
from engine.errors import EngineError
from engine.models.catalog import ModelEntry
from engine.models.saved import refuse_other_commit
from engine.models.weights import find_weights, prepare_weights
from engine.prompt import Prompt, answer_tokens, fit
from engine.protocol import FinishReason, Generation, GenerationRequest, Purpose, ShownPrompt
from engine.serving.connection import EngineConnection
from engine.serving.status import EngineState, EngineStatus
from engine.types import OnPiece

#: In English a token has four letters or so, in code fewer.
CHARACTERS_A_TOKEN = 3


class Rehearsal:
    """A Generator that writes nothing: it keeps the request for an answer that it gets.

    Asked to judge, it says yes, so that it hears what is asked next.
    """

    def __init__(self, entry: ModelEntry) -> None:
        self._entry = entry
        #: What the model would be asked to answer; None while it was not asked.
        self.request: GenerationRequest | None = None
        #: Whether it was asked before whether the best entry answers.
        self.judges = False

    def status(self) -> EngineStatus:
        """That of the model, were it loaded."""
        entry = self._entry
        return EngineStatus(state=EngineState.READY, model=entry.alias, reads=entry.reads)

    async def generate(self, request: GenerationRequest, on_piece: OnPiece) -> Generation:
        judging = request.purpose is Purpose.JUDGE
        if judging:
            self.judges = True
        else:
            self.request = request
        return Generation(
            text="yes" if judging else "",
            finish_reason=FinishReason.STOP,
            prompt_tokens=0,
            completion_tokens=0,
            document_ids=(),
            model=self._entry.alias,
            first_token_s=0.0,
            total_s=0.0,
        )


async def show_prompt(
    settings: EngineSettings, entry: ModelEntry, models_dir: Path, request: GenerationRequest
) -> ShownPrompt:
    """What the model would read for `request`: put together by a process of the engine, which has
    its tokenizer, and without that where the model is not on this machine.

    Raises ModelLoadError, or EngineCrashed, with a sentence.
    """
    path = await _folder(entry, models_dir)
    if path is None:
        return _show_without_tokenizer(entry, request)
    async with asyncio.TaskGroup() as group:
        connection = await EngineConnection.start(group, entry, threads=settings.threads)
        try:
            timeout = settings.load_timeout_s
            outcome: ShownPrompt | EngineError = await connection.show_prompt(
                path, request, timeout=timeout
            )
        except EngineError as error:  # raised in here it would come out in a group
            outcome = error
        finally:
            await connection.shut_down()
    if isinstance(outcome, EngineError):
        raise outcome
    return outcome


def _show_without_tokenizer(entry: ModelEntry, request: GenerationRequest) -> ShownPrompt:
    """What the model would read for `request`, as far as that is known without its tokenizer: role
    by role, and as long as that many tokens of usual length."""
    room = entry.context_window - answer_tokens(entry, request)
    fitted = fit(
        request,
        entry.prompt,
        cites=entry.cites,
        budget=room,
        count_tokens=lambda prompt: -(-len(_by_role(prompt)) // CHARACTERS_A_TOKEN),
    )
    return ShownPrompt(
        model=entry.alias,
        text=_by_role(fitted.prompt),
        num_tokens=None,
        max_tokens=room,
        document_ids=fitted.document_ids,
    )


def _by_role(prompt: Prompt) -> str:
    return prompt.text or "\n\n".join(f"{m.role}:\n{m.content}" for m in prompt.messages)


async def _folder(entry: ModelEntry, models_dir: Path) -> Path | None:
    """Where the model is, if it is here; nothing is downloaded to look at a prompt."""
    in_package = entry.package and not entry.is_pinned and importlib.util.find_spec(entry.package)
    if in_package:
        return await prepare_weights(entry, models_dir, on_progress=lambda _: None)
    found = find_weights(entry, models_dir)
    if found is not None:
        refuse_other_commit(entry, found)
    return found
