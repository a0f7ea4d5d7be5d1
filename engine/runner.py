"""Runs packed passes on unmodified model classes of transformers: decoder-only and T5."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from transformers import DynamicCache
from transformers.modeling_outputs import BaseModelOutput

from engine import attention
from engine.graphs import Graphs
from engine.plan import Piece, Plan
from engine.slots import CrossSlab, LayerShape, Slab, SlabPair, row_bytes

log = logging.getLogger(__name__)


class Runner(Protocol):
    """A model with room for `num_slots` rows of `num_tokens`."""

    num_slots: int
    num_tokens: int
    #: The rows' own keys and values.
    slab: Slab
    #: Whether a row's tokens are its prompt and what was written, not the latter alone.
    continues_prompt: bool

    def admit(self, slot: int, prompt: Sequence[int]) -> int:
        """A row begins; returns how many tokens were computed for it at once."""
        ...

    def forward(self, pieces: Sequence[Piece]) -> torch.Tensor:
        """The logits asked for, [tokens, vocabulary]; pieces with one token come first."""
        ...

    def group(self, num_tokens: int) -> int:
        """Rows of different groups must not share a pass."""
        ...

    def clear(self, slot: int) -> None:
        """Forget a row whose numbers may be broken."""
        ...


class CausalRunner:
    """A decoder-only model."""

    continues_prompt = True

    def __init__(
        self, model: Any, *, num_slots: int, num_tokens: int, graphs: bool = False
    ) -> None:
        self._model = model
        self.device: torch.device = model.device
        self.num_slots, self.num_tokens = num_slots, num_tokens
        self.slab = Slab(
            layer_shapes(model),
            num_slots=num_slots,
            num_tokens=num_tokens,
            device=model.device,
        )
        self.clear = self.slab.clear
        self._short = _short_rope(model.config)
        self._graphs = _graphs(self) if graphs else None

    def admit(self, slot: int, prompt: Sequence[int]) -> int:
        """Nothing is computed: the prompt is run in chunks beside the other rows."""
        return 0

    def group(self, num_tokens: int) -> int:
        """Phi-3 takes other positions for all tokens once one is past the first 4,096."""
        return int(self._short is not None and num_tokens > self._short)

    @torch.inference_mode()
    def forward(self, pieces: Sequence[Piece]) -> torch.Tensor:
        """See Runner."""
        is_long = self.group(pieces[0].row_tokens) > 0
        if self._graphs is not None and not is_long and self._graphs.fits(pieces):
            return self._graphs.forward(pieces)
        plan = Plan.of(
            pieces,
            device=self.device,
            last_column=self.slab.num_columns - 1,
            beyond=self._short if is_long else None,
        )
        return self.run(plan)

    def run(self, plan: Plan) -> torch.Tensor:
        """The logits of `plan`."""
        self.slab.plan = plan
        output = self._model(
            input_ids=plan.ids,
            position_ids=plan.positions,
            cache=self.slab,
            use_cache=True,
            logits_to_keep=plan.keep,
            plan=plan,
        )
        logits: torch.Tensor = output.logits[0]
        return logits


class Seq2SeqRunner:
    """An encoder-decoder model with relative positions, as T5."""

    continues_prompt = False

    def __init__(
        self,
        model: Any,
        *,
        num_slots: int,
        num_tokens: int,
        num_new: int,
        graphs: bool = False,
    ) -> None:
        self._model = model
        self.device: torch.device = model.device
        self.num_slots, self.num_tokens = num_slots, num_tokens
        own, cross = (
            Slab(
                shapes,
                num_slots=num_slots,
                num_tokens=length,
                device=model.device,
            )
            for shapes, length in zip(source_shapes(model), (num_new, num_tokens), strict=True)
        )
        self.slab = own
        self._pair = SlabPair(own, CrossSlab(cross))
        self._lengths = torch.ones(num_slots, dtype=torch.long, device=model.device)
        self._graphs = _graphs(self, self._lengths) if graphs else None
        #: Stands for the sources, whose keys are in the slab.
        self._no_source = torch.zeros(1, 1, model.config.d_model, dtype=model.dtype).to(
            model.device
        )

    def clear(self, slot: int) -> None:
        """See Runner."""
        self.slab.clear(slot)
        self._pair.cross_attention_cache.clear(slot)

    def group(self, num_tokens: int) -> int:
        """All rows may share a pass."""
        return 0

    @torch.inference_mode()
    def admit(self, slot: int, prompt: Sequence[int]) -> int:
        """Encode the prompt and keep what the decoder's layers make of it."""
        ids = torch.tensor([list(prompt)]).to(self._model.device)
        source = self._model.encoder(input_ids=ids).last_hidden_state
        self._lengths[slot] = ids.shape[1]
        self._pair.expect_source(slot)
        # The layers make their keys of the source in a pass with a first token, which is run
        # again with the other rows.
        first = Piece(slot=slot, start=0, ids=[0], num_logits=1, row_tokens=1)
        self._run([first], source)
        return len(prompt)

    @torch.inference_mode()
    def forward(self, pieces: Sequence[Piece]) -> torch.Tensor:
        """See Runner."""
        if self._graphs is not None and self._graphs.fits(pieces):
            return self._graphs.forward(pieces)
        return self._run(pieces, self._no_source)

    def _run(self, pieces: Sequence[Piece], source: torch.Tensor) -> torch.Tensor:
        plan = Plan.of(
            pieces,
            device=self.device,
            last_column=self.slab.num_columns - 1,
            source_lengths=self._lengths,
        )
        return self.run(plan, source)

    def run(self, plan: Plan, source: torch.Tensor | None = None) -> torch.Tensor:
        """The logits of `plan`."""
        self.slab.plan = plan
        output = self._model(
            encoder_outputs=BaseModelOutput(
                last_hidden_state=self._no_source if source is None else source
            ),
            decoder_input_ids=plan.ids,
            cache=self._pair,
            use_cache=True,
            plan=plan,
        )
        logits: torch.Tensor = output.logits[0, plan.keep]
        return logits


