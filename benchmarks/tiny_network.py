"""Makes tiny random networks of any architecture of transformers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

END = 1
VOCABULARY = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """One architecture of transformers."""

    #: `model_type` in config.json.
    model_type: str
    #: Checkpoints that people know.
    examples: str
    #: What its config.json has beyond the sizes that all share.
    config: Mapping[str, Any] = field(default_factory=dict)
    #: Its own names for these sizes, instead of the shared ones.
    sizes: Mapping[str, Any] | None = None
    is_encoder_decoder: bool = False

    def network(self) -> Any:
        """A random network, the same each time; its weights are large, for clear winners among
        the logits.
        """
        import torch
        from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

        usual = ENCODER_DECODER if self.is_encoder_decoder else DECODER
        sizes = usual if self.sizes is None else self.sizes
        config = AutoConfig.for_model(self.model_type, **TOKENS | dict(sizes) | dict(self.config))
        torch.manual_seed(0)
        auto = AutoModelForSeq2SeqLM if self.is_encoder_decoder else AutoModelForCausalLM
        network = auto.from_config(config, dtype=torch.float32).eval()
        for parameter in network.parameters():
            if parameter.dim() > 1:
                parameter.data.mul_(3)
        return network


TOKENS: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "pad_token_id": 0,
    "eos_token_id": END,
    "bos_token_id": 2,
    # Tied, a random network repeats what it read.
    "tie_word_embeddings": False,
}
DECODER: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
}
ENCODER_DECODER: dict[str, Any] = {
    "d_model": 64,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 96,
    "decoder_ffn_dim": 96,
    "decoder_start_token_id": 0,
    "forced_eos_token_id": None,
    "init_std": 0.2,
}
T5: dict[str, Any] = {
    "d_model": 64,
    "d_ff": 96,
    "d_kv": 16,
    "num_layers": 2,
    "num_heads": 4,
    "decoder_start_token_id": 0,
    "feed_forward_proj": "gated-gelu",
}
GPT2: dict[str, Any] = {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 512}
