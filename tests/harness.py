"""A whole FAQ Desk in one process for tests: real store, retrieval, desk, dispatcher, delivery."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bot.adapter import ChatAdapter, DeliveryError, Desk, MessageGone
from bot.delivery.delivery import RETRY_S, Delivery
from bot.desk.admins import is_admin
from bot.desk.commands import Commands
from bot.desk.desk import WATCH_S, FaqDesk
from bot.desk.model_library import ModelChoice
from bot.messages import Message, Reply, ReplyState
from bot.reception import reception_of
from config.settings import RetrievalSettings, Settings
from engine.answer.answering import Answerer
from engine.answer.relevance import ModelRelevance
from engine.corpus.corpus import Corpus
from engine.errors import ModelLoadError
from engine.grounding.support import LexicalSupport
from engine.retrieval.retrieval import QueryContext, Retrieval
from engine.retrieval.retriever import Retriever
from engine.serving.admission import Admission, AdmissionGate
from engine.serving.generator import Generator
from engine.serving.status import EngineState, EngineStatus
from engine.store.jobs import JobStore
from engine.types import Document, Question
from tests.fakes import ScriptedGenerator
from tests.waits import within

FAQ = (
    Document(
        id="join-late",
        course="course-a",
        section="General",
        question="Can I still join after the course has started?",
        answer="Yes, you can join at any time. Register with the form at https://example.org/join "
        "and watch the deadlines of the homework.",
        url="https://example.org/faq#join-late",
    ),
    Document(
        id="certificate",
        course="course-a",
        section="Certificates",
        question="How do I get a certificate?",
        answer="Finish the project and review 3 projects of your peers. The certificate is sent "
        "by e-mail within 14 days.",
    ),
    Document(
        id="cuda-memory",
        course="course-b",
        section="GPU",
        question="CUDA out of memory when loading the model",
        answer="Load the model in 4 bits and restart the kernel:\n\n"
        "```bash\nnvidia-smi\npip install bitsandbytes\n```",
    ),
)


class ListCorpus:
    """A CorpusSource over a list of documents that tests can change."""

    def __init__(self, documents: Sequence[Document] = FAQ) -> None:
        self.documents = tuple(documents)
        self._loaded: tuple[Document, ...] | None = None

    async def load(self) -> Corpus:
        self._loaded = self.documents
        return Corpus(
            documents=self.documents,
            courses={d.course: d.course.replace("-", " ").title() for d in self.documents},
            problems=(),
            version=str(hash(self.documents)),
            loaded_at=datetime.now(UTC),
        )

    async def changed(self) -> bool:
        return self._loaded is not self.documents


class CountingRetriever(Retriever):
    """The real one; it notes down what was searched for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.searched: list[str] = []

    async def search(
        self,
        question: Question,
        num_results: int | None = None,
        context: QueryContext | None = None,
    ) -> Retrieval:
        self.searched.append(question.text)
        return await super().search(question, num_results, context)


@dataclass
class FakeAdapter:
    """A ChatAdapter that keeps what was posted and edited, in order."""

    platform: str = "fake"
    edit_interval_s: float = 0.0
    #: (message id, every version of it); the last version is what people see.
    messages: dict[str, list[Reply]] = field(default_factory=dict)
    heard_at: list[str] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    #: Ids of messages that somebody deleted.
    deleted: set[str] = field(default_factory=set)
    #: What the next posts and edits raise.
    errors: list[DeliveryError] = field(default_factory=list)

    async def run(self, desk: Desk, stop: asyncio.Event) -> None:
        await stop.wait()

    async def heard(self, reply_to: str) -> None:
        self.heard_at.append(reply_to)

    async def post(self, reply_to: str, reply: Reply) -> str:
        self._fail()
        message_id = f"m{len(self.messages) + 1}"
        await self._keep(message_id, reply)
        return message_id

    async def edit(self, reply_to: str, message_id: str, reply: Reply) -> None:
        self._fail()
        if message_id in self.deleted:
            raise MessageGone
        await self._keep(message_id, reply)

    def interrupt(self) -> bool:
        return False

    async def close(self) -> None:
        """Nothing to let go of."""

    def _fail(self) -> None:
        if self.errors:
            raise self.errors.pop(0)

    async def _keep(self, message_id: str, reply: Reply) -> None:
        async with self.changed:
            self.messages.setdefault(message_id, []).append(reply)
            self.changed.notify_all()

    @property
    def finals(self) -> list[Reply]:
        """The last versions of the messages that are final, in the order of posting."""
        last = [versions[-1] for id, versions in self.messages.items() if id not in self.deleted]
        return [reply for reply in last if reply.state is ReplyState.FINAL]

    async def wait_for_finals(self, count: int, timeout: float = 120.0) -> list[Reply]:
        """Wait until `count` messages are final."""
        async with asyncio.timeout(timeout), self.changed:
            await self.changed.wait_for(lambda: len(self.finals) >= count)
        return self.finals


