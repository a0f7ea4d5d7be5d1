"""Every architecture of the catalogue through the real loading path, on small random weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.models.catalog import Dtype, Quantisation, Task
from engine.protocol import Generation
from engine.worker.core import EngineCore
from engine.worker.huggingface import HuggingFaceModel
from engine.worker.watch import NullWatcher
from tests.engine.worker.tiny_families import EACH, REQUEST, phi3_below, save, t5


def plainly(model: HuggingFaceModel) -> str:
    """What `generate` of transformers writes to the same prompt."""
    ids = model.prompts.tokens(model.prompts.fit(REQUEST, 1388).prompt)
    input_ids = torch.tensor([ids])
    output = model.network.generate(
        input_ids, attention_mask=torch.ones_like(input_ids), max_new_tokens=12, do_sample=False
    )[0].tolist()
    return model.decode(output if model.entry.task is Task.SEQ2SEQ else output[len(ids) :]).strip()


def in_slots(model: HuggingFaceModel) -> Generation:
    core = EngineCore.of(model, max_batch=2)
    # What int8 computes for a sequence depends on the others beside it: such models may be refused.
    assert core.num_slots == 2 or model.entry.quantisation is Quantisation.INT8
    core.add(REQUEST, NullWatcher())
    results = []
    while core.is_busy:
        results += [seq.generation or seq.error for seq in core.step()]
    (result,) = results
    assert isinstance(result, Generation), result
    return result


@pytest.mark.parametrize("how", list(Quantisation), ids=lambda how: how.value)
@EACH
def test_each_writes_what_plain_generate_writes(
    make: Callable[[], Any], how: Quantisation, tmp_path: Path
) -> None:
    one = save(make, tmp_path, quantisation=how)
    model = HuggingFaceModel.load(one, tmp_path, device="cpu")

    expected = plainly(model)
    alone = model.generate(REQUEST, NullWatcher())
    together = in_slots(model)

    assert expected
    assert alone.text == together.text == expected
    assert alone.prompt_tokens == together.prompt_tokens > 250


@pytest.mark.parametrize(
    ("dtype", "wo"), [(Dtype.FLOAT16, torch.float32), (Dtype.BFLOAT16, torch.bfloat16)]
)
def test_t5_keeps_the_matrices_that_overflow_float16_in_float32(
    dtype: Dtype, wo: torch.dtype, tmp_path: Path
) -> None:
    one = save(t5, tmp_path, dtype=dtype)

    model = HuggingFaceModel.load(one, tmp_path, device="cpu")

    found = {
        name.split(".")[-2]: parameter.dtype for name, parameter in model.network.named_parameters()
    }
    assert found.pop("wo") is wo
    assert set(found.values()) == {getattr(torch, dtype.value)}
    assert model.generate(REQUEST, NullWatcher()).text


@EACH
def test_numbers_that_are_none_fail_the_question_with_a_sentence(
    make: Callable[[], Any], tmp_path: Path
) -> None:
    model = HuggingFaceModel.load(save(make, tmp_path), tmp_path, device="cpu")
    torch.nn.init.constant_(model.network.get_output_embeddings().weight, float("nan"))

    with pytest.raises(Exception, match="no usable probabilities"):
        model.generate(REQUEST, NullWatcher())


def test_a_window_that_never_slides_is_not_slid(tmp_path: Path) -> None:
    one = save(phi3_below, tmp_path)

    model = HuggingFaceModel.load(one, tmp_path, device="cpu")

    assert model.network.config.sliding_window is None
