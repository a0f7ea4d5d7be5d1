"""Tells whether a model computes in slots what it computes without."""

from __future__ import annotations

import logging
from typing import Any

import torch

from engine.worker.batching.model_runner import CausalRunner, ModelRunner
from engine.worker.batching.seq2seq_runner import Seq2SeqRunner
from engine.worker.batching.sequence import TokenChunk
from engine.worker.batching.shapes import prepare, restore

log = logging.getLogger(__name__)


def covers(model: Any, *, tolerance: float) -> bool:
    """Prepare the model if passes in slots compute what transformers computes; else leave it.

    `tolerance` is the largest difference of two logits, as a share of their range.
    Models differ in how they mark positions, window and scale; a try tells for all of them.
    """
    ids = torch.arange(3, 43).remainder(model.config.vocab_size)
    try:
        want = _reference(model, ids)
        prepare(model)
        got = _in_slots(model, ids.tolist())
        distance = float((want - got).abs().max() / (want.max() - want.min()))
    except Exception:  # whatever a class that does not fit raises
        log.info("%s does not run in slots", type(model).__name__, exc_info=True)
        distance = float("inf")
    if distance <= tolerance:
        return True
    log.info("%s differs in slots by %.3g", type(model).__name__, distance)
    restore(model)
    return False


@torch.inference_mode()
def _reference(model: Any, ids: torch.Tensor) -> torch.Tensor:
    input_ids = ids[None].to(model.device)
    if model.config.is_encoder_decoder:
        start = torch.full((1, 1), model.generation_config.decoder_start_token_id)
        output = model(input_ids=input_ids, decoder_input_ids=start.to(model.device))
    else:
        output = model(input_ids=input_ids)
    logits: torch.Tensor = output.logits[0, -1].float()
    return logits


def _in_slots(model: Any, ids: list[int]) -> torch.Tensor:
    runner: ModelRunner
    if model.config.is_encoder_decoder:
        runner = Seq2SeqRunner(model, num_slots=2, num_tokens=len(ids), num_new=1)
        runner.admit(1, ids)
        parts = [[model.generation_config.decoder_start_token_id]]
    else:
        runner = CausalRunner(model, num_slots=2, num_tokens=len(ids))
        parts = [ids[:-6], ids[-6:-1], ids[-1:]]
    start = 0
    for part in parts:
        chunk = TokenChunk(slot=1, start=start, token_ids=part, num_logits=1, seq_len=len(ids))
        logits = runner.forward([chunk])
        start += len(part)
    return logits[0].float()
