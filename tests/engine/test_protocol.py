"""The messages between bot and engine survive the pipe."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.protocol import (
    Beat,
    Cancel,
    Failed,
    Failure,
    Finished,
    FinishReason,
    FromEngine,
    Generate,
    Generation,
    GenerationRequest,
    Load,
    Loaded,
    Park,
    Parked,
    Progress,
    PromptShown,
    Purpose,
    Ready,
    Resume,
    ShownPrompt,
    ShowPrompt,
    Shutdown,
    Started,
    Text,
    ToEngine,
    decode_from_engine,
    decode_to_engine,
    encode,
)
from engine.types import Document, Turn
from tests.engine.worker.tiny_models import entry

REQUEST = GenerationRequest(
    id="1",
    question="A line\nand \u2028 another 🎓",
    documents=(Document(id="d", course="c", section="s", question="q", answer="a"),),
    history=(Turn(question="q", answer="a"),),
    deadline_s=1.5,
)
GENERATION = Generation(
    text="Yes.\n",
    finish_reason=FinishReason.LENGTH,
    prompt_tokens=5,
    completion_tokens=2,
    document_ids=("d",),
    model="tiny",
    first_token_s=0.1,
    total_s=0.2,
)


SHOWN = ShownPrompt(model="tiny", text="Why?\n🎓", num_tokens=3, max_tokens=9, document_ids=("d",))


@pytest.mark.parametrize(
    "message",
    [
        Load(entry=entry(), path="/models/tiny", device="cpu"),
        Load(entry=entry(reads=True, cites=True), path="/models/tiny", device="cpu"),
        ShowPrompt(entry=entry(), path="/models/tiny", request=REQUEST),
        Generate(request=REQUEST),
        Generate(request=replace(REQUEST, purpose=Purpose.JUDGE)),
        Cancel(id="1"),
        Park(),
        Resume(),
        Shutdown(),
    ],
    ids=lambda message: message.type,
)
def test_a_message_to_the_engine_arrives_as_it_was(message: ToEngine) -> None:
    line = encode(message)

    assert decode_to_engine(line) == message
    assert line.count(b"\n") == 1


@pytest.mark.parametrize(
    "message",
    [
        Ready(pid=1),
        Progress(detail="Loading"),
        Loaded(device="CPU", dtype="float32", num_slots=8, slots_bytes=400_000_000),
        Parked(),
        PromptShown(prompt=SHOWN),
        Started(id="1"),
        Text(id="1", piece=" a\n"),
        Beat(id="1"),
        Finished(id="1", generation=GENERATION),
        Failed(kind=Failure.LOAD, message="No."),
        Failed(id="1", kind=Failure.OUT_OF_MEMORY, message="No."),
    ],
    ids=lambda message: message.type,
)
def test_a_message_from_the_engine_arrives_as_it_was(message: FromEngine) -> None:
    line = encode(message)

    assert decode_from_engine(line) == message
    assert line.count(b"\n") == 1


@pytest.mark.parametrize("line", [b"", b"{}", b'{"type":"load"}', b'{"type":"x"}', b"\xff"])
def test_nonsense_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode_to_engine(line)
