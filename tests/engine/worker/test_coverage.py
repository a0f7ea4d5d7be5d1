"""Each architecture that people try writes what `generate` writes, in slots or one at a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from transformers import LlamaConfig

from benchmarks.architectures import ALL
from benchmarks.models_page import PAGE, architecture_row, marks
from engine.models.catalog import PromptStyle, Task
from engine.protocol import FinishReason, Generation
from engine.worker.batching.coverage import why_not_covered
from engine.worker.core import EngineCore
from engine.worker.huggingface import HuggingFaceModel
from engine.worker.watch import NullWatcher, Watcher
from tests.engine.worker import tiny_networks as tiny
from tests.engine.worker.tiny_families import REQUEST
from tests.engine.worker.tiny_models import entry, save_tokenizer

#: Shorter and longer than the sliding windows and the first range of positions; some cross them.
LENGTHS, NEW = (17, 61, 5, 90), (14, 9, 25, 8)

#: For heads of 16, with a border at 64 tokens.
LONGROPE = {
    "max_position_embeddings": 512,
    "rope_parameters": {
        "rope_type": "longrope",
        "rope_theta": 10_000.0,
        "short_factor": [1.0] * 8,
        "long_factor": [2.0] * 8,
        "original_max_position_embeddings": 64,
    },
}
DYNAMIC = {
    "max_position_embeddings": 64,
    "rope_parameters": {"rope_type": "dynamic", "rope_theta": 10_000.0, "factor": 2.0},
}


def together(network: Any, prompts: list[list[int]]) -> list[str]:
    """What each writes where the last two join while the others are at it."""
    with tiny.slots(network) as scheduler:
        for number in (0, 1):
            tiny.ask(scheduler, str(number), prompts[number], NEW[number])
        finished = {seq.id: seq for _ in range(6) for seq in scheduler.step()}
        for number in (2, 3):
            tiny.ask(scheduler, str(number), prompts[number], NEW[number])
        finished |= tiny.finish(scheduler)
    return [finished[str(number)].text for number in range(4)]


@pytest.mark.parametrize("name", ALL)
def test_an_architecture_writes_in_slots_what_it_writes_alone_or_keeps_out_of_them(
    name: str,
) -> None:
    network = ALL[name].network()
    prompts = tiny.prompts(*LENGTHS)
    expected = [tiny.alone(network, p, new) for p, new in zip(prompts, NEW, strict=True)]

    reason = why_not_covered(network, num_tokens=200, tolerance=1e-3)
    if reason:
        written = [tiny.alone(network, p, new) for p, new in zip(prompts, NEW, strict=True)]
    else:
        written = together(network, prompts)

    assert written == expected
    assert len(set(" ".join(written).split())) > 5  # else equal texts would prove little
    page = PAGE.read_text(encoding="utf-8")
    assert architecture_row(ALL[name], reason) in page, "run `make docs`"


def test_the_page_has_no_other_architectures_and_enough_run_many_at_once() -> None:
    begin, end = marks("architectures")
    table = PAGE.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0]

    named = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")][1:]

    assert sorted(named) == sorted(ALL)
    assert table.count("many questions at once") >= 20


def test_a_hybrid_that_has_attention_alone_runs_in_slots() -> None:
    hybrid = ALL["granitemoehybrid"]
    one = replace(hybrid, config={**hybrid.config, "layer_types": ["full_attention"] * 2})
    network = one.network()
    prompts = tiny.prompts(*LENGTHS)
    expected = [tiny.alone(network, p, new) for p, new in zip(prompts, NEW, strict=True)]

    assert why_not_covered(network, num_tokens=200, tolerance=1e-3) == ""
    assert together(network, prompts) == expected


@pytest.mark.parametrize(
    ("setting", "value"),
    [("no_repeat_ngram_size", 3), ("min_length", 56), ("forced_bos_token_id", 0)],
)
def test_what_only_generate_does_is_left_to_it(setting: str, value: int) -> None:
    network = ALL["bart"].network()
    setattr(network.generation_config, setting, value)

    assert setting in why_not_covered(network, num_tokens=200, tolerance=1e-3)


@pytest.mark.parametrize("rope", [LONGROPE, DYNAMIC], ids=["longrope", "dynamic"])
def test_positions_that_change_with_the_length_are_covered_below_it_alone(
    rope: dict[str, object],
) -> None:
    network = replace(ALL["llama"], config=rope).network()

    assert "positions" in why_not_covered(network, num_tokens=65, tolerance=1e-3)
    assert why_not_covered(network, num_tokens=64, tolerance=1e-3) == ""


class SlidingConfig(LlamaConfig):  # type: ignore[misc]
    """Declares a window of which Llama's layers know nothing."""

    sliding_window: int = 24


