"""A machine whose GPUs and memory are what a test says, and otherwise the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from engine.models.gpu import Gpu
from engine.models.hardware import DeviceMemory, Machine


class FakeHardware(Machine):
    """`memory`, `held` and `gpus` count in place of the machine's where they are set."""

    def __init__(
        self,
        memory: Callable[[], DeviceMemory] | None = None,
        held: Callable[[int], int] | None = None,
        *,
        gpus: Sequence[Gpu] | None = None,
    ) -> None:
        super().__init__()
        self._gpus = gpus
        #: The memory of the device, and the bytes of a process there.
        self.memory = memory
        self.held = held

    @contextmanager
    def having(
        self, memory: Callable[[], DeviceMemory], held: Callable[[int], int] | None = None
    ) -> Iterator[None]:
        """Inside the block the memory is that."""
        before = self.memory, self.held
        self.memory, self.held = memory, held
        try:
            yield
        finally:
            self.memory, self.held = before

    def read_gpus(self, our_pids: frozenset[int] = frozenset()) -> tuple[Gpu, ...]:
        return super().read_gpus(our_pids) if self._gpus is None else tuple(self._gpus)

    def memory_of(self, pid: int, *, on_gpu: bool) -> int | None:
        return self.held(pid) if self.held else super().memory_of(pid, on_gpu=on_gpu)

    def read_device_memory(self, device: str) -> DeviceMemory:
        return self.memory() if self.memory else super().read_device_memory(device)
