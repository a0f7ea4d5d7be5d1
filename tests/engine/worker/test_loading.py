"""Weights that do not make the model that config.json names are refused with a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.errors import ModelLoadError
from engine.models.catalog import Dtype
from engine.worker.loading import load_model
from tests.engine.worker.tiny_models import entry, save_causal, save_seq2seq

Tensors = dict[str, torch.Tensor]
DOWN = "model.layers.0.mlp.down_proj.weight"
NORM = "model.norm.weight"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_causal(tmp_path_factory.mktemp("models") / "tiny")


def change(whole: Path, folder: Path, edit: Callable[[Tensors], object]) -> Path:
    """A copy of the model with other tensors."""
    folder.mkdir()
    for path in whole.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    tensors = load_file(folder / "model.safetensors")
    edit(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(ModelLoadError) as refused:
        load_model(entry(), folder, device="cpu")
    return str(refused.value)


def poison(tensors: Tensors, value: float) -> None:
    tensors[DOWN][0, 0] = value


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda t: t.pop(DOWN), f"1 tensors of tiny are missing from its weights ({DOWN})"),
        (lambda t: [t.pop(name) for name in list(t)[:5]], "5 tensors of tiny are missing"),
        (lambda t: t.update({DOWN: t[DOWN][:, :8].clone()}), DOWN),
        (lambda t: poison(t, float("nan")), "tiny computes NaN or infinity in float32"),
        (lambda t: t[NORM].fill_(float("inf")), "tiny computes NaN or infinity"),
        (
            lambda t: t.update({f"{DOWN}_scale": torch.ones(1)}),
            "are quantised (they have model.layers.0.mlp.down_proj.weight_scale)",
        ),
    ],
    ids=["one is missing", "some are missing", "another shape", "NaN", "infinity", "scales"],
)
def test_weights_that_would_compute_nonsense_are_refused(
    whole: Path, tmp_path: Path, edit: Callable[[Tensors], object], sentence: str
) -> None:
    refused = refusal(change(whole, tmp_path / "tiny", edit))

    assert sentence in refused
    assert "models pull" not in refused  # pulling it again would not help


def test_tensors_that_nobody_needs_do_no_harm(whole: Path, tmp_path: Path) -> None:
    folder = change(
        whole, tmp_path / "tiny", lambda t: t.update({"model.old.inv_freq": torch.ones(4)})
    )

    assert load_model(entry(), folder, device="cpu").dtype == "float32"


def test_weights_that_are_tied_are_not_missing(whole: Path, tmp_path: Path) -> None:
    folder = change(whole, tmp_path / "tiny", lambda t: t.pop("lm_head.weight"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": True}))

    assert load_model(entry(), folder, device="cpu").model.get_output_embeddings() is not None


def test_numbers_too_large_for_float16_name_another_format(whole: Path, tmp_path: Path) -> None:
    folder = change(whole, tmp_path / "tiny", lambda t: t[NORM].fill_(1e30))

    with pytest.raises(ModelLoadError, match=r"in float16: .*give it `dtype: bfloat16`"):
        load_model(entry(dtype=Dtype.FLOAT16), folder, device="cpu")


def test_an_encoder_decoder_that_is_taken_for_a_decoder_is_told_of(tmp_path: Path) -> None:
    assert "give it `task: seq2seq`" in refusal(save_seq2seq(tmp_path / "tiny"))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("model.safetensors", b"version https://git-lfs.github.com/spec/v1\n", "pointer of Git"),
        ("model.safetensors", b"", "is empty"),
        ("config.json", b"<!doctype html>", "is a web page"),
    ],
)
def test_only_what_is_damaged_is_to_be_fetched_again(
    whole: Path, tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    folder = change(whole, tmp_path / "tiny", lambda _: None)
    (folder / name).write_bytes(content)

    refused = refusal(folder)

    assert f"tiny could not be loaded: {folder / name} " in refused
    assert sentence in refused
    assert "models pull tiny" in refused


def test_a_model_without_a_chat_template_names_the_prompt_to_give_it(
    whole: Path, tmp_path: Path
) -> None:
    folder = change(whole, tmp_path / "tiny", lambda _: None)
    (folder / "chat_template.jinja").unlink()

    assert "`prompt: completion`" in refusal(folder)
