"""What the bot asks a model to write, and what comes back: the words of both processes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.types import Document, Turn


class FinishReason(StrEnum):
    #: The model ended its text, reached a stop sequence, or began to repeat itself.
    STOP = "stop"
    #: `max_new_tokens` reached.
    LENGTH = "length"
    #: The deadline passed; the text so far is kept.
    DEADLINE = "deadline"
    CANCELLED = "cancelled"


class Purpose(StrEnum):
    #: The answer to the question.
    ANSWER = "answer"
    #: Yes or no: whether the entries answer the question.
    JUDGE = "judge"


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """What the engine is asked to write: the prompt is built and fitted where the tokenizer is."""

    id: str
    purpose: Purpose = Purpose.ANSWER
    question: str
    #: Best first. The engine keeps as many whole entries as fit.
    documents: tuple[Document, ...]
    #: Oldest first; the newest that fit are kept.
    history: tuple[Turn, ...] = ()
    #: Upper limit of new tokens; the model's own default when None.
    max_new_tokens: int | None = None
    #: Seconds from the start of the generation after which it ends with what it has.
    deadline_s: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int
    #: Ids of the documents that fitted into the prompt, in prompt order.
    document_ids: tuple[str, ...]
    #: The alias of the model that wrote it.
    model: str
    #: Seconds from request to the first token, and to the end.
    first_token_s: float
    total_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPrompt:
    """What a model would read for a request."""

    #: The model's alias.
    model: str
    #: With the marks of its chat template where its tokenizer is here, else role by role.
    text: str
    #: None where there is no tokenizer to count them.
    num_tokens: int | None
    #: The most there is room for.
    max_tokens: int
    #: Ids of the documents that fitted in, in prompt order.
    document_ids: tuple[str, ...]
