"""The course's models with random weights: their published sizes, a tokenizer, questions."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from transformers import (
    GenerationConfig,
    MistralConfig,
    MistralForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)

from benchmarks.gpu.parts import ROOT, Bench
from engine.models.catalog import (
    Dtype,
    ModelEntry,
    PromptStyle,
    Quantisation,
    load_catalog,
)
from engine.protocol import GenerationRequest
from engine.types import Document
from engine.worker.loading import free_memory

ALIASES = ("flan-t5-xl", "phi-3-mini", "mistral-7b")
_TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
_MARKS = ["<pad>", "<s>", "</s>", "<|end|>"]
_TINY = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 640,
}
#: How far the token that follows lies from its predecessor in the vocabulary; see `_count`.
_STRIDE = 97


def entry(alias: str, bench: Bench, **changes: Any) -> ModelEntry:
    """The model of the catalogue, with 16 bits a number where nothing else is said."""
    found = load_catalog(ROOT / "config" / "models.yaml").get(alias)
    dtype = Dtype.BFLOAT16 if bench.on_gpu else Dtype.FLOAT32
    plain = {"dtype": dtype, "quantisation": Quantisation.NONE}
    return replace(found, **plain | changes)


def make(alias: str, bench: Bench, dtype: torch.dtype, *, counts: bool = True) -> Any:
    """A model of transformers with random weights on the device; the same ones each time."""
    torch.manual_seed(0)
    torch.set_default_dtype(dtype)
    try:
        with torch.device(bench.device):
            network = _CLASSES[alias](tiny=bench.tiny).eval()
    finally:
        torch.set_default_dtype(torch.float32)
    seq2seq = network.config.is_encoder_decoder
    network.generation_config = GenerationConfig(
        pad_token_id=0, eos_token_id=None, decoder_start_token_id=0 if seq2seq else None
    )
    if counts:
        _count(network)
    return network


def _count(network: Any) -> None:
    """Have each token be followed by the one a stride further on.

    So a text neither ends nor repeats itself, no two tokens are nearly as probable, and all ways to
    generate write the same in 16 bits. What a pass costs stays the same.
    """
    embeddings = network.get_input_embeddings().weight
    torch.nn.init.normal_(embeddings, std=64.0)
    head = network.get_output_embeddings().weight
    head.data.copy_(embeddings.data.roll(_STRIDE, dims=0) / 4096)


def _t5(*, tiny: bool) -> Any:
    shapes: dict[str, Any] = {"vocab_size": 32128, "d_model": 2048, "d_kv": 64, "d_ff": 5120}
    shapes |= {"num_layers": 24, "num_decoder_layers": 24, "num_heads": 32}
    if tiny:
        shapes |= {"vocab_size": 640, "d_model": 64, "d_kv": 16, "d_ff": 128, "num_heads": 4}
        shapes |= {"num_layers": 2, "num_decoder_layers": 2}
    return T5ForConditionalGeneration(
        T5Config(
            **shapes,
            feed_forward_proj="gated-gelu",
            tie_word_embeddings=False,
            decoder_start_token_id=0,
            pad_token_id=0,
        )
    )


def _phi3(*, tiny: bool) -> Any:
    shapes = {"vocab_size": 32064, "hidden_size": 3072, "intermediate_size": 8192}
    shapes |= {"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32}
    if tiny:
        shapes = _TINY | {"num_key_value_heads": 4}
    width = shapes["hidden_size"] // shapes["num_attention_heads"] // 2
    return Phi3ForCausalLM(
        Phi3Config(
            **shapes,
            sliding_window=262_144,
            max_position_embeddings=131_072,
            original_max_position_embeddings=4096,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
            rope_parameters={
                "rope_type": "longrope",
                "rope_theta": 10_000.0,
                "short_factor": [1.0] * width,
                "long_factor": [1.0 + step for step in range(width)],
                "original_max_position_embeddings": 4096,
                "partial_rotary_factor": 1.0,
            },
        )
    )


def _mistral(*, tiny: bool) -> Any:
    shapes = {"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336}
    shapes |= {"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8}
    return MistralForCausalLM(
        MistralConfig(
            **(_TINY if tiny else shapes), sliding_window=4096, max_position_embeddings=32_768
        )
    )


_CLASSES: dict[str, Callable[..., Any]] = {
    "flan-t5-xl": _t5,
    "phi-3-mini": _phi3,
    "mistral-7b": _mistral,
}


def tokenizer(one: ModelEntry, vocabulary: int) -> Any:
    """A tokenizer trained on the sample FAQ, in which every token of the model is a text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=min(vocabulary, 4000),
        special_tokens=_MARKS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(pages(), trainer)
    learnt = json.loads(raw.to_str())["model"]
    words: dict[str, int] = learnt["vocab"]
    words |= {f"Ġtoken{number}": number for number in range(len(words), vocabulary)}
    merges = [tuple(merge) for merge in learnt["merges"]]
    whole = Tokenizer(models.BPE(vocab=words, merges=merges))
    whole.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    whole.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(
        tokenizer_object=whole, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    if one.prompt is PromptStyle.CHAT:
        made.chat_template = _TEMPLATE
    return made


def pages() -> list[str]:
    """The texts of the sample FAQ."""
    files = sorted((ROOT / "config" / "faq").rglob("*.md"))
    return [file.read_text(encoding="utf-8") for file in files]


@contextmanager
def saved(one: ModelEntry, bench: Bench) -> Iterator[Path]:
    """The model in a folder that is deleted afterwards; it is in memory no more."""
    dtype = torch.bfloat16 if bench.on_gpu else torch.float32
    with TemporaryDirectory(prefix=f"{one.alias}-") as folder:
        network = make(one.alias, bench, dtype)
        network.save_pretrained(folder)
        tokenizer(one, network.config.vocab_size).save_pretrained(folder)
        del network
        free_memory()
        yield Path(folder)


class Questions:
    """Questions of about equal length, no two of which begin alike after the rules."""

    def __init__(self, count: Callable[[GenerationRequest], int]) -> None:
        """`count` tells the tokens of a request's prompt."""
        self._words = " ".join(pages()).split()
        self._random = random.Random(1)
        self._count = count
        self._number = 0

    def ask(self, how_many: int, *, tokens: int, new: int) -> list[GenerationRequest]:
        """So many requests, each with about `tokens` in the prompt and `new` to be written."""
        least, more = (self._count(self._request(words, 1)) for words in (1, 201))
        words = max(1, round((tokens - least) * 200 / (more - least)))
        return [self._request(words, new) for _ in range(how_many)]

    def _request(self, words: int, new: int) -> GenerationRequest:
        self._number += 1
        text = " ".join(self._random.choices(self._words, k=words))
        entry = Document(
            id="a", course="", section="", question=f"Number {self._number}?", answer=text
        )
        return GenerationRequest(
            id=str(self._number),
            question="Can I join late?",
            documents=(entry,),
            max_new_tokens=new,
            deadline_s=600,
        )
