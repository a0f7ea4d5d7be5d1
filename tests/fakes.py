"""Stand-ins that tests share; each passes the same contract tests as what it stands in for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping

from engine.prompt import NO_ANSWER
from engine.protocol import FinishReason, Generation, GenerationRequest
from engine.serving.status import EngineState, EngineStatus
from engine.types import OnPiece, Piece


class ScriptedGenerator:
    """A Generator that writes what it is told to, word by word, one question after the other.

    `answers` maps questions to texts (others get NO_ANSWER), or makes a text from the request;
    it may raise GenerationError. With `reads`, it is asked to judge as well. While `gate` is not
    set, generation stops before its last word.
    """

    def __init__(
        self,
        answers: Mapping[str, str] | Callable[[GenerationRequest], str],
        *,
        alias: str = "fake",
        reads: bool = False,
    ) -> None:
        self._answers = answers
        self._alias = alias
        self._reads = reads
        self._turn = asyncio.Lock()
        #: Every request that came, in order.
        self.requests: list[GenerationRequest] = []
        #: Ids of the requests whose caller was cancelled.
        self.cancelled: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        #: Set when a generation waits at the gate.
        self.waiting = asyncio.Event()

    def status(self) -> EngineStatus:
        """Always ready."""
        return EngineStatus(
            state=EngineState.READY,
            model=self._alias,
            device="script",
            dtype="text",
            reads=self._reads,
        )

    async def generate(self, request: GenerationRequest, on_piece: OnPiece) -> Generation:
        """Write the scripted text."""
        self.requests.append(request)
        try:
            async with self._turn:
                return await self._write(request, on_piece)
        except asyncio.CancelledError:
            self.cancelled.append(request.id)
            raise

    async def _write(self, request: GenerationRequest, on_piece: OnPiece) -> Generation:
        if callable(self._answers):
            text = self._answers(request)
        else:
            text = self._answers.get(request.question, NO_ANSWER)
        words = re.findall(r"\S+\s*|\s+", text)
        allowed = words[: request.max_new_tokens]
        for number, word in enumerate(allowed, 1):
            if number == len(allowed):
                self.waiting.set()
                await self.gate.wait()
            on_piece(Piece(word))
            await asyncio.sleep(0)
        whole = len(allowed) == len(words)
        return Generation(
            text="".join(allowed).strip(),
            finish_reason=FinishReason.STOP if whole else FinishReason.LENGTH,
            prompt_tokens=len(request.question.split()),
            completion_tokens=len(allowed),
            document_ids=tuple(document.id for document in request.documents),
            model=self._alias,
            first_token_s=0.0,
            total_s=0.0,
        )
