"""A whole FAQ Desk in one process for tests: real store, retrieval, desk, dispatcher, delivery."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.adapter import ChatAdapter, Desk
from bot.delivery.delivery import Delivery
from bot.desk.commands import Commands, ModelChoice
from bot.desk.desk import FaqDesk, is_admin
from bot.messages import Message, Reply, ReplyState
from config.settings import RetrievalSettings, Settings
from engine.answer.answering import Answerer
from engine.answer.assessment import Assessments
from engine.answer.dispatcher import Dispatcher
from engine.answer.relevance import ModelRelevance
from engine.errors import ModelLoadError
from engine.grounding.support import LexicalSupport
from engine.retrieval.retriever import Retriever
from engine.serving.admission import Admission, AdmissionGate
from engine.serving.generator import Generator
from engine.store.jobs import JobStore
from engine.types import Corpus, Document, EngineState, EngineStatus, Question, Retrieval
from tests.fakes import ScriptedGenerator

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

    async def search(self, question: Question, num_results: int | None = None) -> Retrieval:
        self.searched.append(question.text)
        return await super().search(question, num_results)


@dataclass
class FakeAdapter:
    """A ChatAdapter that keeps what was posted and edited, in order."""

    platform: str = "fake"
    edit_interval_s: float = 0.0
    #: (message id, every version of it); the last version is what people see.
    messages: dict[str, list[Reply]] = field(default_factory=dict)
    heard_at: list[str] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    started: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, desk: Desk, stop: asyncio.Event) -> None:
        self.started.set()
        await stop.wait()

    async def heard(self, reply_to: str) -> None:
        self.heard_at.append(reply_to)

    async def post(self, reply_to: str, reply: Reply) -> str:
        message_id = f"m{len(self.messages) + 1}"
        await self._keep(message_id, reply)
        return message_id

    async def edit(self, reply_to: str, message_id: str, reply: Reply) -> None:
        await self._keep(message_id, reply)

    async def close(self) -> None:
        """Nothing to let go of."""

    async def _keep(self, message_id: str, reply: Reply) -> None:
        async with self.changed:
            self.messages.setdefault(message_id, []).append(reply)
            self.changed.notify_all()

    @property
    def finals(self) -> list[Reply]:
        """The last versions of the messages that are final, in the order of posting."""
        last = [versions[-1] for versions in self.messages.values()]
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
    dispatcher: Dispatcher


@asynccontextmanager
async def running_desk(
    folder: Path,
    generator: Generator,
    adapters: Mapping[str, ChatAdapter],
    *,
    settings: Settings | None = None,
    corpus: ListCorpus | None = None,
    models: FakeModels | None = None,
    admission: Admission | None = None,
    run_adapters: bool = True,
) -> AsyncIterator[RunningDesk]:
    """A desk on a real store in `folder`, words-only retrieval, and the given adapters; unless
    `admission` says otherwise its model answers one question at a time."""
    async with (
        JobStore(folder / "questions.sqlite3") as store,
        desk_on(
            store,
            folder,
            generator,
            adapters,
            settings=settings,
            corpus=corpus,
            models=models,
            admission=admission,
            run_adapters=run_adapters,
        ) as desk,
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
    admission: Admission | None = None,
    run_adapters: bool = True,
) -> AsyncIterator[RunningDesk]:
    """The same on a store that is open already (adapters that need the store get it first)."""
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
    stop, drained = asyncio.Event(), asyncio.Event()
    relevance, support = ModelRelevance(generator), LexicalSupport()
    answerer = Answerer(retriever, generator, settings, relevance, support)
    assessments = Assessments(answerer.assess)
    delivery = Delivery(
        store,
        assessments,
        adapters,
        eta_s=lambda place: dispatcher.eta_s(place),
        engine_status=models.status,
        contact=settings.contact,
        explains=lambda job: is_admin(settings, job.platform, job.user_id),
    )
    dispatcher = Dispatcher(store, answerer, assessments, delivery, admission or AdmissionGate(1))
    commands = Commands(
        store,
        retriever,
        models,
        lambda: [
            ModelChoice(alias="smollm2-135m", summary="135M"),
            ModelChoice(alias="phi-3-mini", summary="3.8B"),
            ModelChoice(alias="broken", summary="never loads"),
        ],
        relevance=relevance,
        support=support,
        is_admin=lambda platform, user: is_admin(settings, platform, user),
    )
    desk = FaqDesk(settings, store, dispatcher, delivery, commands, adapters)
    async with asyncio.TaskGroup() as group:
        group.create_task(retriever.run(drained))
        group.create_task(delivery.run(drained))
        working = group.create_task(dispatcher.run(stop))
        listening = [
            group.create_task(adapter.run(desk, stop))
            for adapter in adapters.values()
            if run_adapters
        ]
        try:
            await retriever.ready()
            yield RunningDesk(
                desk=desk,
                store=store,
                retriever=retriever,
                models=models,
                delivery=delivery,
                dispatcher=dispatcher,
            )
        finally:
            stop.set()
            await asyncio.wait({working, *listening})
            drained.set()


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
