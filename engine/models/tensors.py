"""The memory a model on the disk needs, by its config.json and the headers of its weights."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

from engine.models.catalog import Dtype, ModelEntry
from engine.models.memory import MemoryNeed, Parameters, memory_need
from engine.models.repository import read_object

#: The length of a header stands in its first bytes. Real ones are of some MB, if that.
_LENGTH, _LONGEST = struct.Struct("<Q"), 20_000_000
#: Loading makes numbers of these kinds into those that the entry asks for; others stay as they are.
_FLOATS = {"F32", "F16", "BF16"}
#: Parts of the names of matrices that quantisation leaves alone; experts are one block of
#: matrices in memory.
_KEPT = ("embed", "lm_head", "shared.weight", "wte", "wpe", "expert")


def need_in(
    folder: Path,
    entry: ModelEntry,
    *,
    on_gpu: bool,
    dtype: Dtype | None = None,
    config: Mapping[str, object] | None = None,
) -> MemoryNeed | None:
    """The memory of the model in `folder`; None where its files do not tell. `config` is its
    config.json where that has been read, with what that leaves out.
    """
    try:
        config = config or read_object(folder / "config.json")
    except (OSError, ValueError):
        return None
    return memory_need(entry, config, on_gpu=on_gpu, dtype=dtype, parameters=count_in(folder))


def count_in(folder: Path) -> Parameters | None:
    """The parameters of the model in `folder`; None where the files do not tell."""
    linear = outputs = kept = stored = 0
    try:
        for name, kind, shape, num_bytes in _tensors(folder):
            numbers = prod(shape)
            if kind not in _FLOATS:
                stored += num_bytes
            elif len(shape) == 2 and not any(part in name for part in _KEPT):
                linear += numbers
                outputs += shape[0]
            else:
                kept += numbers
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, struct.error):
        return None  # what is no safetensors file is loading's to refuse
    if not linear + kept + stored:
        return None
    return Parameters(linear=linear, outputs=outputs, kept=kept, stored=stored)


def _tensors(folder: Path) -> Iterator[tuple[str, str, list[int], int]]:
    """Name, kind of number, shape and bytes of each."""
    for path in sorted(folder.glob("*.safetensors")):
        if path.name.startswith("consolidated"):  # the same weights in Mistral's own form
            continue
        with path.open("rb") as file:
            (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
            if length > min(_LONGEST, path.stat().st_size):
                raise ValueError(f"{path.name} has no header")
            header: dict[str, dict[str, Any]] = json.loads(file.read(length))
        for name, tensor in header.items():
            if name == "__metadata__":
                continue
            kind, shape, (begin, end) = (
                tensor[field] for field in ("dtype", "shape", "data_offsets")
            )
            yield name, str(kind), [int(size) for size in shape], int(end) - int(begin)
