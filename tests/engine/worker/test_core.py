"""The model at work on questions: in slots or not, short of memory, cancelled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.errors import OutOfMemory
from engine.models.catalog import GenerationDefaults, ModelEntry, PromptStyle, Quantisation, Task
from engine.models.memory import memory_need
from engine.protocol import FinishReason, Generation, GenerationRequest
from engine.types import Document
from engine.worker.core import EngineCore
from engine.worker.huggingface import HuggingFaceModel
from engine.worker.loading import load_model
from engine.worker.placement import SlotBytes, free_for_slots, prepare_for_slots
from engine.worker.watch import NullWatcher
from tests.engine.worker import tiny_networks
from tests.engine.worker.tiny_models import entry, save_causal, save_seq2seq, save_tokenizer
from tests.engine.worker.tiny_networks import Listener


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_causal(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def seq2seq(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_seq2seq(tmp_path_factory.mktemp("models") / "tiny-t5")


def request(number: int, **how: Any) -> GenerationRequest:
    documents = tuple(
        Document(
            id=f"{number}-{n}", course="c", section="s", question="Why?", answer="So. " * (n * 9)
        )
        for n in range(1 + number % 3)
    )
    return GenerationRequest(
        id=str(number),
        question=f"May I join at {number}?",
        documents=documents,
        **{"max_new_tokens": 12, **how},
    )


def model(one: ModelEntry, path: Path) -> HuggingFaceModel:
    return HuggingFaceModel(one, load_model(one, path, device="cpu"))


class Starts(NullWatcher):
    """Notes in `begun` that its turn has come."""

    def __init__(self, name: str, begun: list[str]) -> None:
        self._name = name
        self._begun = begun

    def on_start(self) -> None:
        self._begun.append(self._name)


def finish(core: EngineCore) -> dict[str, Generation | Exception | None]:
    results = {}
    while core.is_busy:
        for seq in core.step():
            results[seq.id] = seq.generation or seq.error
    return results


CAUSAL = entry(context_window=900)
T5 = entry(context_window=900, task=Task.SEQ2SEQ, prompt=PromptStyle.INSTRUCTION)


@pytest.mark.parametrize("architecture", ["causal", "seq2seq"])
def test_questions_answered_together_get_the_answers_they_get_alone(
    architecture: str, causal: Path, seq2seq: Path
) -> None:
    one, path = (CAUSAL, causal) if architecture == "causal" else (T5, seq2seq)
    plain = model(one, path)
    expected = [plain.generate(request(number), NullWatcher()) for number in range(5)]
    begun: list[str] = []

    core = EngineCore.of(model(one, path), max_batch=3)
    for number in range(5):
        core.add(request(number), Starts(str(number), begun))
    results = finish(core)

    assert core.num_slots == 3
    assert begun == ["0", "1", "2", "3", "4"]
    for number, alone in enumerate(expected):
        together = results[str(number)]
        assert isinstance(together, Generation)
        assert together.text == alone.text
        assert together.finish_reason is alone.finish_reason
        assert together.document_ids == alone.document_ids
        assert together.prompt_tokens == alone.prompt_tokens
        assert together.completion_tokens == alone.completion_tokens


@pytest.mark.parametrize(
    ("free", "slots"),
    [
        (0, (0, 1)),  # what no slot fits into has one nevertheless: the loader refused before
        (4_000, (0, 1)),
        (7_000, (1, 1)),
        (12_000, (4, 1)),
        (39_000, (7, 1)),
        (40_000, (0, 8)),
        (10**9, (0, 8)),
    ],
)
def test_memory_that_is_short_is_shared_out_to_more_and_shorter_slots(
    free: int, slots: tuple[int, int]
) -> None:
    assert SlotBytes(whole=5_000, short=1_500, short_tokens=9).num_slots_in(free, 8) == slots


def test_slots_that_cannot_be_shorter_are_whole() -> None:
    assert SlotBytes(whole=5_000, short=5_000, short_tokens=9).num_slots_in(16_000, 8) == (0, 3)


def test_slots_leave_room_for_reading_the_longest_source(seq2seq: Path) -> None:
    loaded = model(T5, seq2seq)
    need = memory_need(T5, loaded.network.config.to_dict(), on_gpu=False)
    assert need is not None

    assert free_for_slots(loaded, need.work + 1_000) == 1_000


@pytest.mark.parametrize("architecture", ["causal", "seq2seq"])
def test_short_questions_get_short_slots_and_long_ones_the_whole_one_in_order(
    architecture: str, causal: Path, seq2seq: Path
) -> None:
    one, path = (CAUSAL, causal) if architecture == "causal" else (T5, seq2seq)
    plain = model(one, path)
    expected = {str(n): plain.generate(request(n), NullWatcher()) for n in range(9)}
    lengths = sorted(answer.prompt_tokens for answer in expected.values())
    short_tokens = lengths[5] + 12
    sizes = prepare_for_slots(model(one, path), short_tokens)
    assert sizes is not None
    free = sizes.whole + 2 * sizes.short
    begun: list[str] = []

    core = EngineCore(model(one, path), max_batch=3, short_tokens=short_tokens, free=lambda _: free)
    for number in range(9):
        core.add(request(number), Starts(str(number), begun))
    results = finish(core)

    assert core.num_slots == 3
    assert begun == list(expected)
    for name, alone in expected.items():
        got = results[name]
        assert isinstance(got, Generation)
        assert (got.text, got.document_ids) == (alone.text, alone.document_ids)


@pytest.mark.parametrize("how", [Quantisation.NF4, Quantisation.INT8], ids=lambda how: how.value)
def test_a_quantised_model_works_in_slots(how: Quantisation, tmp_path: Path) -> None:
    tiny_networks.llama().save_pretrained(tmp_path)
    save_tokenizer(tmp_path)
    one = entry(context_window=900, quantisation=how)
    loaded = model(one, tmp_path)
    expected = [loaded.generate(request(number), NullWatcher()).text for number in range(3)]

    core = EngineCore.of(loaded, max_batch=3)
    for number in range(3):
        core.add(request(number), NullWatcher())
    results = finish(core)

    assert core.num_slots == 3
    assert [getattr(results[str(number)], "text", None) for number in range(3)] == expected


def test_beams_are_searched_one_question_after_the_other(causal: Path) -> None:
    one = entry(context_window=900, generation=GenerationDefaults(num_beams=2))

    core = EngineCore.of(model(one, causal), max_batch=3)
    for number in range(3):
        core.add(request(number), NullWatcher())
    results = finish(core)

    assert core.num_slots == 1
    assert all(isinstance(result, Generation) for result in results.values())


@pytest.mark.parametrize("beams", [1, 2], ids=["slots", "one by one"])
def test_a_cancelled_question_ends_wherever_it_stands(causal: Path, beams: int) -> None:
    one = entry(context_window=900, generation=GenerationDefaults(num_beams=beams))
    core = EngineCore.of(model(one, causal), max_batch=1)

    core.add(request(1), NullWatcher())
    core.add(request(2), Listener(patience=0))
    results = finish(core)

    gone = results["2"]
    assert isinstance(gone, Generation)
    assert gone.finish_reason is FinishReason.CANCELLED


@pytest.mark.parametrize("failures", [1, 2])
def test_out_of_memory_is_met_with_half_the_context_once(causal: Path, failures: int) -> None:
    loaded = model(CAUSAL, causal)
    core = EngineCore.of(loaded, max_batch=2)
    lengths: list[int] = []

    def run_short(_: object, inputs: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        ids = keywords["input_ids"]
        if ids.shape[1] > 1 and len(lengths) < failures:
            lengths.append(ids.shape[1])
            raise MemoryError

    loaded.network.register_forward_pre_hook(run_short, with_kwargs=True)
    long = Document(id="x", course="", section="", question="?", answer="Words. " * 400)
    core.add(
        GenerationRequest(id="1", question="?", documents=(long,), max_new_tokens=4),
        NullWatcher(),
    )
    result = finish(core)["1"]

    if failures == 2:
        assert isinstance(result, OutOfMemory)
    else:
        assert isinstance(result, Generation)
        assert result.prompt_tokens < 900 // 2


@pytest.mark.parametrize("in_slots", [True, False], ids=["slots", "one by one"])
def test_what_was_shown_before_memory_ran_out_is_not_shown_again(
    causal: Path, in_slots: bool
) -> None:
    one = request(1)  # half the context holds it as well: its text is the same
    expected = model(CAUSAL, causal).generate(one, NullWatcher())
    loaded = model(CAUSAL, causal)
    core = EngineCore.of(loaded, max_batch=2) if in_slots else None
    listener = Listener()
    failures: list[MemoryError] = []

    def run_short(*_: object) -> None:
        if not failures and len("".join(listener.pieces)) > 4:
            failures.append(MemoryError())
            raise failures[0]

    loaded.network.register_forward_pre_hook(run_short)
    if core is None:
        result: object = loaded.generate(one, listener)
    else:
        core.add(one, listener)
        result = finish(core)["1"]

    assert failures
    assert isinstance(result, Generation)
    assert result.text == expected.text
    assert "".join(listener.pieces).strip() == expected.text
