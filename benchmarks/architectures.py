"""The architectures that people try, tiny, with the features of their real checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.tiny_network import (
    DECODER,
    GPT2,
    T5,
    TOKENS,
    VOCABULARY,
    Architecture,
)

#: A sliding window shorter than most prompts of the tests, and where long positions begin.
WINDOW, LONG = 24, 64
_NO_KV_HEADS = {
    name: size for name, size in DECODER.items() if name not in {"num_key_value_heads", "head_dim"}
}
_ALTERNATING = {"sliding_window": WINDOW, "layer_types": ["sliding_attention", "full_attention"]}
_EXPERTS = {"num_experts_per_tok": 2, "moe_intermediate_size": 48}
_MAMBA = {"mamba_n_heads": 8, "mamba_d_head": 16, "mamba_d_state": 16, "mamba_n_groups": 1}
#: Not used, and in the way: a model that reads images too.
_VISION = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}
_STATE_THEN_ATTENTION = ["linear_attention", "full_attention"]
_DELTA = {
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 16,
    "linear_value_head_dim": 16,
    "layer_types": _STATE_THEN_ATTENTION,
}
#: Latent attention: keys and values from one narrow vector, keys wider than values.
_LATENT = {
    "num_key_value_heads": 4,
    "q_lora_rank": 32,
    "kv_lora_rank": 16,
    "qk_nope_head_dim": 16,
    "qk_rope_head_dim": 8,
    "v_head_dim": 16,
    "head_dim": 8,
}
_YARN = {
    "rope_type": "yarn",
    "rope_theta": 10_000.0,
    "factor": 4.0,
    "original_max_position_embeddings": LONG,
}
_LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": LONG,
}


def _longrope(width: int, share: float = 1.0) -> dict[str, Any]:
    return {
        "max_position_embeddings": 8 * LONG,
        "original_max_position_embeddings": LONG,
        "rope_parameters": {
            "rope_type": "longrope",
            "rope_theta": 10_000.0,
            "short_factor": [1.0] * (width // 2),
            "long_factor": [1.0 + step for step in range(width // 2)],
            "original_max_position_embeddings": LONG,
            "partial_rotary_factor": share,
        },
    }


def _rope(**more: Any) -> dict[str, Any]:
    return {"rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0} | more}


def _both(sizes: Mapping[str, Any]) -> dict[str, Any]:
    return {"encoder": dict(sizes), "decoder": dict(sizes)}


def _one(
    model_type: str, examples: str, sizes: Mapping[str, Any] | None = None, **config: Any
) -> Architecture:
    return Architecture(model_type=model_type, examples=examples, sizes=sizes, config=config)


def _pair(
    model_type: str, examples: str, sizes: Mapping[str, Any] | None = None, **config: Any
) -> Architecture:
    return Architecture(
        model_type=model_type,
        examples=examples,
        sizes=sizes,
        config=config,
        is_encoder_decoder=True,
    )


DECODERS = (
    _one("llama", "Llama 2, 3.1, 3.2; SmolLM2; TinyLlama", rope_parameters=_LLAMA3),
    _one("qwen2", "Qwen2, Qwen2.5", rope_parameters=_YARN),
    _one("qwen3", "Qwen3"),
    _one("qwen3_moe", "Qwen3-30B-A3B", num_experts=4, decoder_sparse_step=1, **_EXPERTS),
    _one("gemma", "Gemma 1"),
    _one(
        "gemma2",
        "Gemma 2",
        attn_logit_softcapping=2.0,
        final_logit_softcapping=30.0,
        query_pre_attn_scalar=16,
        **_ALTERNATING,
    ),
    _one("gemma3_text", "Gemma 3 270M, 1B", query_pre_attn_scalar=16, **_ALTERNATING),
    _one(
        "gemma3",
        "Gemma 3 4B, 12B (text)",
        {},
        text_config=TOKENS | DECODER | _ALTERNATING | {"query_pre_attn_scalar": 16},
        vision_config=_VISION,
        mm_tokens_per_image=4,
        image_token_index=500,
        boi_token_index=501,
        eoi_token_index=502,
    ),
    _one(
        "gemma3n_text",
        "Gemma 3n E2B, E4B",
        num_hidden_layers=4,
        layer_types=["sliding_attention", "full_attention"] * 2,
        num_kv_shared_layers=2,
        sliding_window=WINDOW,
        laurel_rank=8,
        hidden_size_per_layer_input=16,
        vocab_size_per_layer_input=VOCABULARY,
        altup_num_inputs=2,
        activation_sparsity_pattern=[0.5, 0.5, 0.0, 0.0],
    ),
    _one(
        "gemma4_text",
        "Gemma 4 E2B, E4B",
        num_hidden_layers=4,
        layer_types=["sliding_attention", "full_attention"] * 2,
        num_kv_shared_layers=2,
        sliding_window=WINDOW,
        global_head_dim=32,
        hidden_size_per_layer_input=16,
        vocab_size_per_layer_input=VOCABULARY,
    ),
    _one("phi", "Phi-1.5, Phi-2", **_rope(partial_rotary_factor=0.5)),
    _one("phi3", "Phi-3, Phi-3.5, Phi-4, Phi-4-mini", sliding_window=None, **_longrope(12, 0.75)),
    _one("mistral", "Mistral 7B, Mistral Nemo", sliding_window=WINDOW),
    _one("ministral", "Ministral 8B (2410)", **_ALTERNATING, **_rope()),
    _one("ministral3", "Ministral 3 (text)", rope_parameters=_YARN | {"llama_4_scaling_beta": 0.1}),
    _one("mixtral", "Mixtral 8x7B", num_local_experts=4, num_experts_per_tok=2),
    _one("smollm3", "SmolLM3", no_rope_layers=[1, 0]),
    _one(
        "granite",
        "Granite 3.x",
        attention_multiplier=0.1,
        embedding_multiplier=2.0,
        residual_multiplier=0.3,
        logits_scaling=2.0,
    ),
    _one("granitemoe", "Granite 3.x A400M, A800M", num_local_experts=4, num_experts_per_tok=2),
    _one("granite_swa", "Granite with a sliding window", **_ALTERNATING),
    _one("olmo", "OLMo 1", clip_qkv=4.0),
    _one("olmo2", "OLMo 2"),
    _one("olmo3", "OLMo 3", **_ALTERNATING),
    _one("olmoe", "OLMoE 1B-7B", num_experts=4, num_experts_per_tok=2),
    _one("glm", "GLM-4 9B", **_rope(partial_rotary_factor=0.5)),
    _one("glm4", "GLM-4-0414 9B", **_rope(partial_rotary_factor=0.5)),
    _one("nemotron", "Nemotron-4, Minitron", **_rope(partial_rotary_factor=0.5)),
    _one("stablelm", "StableLM 2", use_qkv_bias=True, **_rope(partial_rotary_factor=0.25)),
    _one("cohere", "Command R, Aya 23", use_qk_norm=True),
    _one("cohere2", "Command R7B, Aya Expanse", **_ALTERNATING),
    _one("starcoder2", "StarCoder2", sliding_window=WINDOW),
    _one("exaone4", "EXAONE 4.0", sliding_window_pattern=2, **_ALTERNATING),
    _one("apertus", "Apertus 8B", rope_parameters=_LLAMA3),
    _one("hunyuan_v1_dense", "Hunyuan 0.5B to 7B", **_rope()),
    _one("ernie4_5", "ERNIE 4.5 0.3B"),
    _one("seed_oss", "Seed-OSS"),
    _one("helium", "Helium 1"),
    _one("arcee", "AFM 4.5B"),
    _one("bitnet", "BitNet b1.58 2B"),
    _one("minicpm3", "MiniCPM3 4B", **_LATENT),
    _one(
        "deepseek_v2",
        "DeepSeek-V2-Lite",
        n_routed_experts=4,
        n_shared_experts=1,
        first_k_dense_replace=1,
        n_group=1,
        topk_group=1,
        **_EXPERTS,
        **_LATENT,
    ),
    _one(
        "deepseek_v3",
        "DeepSeek-V3, Moonlight",
        n_routed_experts=4,
        n_shared_experts=1,
        first_k_dense_replace=1,
        n_group=1,
        topk_group=1,
        **_EXPERTS,
        **_LATENT,
    ),
    _one(
        "gpt_oss",
        "gpt-oss 20B",
        num_local_experts=4,
        num_experts_per_tok=2,
        rope_parameters=_YARN | {"beta_fast": 32.0, "beta_slow": 1.0, "truncate": False},
        **_ALTERNATING,
    ),
    _one("gpt2", "GPT-2", GPT2),
    _one("gpt_neox", "Pythia, Dolly", _NO_KV_HEADS, **_rope(partial_rotary_factor=0.25)),
    _one("gpt_bigcode", "SantaCoder, StarCoder", GPT2, multi_query=True),
    _one(
        "opt", "OPT", _NO_KV_HEADS, ffn_dim=96, word_embed_proj_dim=64, max_position_embeddings=512
    ),
    _one("gptj", "GPT-J", GPT2, rotary_dim=8),
    _one(
        "falcon",
        "Falcon 7B",
        _NO_KV_HEADS,
        new_decoder_architecture=True,
        num_kv_heads=2,
    ),
    _one("bloom", "BLOOM, BLOOMZ", {"hidden_size": 64, "n_layer": 2, "n_head": 4}),
    _one("mpt", "MPT 7B", {"d_model": 64, "n_layers": 2, "n_heads": 4}),
    _one("lfm2", "LFM2, LFM2.5", layer_types=["conv", "full_attention"], conv_L_cache=3),
    _one("falcon_h1", "Falcon-H1", mamba_d_ssm=128, **_MAMBA),
    _one(
        "granitemoehybrid",
        "Granite 4.0 H; without states (4.0 Micro) many at once",
        layer_types=_STATE_THEN_ATTENTION,
        num_local_experts=0,
        shared_intermediate_size=96,
        **_MAMBA,
    ),
    _one("bamba", "Bamba 9B", attn_layer_indices=[1], **_MAMBA),
    _one(
        "nemotron_h",
        "Nemotron-H, Nemotron Nano 2",
        layer_types=["linear_attention", "full_attention"],
        mamba_num_heads=8,
        mamba_head_dim=16,
        ssm_state_size=16,
        n_groups=1,
    ),
    _one("qwen3_5_text", "Qwen3.5", **_DELTA),
    _one(
        "qwen3_next",
        "Qwen3-Next",
        num_experts=4,
        shared_expert_intermediate_size=48,
        **_EXPERTS,
        **_DELTA,
    ),
    _one("mamba", "Mamba", {"hidden_size": 64, "num_hidden_layers": 2, "state_size": 16}),
    _one("jamba", "Jamba", attn_layer_period=2, attn_layer_offset=1, num_experts=2),
    _one(
        "recurrent_gemma",
        "RecurrentGemma",
        num_hidden_layers=3,
        lru_width=64,
        attention_window_size=WINDOW,
    ),
)
ENCODER_DECODERS = (
    _pair("t5", "T5, FLAN-T5", T5),
    _pair("mt5", "mT5, mT0", T5),
    _pair("umt5", "UMT5", T5),
    _pair(
        "t5gemma",
        "T5Gemma",
        {},
        **_both(TOKENS | DECODER | _ALTERNATING | {"attn_logit_softcapping": 2.0}),
    ),
    _pair("bart", "BART"),
    _pair("mbart", "mBART"),
    _pair("pegasus", "PEGASUS"),
    _pair("blenderbot", "BlenderBot"),
    _pair(
        "t5gemma2",
        "T5Gemma 2",
        {},
        encoder={
            "text_config": TOKENS | DECODER | _ALTERNATING,
            "vision_config": _VISION,
            "mm_tokens_per_image": 4,
            "boi_token_index": 500,
            "eoi_token_index": 501,
        },
        decoder=TOKENS | DECODER | _ALTERNATING,
        image_token_index=502,
    ),
    _pair(
        "led",
        "LED",
        attention_window=[16, 16],
        max_encoder_position_embeddings=512,
        max_decoder_position_embeddings=512,
    ),
)
ALL = {one.model_type: one for one in (*DECODERS, *ENCODER_DECODERS)}
