"""Gives a loaded model its slots, as many as memory allows, where its architecture allows them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.models.catalog import Quantisation, Task
from engine.models.memory import MAX_SEQ2SEQ_NEW, memory_need
from engine.worker.huggingface import HuggingFaceModel
from engine.worker.loading import free_bytes

if TYPE_CHECKING:
    from engine.worker.batching.model_runner import ModelRunner
    from engine.worker.batching.scheduler import Scheduler
    from engine.worker.batching.sequence import Sequence

log = logging.getLogger(__name__)

#: Tokens of a short slot: most questions with their entries and their answer need fewer.
SHORT_TOKENS = 1536
#: Share of the free memory that slots may take; the rest is for the work itself.
_SHARE = {"cpu": 0.25, "cuda": 0.7}
#: How far the logits of a covered model may be from transformers' own, as a share of their range.
_TOLERANCE = {"float32": 1e-3, "float16": 0.02, "bfloat16": 0.08}


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotBytes:
    """What slots take in memory."""

    #: One for as many tokens as the context window has.
    whole: int
    #: One for `short_tokens`, the window if that is shorter.
    short: int
    short_tokens: int

    def num_slots_in(self, free: float, max_batch: int) -> tuple[int, int]:
        """How many short and how many whole slots make the most of `free` bytes.

        Where whole ones are few, one of them is enough: few prompts need it.
        """
        whole = max(1, min(max_batch, int(free // self.whole)))
        short = min(max_batch - 1, int((free - self.whole) // self.short))
        return (short, 1) if short + 1 > whole else (0, whole)


def prepare_for_slots(model: HuggingFaceModel, short_tokens: int) -> SlotBytes | None:
    """Get the network ready for slots, once; returns what they take.

    None where the model must answer one question at a time.
    """
    from engine.worker.batching.coverage import why_not_covered
    from engine.worker.batching.kernels import pack_linears
    from engine.worker.batching.shapes import bytes_per_slot

    entry, network = model.entry, model.network
    if entry.generation.num_beams > 1:
        log.info("%s searches with beams and answers one question at a time", entry.alias)
        return None
    # Measured before the weights are laid out anew, which changes the last digits.
    tolerance = _TOLERANCE[str(network.dtype).split(".")[-1]]
    reason = why_not_covered(network, num_tokens=entry.context_window, tolerance=tolerance)
    if reason:
        log.info("%s answers one question at a time: %s", entry.alias, reason)
        return None
    if not model.on_gpu and entry.quantisation is Quantisation.NONE:
        pack_linears(network)
    short_tokens = min(short_tokens, entry.context_window)
    whole, short = (
        bytes_per_slot(network, num_tokens=num_tokens, num_new=MAX_SEQ2SEQ_NEW)
        for num_tokens in (entry.context_window, short_tokens)
    )
    return SlotBytes(whole=whole, short=short, short_tokens=short_tokens)


def make_scheduler(
    model: HuggingFaceModel,
    short: tuple[int, int],
    num_whole: int,
    prepare: Callable[[Sequence], None],
) -> Scheduler:
    """A scheduler with so many slots; `short` says how many short ones, and for how many tokens.
    See Scheduler for `prepare`. Raises what PyTorch raises where memory runs out.
    """
    from engine.worker.batching.scheduler import CPU_CHUNKS, GPU_CHUNKS, Scheduler
    from engine.worker.batching.seq2seq_runner import start_token

    entry, window = model.entry, model.entry.context_window
    log.info("%s: %d short slots, %d whole ones", entry.alias, short[0], num_whole)
    wanted = (short, (num_whole, window))
    seq2seq = entry.task is Task.SEQ2SEQ
    scheduler = Scheduler(
        [_runner(model, num_slots, num_tokens) for num_slots, num_tokens in wanted if num_slots],
        decode=model.decode,
        eos=frozenset(model.eos_token_ids),
        start_token=start_token(model.network) if seq2seq else None,
        chunks=GPU_CHUNKS if model.on_gpu else CPU_CHUNKS,
        prepare=prepare,
        is_fatal=model.is_broken_by,
    )
    scheduler.keep_prefix(model.prompts.constant_part())
    return scheduler


def _runner(model: HuggingFaceModel, num_slots: int, num_tokens: int) -> ModelRunner:
    from engine.worker.batching.model_runner import CausalRunner
    from engine.worker.batching.seq2seq_runner import Seq2SeqRunner

    if model.entry.task is Task.SEQ2SEQ:
        return Seq2SeqRunner(
            model.network,
            num_slots=num_slots,
            num_tokens=num_tokens,
            num_new=MAX_SEQ2SEQ_NEW,
            graphs=model.has_graphs,
        )
    return CausalRunner(
        model.network, num_slots=num_slots, num_tokens=num_tokens, graphs=model.has_graphs
    )


def free_for_slots(model: HuggingFaceModel, free: int | None = None) -> float:
    """Bytes that slots may take of those that are `free`, by default of those that are so now."""
    if free is None:
        free = free_bytes(on_gpu=model.on_gpu)
    share = _SHARE["cuda" if model.on_gpu else "cpu"]
    need = memory_need(model.entry, model.network.config.to_dict(), on_gpu=model.on_gpu)
    # T5's encoder reads a long source at once, which takes more than the rest that stays free.
    return min(share * free, free - (need.work if need else 0))
