"""Memory computed from a config.json, against real models and against known sizes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.settings import ROOT
from engine.models.catalog import Dtype, ModelEntry, PromptStyle, Quantisation, Task, load_catalog
from engine.models.hardware import DeviceMemory, bytes_of
from engine.models.memory import GB, count_parameters, memory_need, need_in
from engine.worker.batching.shapes import bytes_per_slot, prepare
from engine.worker.loading import load_model
from tests.engine.worker import tiny_networks as tiny
from tests.engine.worker.tiny_models import entry, save_tokenizer

FAMILIES = [tiny.llama, tiny.mistral, tiny.phi3, tiny.t5]

#: What the published config.json says, as far as sizes go.
FLAN_T5_XL = {
    "model_type": "t5",
    "d_model": 2048,
    "d_ff": 5120,
    "d_kv": 64,
    "num_heads": 32,
    "num_layers": 24,
    "num_decoder_layers": 24,
    "vocab_size": 32128,
    "feed_forward_proj": "gated-gelu",
    "tie_word_embeddings": False,
}
PHI_3_MINI = {
    "model_type": "phi3",
    "hidden_size": 3072,
    "intermediate_size": 8192,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
    "vocab_size": 32064,
    "tie_word_embeddings": False,
}
MISTRAL_7B = {
    "model_type": "mistral",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 32000,
    "tie_word_embeddings": False,
}
SMOLLM2 = {
    "model_type": "llama",
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "vocab_size": 49152,
    "tie_word_embeddings": True,
}
CONFIGS = {
    "smollm2-135m": SMOLLM2,
    "flan-t5-xl": FLAN_T5_XL,
    "phi-3-mini": PHI_3_MINI,
    "mistral-7b": MISTRAL_7B,
    "mistral-7b-instruct": MISTRAL_7B | {"vocab_size": 32768},
}


def saved(make: Callable[[], Any], folder: Path) -> ModelEntry:
    """Write the network with a tokenizer; its catalogue entry."""
    network = make()
    network.save_pretrained(folder)
    seq2seq = network.config.is_encoder_decoder
    save_tokenizer(folder, chat=not seq2seq)
    return entry(
        context_window=512,
        task=Task.SEQ2SEQ if seq2seq else Task.CAUSAL,
        prompt=PromptStyle.INSTRUCTION if seq2seq else PromptStyle.CHAT,
    )


@pytest.mark.parametrize(
    "quantisation", [Quantisation.NONE, Quantisation.INT8, Quantisation.NF4], ids=lambda q: q.value
)
@pytest.mark.parametrize("dtype", [Dtype.FLOAT32, Dtype.FLOAT16], ids=lambda d: d.value)
@pytest.mark.parametrize("make", FAMILIES, ids=lambda make: make.__name__)
def test_the_computed_weights_are_those_in_memory(
    make: Callable[[], Any], dtype: Dtype, quantisation: Quantisation, tmp_path: Path
) -> None:
    one = replace(saved(make, tmp_path), dtype=dtype, quantisation=quantisation)

    need = need_in(tmp_path, one, on_gpu=False)
    network = load_model(one, tmp_path, device="cpu").model

    assert need is not None
    assert need.weights == pytest.approx(held_bytes(network), rel=0.02)


def held_bytes(network: Any) -> int:
    """Every number that the network holds, with the scales of quantised matrices."""
    held = {id(t): t for t in [*network.parameters(), *network.buffers()]}
    for parameter in network.parameters():
        state = getattr(parameter, "quant_state", None)
        scales = state.absmax if state is not None else getattr(parameter, "SCB", None)
        if scales is not None:
            held[id(scales)] = scales
    return sum(tensor.numel() * tensor.element_size() for tensor in held.values())


@pytest.mark.parametrize("make", FAMILIES, ids=lambda make: make.__name__)
def test_the_computed_cache_is_what_a_slot_takes(make: Callable[[], Any]) -> None:
    network = make()
    seq2seq = network.config.is_encoder_decoder
    config = json.loads(network.config.to_json_string(use_diff=False))
    task = Task.SEQ2SEQ if seq2seq else Task.CAUSAL

    need = memory_need(entry(context_window=4096, task=task), config, on_gpu=False)
    prepare(network)
    row = bytes_per_slot(network, num_tokens=4096, num_new=512)

    assert need is not None
    assert need.question == pytest.approx(row, rel=0.05)


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        (SMOLLM2, 134_515_008),
        (FLAN_T5_XL, 2_849_757_184),
        (PHI_3_MINI, 3_821_079_552),
        (MISTRAL_7B, 7_241_732_096),
    ],
    ids=["smollm2", "flan-t5-xl", "phi-3-mini", "mistral-7b"],
)
def test_the_parameters_are_as_many_as_published(
    config: dict[str, object], parameters: int
) -> None:
    counted = count_parameters(config)

    assert counted is not None
    assert counted.total == pytest.approx(parameters, rel=1e-6)


@pytest.mark.parametrize(
    ("alias", "weights_gb", "token_kib"),
    [("flan-t5-xl", 6.6, None), ("phi-3-mini", 7.6, 384), ("mistral-7b", 4.2, 128)],
)
def test_the_known_sizes_come_out(alias: str, weights_gb: float, token_kib: int | None) -> None:
    one = load_catalog(ROOT / "config/models.yaml").get(alias)

    need = memory_need(one, CONFIGS[alias], on_gpu=True)

    assert need is not None
    assert need.weights / GB == pytest.approx(weights_gb, rel=0.07)
    if token_kib is not None:
        assert need.question == token_kib * 1024 * one.context_window


@pytest.mark.parametrize("alias", CONFIGS)
def test_the_catalogue_says_what_is_computed_and_each_fits_one_t4(alias: str) -> None:
    one = load_catalog(ROOT / "config/models.yaml").get(alias)
    usable = 14.75 * 2**30  # of the 16 GiB, with error correction

    need = memory_need(one, CONFIGS[alias], on_gpu=alias != "smollm2-135m")
    long = memory_need(replace(one, context_window=4256), CONFIGS[alias], on_gpu=True)

    assert need is not None
    assert long is not None
    assert one.memory_gb == pytest.approx(need.total() / GB, rel=0.05)
    assert long.total() < usable


@pytest.mark.parametrize(
    ("alias", "num_tokens"),
    [
        ("smollm2-135m", 1888),
        ("flan-t5-xl", 4000),
        ("phi-3-mini", 3840),
        ("mistral-7b", 4096),
        ("mistral-7b-instruct", 4096),
    ],
)
def test_the_windows_hold_the_prompts_that_the_documents_promise(
    alias: str, num_tokens: int
) -> None:
    one = load_catalog(ROOT / "config/models.yaml").get(alias)
    lines = (ROOT / "docs/models.md").read_text(encoding="utf-8").splitlines()

    told = [line for line in lines if f"| {one.context_window:,} | {num_tokens:,} |" in line]

    assert one.context_window - one.generation.max_new_tokens == num_tokens
    assert any(f"`{alias}`" in line for line in told)


@pytest.mark.parametrize(
    "config",
    [{}, {"model_type": "bloom"}, {"model_type": "llama"}, {"model_type": "t5", "d_model": "x"}],
    ids=["empty", "other family", "sizes missing", "a word for a number"],
)
def test_without_sizes_the_catalogue_counts(config: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))

    room = DeviceMemory(total=1, free=1, on_gpu=True)

    assert bytes_of(entry(memory_gb=3), tmp_path, room) == 3 * GB
    assert bytes_of(entry(memory_gb=3), None, room) == 3 * GB


def test_the_need_is_told_in_numbers() -> None:
    one = load_catalog(ROOT / "config/models.yaml").get("mistral-7b")

    need = memory_need(one, MISTRAL_7B, on_gpu=True)

    assert str(need).startswith("weights 4.5 GB, one question of 4,352 tokens 0.6 GB, work ")