@dataclass
class FakeModels:
    """The engine as commands see it: two models, `broken` never loads."""

    model: str = "smollm2-135m"
    state: EngineState = EngineState.READY
    idle: tuple[str, ...] = ()
    changing_to: str = ""
    last_error: str = ""

    def status(self) -> EngineStatus:
        return EngineStatus(
            state=self.state,
            model=self.model,
            device="cpu",
            dtype="float32",
            idle=self.idle,
            changing_to=self.changing_to,
            last_error=self.last_error,
        )

    def pids(self) -> frozenset[int]:
        return frozenset()

    async def switch(self, alias: str) -> None:
        if alias == "broken":
            raise ModelLoadError("broken could not be loaded: its files are damaged.")
        self.model = alias

    async def settled(self) -> None:
        """It always is."""


@dataclass
class RunningDesk:
    """Handles to the parts of a running desk."""

    desk: FaqDesk
    store: JobStore
    retriever: CountingRetriever
    models: FakeModels
    delivery: Delivery


#: What `/model` lists.
CHOICES = (
    ModelChoice(alias="smollm2-135m", summary="135M"),
    ModelChoice(alias="phi-3-mini", summary="3.8B"),
    ModelChoice(alias="broken", summary="never loads"),
)


@asynccontextmanager
async def running_desk(
    folder: Path, generator: Generator, adapters: Mapping[str, ChatAdapter], **options: Any
) -> AsyncIterator[RunningDesk]:
    """A desk on a real store in `folder`, words-only retrieval, and the given adapters.

    `options`: see desk_on.
    """
    async with (
        JobStore(folder / "questions.sqlite3") as store,
        desk_on(store, folder, generator, adapters, **options) as desk,
    ):
        yield desk


@asynccontextmanager
async def desk_on(
    store: JobStore,
    folder: Path,
    generator: Generator,
    adapters: Mapping[str, ChatAdapter],
    *,
    settings: Settings | None = None,
    corpus: ListCorpus | None = None,
    models: FakeModels | None = None,
    retry_s: tuple[float, float] = RETRY_S,
    watch_s: tuple[float, float] = WATCH_S,
    admission: Admission | None = None,
) -> AsyncIterator[RunningDesk]:
    """The same on a store that is open already (adapters that need the store get it first); unless
    `admission` says otherwise its model answers one question at a time."""
    settings = asks_model(settings or Settings(data_dir=folder))
    models = models or FakeModels()
    retriever = CountingRetriever(
        corpus or ListCorpus(),
        RetrievalSettings(embedder="none"),
        refresh_s=3600,
        embedder_factory=None,
        cache_dir=folder / "vectors",
        includes=settings.includes,
    )
    relevance, support = ModelRelevance(generator), LexicalSupport()
    commands = Commands(
        store,
        retriever,
        models,
        lambda: CHOICES,
        relevance=relevance,
        support=support,
        is_admin=partial(is_admin, settings.admins),
    )
    reception = reception_of(
        settings,
        Answerer(retriever, generator, settings, relevance, support),
        commands,
        adapters,
        admission or AdmissionGate(1),
        retry_s=retry_s,
        watch_s=watch_s,
    )
    stop, ended = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(retriever.run(ended))
        running = group.create_task(reception.run(stop, folder))
        try:
            await retriever.ready()
            yield RunningDesk(
                desk=reception.desk,
                store=store,
                retriever=retriever,
                models=models,
                delivery=reception.delivery,
            )
        finally:
            stop.set()
            await within(asyncio.wait({running}))
            ended.set()


def asks_model(settings: Settings) -> Settings:
    """The same, where a model is asked however short an entry is: those of FAQ are."""
    if "short_entry" in settings.answer.model_fields_set:
        return settings
    answer = settings.answer.model_copy(update={"short_entry": 0})
    return settings.model_copy(update={"answer": answer})


def message(text: str, *, number: int = 1, user: str = "student", **changes: object) -> Message:
    """A private message on the fake platform."""
    values: dict[str, object] = {
        "platform": "fake",
        "conversation": f"chat-{user}",
        "message_id": str(number),
        "user_id": user,
        "text": text,
        "reply_to": f"chat-{user}",
    }
    return Message(**(values | changes))  # type: ignore[arg-type]


def echo(*, reads: bool = False) -> ScriptedGenerator:
    """Says what the best entry says; with `reads` also when it is asked to judge, which decides
    nothing."""
    return ScriptedGenerator(lambda request: request.documents[0].answer, reads=reads)


async def ask(
    desk: RunningDesk, adapter: FakeAdapter, text: str, number: int = 1, **changes: object
) -> Reply:
    """Write `text` and wait for the message that answers it."""
    before = len(adapter.finals)
    await desk.desk.receive(message(text, number=number, **changes))
    return (await adapter.wait_for_finals(before + 1))[-1]
