"""The models that benchmarks/engine.py runs: SmolLM2, Mistral-7B's shapes, and smaller ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

ROOT = Path(__file__).resolve().parent.parent
SMOLLM2_FOLDER = ROOT / "data" / "models" / "smollm2-135m"

SMOLLM2 = {
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "vocab_size": 49152,
    "tie_word_embeddings": True,
}
#: TinyLlama's: what two cores can still run.
MISTRAL_1B = {
    "hidden_size": 2048,
    "intermediate_size": 5632,
    "num_hidden_layers": 22,
    "num_attention_heads": 32,
    "num_key_value_heads": 4,
    "vocab_size": 32000,
}
TINY = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 512,
}


def default_model(device: torch.device, dtype: torch.dtype, *, tiny: bool) -> Any:
    """SmolLM2 on the CPU, with its real weights where they are; Mistral-7B's shapes on a GPU."""
    from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

    if device.type != "cpu":
        return random_mistral(device, dtype, TINY if tiny else {})
    if not tiny and SMOLLM2_FOLDER.is_dir():
        return _ready(
            AutoModelForCausalLM.from_pretrained(SMOLLM2_FOLDER, dtype=dtype, local_files_only=True)
        )
    torch.manual_seed(0)
    return _ready(LlamaForCausalLM(LlamaConfig(**(TINY if tiny else SMOLLM2))).to(dtype))


def random_mistral(device: torch.device, dtype: torch.dtype, shapes: dict[str, int]) -> Any:
    """A Mistral of these shapes, or of the 7B's; the same weights each time."""
    from transformers import MistralConfig, MistralForCausalLM

    torch.manual_seed(0)
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            return _ready(MistralForCausalLM(MistralConfig(sliding_window=None, **shapes)))
    finally:
        torch.set_default_dtype(torch.float32)


@contextmanager
def saved(model: Any) -> Iterator[Path]:
    """The model in a folder that is deleted afterwards."""
    with TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        yield Path(folder)


def load(folder: Path, device: torch.device, *, nf4: bool = False) -> Any:
    """The model in `folder` in bfloat16, its matrices in NF4 if wanted."""
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    quantisation = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )
    return _ready(
        AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.bfloat16,
            device_map={"": 0 if device.type == "cuda" else "cpu"},
            quantization_config=quantisation if nf4 else None,
            local_files_only=True,
        )
    )


def weight_bytes(model: Any, *, embeddings: bool = True) -> int:
    """Bytes of the weights, with the scales that quantised ones keep beside them."""
    total = 0
    for name, parameter in model.named_parameters():
        if not embeddings and "embed" in name:
            continue
        total += parameter.nbytes
        scales = getattr(parameter, "quant_state", None)
        if scales is not None:
            total += scales.absmax.nbytes
    return total


def key_value_bytes(model: Any) -> int:
    """Bytes of one token's keys and values."""
    config = model.config
    head = config.hidden_size // config.num_attention_heads
    numbers = 2 * config.num_hidden_layers * config.num_key_value_heads * head
    return int(numbers * model.dtype.itemsize)


def text_tokens(device: torch.device, *, tiny: bool) -> list[int]:
    """Tokens of the sample FAQ, or any where the weights are random."""
    if device.type == "cpu" and not tiny and SMOLLM2_FOLDER.is_dir():
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(SMOLLM2_FOLDER, local_files_only=True)
        pages = sorted((ROOT / "config" / "faq").rglob("*.md"))
        text = "\n\n".join(page.read_text(encoding="utf-8") for page in pages)
        return list(tokenizer(text)["input_ids"])
    words = random.Random(2)
    return [words.randrange(3, 500) for _ in range(20_000)]


def _ready(model: Any) -> Any:
    from transformers import GenerationConfig

    model.generation_config = GenerationConfig(do_sample=False, pad_token_id=0)
    return model.eval()
