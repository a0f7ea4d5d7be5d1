"""The small parts of the slot scheduler: coverage, linear layers, drafts, text, sampling."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from engine.models.catalog import Quantisation
from engine.models.loadable import load_tokenizer
from engine.worker.batching import kernels
from engine.worker.batching.attention import _after_prefix
from engine.worker.batching.coverage import why_not_covered
from engine.worker.batching.detokenizer import Detokenizer
from engine.worker.batching.drafter import Drafter
from engine.worker.batching.graphs import Graphs
from engine.worker.batching.kernels import PackedLinear, pack_linears
from engine.worker.batching.kv_cache import KVCache, LayerShape
from engine.worker.batching.sampler import Sampler, greedy
from engine.worker.batching.sampling_params import SamplingParams
from engine.worker.batching.sequence import TokenChunk
from engine.worker.huggingface import HuggingFaceModel
from engine.worker.loading import LoadedModel
from tests.engine.worker import tiny_networks as tiny
from tests.engine.worker.tiny_families import save


@pytest.mark.parametrize(
    "make", [tiny.llama, tiny.mistral, tiny.phi3, tiny.t5], ids=lambda make: make.__name__
)
def test_the_families_of_the_catalogue_are_covered(make: Callable[[], Any]) -> None:
    assert why_not_covered(make(), num_tokens=200, tolerance=1e-4) == ""


def test_a_family_that_marks_positions_otherwise_is_not_and_works_on_as_before() -> None:
    network = tiny.bloom()
    (prompt,) = tiny.prompts(12)
    before = tiny.alone(network, prompt, 8)

    assert why_not_covered(network, num_tokens=200, tolerance=1e-3)
    assert tiny.alone(network, prompt, 8) == before


@pytest.mark.parametrize("on_gpu", [True, False], ids=["GPU", "CPU"])
@pytest.mark.parametrize("how", [Quantisation.NONE, Quantisation.NF4], ids=lambda how: how.value)
def test_graphs_are_recorded_on_a_gpu_alone_and_not_of_quantised_weights(
    on_gpu: bool, how: Quantisation, tmp_path: Path
) -> None:
    one = save(tiny.llama, tmp_path, quantisation=how)
    loaded = LoadedModel(tiny.llama(), load_tokenizer(one, tmp_path), "", "", on_gpu)

    model = HuggingFaceModel(one, loaded)

    assert model.has_graphs is (on_gpu and how is Quantisation.NONE)


class Unrecorded(Graphs):
    """Runs each time what a graph would record."""

    def _record(self, run: Callable[[], torch.Tensor]) -> tuple[Callable[[], None], torch.Tensor]:
        logits = run().clone()
        return lambda: logits.copy_(run()), logits


@pytest.mark.parametrize(
    "make", [tiny.llama, tiny.mistral, tiny.phi3, tiny.t5], ids=lambda make: make.__name__
)
@torch.inference_mode()
def test_what_graphs_record_computes_the_same_for_sequences_that_come_and_go(
    make: Callable[[], Any],
) -> None:
    network = make()
    prompts = tiny.prompts(17, 40, 5, 50, 30)
    expected = [tiny.alone(network, prompt, 12) for prompt in prompts]

    with tiny.slots(network, drafts=False) as scheduler:
        runner = scheduler._pools[0].runner
        runner._graphs = Unrecorded(  # type: ignore[attr-defined]
            runner.run,  # type: ignore[attr-defined]
            runner.kv_cache,
            getattr(runner, "_lengths", None),
        )
        for number, prompt in enumerate(prompts):
            tiny.ask(scheduler, str(number), prompt, 12)
        finished = tiny.finish(scheduler)

    assert [finished[str(number)].text for number in range(5)] == expected


def test_a_model_that_cannot_be_recorded_goes_on_without_graphs() -> None:
    class Refused(Graphs):
        def _record(self, run: object) -> Any:
            raise RuntimeError("operation not permitted when stream is capturing")

    shape = LayerShape(num_heads=1, key_dim=1, value_dim=1, dtype=torch.float32)
    kv_cache = KVCache([shape], num_slots=1, num_tokens=0, device=torch.device("cpu"))
    graphs = Refused(lambda batch: batch.ids, kv_cache)

    assert not graphs.fits([TokenChunk(slot=0, start=0, token_ids=[1], num_logits=1, seq_len=1)])


def here(dtype: torch.dtype) -> Any:
    """The numbers as a parameter; not on every processor: oneDNN has bfloat16 with AVX-512 only."""
    missing = pytest.mark.skipif(not kernels.usable(dtype), reason="not on this processor")
    return pytest.param(dtype, id=str(dtype), marks=missing)


EACH_TYPE = pytest.mark.parametrize("dtype", [here(torch.float32), here(torch.bfloat16)])


@EACH_TYPE
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_a_packed_linear_computes_what_the_linear_does(dtype: torch.dtype, bias: bool) -> None:
    torch.manual_seed(0)
    linear = torch.nn.Linear(48, 80, bias=bias, dtype=dtype)
    inputs = torch.linspace(-1, 1, 5 * 48, dtype=dtype).view(1, 5, 48)

    with torch.inference_mode():
        packed = PackedLinear(linear)(inputs)

    assert torch.allclose(packed, linear(inputs), atol=1e-5 if dtype is torch.float32 else 0.02)


@EACH_TYPE
def test_attention_to_one_copy_of_a_beginning_is_that_to_many(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    queries, keys, values = (torch.randn(4, 2, length, 16).to(dtype) for length in (3, 40, 40))
    keys[:], keys[:, :, 25:] = keys[:1].clone(), keys[:, :, 25:].clone()
    values[:], values[:, :, 25:] = values[:1].clone(), values[:, :, 25:].clone()
    seen = torch.arange(40) <= torch.tensor([25, 30, 39, 33])[:, None, None, None]
    mask = torch.zeros(4, 1, 1, 40).masked_fill_(~seen, float("-inf")).to(dtype)

    once = _after_prefix(queries, keys, values, mask, None, (keys[0, :, :25], values[0, :, :25]))

    many = scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
    assert torch.allclose(once, many, atol=1e-5 if dtype is torch.float32 else 0.02)


@pytest.mark.parametrize("make", [tiny.llama, tiny.t5], ids=lambda make: make.__name__)
def test_a_packed_network_writes_the_same(make: Callable[[], Any]) -> None:
    network = make()
    (prompt,) = tiny.prompts(30)
    before = tiny.alone(network, prompt, 15)

    assert (pack_linears(network) > 10) is kernels.usable(torch.float32)
    assert tiny.alone(network, prompt, 15) == before


def test_a_draft_is_what_followed_last_time() -> None:
    drafter = Drafter()

    drafter.feed([1, 2, 3, 4, 5, 6, 9, 1, 2, 3])

    assert drafter.draft(3) == [4, 5, 6]
    assert drafter.draft(0) == []


def test_bad_guesses_pause_the_drafter_and_it_tries_again_later() -> None:
    drafter = Drafter()
    drafter.feed([1, 2, 3, 4, 1, 2, 3])

    for _ in range(3):
        drafter.learn(4, 0)
    paused = drafter.draft(4)
    drafter.feed([1, 2, 3] * 10)

    assert paused == []
    assert drafter.draft(4) != []


def test_no_draft_without_a_repetition() -> None:
    drafter = Drafter()

    drafter.feed(list(range(50)))

    assert drafter.draft(5) == []


def bytes_of(tokens: list[int]) -> str:
    return bytes(tokens).decode("utf-8", errors="replace")


@pytest.mark.parametrize(
    "text",
    ["plain", "Übung für 漢字 and 🙂👩‍👩‍👧!", "", "a\nb  c"],
    ids=["ascii", "wide", "", "space"],
)
def test_text_comes_whole_and_without_half_characters(text: str) -> None:
    detokenizer = Detokenizer(bytes_of)

    seen = [detokenizer.feed(token) for token in text.encode()]

    assert detokenizer.text == text
    assert all(text.startswith(part.rstrip("\ufffd")) for part in seen)


def test_bytes_that_are_no_text_do_not_hold_up_what_follows() -> None:
    detokenizer = Detokenizer(bytes_of)

    for token in [0xFF] * 40 + list(b"then text"):
        detokenizer.feed(token)

    assert detokenizer.text.endswith("then text")


def test_broken_logits_are_marked_and_the_others_chosen() -> None:
    logits = torch.tensor([[0.0, 2.0, 1.0], [0.0, float("nan"), 1.0], [3.0, 0.0, 0.0]])

    assert greedy(logits) == [1, -1, 0]


def test_sampling_stays_within_its_limits() -> None:
    logits = torch.tensor([5.0, 4.0, 3.0, -20.0])

    by_k, by_p = (
        {Sampler(params).sample(logits, []) for _ in range(50)}
        for params in (
            SamplingParams(temperature=9.0, top_k=2),
            SamplingParams(temperature=1.0, top_p=0.6),
        )
    )

    assert by_k == {0, 1}
    assert by_p == {0}
