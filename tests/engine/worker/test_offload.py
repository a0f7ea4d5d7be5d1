"""An idle model gives back its memory, and writes the same once it is asked again."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import ModelLoadError
from engine.models.catalog import Dtype, Quantisation
from engine.protocol import Generation
from engine.worker.core import EngineCore
from engine.worker.huggingface import HuggingFaceModel
from engine.worker.offload import Weights, require_host_memory
from engine.worker.watch import NullWatcher
from tests.engine.worker.tiny_families import EACH, REQUEST, save, t5
from tests.engine.worker.tiny_networks import llama


def load(make: Callable[[], Any], folder: Path, **changes: Any) -> HuggingFaceModel:
    return HuggingFaceModel.load(save(make, folder, **changes), folder, device="cpu")


def tensors(model: HuggingFaceModel) -> dict[str, torch.Tensor]:
    network = model.network
    return dict(network.named_parameters()) | dict(network.named_buffers())


def written(core: EngineCore) -> str:
    core.add(REQUEST, NullWatcher())
    results = []
    while core.is_busy:
        results += [seq.generation or seq.error for seq in core.step()]
    (result,) = results
    assert isinstance(result, Generation), result
    return result.text


@pytest.mark.parametrize("how", [Quantisation.NONE, Quantisation.NF4], ids=lambda how: how.value)
@EACH
def test_weights_that_left_the_device_come_back_as_they_were(
    make: Callable[[], Any], how: Quantisation, tmp_path: Path
) -> None:
    model = load(make, tmp_path, quantisation=how)
    expected = model.generate(REQUEST, NullWatcher()).text
    weights = Weights(model.network, block_bytes=1000)  # several blocks even for a tiny model

    texts = []
    for _ in range(2):
        weights.offload()
        assert not any(tensor.numel() for tensor in tensors(model).values())
        weights.restore()
        texts.append(model.generate(REQUEST, NullWatcher()).text)

    assert expected
    assert texts == [expected] * 2


def test_tensors_keep_their_number_format_and_what_they_share(tmp_path: Path) -> None:
    model = load(t5, tmp_path, dtype=Dtype.FLOAT16)
    before = {name: (tensor.dtype, tensor.clone()) for name, tensor in tensors(model).items()}
    shared = model.network.shared.weight
    weights = Weights(model.network)

    weights.offload()
    weights.restore()

    for name, tensor in tensors(model).items():
        dtype, numbers = before[name]
        assert tensor.dtype is dtype
        assert torch.equal(tensor, numbers)
    assert {dtype for dtype, _ in before.values()} == {torch.float16, torch.float32}
    assert model.network.encoder.embed_tokens.weight.data_ptr() == shared.data_ptr() != 0


def test_what_a_model_changed_while_it_served_comes_back_as_well(tmp_path: Path) -> None:
    model = load(llama, tmp_path)
    rotary = model.network.model.rotary_emb
    weights = Weights(model.network)
    weights.offload()
    weights.restore()

    stretched = rotary.inv_freq / 3
    rotary.register_buffer("inv_freq", stretched.clone(), persistent=False)
    weights.offload()
    weights.restore()

    assert torch.equal(rotary.inv_freq, stretched)


def test_a_model_whose_tensors_grew_is_not_parked_over_its_old_copy(tmp_path: Path) -> None:
    model = load(llama, tmp_path)
    weights = Weights(model.network)
    weights.offload()
    weights.restore()

    model.network.model.rotary_emb.inv_freq = torch.ones(1000)

    with pytest.raises(ModelLoadError, match="other sizes"):
        weights.offload()
    assert all(tensor.numel() for tensor in tensors(model).values())


@EACH
def test_a_parked_batch_has_no_slots_and_resumes_with_the_same_answers(
    make: Callable[[], Any], tmp_path: Path
) -> None:
    core = EngineCore.of(load(make, tmp_path), max_batch=2)
    expected = written(core)

    texts = []
    for _ in range(2):
        (pool,) = core._scheduler._pools  # type: ignore[union-attr]
        kv_cache = weakref.ref(pool.runner.kv_cache)
        del pool
        core.park()
        assert kv_cache() is None
        core.resume()
        texts.append(written(core))

    assert expected
    assert texts == [expected] * 2
    assert core.num_slots == 2


def test_from_a_gpu_the_weights_go_as_well(tmp_path: Path) -> None:
    model = load(t5, tmp_path)
    core = EngineCore.of(model, max_batch=2)
    expected = written(core)

    model.on_gpu = True  # there is none: the way is the same
    core.park()
    left = sum(tensor.numel() for tensor in tensors(model).values())
    model.on_gpu = False
    core.resume()

    assert left == 0
    assert written(core) == expected


def test_int8_cannot_leave_a_gpu(tmp_path: Path) -> None:
    model = load(t5, tmp_path, quantisation=Quantisation.INT8)
    core = EngineCore.of(model, max_batch=2)
    model.on_gpu = True

    with pytest.raises(ModelLoadError, match="int8 cannot leave the GPU"):
        core.park()


def test_without_room_for_those_who_serve_nothing_is_parked() -> None:
    with pytest.raises(ModelLoadError, match=r"1000000\.0 GB must stay free of the [\d.]+ GB"):
        require_host_memory(5, reserve_bytes=10**15)
