"""Each architecture of the catalogue as files with small random weights, and a question for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.models.catalog import ModelEntry, PromptStyle, Task
from engine.protocol import GenerationRequest
from engine.types import Document
from tests.engine.worker import tiny_networks as tiny
from tests.engine.worker.tiny_models import VOCABULARY, entry, save_tokenizer

DOCUMENT = Document(
    id="late", course="c", section="s", question="Can I join late?", answer="Yes, at any time."
)
REQUEST = GenerationRequest(
    id="1", question="May I join?", documents=(DOCUMENT,), max_new_tokens=12
)


def phi3(original: int) -> Any:
    """Phi-3 whose positions are scaled otherwise from `original` tokens on."""
    from transformers import Phi3Config, Phi3ForCausalLM

    torch.manual_seed(0)
    network = Phi3ForCausalLM(
        Phi3Config(
            vocab_size=512,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=4,
            pad_token_id=0,
            bos_token_id=2,
            eos_token_id=1,
            initializer_range=0.2,
            sliding_window=262144,
            max_position_embeddings=32 * original,
            original_max_position_embeddings=original,
            rope_parameters={
                "rope_type": "longrope",
                "rope_theta": 10_000.0,
                "short_factor": [1.0] * 8,
                "long_factor": [1.0 + step for step in range(8)],
                "original_max_position_embeddings": original,
                "partial_rotary_factor": 1.0,
            },
        )
    )
    return network.eval()


def t5() -> Any:
    """As FLAN-T5: two ways into the feed-forward part, an output layer of its own."""
    from transformers import GenerationConfig, T5Config, T5ForConditionalGeneration

    torch.manual_seed(1)
    network = T5ForConditionalGeneration(
        T5Config(
            vocab_size=VOCABULARY,
            d_model=64,
            d_ff=128,
            d_kv=16,
            num_layers=2,
            num_heads=4,
            feed_forward_proj="gated-gelu",
            tie_word_embeddings=False,
            decoder_start_token_id=2,
            pad_token_id=2,
            eos_token_id=1,
        )
    )
    for parameter in network.parameters():
        if parameter.dim() > 1:  # larger weights: clear winners among the logits
            parameter.data.mul_(3)
    network.lm_head.weight.data[:3] = 0  # the special tokens, which do not show
    network.generation_config = GenerationConfig(
        decoder_start_token_id=2, pad_token_id=2, eos_token_id=1
    )
    return network.eval()


def phi3_below() -> Any:
    """No prompt of these tests reaches the long range."""
    return phi3(4096)


def phi3_above() -> Any:
    """Every prompt of these tests is in the long range."""
    return phi3(64)


FAMILIES = {
    tiny.llama: PromptStyle.CHAT,
    tiny.mistral: PromptStyle.COMPLETION,
    phi3_below: PromptStyle.CHAT,
    phi3_above: PromptStyle.CHAT,
    t5: PromptStyle.INSTRUCTION,
}
EACH = pytest.mark.parametrize("make", FAMILIES, ids=lambda make: make.__name__)


def save(make: Callable[[], Any], folder: Path, **changes: Any) -> ModelEntry:
    network = make()
    network.save_pretrained(folder)
    seq2seq = network.config.is_encoder_decoder
    style = FAMILIES[make]
    save_tokenizer(folder, chat=style is PromptStyle.CHAT)
    task = Task.SEQ2SEQ if seq2seq else Task.CAUSAL
    return entry(task=task, prompt=style, context_window=1400, **changes)