def _graphs(
    runner: CausalRunner | Seq2SeqRunner, source_lengths: torch.Tensor | None = None
) -> Graphs | None:
    """CUDA graphs for a runner that can use them."""
    if not Graphs.usable(runner.device):
        return None
    return Graphs(
        runner.run,
        num_slots=runner.num_slots,
        last_column=runner.slab.num_columns - 1,
        device=runner.device,
        source_lengths=source_lengths,
    )


def covers(model: Any, *, tolerance: float) -> bool:
    """Prepare the model if passes in slots compute what transformers computes; else leave it.

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
    row = ids[None].to(model.device)
    if model.config.is_encoder_decoder:
        start = torch.full((1, 1), model.generation_config.decoder_start_token_id)
        output = model(input_ids=row, decoder_input_ids=start.to(model.device))
    else:
        output = model(input_ids=row)
    logits: torch.Tensor = output.logits[0, -1].float()
    return logits


def _in_slots(model: Any, ids: list[int]) -> torch.Tensor:
    runner: Runner
    if model.config.is_encoder_decoder:
        runner = Seq2SeqRunner(model, num_slots=2, num_tokens=len(ids), num_new=1)
        runner.admit(1, ids)
        parts = [[model.generation_config.decoder_start_token_id]]
    else:
        runner = CausalRunner(model, num_slots=2, num_tokens=len(ids))
        parts = [ids[:-6], ids[-6:-1], ids[-1:]]
    start = 0
    for part in parts:
        piece = Piece(slot=1, start=start, ids=part, num_logits=1, row_tokens=len(ids))
        logits = runner.forward([piece])
        start += len(part)
    return logits[0].float()


def prepare(model: Any) -> None:
    """Have the model's own layers call our attention; an encoder keeps its own."""
    attention.register()
    decoder = model.decoder if model.config.is_encoder_decoder else model
    decoder.set_attn_implementation(attention.NAME)


def restore(model: Any) -> None:
    """Undo `prepare`."""
    decoder = model.decoder if model.config.is_encoder_decoder else model
    decoder.set_attn_implementation("sdpa")


def layer_shapes(model: Any) -> list[LayerShape]:
    """What each layer of a decoder-only model keeps, seen by running it on one token."""
    cache = DynamicCache()
    _run_once(model, cache=cache, input_ids=torch.zeros(1, 1, dtype=torch.long))
    return [LayerShape.of(layer.keys, layer.values) for layer in cache.layers]


def source_shapes(model: Any) -> tuple[list[LayerShape], list[LayerShape]]:
    """The same for an encoder-decoder model: of its own tokens, and of the source's."""
    one = torch.zeros(1, 1, dtype=torch.long)
    pair = _run_once(model, input_ids=one, decoder_input_ids=one).cache
    own, cross = (
        [LayerShape.of(layer.keys, layer.values) for layer in cache.layers]
        for cache in (pair.self_attention_cache, pair.cross_attention_cache)
    )
    return own, cross


def bytes_per_row(model: Any, *, num_tokens: int, num_new: int) -> int:
    """Bytes of one slot of a runner."""
    if not model.config.is_encoder_decoder:
        return row_bytes(layer_shapes(model), num_tokens)
    own, cross = source_shapes(model)
    return row_bytes(own, num_new) + row_bytes(cross, num_tokens)


@torch.inference_mode()
def _run_once(model: Any, **inputs: Any) -> Any:
    """One pass as transformers does it, whatever attention is set."""
    restore(model)
    try:
        moved = {
            name: value.to(model.device) if isinstance(value, torch.Tensor) else value
            for name, value in inputs.items()
        }
        return model(use_cache=True, **moved)
    finally:
        prepare(model)


def _short_rope(config: Any) -> int | None:
    """Up to which length a model with two ranges of positions uses its first."""
    parameters = getattr(config, "rope_parameters", None) or {}
    if parameters.get("rope_type") != "longrope":
        return None
    length: int = parameters["original_max_position_embeddings"]
    return length
