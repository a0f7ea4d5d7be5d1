"""What a model's repository or folder is, judged by the names of its files."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from engine.errors import ModelLoadError
from engine.models.catalog import ModelEntry

#: The weights as transformers looks for them, whole or in parts that an index lists.
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
#: One of these at least makes a tokenizer.
_TOKENIZERS = {
    "tokenizer.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tekken.json",
    "vocab.json",
    "vocab.txt",
}
#: Weights in forms that are not loaded, by the end of a name.
_OTHER_FORMS = {
    ".gguf": "GGUF, for llama.cpp and Ollama",
    ".onnx": "ONNX",
    ".bin": "pickles, which can run code",
    ".pt": "pickles, which can run code",
    ".pth": "pickles, which can run code",
    ".ckpt": "pickles, which can run code",
    ".h5": "TensorFlow's form",
    ".msgpack": "JAX's form",
    ".tflite": "TFLite",
}
#: Of JSON that is read whole. The longest index, of a model of a trillion parameters, has 15 MB.
_MOST_BYTES = 30_000_000
_ORIGINAL = "choose the repository that it was made from, which has model.safetensors"


def read_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file of a model. Raises OSError, or ValueError where it holds none or
    is longer than any real one.
    """
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"it has more than {_MOST_BYTES} bytes")
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("its brackets are nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    return found


def parts_of(folder: Path) -> set[str] | None:
    """Names of the files that hold the weights in `folder`; None where nothing tells."""
    if (folder / WEIGHTS).is_file():
        return {WEIGHTS}
    try:
        return set(map(str, read_object(folder / INDEX)["weight_map"].values())) or None
    except (OSError, ValueError, LookupError, AttributeError):
        return None


def is_complete(folder: Path) -> bool:
    """Whether config.json and all weights are there; looks at names only."""
    parts = parts_of(folder) if (folder / "config.json").is_file() else None
    return parts is not None and all((folder / part).is_file() for part in parts)


def refuse_other_repository(entry: ModelEntry, names: Collection[str]) -> None:
    """Raise ModelLoadError unless files of these names can make a model that writes text."""
    problem = _problem({name for name in names if "/" not in name})
    if problem:
        where = f"https://huggingface.co/{entry.hub_id}"
        raise ModelLoadError(f"{entry.alias}: {where} {problem}.")


def _problem(names: set[str]) -> str:
    """What is wrong, as the rest of a sentence; empty where nothing is."""
    has_weights = bool({WEIGHTS, INDEX} & names)
    if "model_index.json" in names:
        return "is a pipeline that makes pictures or sound, not text; choose a language model"
    if "adapter_config.json" in names and not has_weights:
        return (
            "holds an adapter (PEFT, LoRA) and not the model that it changes; "
            "merge the two, or choose a repository with the merged weights"
        )
    if not has_weights:
        forms = {form for end, form in _OTHER_FORMS.items() if any(n.endswith(end) for n in names)}
        if any(name.endswith(".safetensors") for name in names):
            return (
                f"has weights in safetensors format, but neither {WEIGHTS} nor {INDEX}, by which "
                f"transformers finds them; {_ORIGINAL}"
            )
        held = f" but in other forms ({'; '.join(sorted(forms))})" if forms else ""
        return (
            f"has no weights in safetensors format{held}, and only those are loaded; "
            "choose another revision or model in the catalogue"
        )
    if "config.json" not in names:
        return f"has no config.json, without which nothing tells how to build it; {_ORIGINAL}"
    if not _TOKENIZERS & names:
        return "has no tokenizer, so no text can be given to it; choose a repository with one"
    return ""
