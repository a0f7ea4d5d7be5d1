"""Many sequences at once write what each would write alone, and none disturbs another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from engine.errors import NonFiniteLogits
from engine.worker.batching import kernels
from engine.worker.batching.sampling_params import SamplingParams
from engine.worker.batching.sequence import SequenceStatus
from engine.worker.text_stream import TextStream
from tests.engine.worker import tiny_networks as tiny

FAMILIES = [tiny.llama, tiny.mistral, tiny.phi3, tiny.t5]
#: Some cross the border of Phi-3's ranges while they are read, some while they are written.
LENGTHS = (17, 40, 5, 90, 61, 33, 12, 70)
NEW = (12, 30, 7, 30, 16, 9, 25, 10)


@pytest.fixture(scope="module")
def llama() -> Any:
    return tiny.llama()


def in_sentences(tokens: list[int]) -> str:
    """A text in which one of two sentences stands for each token."""
    said = ("The hub gives a token to everybody. ", "It costs nothing to use the GPU. ")
    return "".join(said[token % 2] for token in tokens)


@pytest.mark.parametrize("drafts", [False, True], ids=["plain", "drafts"])
@pytest.mark.parametrize("make", FAMILIES, ids=lambda make: make.__name__)
def test_a_sequence_that_repeats_itself_ends_alone_or_among_others(
    make: Callable[[], Any], drafts: bool
) -> None:
    network = make()
    prompts = tiny.prompts(*LENGTHS)
    expected = []
    for prompt in prompts:
        stream = TextStream()
        stream.feed(in_sentences([int(t) for t in tiny.alone(network, prompt, 30).split()]))
        expected.append(stream.text.strip())

    with tiny.slots(network, drafts=drafts, decode=in_sentences) as scheduler:
        listeners = [
            tiny.ask(scheduler, str(number), prompt, 30) for number, prompt in enumerate(prompts)
        ]
        finished = tiny.finish(scheduler)

    assert [finished[str(number)].text for number in range(8)] == expected
    assert ["".join(one.pieces).strip() for one in listeners] == expected
    assert {seq.status for seq in finished.values()} == {SequenceStatus.FINISHED_STOPPED}
    # Of two sentences five are enough for one to be the third of its kind.
    assert all(seq.num_output_tokens <= 5 for seq in finished.values())


@pytest.mark.parametrize("drafts", [False, True], ids=["plain", "drafts"])
@pytest.mark.parametrize("make", FAMILIES, ids=lambda make: make.__name__)
def test_sequences_that_come_and_go_write_what_each_writes_alone(
    make: Callable[[], Any], drafts: bool
) -> None:
    network = make()
    prompts = tiny.prompts(*LENGTHS)
    expected = [tiny.alone(network, p, new) for p, new in zip(prompts, NEW, strict=True)]

    with tiny.slots(network, drafts=drafts) as scheduler:
        for number, (prompt, new) in enumerate(zip(prompts[:5], NEW[:5], strict=True)):
            tiny.ask(scheduler, str(number), prompt, new)
        early = [seq for _ in range(20) for seq in scheduler.step()]
        for number in range(5, 8):
            tiny.ask(scheduler, str(number), prompts[number], NEW[number])
        finished = {seq.id: seq for seq in early} | tiny.finish(scheduler)

    assert [finished[str(number)].text for number in range(8)] == expected


@pytest.mark.parametrize("make", [tiny.llama, tiny.mistral], ids=lambda make: make.__name__)
def test_the_constant_part_is_not_run_again_and_changes_nothing(make: Callable[[], Any]) -> None:
    network = make()
    (constant, *ends) = tiny.prompts(50, 20, 30, 1)
    prompts = [constant + end for end in ends]
    expected = [tiny.alone(network, prompt, 10) for prompt in prompts]

    with tiny.slots(network, chunks=(8, 64)) as scheduler:
        scheduler.keep_prefix(constant)
        for number, prompt in enumerate(prompts):
            tiny.ask(scheduler, str(number), prompt, 10)
        scheduler.step()
        (pool,) = scheduler._pools
        after_one_step = [seq.num_computed_tokens for seq in pool.running.values()]
        finished = tiny.finish(scheduler)

    assert after_one_step == [70, 80, 51]
    assert [finished[str(number)].text for number in range(3)] == expected


@pytest.mark.parametrize(
    "make", [tiny.llama, tiny.mistral, tiny.phi3], ids=lambda make: make.__name__
)
def test_sequences_that_look_at_one_copy_of_the_constant_part_write_the_same(
    make: Callable[[], Any],
) -> None:
    network = make()
    (constant, stranger, *ends) = tiny.prompts(12, 1, 9, 3, 1, 12, 5)
    prompts = [constant + end for end in ends]
    expected = [tiny.alone(network, prompt, 20) for prompt in prompts]

    with tiny.slots(network, num_slots=6) as scheduler:
        scheduler.keep_prefix(constant)
        for number, prompt in enumerate(prompts):
            tiny.ask(scheduler, str(number), prompt, 20)
        early = [seq for _ in range(8) for seq in scheduler.step()]
        (pool,) = scheduler._pools
        shared = len(pool.runner.kv_cache.batch.prefix)  # type: ignore[union-attr]
        tiny.ask(scheduler, "stranger", stranger, 5)
        early += scheduler.step()
        beside_a_stranger = len(pool.runner.kv_cache.batch.prefix)  # type: ignore[union-attr]
        finished = {seq.id: seq for seq in early} | tiny.finish(scheduler)

    assert [finished[str(number)].text for number in range(5)] == expected
    layers = network.config.num_hidden_layers if kernels.usable(torch.float32) else 0
    assert (shared, beside_a_stranger) == (layers, 0)


def test_what_an_earlier_sequence_left_is_used_again(llama: Any) -> None:
    (shared, *ends) = tiny.prompts(60, 5, 9)
    prompts = [shared + end for end in ends]
    expected = [tiny.alone(llama, prompt, 6) for prompt in prompts]

    with tiny.slots(llama) as scheduler:
        tiny.ask(scheduler, "first", prompts[0], 6)
        first = tiny.finish(scheduler)["first"]
        tiny.ask(scheduler, "second", prompts[1], 6)
        scheduler.step()
        (running,) = scheduler._pools[0].running.values()
        num_cached = running.num_computed_tokens
        second = tiny.finish(scheduler)["second"]

    assert num_cached >= len(shared)
    assert [first.text, second.text] == expected


def test_a_long_prompt_is_read_in_chunks_beside_sequences_that_go_on_writing(llama: Any) -> None:
    short, long = tiny.prompts(6, 100)

    with tiny.slots(llama) as scheduler:
        writer = tiny.ask(scheduler, "writer", short, 60)
        scheduler.step()
        before = len(writer.pieces)
        reader = tiny.ask(scheduler, "reader", long, 3)
        steps = 0
        while not any(reader.pieces):
            scheduler.step()
            steps += 1

    assert steps == 13  # 100 tokens, 8 a step
    assert len(writer.pieces) - before >= steps


def test_the_pieces_make_the_text(llama: Any) -> None:
    prompt, other = tiny.prompts(10, 30)

    with tiny.slots(llama) as scheduler:
        listener = tiny.ask(scheduler, "a", prompt, 20)
        tiny.ask(scheduler, "b", other, 20)
        seq = tiny.finish(scheduler)["a"]

    assert "".join(listener.pieces).strip() == seq.text
    assert seq.status is SequenceStatus.FINISHED_LENGTH
    assert seq.num_output_tokens == 20


def test_a_text_ends_before_its_stop_sequence_and_the_others_go_on(llama: Any) -> None:
    prompt, other = tiny.prompts(10, 30)
    whole = tiny.alone(llama, prompt, 20)
    words = whole.split()
    stop = f" {words[7]} {words[8]}"

    with tiny.slots(llama) as scheduler:
        listener = tiny.ask(scheduler, "a", prompt, 20, stop=(stop,))
        tiny.ask(scheduler, "b", other, 20)
        finished = tiny.finish(scheduler)

    assert finished["a"].text == f" {whole}".partition(stop)[0].strip()
    assert "".join(listener.pieces).strip() == finished["a"].text
    assert finished["a"].status is SequenceStatus.FINISHED_STOPPED
    assert finished["b"].text == tiny.alone(llama, other, 20)


@pytest.mark.parametrize("make", [tiny.llama, tiny.t5], ids=lambda make: make.__name__)
def test_the_repetition_penalty_is_that_of_transformers(make: Callable[[], Any]) -> None:
    network = make()
    prompt, other = tiny.prompts(40, 20)

    with tiny.slots(network) as scheduler:
        tiny.ask(scheduler, "a", prompt, 20, sampling=SamplingParams(repetition_penalty=1.5))
        tiny.ask(scheduler, "b", other, 20)
        finished = tiny.finish(scheduler)

    assert finished["a"].text == tiny.alone(network, prompt, 20, repetition_penalty=1.5)
    assert finished["b"].text == tiny.alone(network, other, 20)


@pytest.mark.parametrize("drafts", [False, True], ids=["plain", "drafts"])
def test_a_seed_gives_the_same_text_whoever_runs_beside_it(llama: Any, drafts: bool) -> None:
    prompt, *others = tiny.prompts(20, 31, 8)
    how = SamplingParams(temperature=3.0, top_k=20, top_p=0.9, seed=7)

    with tiny.slots(llama, drafts=drafts) as scheduler:
        tiny.ask(scheduler, "a", prompt, 20, sampling=how)
        lonely = tiny.finish(scheduler)["a"].text
        for number, other in enumerate(others):
            tiny.ask(scheduler, str(number), other, 20, sampling=SamplingParams(temperature=2.0))
        tiny.ask(scheduler, "a", prompt, 20, sampling=how)
        together = tiny.finish(scheduler)["a"].text

    assert together == lonely
    assert lonely != tiny.alone(llama, prompt, 20)


def test_a_cancelled_sequence_frees_its_slot_at_once_and_ends_with_what_it_has(llama: Any) -> None:
    first, second = tiny.prompts(10, 12)

    with tiny.slots(llama, num_slots=1) as scheduler:
        tiny.ask(scheduler, "gone", first, 60, listener=tiny.Listener(patience=4))
        tiny.ask(scheduler, "next", second, 5)
        finished = tiny.finish(scheduler)

    assert finished["gone"].status is SequenceStatus.FINISHED_CANCELLED
    assert finished["gone"].num_output_tokens == 4
    assert len(finished["gone"].text.split()) == 4
    assert finished["next"].text == tiny.alone(llama, second, 5)


def test_a_cancelled_request_that_waits_gets_its_end_too(llama: Any) -> None:
    first, second = tiny.prompts(10, 12)

    with tiny.slots(llama, num_slots=1) as scheduler:
        tiny.ask(scheduler, "runs", first, 30)
        tiny.ask(scheduler, "gone", second, 5, listener=tiny.Listener(patience=0))
        finished = tiny.finish(scheduler)

    assert finished["gone"].status is SequenceStatus.FINISHED_CANCELLED
    assert finished["gone"].text == ""
    assert finished["runs"].num_output_tokens == 30


def test_a_deadline_ends_a_sequence_with_what_it_has(llama: Any) -> None:
    (prompt,) = tiny.prompts(10)

    with tiny.slots(llama) as scheduler:
        tiny.ask(scheduler, "late", prompt, 60, deadline_s=0)
        seq = tiny.finish(scheduler)["late"]

    assert seq.status is SequenceStatus.FINISHED_DEADLINE


@pytest.mark.parametrize("length", [0, 201], ids=["empty", "too long"])
def test_a_prompt_that_does_not_fit_fails_alone(llama: Any, length: int) -> None:
    good, bad = tiny.prompts(10, length)

    with tiny.slots(llama) as scheduler:
        tiny.ask(scheduler, "bad", bad, 5)
        tiny.ask(scheduler, "good", good, 5)
        finished = tiny.finish(scheduler)

    assert isinstance(finished["bad"].error, ValueError)
    assert finished["good"].text == tiny.alone(llama, good, 5)


POISON = 5


@pytest.fixture
def poisoned() -> Any:
    """A network in which one token makes numbers that are none, as an overflow would."""
    network = tiny.llama()
    network.model.embed_tokens.weight.data[POISON] = float("nan")
    return network


def test_broken_numbers_fail_their_own_request_and_leave_nothing_in_its_slot(
    poisoned: Any,
) -> None:
    bad, *good = tiny.prompts(20, 25, 30, 22)
    good = [[token for token in prompt if token != POISON] for prompt in good]
    bad[3] = POISON
    expected = [tiny.alone(poisoned, prompt, 15) for prompt in good]

    with tiny.slots(poisoned, num_slots=2) as scheduler:
        tiny.ask(scheduler, "bad", bad, 15)
        for number, prompt in enumerate(good):
            tiny.ask(scheduler, str(number), prompt, 15)
        finished = tiny.finish(scheduler)

    assert isinstance(finished["bad"].error, NonFiniteLogits)
    assert [finished[str(number)].text for number in range(3)] == expected


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), 1e-30])
def test_a_strange_temperature_harms_nobody(llama: Any, temperature: float) -> None:
    prompt, other = tiny.prompts(10, 12)

    with tiny.slots(llama) as scheduler:
        tiny.ask(scheduler, "odd", prompt, 8, sampling=SamplingParams(temperature=temperature))
        tiny.ask(scheduler, "good", other, 8)
        finished = tiny.finish(scheduler)

    assert finished["good"].text == tiny.alone(llama, other, 8)
    assert finished["odd"].error or finished["odd"].text == tiny.alone(llama, prompt, 8)


def test_what_fails_together_is_tried_one_by_one(llama: Any) -> None:
    prompts = tiny.prompts(10, 12, 9)

    def refuse(_: object, inputs: tuple[torch.Tensor]) -> None:
        if (inputs[0] == prompts[1][0]).any():
            raise RuntimeError("a kernel that fails")

    with tiny.slots(llama) as scheduler:
        handle = llama.model.embed_tokens.register_forward_pre_hook(refuse)
        for number, prompt in enumerate(prompts):
            tiny.ask(scheduler, str(number), prompt, 5)
        finished = tiny.finish(scheduler)
        handle.remove()

    assert isinstance(finished["1"].error, RuntimeError)
    assert finished["0"].text == tiny.alone(llama, prompts[0], 5)
    assert finished["2"].text == tiny.alone(llama, prompts[2], 5)


def test_a_queue_longer_than_the_slots_is_worked_off_in_order(llama: Any) -> None:
    prompts = tiny.prompts(*[7] * 20)

    with tiny.slots(llama) as scheduler:
        for number, prompt in enumerate(prompts):
            tiny.ask(scheduler, str(number), prompt, 4)
        most, ended = 0, []
        while scheduler.is_busy:
            ended += [int(seq.id) for seq in scheduler.step()]
            most = max(most, scheduler.num_running)

    assert most <= 3
    assert ended == sorted(ended)
