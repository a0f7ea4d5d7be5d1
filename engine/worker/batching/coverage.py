"""Tells whether a model computes in slots what it computes without."""

from __future__ import annotations

import logging
from typing import Any

import torch

from engine.worker.batching.model_runner import CausalRunner, ModelRunner
from engine.worker.batching.seq2seq_runner import Seq2SeqRunner, start_token
from engine.worker.batching.sequence import TokenChunk
from engine.worker.batching.shapes import prepare, restore, rope_parameters, text_config

log = logging.getLogger(__name__)

#: What a generation_config.json may ask `generate` for and the Sampler does not do, with the value
#: that changes nothing.
_ONLY_GENERATE = {
    "no_repeat_ngram_size": 0,
    "encoder_no_repeat_ngram_size": 0,
    "encoder_repetition_penalty": 1.0,
    "min_length": 0,
    "min_new_tokens": 0,
    "forced_bos_token_id": None,
    "forced_eos_token_id": None,
    "suppress_tokens": None,
    "begin_suppress_tokens": None,
    "bad_words_ids": None,
    "sequence_bias": None,
    "exponential_decay_length_penalty": None,
    "guidance_scale": 1.0,
}
#: Kinds of layers, by config.json's layer_types.
_ATTENTION = {"full_attention", "sliding_attention"}
_STATES = {"conv", "linear_attention", "hybrid", "hybrid_sliding"}


def why_not_covered(model: Any, *, num_tokens: int, tolerance: float) -> str:
    """Prepare the model if passes in slots compute what transformers computes; else leave it, and
    say why as half a sentence for people. Empty: it is covered.

    `num_tokens` is the length of the longest text with its answer, `tolerance` the largest
    difference of two logits, as a share of their range.
    Models differ in how they mark positions, window and scale; a try tells for all of them, but
    for what needs a longer text to show.
    """
    return _known_reason(model, num_tokens) or _tried(model, tolerance)


def _known_reason(model: Any, num_tokens: int) -> str:
    config, generation = text_config(model), model.generation_config
    for name, harmless in _ONLY_GENERATE.items():
        if getattr(generation, name, None) not in (None, harmless, [], {}):
            return f"its generation_config.json sets {name}, which only generate knows"
    kinds = _layer_kinds(config)
    # A hybrid class may have attention alone: Granite 4.0 Micro.
    if kinds & _STATES or (model._is_stateful and not kinds):
        return "its layers keep a state instead of keys and values, for which slots have no place"
    if kinds - _ATTENTION or getattr(config, "attention_chunk_size", None):
        return "its layers choose the part of the text that they look at in a way of their own"
    if any(_shifts(rope, config, num_tokens) for rope in rope_parameters(config)):
        return "its positions change with the length of each text"
    return ""


def _shifts(rope: dict[str, Any], config: Any, num_tokens: int) -> bool:
    """Whether other positions count for a text once it is long."""
    match rope.get("rope_type"):
        case "dynamic":
            return num_tokens > int(config.max_position_embeddings)
        case "longrope":  # Phi-3 then reads the text anew, as CausalRunner does; others go on
            border = int(rope["original_max_position_embeddings"])
            return num_tokens > border and config.model_type != "phi3"
        case _:
            return False


def _layer_kinds(config: Any) -> set[str]:
    return set(getattr(config, "layer_types", None) or ())


def _tried(model: Any, tolerance: float) -> str:
    ids = torch.arange(3, 43).remainder(model.get_input_embeddings().num_embeddings)
    before = ""
    try:
        want = _reference(model, ids)
        before = prepare(model)
        got, windows = _in_slots(model, ids.tolist())
    except Exception:  # whatever a class that does not fit raises
        log.info("%s does not run in slots", type(model).__name__, exc_info=True)
        reason = "its layers cannot work on several texts in one row"
    else:
        distance = float((want - got).abs().max() / (want.max() - want.min()))
        log.info("%s differs in slots by %.3g", type(model).__name__, distance)
        reason = "its layers compute something else where several texts stand in one row"
        if distance <= tolerance:
            if windows or not _slides(text_config(model)):
                return ""
            reason = "its layers limit how far they look back in a way of their own"
    if before:
        restore(model, before)
    return reason


@torch.inference_mode()
def _reference(model: Any, ids: torch.Tensor) -> torch.Tensor:
    input_ids = ids[None].to(model.device)
    if model.config.is_encoder_decoder:
        start = torch.full((1, 1), start_token(model))
        output = model(input_ids=input_ids, decoder_input_ids=start.to(model.device))
    else:
        output = model(input_ids=input_ids)
    logits: torch.Tensor = output.logits[0, -1].float()
    return logits


def _slides(config: Any) -> bool:
    # Not what a config.json merely has left over from another architecture.
    has_window = hasattr(type(config), "sliding_window") and config.sliding_window
    kinds = _layer_kinds(config) or {"sliding_attention"}
    return bool(has_window) and "sliding_attention" in kinds


def _in_slots(model: Any, ids: list[int]) -> tuple[torch.Tensor, set[int]]:
    """The last token's logits, and the sliding windows that the attention was told."""
    runner: ModelRunner
    if model.config.is_encoder_decoder:
        runner = Seq2SeqRunner(model, num_slots=2, num_tokens=len(ids), num_new=1)
        runner.admit(1, ids)
        parts = [[start_token(model)]]
    else:
        runner = CausalRunner(model, num_slots=2, num_tokens=len(ids))
        parts = [ids[:-6], ids[-6:-1], ids[-1:]]
    start = 0
    for part in parts:
        chunk = TokenChunk(slot=1, start=start, token_ids=part, num_logits=1, seq_len=len(ids))
        logits = runner.forward([chunk])
        start += len(part)
    batch = runner.kv_cache.batch
    assert batch is not None
    return logits[0].float(), batch.windows
