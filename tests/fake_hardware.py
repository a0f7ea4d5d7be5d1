"""A machine whose memory is what a test says, and otherwise the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from engine.models.device_memory import DeviceMemory
from engine.models.hardware import Machine


class FakeHardware(Machine):
    """`memory` and `held` are asked in place of the machine while they are set."""

    def __init__(
        self,
        memory: Callable[[], DeviceMemory] | None = None,
        held: Callable[[int], int] | None = None,
    ) -> None:
        super().__init__()
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

    def memory_of(self, pid: int, *, on_gpu: bool) -> int | None:
        return self.held(pid) if self.held else super().memory_of(pid, on_gpu=on_gpu)

    def read_device_memory(self, device: str) -> DeviceMemory:
        return self.memory() if self.memory else super().read_device_memory(device)
