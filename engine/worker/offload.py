"""Moves the weights of an idle model to the machine's memory, and back to the GPU unchanged."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import ModelLoadError
from engine.models.gpu import read_host
from engine.models.memory import GB
from engine.worker.loading import free_memory

if TYPE_CHECKING:
    import torch

#: What must stay free of the machine's memory for those who serve: so much, or that share.
RESERVE_BYTES, RESERVE_SHARE = 1_000_000_000, 0.1
#: PyTorch rounds pinned memory up to a power of two: only the last block of this size wastes some.
BLOCK_BYTES = 2**28


class _Place(NamedTuple):
    """Where a tensor's elements lie."""

    tensor: torch.Tensor
    storage: int
    offset: int
    shape: torch.Size
    stride: tuple[int, ...]


class Weights:
    """The weights of one model, on its GPU or in the machine's memory."""

    def __init__(self, network: torch.nn.Module, *, block_bytes: int = BLOCK_BYTES) -> None:
        self._network = network
        self._block_bytes = block_bytes
        #: The bytes of all storages end to end; made once, as parameters do not change.
        self._copy: list[torch.Tensor] = []
        self._sizes: list[int] = []
        #: Empty unless the weights are away.
        self._places: list[_Place] = []

    def offload(self) -> None:
        """Give back the device's memory. Raises ModelLoadError where the machine has no room."""
        tensors = _tensors(self._network)
        # Whole storages: several tensors may look at one, as tied embeddings do.
        storages = {t.untyped_storage().data_ptr(): t.untyped_storage() for t in tensors}
        self._update_copy(storages)
        indices = {pointer: index for index, pointer in enumerate(storages)}
        for tensor in tensors:
            place = _Place(
                tensor=tensor,
                storage=indices[tensor.untyped_storage().data_ptr()],
                offset=int(tensor.storage_offset()),
                shape=tensor.shape,
                stride=tensor.stride(),
            )
            self._places.append(place)
            tensor.data = tensor.new_empty(0)

    def restore(self) -> None:
        """Have them on the device again. Raises what PyTorch raises where it has no room."""
        import torch

        if not self._places:
            return
        device = self._places[0].tensor.device
        storages = [torch.empty(size, dtype=torch.uint8, device=device) for size in self._sizes]
        for _, there, here in self._stretches(storages):
            there.copy_(here)
        for place in self._places:
            storage = storages[place.storage].untyped_storage()
            place.tensor.data = place.tensor.new_empty(0).set_(
                storage, place.offset, place.shape, place.stride
            )
        self._places = []

    def _update_copy(self, storages: Mapping[int, torch.UntypedStorage]) -> None:
        import torch

        on_device = [
            torch.empty(0, dtype=torch.uint8, device=storage.device).set_(storage)
            for storage in storages.values()
        ]
        is_new = not self._copy
        if is_new:
            self._make_copy(on_device)
        elif [len(storage) for storage in on_device] != self._sizes:
            raise ModelLoadError("The model's tensors have other sizes than when it was last idle.")
        # Some rotary embeddings change theirs with the length of what they read.
        changing = {buffer.untyped_storage().data_ptr() for buffer in self._network.buffers()}
        pointers = list(storages)
        for index, there, here in self._stretches(on_device):
            if is_new or pointers[index] in changing:
                here.copy_(there)

    def _make_copy(self, storages: Sequence[torch.Tensor]) -> None:
        import torch

        self._sizes = [len(storage) for storage in storages]
        total, size = sum(self._sizes), self._block_bytes
        require_host_memory(total)
        pinned = storages[0].is_cuda  # the GPU reads it without the processor
        self._copy = [
            torch.empty(min(size, total - start), dtype=torch.uint8, pin_memory=pinned)
            for start in range(0, total, size)
        ]

    def _stretches(
        self, storages: Sequence[torch.Tensor]
    ) -> Iterator[tuple[int, torch.Tensor, torch.Tensor]]:
        """Each stretch of a storage, by its index, with its place in the copy."""
        at = 0
        for index, storage in enumerate(storages):
            start = 0
            while start < len(storage):
                block, offset = divmod(at, self._block_bytes)
                length = min(len(storage) - start, self._block_bytes - offset)
                there = storage[start : start + length]
                yield index, there, self._copy[block][offset : offset + length]
                start += length
                at += length


def require_host_memory(num_bytes: int = 0, *, reserve_bytes: int = RESERVE_BYTES) -> None:
    """Raises ModelLoadError unless the machine has so much besides what must stay free."""
    host = read_host()
    reserve = max(reserve_bytes, RESERVE_SHARE * host.memory_total)
    if host.memory_free - num_bytes < reserve:
        raise ModelLoadError(
            f"An idle model would need {num_bytes / GB:.1f} GB more of the machine's memory, and "
            f"{reserve / GB:.1f} GB must stay free of the {host.memory_free / GB:.1f} GB that are."
        )


def release_unused_memory() -> None:
    """Give back to the device and the machine whatever is not in use."""
    import torch

    # cuBLAS keeps some megabytes for each stream that it ever ran on; this has no public name.
    drop = getattr(torch._C, "_cuda_clearCublasWorkspaces", None)
    if drop is not None and torch.cuda.is_available():
        drop()
    free_memory()
    # The keys and values lay in blocks of some megabytes, which the heap would keep.
    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def _tensors(network: torch.nn.Module) -> list[torch.Tensor]:
    """All parameters and buffers of a model, with what NF4 hangs on them; each tensor once."""
    found = [*network.parameters(), *network.buffers()]
    for parameter in network.parameters():
        state = getattr(parameter, "quant_state", None)
        while state is not None:
            found += [state.absmax, state.code]
            state = state.state2
    return list({id(tensor): tensor for tensor in found}.values())
