"""Tiny random networks of each family, in memory, and ways to run them alone and in slots."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from engine.protocol import GenerationRequest
from engine.worker.batching.model_runner import CausalRunner, ModelRunner
from engine.worker.batching.scheduler import Scheduler
from engine.worker.batching.seq2seq_runner import Seq2SeqRunner, start_token
from engine.worker.batching.sequence import Sequence
from engine.worker.batching.shapes import prepare, restore
from engine.worker.watch import NullWatcher, Watcher

END = 1
VOCABULARY = 512
#: Phi-3's two ranges of positions meet here.
LONG = 64
_COMMON: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": VOCABULARY,
    "pad_token_id": 0,
    "eos_token_id": END,
    "bos_token_id": 2,
}


def llama() -> Any:
    """Grouped heads, plain positions."""
    from transformers import LlamaConfig, LlamaForCausalLM

    return _ready(lambda: LlamaForCausalLM(LlamaConfig(**_COMMON)))


def mistral() -> Any:
    """A sliding window shorter than the prompts."""
    from transformers import MistralConfig, MistralForCausalLM

    return _ready(lambda: MistralForCausalLM(MistralConfig(**_COMMON, sliding_window=24)))


def phi3() -> Any:
    """Other positions from 64 tokens on."""
    from transformers import Phi3Config, Phi3ForCausalLM

    config = Phi3Config(
        **_COMMON | {"num_key_value_heads": 4},
        sliding_window=None,
        max_position_embeddings=8 * LONG,
        original_max_position_embeddings=LONG,
        rope_parameters={
            "rope_type": "longrope",
            "rope_theta": 10_000.0,
            "short_factor": [1.0] * 8,
            "long_factor": [1.0 + step for step in range(8)],
            "original_max_position_embeddings": LONG,
            "partial_rotary_factor": 1.0,
        },
    )
    return _ready(lambda: Phi3ForCausalLM(config))


def t5() -> Any:
    """Encoder and decoder, relative positions."""
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        d_model=64,
        d_ff=128,
        num_layers=2,
        num_decoder_layers=2,
        num_heads=4,
        d_kv=16,
        vocab_size=VOCABULARY,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=END,
    )
    return _ready(lambda: T5ForConditionalGeneration(config))


def bloom() -> Any:
    """Marks positions in a way of its own: not for slots."""
    from transformers import BloomConfig, BloomForCausalLM

    config = BloomConfig(vocab_size=VOCABULARY, hidden_size=32, n_layer=2, n_head=2)
    return _ready(lambda: BloomForCausalLM(config))


def _ready(make: Callable[[], Any]) -> Any:
    torch.manual_seed(0)
    network = make().eval()
    for parameter in network.parameters():
        if parameter.dim() > 1:  # larger weights: clear winners among the logits
            parameter.data.mul_(3)
    return network


def words(tokens: list[int]) -> str:
    """A text that shows each token."""
    return "".join(f" {token}" for token in tokens)


def prompts(*lengths: int, seed: int = 0) -> list[list[int]]:
    """Random prompts."""
    draw = random.Random(seed)
    return [[draw.randrange(3, VOCABULARY) for _ in range(length)] for length in lengths]


def alone(network: Any, prompt: list[int], new: int, **how: Any) -> str:
    """What plain `generate` writes."""
    input_ids = torch.tensor([prompt])
    output = network.generate(
        input_ids,
        attention_mask=torch.ones_like(input_ids),
        max_new_tokens=new,
        do_sample=False,
        **how,
    )[0].tolist()
    start = 1 if network.config.is_encoder_decoder else len(prompt)
    return words([token for token in output[start:] if token != END]).strip()


@contextmanager
def slots(network: Any, num_slots: int = 3, **how: Any) -> Iterator[Scheduler]:
    """A scheduler for the network, with chunks of a few tokens."""
    before = prepare(network)
    runner: ModelRunner
    if network.config.is_encoder_decoder:
        runner = Seq2SeqRunner(network, num_slots=num_slots, num_tokens=200, num_new=60)
    else:
        runner = CausalRunner(network, num_slots=num_slots, num_tokens=200)
    yield Scheduler(
        [runner],
        eos=frozenset({END}),
        start_token=start_token(network) if network.config.is_encoder_decoder else None,
        **{"decode": words, "chunks": (8, 16), **how},
    )
    restore(network, before)


class Listener:
    """Keeps the pieces; may lose interest after so many."""

    def __init__(self, patience: int = 10_000) -> None:
        self.pieces: list[str] = []
        self._patience = patience

    def on_start(self) -> None:
        """Not asked for here."""

    def on_piece(self, piece: str) -> None:
        self.pieces.append(piece)

    def is_cancelled(self) -> bool:
        return len([piece for piece in self.pieces if piece]) >= self._patience


def sequence(
    name: str,
    prompt: list[int],
    new: int,
    *,
    watcher: Watcher | None = None,
    deadline_s: float = float("inf"),
    **how: Any,
) -> Sequence:
    """One whose prompt is tokens already, for a scheduler without a tokenizer."""
    request = GenerationRequest(id=name, question="", documents=(), deadline_s=deadline_s)
    seq = Sequence(request, watcher or NullWatcher())
    seq.prepare(prompt, max_new_tokens=new, **how)
    return seq


def ask(scheduler: Scheduler, name: str, prompt: list[int], new: int, **how: Any) -> Listener:
    """Queue a sequence; returns who listens to it."""
    listener = how.pop("listener", None) or Listener()
    scheduler.add(sequence(name, prompt, new, watcher=listener, **how))
    return listener


def finish(scheduler: Scheduler) -> dict[str, Sequence]:
    """Run until nothing is left; the sequences by name."""
    finished = {}
    while scheduler.is_busy:
        for seq in scheduler.step():
            finished[seq.id] = seq
    return finished
