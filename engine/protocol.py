"""What the bot process and the engine process say to each other, one JSON object a line: a request,
what is written for it, and how the model fares."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Discriminator, TypeAdapter

from engine.models.catalog import ModelEntry
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


class Failure(StrEnum):
    """What kind of error ended a load or a generation."""

    LOAD = "load"
    OUT_OF_MEMORY = "out_of_memory"
    #: The model could not work on this request; the process goes on.
    GENERATION = "generation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Load this model; the first message a process gets, and the only one of its kind, unless it
    gets ShowPrompt."""

    type: Literal["load"] = "load"
    entry: ModelEntry
    #: Folder with the weights, absolute.
    path: str
    #: `auto`, `cpu` or `cuda`.
    device: str
    #: The most questions to work on at once.
    max_batch: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowPrompt:
    """Tell what this model would read, without its weights; the only message a process gets."""

    type: Literal["show_prompt"] = "show_prompt"
    entry: ModelEntry
    #: Folder with the tokenizer, absolute.
    path: str
    request: GenerationRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate:
    """Answer this; requests are begun in the order in which they come."""

    type: Literal["generate"] = "generate"
    request: GenerationRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Stop this request, running or waiting; it still gets its Finished."""

    type: Literal["cancel"] = "cancel"
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Park:
    """Nothing is asked for a while: give back all memory but that of the weights, and move those
    from the GPU to the machine's.
    """

    type: Literal["park"] = "park"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Get ready to be asked again; comes after Parked only."""

    type: Literal["resume"] = "resume"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shutdown:
    """Stop what runs and end the process."""

    type: Literal["shutdown"] = "shutdown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The process runs and listens; nothing is loaded yet."""

    type: Literal["ready"] = "ready"
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the loading is, in words."""

    type: Literal["progress"] = "progress"
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The model is loaded, or resumed, and can be asked."""

    type: Literal["loaded"] = "loaded"
    #: For people: `CPU, 2 threads` or the GPU's name.
    device: str
    dtype: str
    #: How many questions it works on at once.
    num_slots: int = 1
    #: Bytes of their keys and values; 0 where the model works without slots.
    slots_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """The process has no more than the weights; its model is idle."""

    type: Literal["parked"] = "parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptShown:
    """What was asked for by ShowPrompt; the process ends."""

    type: Literal["prompt_shown"] = "prompt_shown"
    prompt: ShownPrompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Work on this request begins: its clock runs from here."""

    type: Literal["started"] = "started"
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A new piece of the answer."""

    type: Literal["text"] = "text"
    id: str
    piece: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """A token was made that does not show yet: the generation is alive."""

    type: Literal["beat"] = "beat"
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The request is done; its text came before, and is here once more in full."""

    type: Literal["finished"] = "finished"
    id: str
    generation: Generation


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The request (or without id the load, the parking, the resuming, the showing) ended with an
    error."""

    type: Literal["failed"] = "failed"
    id: str | None = None
    kind: Failure
    #: A sentence for the operator.
    message: str


ToEngine = Load | ShowPrompt | Generate | Cancel | Park | Resume | Shutdown
FromEngine = (
    Ready | Progress | Loaded | Parked | PromptShown | Started | Text | Beat | Finished | Failed
)

_TO_ENGINE: TypeAdapter[ToEngine] = TypeAdapter(Annotated[ToEngine, Discriminator("type")])
_FROM_ENGINE: TypeAdapter[FromEngine] = TypeAdapter(Annotated[FromEngine, Discriminator("type")])
_ANY: TypeAdapter[ToEngine | FromEngine] = TypeAdapter(
    Annotated[ToEngine | FromEngine, Discriminator("type")]
)


def encode(message: ToEngine | FromEngine) -> bytes:
    """The message as one line."""
    return _ANY.dump_json(message) + b"\n"


def decode_to_engine(line: bytes) -> ToEngine:
    """The message in `line`. Raises ValueError when it is none."""
    return _TO_ENGINE.validate_json(line)


def decode_from_engine(line: bytes) -> FromEngine:
    """The message in `line`. Raises ValueError when it is none."""
    return _FROM_ENGINE.validate_json(line)
