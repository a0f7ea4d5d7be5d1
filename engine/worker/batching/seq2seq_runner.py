"""Runs packed passes on the unmodified encoder-decoder classes of transformers."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers.modeling_outputs import BaseModelOutput

from engine.worker.batching.forward_batch import ForwardBatch
from engine.worker.batching.graphs import Graphs
from engine.worker.batching.kv_cache import CachePair, CrossCache, KVCache
from engine.worker.batching.sequence import TokenChunk
from engine.worker.batching.shapes import cache_argument, source_shapes


def start_token(model: Any) -> int:
    """What the texts of an encoder-decoder model begin with."""
    settings = model.generation_config
    start: int | None = settings.decoder_start_token_id
    begin: int = settings.bos_token_id if start is None else start
    return begin


class Seq2SeqRunner:
    """An encoder-decoder model."""

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
            KVCache(shapes, num_slots=num_slots, num_tokens=length, device=model.device)
            for shapes, length in zip(source_shapes(model), (num_new, num_tokens), strict=True)
        )
        self.kv_cache = own
        self._pair = CachePair(own, CrossCache(cross))
        self._cache_argument = cache_argument(model)
        self._lengths = torch.ones(num_slots, dtype=torch.long, device=model.device)
        self._graphs = Graphs(self.run, own, self._lengths) if graphs else None
        #: Stands for the sources, whose keys are in the KV cache.
        width = getattr(model.config, "encoder", model.config).hidden_size
        self._no_source = torch.zeros(1, 1, width, dtype=model.dtype).to(model.device)
        self._decoder = model.get_decoder()
        #: Whether the model takes the positions of the decoder's tokens.
        self._takes_positions = (
            "decoder_position_ids" in inspect.signature(type(model).forward).parameters
        )

    def clear(self, slot: int) -> None:
        self.kv_cache.clear(slot)
        self._pair.cross_attention_cache.clear(slot)

    def group(self, num_tokens: int) -> int:
        """All sequences may share a pass."""
        return 0

    @torch.inference_mode()
    def admit(self, slot: int, prompt: Sequence[int]) -> int:
        """Encode the prompt and keep what the decoder's layers make of it."""
        ids = torch.tensor([list(prompt)]).to(self._model.device)
        source = self._model.get_encoder()(input_ids=ids).last_hidden_state
        self._lengths[slot] = ids.shape[1]
        self._pair.expect_source(slot)
        # The layers make their keys of the source in a pass with a first token, which is run
        # again with the other sequences.
        first = TokenChunk(slot=slot, start=0, token_ids=[0], num_logits=1, seq_len=1)
        self._run([first], source)
        return len(prompt)

    @torch.inference_mode()
    def forward(self, chunks: Sequence[TokenChunk]) -> torch.Tensor:
        if self._graphs is not None and self._graphs.fits(chunks):
            return self._graphs.forward(chunks)
        return self._run(chunks, self._no_source)

    def _run(self, chunks: Sequence[TokenChunk], source: torch.Tensor) -> torch.Tensor:
        batch = ForwardBatch.of(
            chunks,
            device=self.device,
            last_column=self.kv_cache.num_columns - 1,
            source_lengths=self._lengths,
        )
        return self.run(batch, source)

    def run(self, batch: ForwardBatch, source: torch.Tensor | None = None) -> torch.Tensor:
        """The logits of `batch`, [batch.keep, vocabulary]; `source` is [1, tokens, width]."""
        self.kv_cache.batch = batch
        inputs: dict[str, Any] = {self._cache_argument: self._pair}
        if self._takes_positions:
            inputs["decoder_position_ids"] = batch.positions
        with batch.running(), _at(batch.positions[0], self._decoder):
            output = self._model(
                encoder_outputs=BaseModelOutput(
                    last_hidden_state=self._no_source if source is None else source
                ),
                decoder_input_ids=batch.ids,
                use_cache=True,
                **inputs,
            )
        logits: torch.Tensor = output.logits[0, batch.keep]
        return logits


@contextmanager
def _at(positions: torch.Tensor, decoder: torch.nn.Module) -> Iterator[None]:
    """Have a decoder with a table of positions, as BART, look up these: it counts on from the
    length of its cache, which is another one for each sequence of a pass.
    """
    table = getattr(decoder, "embed_positions", None)
    if table is None:
        yield
        return

    def place(_: object, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return args, kwargs | {"position_ids": positions}

    hook = table.register_forward_pre_hook(place, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()
