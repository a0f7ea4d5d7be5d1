"""Gives a loaded model its slots, as many as memory allows, where its architecture allows them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from engine.catalog import Quantisation, Task
from engine.gpu import read_host
from engine.huggingface import HuggingFaceModel
from engine.loading import free_card_bytes

if TYPE_CHECKING:
    from engine.slots.scheduler import Scheduler

log = logging.getLogger(__name__)

#: The most an encoder-decoder model writes.
MAX_SEQ2SEQ_NEW = 512
#: Share of the free memory that rows may take; the rest is for the work itself.
_SHARE = {"cpu": 0.25, "cuda": 0.7}
#: How far the logits of a covered model may be from transformers' own, as a share of their range.
_TOLERANCE = {"float32": 1e-3, "float16": 0.02, "bfloat16": 0.08}


def suit_slots(model: HuggingFaceModel) -> int | None:
    """Get the network ready for slots, once; returns the bytes of one.

    None where the model must answer one question at a time.
    """
    from engine.slots.coverage import covers
    from engine.slots.packed import pack_linears
    from engine.slots.shapes import bytes_per_row

    entry, network = model.entry, model.network
    if entry.generation.num_beams > 1:
        log.info("%s searches with beams and answers one question at a time", entry.alias)
        return None
    # Measured before the weights are laid out anew, which changes the last digits.
    if not covers(network, tolerance=_TOLERANCE[str(network.dtype).split(".")[-1]]):
        log.info("%s is not covered by the slots; it answers one question at a time", entry.alias)
        return None
    if not model.on_card and entry.quantisation is Quantisation.NONE:
        pack_linears(network)
    return bytes_per_row(network, num_tokens=entry.context_window, num_new=MAX_SEQ2SEQ_NEW)


def make_slots(model: HuggingFaceModel, max_batch: int, slot_bytes: int) -> tuple[Scheduler, int]:
    """A scheduler for a model that suits slots, and how many it has."""
    from engine.slots import runner
    from engine.slots.scheduler import CARD_CHUNKS, CPU_CHUNKS, Scheduler

    entry, network = model.entry, model.network
    seq2seq = entry.task is Task.SEQ2SEQ
    free = _free_bytes(on_card=model.on_card)
    num_slots = max(1, min(max_batch, int(free // slot_bytes)))
    log.info("%s: %d slots of %.0f MB", entry.alias, num_slots, slot_bytes / 1e6)
    graphs = model.on_card and entry.quantisation is Quantisation.NONE
    room: dict[str, Any] = {"num_slots": num_slots, "num_tokens": entry.context_window}
    scheduler = Scheduler(
        runner.Seq2SeqRunner(network, **room, num_new=MAX_SEQ2SEQ_NEW, graphs=graphs)
        if seq2seq
        else runner.CausalRunner(network, **room, graphs=graphs),
        decode=model.decode,
        ends=frozenset(model.ends),
        start_token=network.generation_config.decoder_start_token_id if seq2seq else None,
        chunks=CARD_CHUNKS if model.on_card else CPU_CHUNKS,
    )
    scheduler.keep_prefix(model.constant_part())
    return scheduler, num_slots


def _free_bytes(*, on_card: bool) -> float:
    if on_card:
        return _SHARE["cuda"] * free_card_bytes()
    host = read_host()
    return _SHARE["cpu"] * (host.memory_total - host.memory_used)
