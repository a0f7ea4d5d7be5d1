"""Memory computed from a config.json, against real models and against known sizes."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from benchmarks.architectures import ALL
from config.settings import ROOT
from engine.models.catalog import Dtype, ModelEntry, PromptStyle, Quantisation, Task, load_catalog
from engine.models.hardware import DeviceMemory, bytes_of
from engine.models.memory import GB, Parameters, count_parameters, memory_need
from engine.models.tensors import count_in, need_in
from engine.worker.batching.coverage import why_not_covered
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


def qwen3(width: int, inner: int, layers: int, heads: int, *, tied: bool) -> dict[str, object]:
    return {
        "model_type": "qwen3",
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "vocab_size": 151936,
        "tie_word_embeddings": tied,
    }


QWEN3_8B = qwen3(4096, 12288, 36, 32, tied=False)
QWEN3_14B = qwen3(5120, 17408, 40, 40, tied=False)
CONFIGS = {
    "smollm2-135m": SMOLLM2,
    "flan-t5-xl": FLAN_T5_XL,
    "phi-3-mini": PHI_3_MINI,
    "mistral-7b": MISTRAL_7B,
    "mistral-7b-instruct": MISTRAL_7B | {"vocab_size": 32768},
    "qwen3-0.6b": qwen3(1024, 3072, 28, 16, tied=True),
    "qwen3-1.7b": qwen3(2048, 6144, 28, 16, tied=True),
    "qwen3-4b": qwen3(2560, 9728, 36, 32, tied=True),
    "qwen3-8b": QWEN3_8B,
    "qwen3-14b": QWEN3_14B,
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
        # Without the few of the norms of queries and keys.
        (CONFIGS["qwen3-1.7b"], 1_720_567_808),
    ],
    ids=["smollm2", "flan-t5-xl", "phi-3-mini", "mistral-7b", "qwen3-1.7b"],
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
def test_the_catalogue_says_what_is_computed_and_all_but_the_largest_fit_one_t4(alias: str) -> None:
    one = load_catalog(ROOT / "config/models.yaml").get(alias)
    usable = 14.75 * 2**30  # of the 16 GiB, with error correction

    need = memory_need(one, CONFIGS[alias], on_gpu=alias != "smollm2-135m")
    long = memory_need(replace(one, context_window=4256), CONFIGS[alias], on_gpu=True)

    assert need is not None
    assert long is not None
    assert one.memory_gb == pytest.approx(need.total() / GB, rel=0.05)
    assert (long.total() < usable) is (alias != "qwen3-8b")


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


#: Some of each way to be large: heads, shared layers, experts, latent attention, states, encoders.
OTHERS = [
    "gemma2",
    "gemma3",
    "gemma3n_text",
    "gemma4_text",
    "phi",
    "granitemoe",
    "deepseek_v3",
    "gpt_neox",
    "gpt2",
    "opt",
    "lfm2",
    "falcon_h1",
    "bart",
    "t5gemma",
    "umt5",
    "qwen3_5_text",
]


@pytest.mark.parametrize("how", [Quantisation.NONE, Quantisation.NF4], ids=lambda how: how.value)
@pytest.mark.parametrize("name", OTHERS)
def test_the_memory_of_other_architectures_is_told_by_their_files(
    name: str, how: Quantisation, tmp_path: Path
) -> None:
    one = replace(
        saved(ALL[name].network, tmp_path), dtype=Dtype.FLOAT32, quantisation=how, memory_gb=1
    )

    loaded = load_model(one, tmp_path, device="cpu")
    config = json.loads(loaded.model.config.to_json_string(use_diff=False))
    need = need_in(tmp_path, one, on_gpu=False, config=config)

    assert need is not None
    # Buffers, such as tables of positions, count for more in a tiny network.
    assert need.weights == pytest.approx(held_bytes(loaded.model), rel=0.1)
    if not why_not_covered(loaded.model, num_tokens=200, tolerance=1e-3):
        slot = bytes_per_slot(loaded.model, num_tokens=512, num_new=512)
        assert need.question == pytest.approx(slot, rel=0.15)


def test_weights_that_stay_quantised_count_as_they_are(tmp_path: Path) -> None:
    tensors = {
        "layer.qweight": torch.zeros(8, 64, dtype=torch.int32),
        "layer.scales": torch.zeros(64),
        "embed.weight": torch.zeros(100, 32, dtype=torch.float16),
    }
    save_file(tensors, tmp_path / "model.safetensors")

    counted = count_in(tmp_path)

    assert counted == Parameters(linear=0, outputs=0, kept=64 + 3200, stored=8 * 64 * 4)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"version https://git-lfs",
        b"\xff" * 64,
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 20) + b'{"a":{"dtype":"F32"}}',
        struct.pack("<Q", 10**6) + b"[" * 10**6,
    ],
    ids=["empty", "pointer", "noise", "a list", "no shape", "nested without end"],
)
def test_what_are_no_weights_is_not_counted(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)

    assert count_in(tmp_path) is None


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
