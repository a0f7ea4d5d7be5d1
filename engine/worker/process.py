"""The engine process: sole owner of the model; all generation passes through its one EngineCore."""

from __future__ import annotations

import ctypes
import logging
import os
import queue
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from engine.errors import GenerationError, ModelLoadError, OutOfMemory
from engine.models.loadable import load_tokenizer
from engine.protocol import (
    Beat,
    Cancel,
    Failed,
    Failure,
    Finished,
    FromEngine,
    Generate,
    Load,
    Loaded,
    Park,
    Parked,
    Progress,
    PromptShown,
    Ready,
    Resume,
    ShowPrompt,
    Shutdown,
    Started,
    Text,
    ToEngine,
    decode_to_engine,
    encode,
)
from engine.worker.batching.sequence import Sequence
from engine.worker.core import EngineCore
from engine.worker.loading import prepare_libraries
from engine.worker.prompt_builder import PromptBuilder

log = logging.getLogger(__name__)

#: Exit status after an error that leaves the device in an unknown state.
EXIT_BROKEN = 70
#: Scores for the kernel's OOM killer: it ends an engine process rather than the bot, which starts
#: another, and a parked one rather than the one that serves.
OOM_SCORE, OOM_SCORE_PARKED = 500, 900
#: Give way to the bot's process, which must stay quick while the CPU generates.
NICENESS = 5
_PR_SET_PDEATHSIG = 1

_Work = Load | ShowPrompt | Generate | Park | Resume | Shutdown


class EngineWorker:
    """Reads messages in one thread and works on them, in order, in the one that calls `run`."""

    def __init__(self, connection: socket.socket, *, threads: int) -> None:
        self._connection = connection
        self._threads = threads
        self._inbox: queue.SimpleQueue[_Work] = queue.SimpleQueue()
        self._cancelled: set[str] = set()
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until told to shut down. The process ends at once when the bot's end closes."""
        threading.Thread(target=self._read, name="engine-reader", daemon=True).start()
        self.send(Ready(pid=os.getpid()))
        first = self._inbox.get()
        if isinstance(first, ShowPrompt):
            self._show_prompt(first)
        if not isinstance(first, Load):
            return
        core = self._load(first)
        if core is None:
            return
        while not self._stopping.is_set():
            for message in self._messages(wait=not core.is_busy):
                match message:
                    case Generate(request=request):
                        core.add(request, _Reporter(self, request.id))
                    case Park():
                        self._park(core)
                    case Resume():
                        self._resume(core)
            self._step(core)
        while core.is_busy:  # tell the end of each request
            self._step(core)

    def _step(self, core: EngineCore) -> None:
        for seq in core.step():
            self._report_end(seq)

    def _messages(self, *, wait: bool) -> Iterator[_Work]:
        """What has come since; with `wait` at least one."""
        with suppress(queue.Empty):
            while True:
                yield self._inbox.get(block=wait)
                wait = False

    def is_cancelled(self, request_id: str) -> bool:
        """Whether work on this request must end."""
        return self._stopping.is_set() or request_id in self._cancelled

    def _read(self) -> None:
        status = 0
        try:
            with self._connection.makefile("rb") as lines:
                for line in lines:
                    self._take(decode_to_engine(line))
        except ConnectionError:
            # The bot died before it read all messages.
            log.debug("the bot is gone")
        except Exception:
            log.exception("the bot cannot be understood")
            status = EXIT_BROKEN
        # End at once: the other thread cannot be stopped, and nobody is left to answer.
        os._exit(status)

    def _take(self, message: ToEngine) -> None:
        if isinstance(message, Cancel):
            self._cancelled.add(message.id)
            return
        if isinstance(message, Shutdown):
            self._stopping.set()
        self._inbox.put(message)

    def send(self, message: FromEngine) -> None:
        """Tell the bot."""
        self._connection.sendall(encode(message))

    def _show_prompt(self, message: ShowPrompt) -> None:
        with self._telling_why_not():
            tokenizer = load_tokenizer(message.entry, Path(message.path))
            shown = PromptBuilder(message.entry, tokenizer).show(message.request)
            self.send(PromptShown(prompt=shown))

    def _load(self, message: Load) -> EngineCore | None:
        with self._telling_why_not():
            self.send(Progress(detail="Starting PyTorch"))
            prepare_libraries(self._threads)
            self.send(Progress(detail=f"Loading {message.entry.alias}"))
            core = EngineCore.load(
                message.entry,
                Path(message.path),
                device=message.device,
                max_batch=message.max_batch,
            )
            self._report_ready(core)
            return core
        return None

    @contextmanager
    def _telling_why_not(self) -> Iterator[None]:
        """Tell the bot why a model cannot be loaded, parked, resumed or shown."""
        try:
            yield
        except (ModelLoadError, OutOfMemory) as error:
            self.send(Failed(kind=Failure.LOAD, message=str(error)))

    def _park(self, core: EngineCore) -> None:
        while core.is_busy:  # with what was cancelled just now
            self._step(core)
        with self._telling_why_not():
            core.park()
            _offer_to_oom_killer(OOM_SCORE_PARKED)
            self.send(Parked())

    def _resume(self, core: EngineCore) -> None:
        with self._telling_why_not():
            core.resume()
            _offer_to_oom_killer(OOM_SCORE)
            self._report_ready(core)

    def _report_ready(self, core: EngineCore) -> None:
        device, dtype = core.model.device, core.model.dtype
        slots, num_bytes = core.num_slots, core.slots_bytes
        self.send(Loaded(device=device, dtype=dtype, num_slots=slots, slots_bytes=num_bytes))

    def _report_end(self, seq: Sequence) -> None:
        if seq.generation is not None:
            self.send(Finished(id=seq.id, generation=seq.generation))
        elif isinstance(seq.error, OutOfMemory):
            kind = Failure.OUT_OF_MEMORY
            self.send(Failed(id=seq.id, kind=kind, message=str(seq.error)))
        else:
            log.error("request %s failed", seq.id, exc_info=seq.error)
            text = f"The model failed on this question ({type(seq.error).__name__})."
            if isinstance(seq.error, GenerationError):
                text = str(seq.error)
            self.send(Failed(id=seq.id, kind=Failure.GENERATION, message=text))
        self._cancelled.discard(seq.id)


