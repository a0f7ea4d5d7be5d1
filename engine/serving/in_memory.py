"""An engine in memory, in place of a process: it writes the words it was given, over and over."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from itertools import cycle, islice

from engine.models.catalog import ModelEntry
from engine.protocol import (
    Cancel,
    Failed,
    Failure,
    Finished,
    FinishReason,
    FromEngine,
    Generate,
    Generation,
    GenerationRequest,
    Load,
    Loaded,
    Park,
    Parked,
    Progress,
    Resume,
    Shutdown,
    Started,
    Text,
    ToEngine,
)

#: What a model writes unless a text is given for it.
_TEXT = "Yes, you can join at any time. "


class InMemoryEngine:
    """Works on all its requests at once, a word of each in turn; implements Transport."""

    def __init__(
        self,
        pid: int,
        texts: Mapping[str, str],
        problems: Mapping[str, str],
        deaths: Mapping[str, type[Load | Generate]],
    ) -> None:
        #: A number of its own: the order in which it was started.
        self.pid = pid
        self._texts = texts
        self._problems = problems
        self._deaths = deaths
        #: All that it was sent, in order.
        self.received: list[ToEngine] = []
        self._work: deque[Iterator[FromEngine]] = deque()
        self._cancelled: set[str] = set()
        self._entry: ModelEntry | None = None
        self._loaded = Loaded(device="memory", dtype="words")
        self._is_stopping = self._is_frozen = False
        self._may_work = asyncio.Event()
        self._ended = asyncio.Event()
        self._why_ended = ""

    def send(self, message: ToEngine) -> None:
        self.received.append(message)
        self._work.append(self._carry_out(message))
        self._wake()

    async def messages(self) -> AsyncIterator[FromEngine]:
        while True:
            await self._may_work.wait()
            if self._ended.is_set():
                return
            work = self._work.popleft()
            message = next(work, None)
            if message is not None:
                self._work.append(work)
                yield message
            elif self._is_stopping and not self._work:
                self._end("exit status 0")
            self._wake()
            await asyncio.sleep(0)  # a process would leave the bot its turn, too

    def freeze(self) -> None:
        """Say and do nothing until `thaw`, as a process that hangs."""
        self._is_frozen = True
        self._wake()

    def thaw(self) -> None:
        self._is_frozen = False
        self._wake()

    def kill(self) -> None:
        self._end("it was killed")

    async def wait(self) -> str:
        await self._ended.wait()
        return self._why_ended

    def _end(self, why: str) -> None:
        self._why_ended = self._why_ended or why
        self._ended.set()
        self._wake()

    def _wake(self) -> None:
        if self._ended.is_set() or (self._work and not self._is_frozen):
            self._may_work.set()
        else:
            self._may_work.clear()

    def _carry_out(self, message: ToEngine) -> Iterator[FromEngine]:
        entry = message.entry if isinstance(message, Load) else self._entry
        if entry and isinstance(message, self._deaths.get(entry.alias, ())):
            if isinstance(message, Generate):
                yield Started(id=message.request.id)
            self.kill()
            return
        match message:
            case Load(entry=entry, max_batch=max_batch):
                yield Progress(detail=f"Loading {entry.alias}")
                if entry.alias in self._problems:
                    yield Failed(kind=Failure.LOAD, message=self._problems[entry.alias])
                    self._is_stopping = True
                else:
                    self._entry = entry
                    self._loaded = replace(self._loaded, num_slots=max_batch)
                    yield self._loaded
            case Park():
                yield Parked()
            case Resume():
                yield self._loaded
            case Generate(request=request):
                yield from self._write(request)
            case Cancel(id=number):
                self._cancelled.add(number)
            case Shutdown():
                self._is_stopping = True

    def _write(self, request: GenerationRequest) -> Iterator[FromEngine]:
        entry = self._entry
        assert entry
        yield Started(id=request.id)
        limit = request.max_new_tokens or entry.generation.max_new_tokens
        words: list[str] = []
        reason = FinishReason.STOP
        for word in islice(cycle(self._texts.get(entry.alias, _TEXT).split()), limit):
            if self._is_stopping or request.id in self._cancelled:
                reason = FinishReason.CANCELLED
                break
            words.append(word)
            if len(words) == limit:
                reason = FinishReason.LENGTH
            yield Text(id=request.id, piece=f"{word} ")
        generation = Generation(
            text=" ".join(words),
            finish_reason=reason,
            prompt_tokens=len(request.question.split()),
            completion_tokens=len(words),
            document_ids=tuple(document.id for document in request.documents),
            model=entry.alias,
            first_token_s=0.0,
            total_s=0.0,
        )
        yield Finished(id=request.id, generation=generation)


class InMemoryEngines:
    """Starts engines in memory; implements Connect. By alias: `texts` are what models write,
    `problems` why they cannot be loaded, `deaths` the message that kills them.
    """

    def __init__(
        self,
        *,
        texts: Mapping[str, str] | None = None,
        problems: Mapping[str, str] | None = None,
        deaths: Mapping[str, type[Load | Generate]] | None = None,
    ) -> None:
        self._texts = texts or {}
        self._problems = problems or {}
        self._deaths = deaths or {}
        #: In the order in which they were started.
        self.started: list[InMemoryEngine] = []

    async def __call__(self, group: asyncio.TaskGroup, threads: int) -> InMemoryEngine:
        engine = InMemoryEngine(len(self.started) + 1, self._texts, self._problems, self._deaths)
        self.started.append(engine)
        return engine
