"""The engine process: sole owner of the model; all generation passes through its one batch."""

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
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NoReturn

from engine.errors import GenerationError, ModelLoadError, OutOfMemory
from engine.generation import GenerationRequest
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
from engine.worker.core import Done, EngineCore
from engine.worker.loading import load_tokenizer, prepare_libraries
from engine.worker.prompt_builder import PromptBuilder

log = logging.getLogger(__name__)

#: Exit status after an error that leaves the device in an unknown state.
EXIT_BROKEN = 70
#: Who goes first if memory runs out: the engine rather than the bot, which replaces it, and of the
#: engine's processes rather the parked ones.
OOM_SCORE, OOM_SCORE_PARKED = 500, 900
#: How much nicer to the bot's process, which must stay quick while the CPU generates.
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
        self._send(Ready(pid=os.getpid()))
        first = self._inbox.get()
        if isinstance(first, ShowPrompt):
            self._show_prompt(first)
        if not isinstance(first, Load):
            return
        batch = self._load(first)
        if batch is None:
            return
        while not self._stopping.is_set():
            for message in self._messages(wait=not batch.is_busy):
                match message:
                    case Generate(request=request):
                        self._add(batch, request)
                    case Park():
                        self._park(batch)
                    case Resume():
                        self._resume(batch)
            self._step(batch)
        while batch.is_busy:  # everyone who waits hears that it is over
            self._step(batch)

    def _add(self, batch: EngineCore, request: GenerationRequest) -> None:
        started = partial(self._send, Started(id=request.id))
        batch.add(request, _Reporter(self, request.id), started)

    def _step(self, batch: EngineCore) -> None:
        for done in batch.step():
            self._report_end(done)

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
            # It died with messages of ours unread.
            log.debug("the bot is gone")
        except Exception:
            log.exception("the bot cannot be understood")
            status = EXIT_BROKEN
        # The bot is gone and with it whoever wanted the answer; a thread cannot be stopped.
        os._exit(status)

    def _take(self, message: ToEngine) -> None:
        if isinstance(message, Cancel):
            self._cancelled.add(message.id)
            return
        if isinstance(message, Shutdown):
            self._stopping.set()
        self._inbox.put(message)

    def _send(self, message: FromEngine) -> None:
        self._connection.sendall(encode(message))

    def _show_prompt(self, message: ShowPrompt) -> None:
        try:
            tokenizer = load_tokenizer(message.entry, Path(message.path))
        except ModelLoadError as error:
            self._send(Failed(kind=Failure.LOAD, message=str(error)))
        else:
            shown = PromptBuilder(message.entry, tokenizer).show(message.request)
            self._send(PromptShown(prompt=shown))

    def _load(self, message: Load) -> EngineCore | None:
        try:
            self._send(Progress(detail="Starting PyTorch"))
            prepare_libraries(self._threads)
            self._send(Progress(detail=f"Loading {message.entry.alias}"))
            batch = EngineCore.load(
                message.entry,
                Path(message.path),
                device=message.device,
                max_batch=message.max_batch,
            )
        except (ModelLoadError, OutOfMemory) as error:
            self._send(Failed(kind=Failure.LOAD, message=str(error)))
            return None
        self._report_ready(batch)
        return batch

    def _park(self, batch: EngineCore) -> None:
        while batch.is_busy:  # with what was cancelled just now
            self._step(batch)
        try:
            batch.park()
        except ModelLoadError as error:
            self._send(Failed(kind=Failure.LOAD, message=str(error)))
        else:
            _offer_to_oom_killer(OOM_SCORE_PARKED)
            self._send(Parked())

    def _resume(self, batch: EngineCore) -> None:
        try:
            batch.resume()
        except ModelLoadError as error:
            self._send(Failed(kind=Failure.LOAD, message=str(error)))
        else:
            _offer_to_oom_killer(OOM_SCORE)
            self._report_ready(batch)

    def _report_ready(self, batch: EngineCore) -> None:
        self._send(
            Loaded(
                device=batch.device,
                dtype=batch.dtype,
                num_slots=batch.num_slots,
                slots_bytes=batch.slots_bytes,
            )
        )

    def _report_end(self, done: Done) -> None:
        if isinstance(done.result, OutOfMemory):
            kind = Failure.OUT_OF_MEMORY
            self._send(Failed(id=done.id, kind=kind, message=str(done.result)))
        elif isinstance(done.result, Exception):
            log.error("request %s failed", done.id, exc_info=done.result)
            text = f"The model failed on this question ({type(done.result).__name__})."
            if isinstance(done.result, GenerationError):
                text = str(done.result)
            self._send(Failed(id=done.id, kind=Failure.GENERATION, message=text))
        else:
            self._send(Finished(id=done.id, generation=done.result))
        self._cancelled.discard(done.id)

    def report(self, request_id: str, piece: str) -> None:
        """Tell the bot of one token."""
        self._send(Text(id=request_id, piece=piece) if piece else Beat(id=request_id))


class _Reporter:
    """The Watcher of one request."""

    def __init__(self, worker: EngineWorker, request_id: str) -> None:
        self._worker = worker
        self._request_id = request_id

    def on_text(self, piece: str) -> None:
        self._worker.report(self._request_id, piece)

    def is_cancelled(self) -> bool:
        return self._worker.is_cancelled(self._request_id)


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