class _Reporter:
    """The Watcher of one request."""

    def __init__(self, worker: EngineWorker, request_id: str) -> None:
        self._worker = worker
        self._id = request_id

    def on_start(self) -> None:
        self._worker.send(Started(id=self._id))

    def on_piece(self, piece: str) -> None:
        self._worker.send(Text(id=self._id, piece=piece) if piece else Beat(id=self._id))

    def is_cancelled(self) -> bool:
        return self._worker.is_cancelled(self._id)


def main(arguments: list[str]) -> NoReturn:
    """Serve on the socket with the file descriptor `arguments[0]`, for the parent `[1]`."""
    descriptor, parent, threads = (int(argument) for argument in arguments)
    _die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the bot, which then tells us
    os.nice(NICENESS)
    _offer_to_oom_killer(OOM_SCORE)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    status = 0
    try:
        EngineWorker(socket.socket(fileno=descriptor), threads=threads).run()
    except BrokenPipeError:
        log.debug("the bot is gone")
    except Exception:
        log.exception("the engine process ends")
        status = EXIT_BROKEN
    sys.stderr.flush()
    # Not `return`: tearing PyTorch down takes a second, and runs code of a device that may be
    # broken.
    os._exit(status)


def _die_with(parent: int) -> None:
    """Have the kernel end this process when the bot's dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the call
        os._exit(0)


def _offer_to_oom_killer(score: int) -> None:
    try:
        Path("/proc/self/oom_score_adj").write_text(str(score), encoding="ascii")
    except OSError:
        log.debug("no oom_score_adj here")


if __name__ == "__main__":
    main(sys.argv[1:])