def test_a_window_that_the_attention_is_not_told_of_is_not_covered() -> None:
    network = tiny.llama()
    network.config = SlidingConfig(**network.config.to_dict())
    network.config._attn_implementation = "sdpa"

    assert "look back" in why_not_covered(network, num_tokens=200, tolerance=1e-3)


@pytest.mark.parametrize("name", ["gemma2", "cohere2", "mistral", "gemma3"])
def test_a_window_longer_than_all_texts_is_loaded_as_well(name: str, tmp_path: Path) -> None:
    one, window = ALL[name], {"sliding_window": 4096}
    config = {**one.config, **window}
    if "text_config" in config:
        config["text_config"] = {**config["text_config"], **window}
    replace(one, config=config).network().save_pretrained(tmp_path)
    save_tokenizer(tmp_path)

    model = HuggingFaceModel.load(entry(context_window=500), tmp_path, device="cpu")
    expected = model.generate(REQUEST, NullWatcher()).text
    core = EngineCore.of(model, max_batch=2)

    assert core.num_slots == 2
    assert [generation.text for generation in run(core, NullWatcher())] == [expected]


@pytest.fixture(scope="module", params=["lfm2", "falcon_h1", "mamba", "bloom", "led"])
def one_at_a_time(request: pytest.FixtureRequest, tmp_path_factory: Any) -> EngineCore:
    """A model that slots do not cover, as the worker loads it."""
    folder: Path = tmp_path_factory.mktemp(request.param)
    one = ALL[request.param]
    one.network().save_pretrained(folder)
    save_tokenizer(folder)
    task = Task.SEQ2SEQ if one.is_encoder_decoder else Task.CAUSAL
    style = PromptStyle.INSTRUCTION if one.is_encoder_decoder else PromptStyle.CHAT
    model = HuggingFaceModel.load(
        entry(task=task, prompt=style, context_window=500), folder, device="cpu"
    )
    return EngineCore.of(model, max_batch=4)


def run(core: EngineCore, *watchers: Watcher) -> list[Generation]:
    """One request a watcher, all waiting at once."""
    for watcher in watchers:
        core.add(REQUEST, watcher)
    finished: list[Generation] = []
    while core.is_busy:
        for seq in core.step():
            assert seq.generation is not None, seq.error
            finished.append(seq.generation)
    return finished


def test_without_slots_requests_stream_one_after_the_other(one_at_a_time: EngineCore) -> None:
    listeners = [tiny.Listener(), tiny.Listener()]
    expected = one_at_a_time.model.generate(REQUEST, NullWatcher()).text

    finished = run(one_at_a_time, *listeners)

    assert one_at_a_time.num_slots == 1
    assert expected
    assert [generation.text for generation in finished] == [expected] * 2
    assert ["".join(one.pieces).strip() for one in listeners] == [expected] * 2
    assert all(len([piece for piece in one.pieces if piece]) > 1 for one in listeners)


def test_without_slots_a_cancelled_request_ends_and_the_next_is_whole(
    one_at_a_time: EngineCore,
) -> None:
    cancelled, whole = run(one_at_a_time, tiny.Listener(patience=1), tiny.Listener())

    assert cancelled.finish_reason is FinishReason.CANCELLED
    assert 0 < cancelled.completion_tokens < whole.completion_tokens
    assert whole.text.startswith(cancelled.text)
