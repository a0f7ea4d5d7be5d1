"""What is no model that can be loaded is told by the names of its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ModelLoadError
from engine.models.repository import INDEX, parts_of, read_object, refuse_other_repository
from tests.engine.worker.tiny_models import entry

WHOLE = ("config.json", "tokenizer.json", "model.safetensors")


@pytest.mark.parametrize(
    "names",
    [
        WHOLE,
        ("config.json", "spiece.model", "model.safetensors.index.json", "x.safetensors"),
        (*WHOLE, "model.Q4_K_M.gguf", "pytorch_model.bin", "onnx/model.onnx"),
        (*WHOLE, "adapter_config.json"),
    ],
)
def test_a_whole_model_is_accepted_whatever_lies_beside(names: tuple[str, ...]) -> None:
    refuse_other_repository(entry(), names)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("README.md", "tiny.Q4_K_M.gguf"), r"no weights in safetensors .*GGUF, for llama.cpp"),
        (("config.json", "onnx/model.onnx", "model.onnx"), r"in other forms \(ONNX\)"),
        (("config.json", "tokenizer.json", "pytorch_model.bin"), "pickles, which can run code"),
        (("config.json", "tf_model.h5", "flax_model.msgpack"), "JAX's form; TensorFlow's form"),
        (("adapter_config.json", "adapter_model.safetensors"), r"holds an adapter \(PEFT, LoRA\)"),
        (
            ("adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "config.json"),
            "holds an adapter",
        ),
        (("model_index.json", "unet/model.safetensors"), "makes pictures or sound"),
        (("params.json", "consolidated.safetensors", "tekken.json"), "neither model.safetensors"),
        (("config.json", "weights/model.safetensors"), "has no weights in safetensors format,"),
        (("model.safetensors", "tokenizer.json"), "has no config.json"),
        (("config.json", "model.safetensors"), "has no tokenizer"),
        ((), "has no weights in safetensors format"),
    ],
)
def test_what_it_is_instead_is_said(names: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(ModelLoadError, match=sentence) as refused:
        refuse_other_repository(entry(), names)

    assert str(refused.value).startswith("tiny: https://huggingface.co/nobody/tiny ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[1]", "no JSON object"),
        (b"{", "Expecting"),
        (b"\xff{}", "can't decode"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"weight_map": {"x": "model.safetensors"}' + b" " * 30_000_000 + b"}", "more than 300"),
    ],
    ids=["a list", "cut short", "no text", "deep", "long"],
)
def test_what_no_model_has_for_json_is_not_read(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / INDEX
    path.write_bytes(content)

    with pytest.raises(ValueError, match=reason):
        read_object(path)
    assert parts_of(tmp_path) is None
