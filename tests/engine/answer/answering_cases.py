"""What the tests of answering share: an Answerer over the FAQ of the harness."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from config.settings import RetrievalSettings, Settings
from engine.answer.answering import Answerer
from engine.answer.assessment import SETTLE_S
from engine.answer.relevance import ModelRelevance
from engine.grounding.support import LexicalSupport
from engine.protocol import GenerationRequest
from engine.retrieval.retrieval import QueryContext, Retrieval
from engine.retrieval.retriever import Retriever
from engine.types import Answer, Question
from tests.fakes import ScriptedGenerator
from tests.harness import ListCorpus, asks_model

QUESTION = "Can I still join after the course has started?"
GOOD = "You can join at any time."
CERTIFICATE = "How do I get a certificate?"


class CountingRetriever(Retriever):
    """The retriever; it keeps what it was asked."""

    asked: list[str]

    async def search(
        self,
        question: Question,
        num_results: int | None = None,
        context: QueryContext | None = None,
    ) -> Retrieval:
        self.asked.append(question.text)
        return await super().search(question, num_results, context)


@asynccontextmanager
async def answerer(
    tmp_path: Path,
    script: ScriptedGenerator,
    corpus: ListCorpus | None = None,
    searched: list[str] | None = None,
    settle_s: float = SETTLE_S,
) -> AsyncIterator[Answerer]:
    retriever = CountingRetriever(
        corpus or ListCorpus(),
        RetrievalSettings(embedder="none"),
        refresh_s=3600,
        embedder_factory=None,
        cache_dir=tmp_path,
    )
    retriever.asked = searched if searched is not None else []
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(retriever.run(stop))
        try:
            settings = asks_model(Settings(data_dir=tmp_path))
            relevance, support = ModelRelevance(script), LexicalSupport()
            yield Answerer(retriever, script, settings, relevance, support, settle_s=settle_s)
        finally:
            stop.set()


async def answer(
    tmp_path: Path,
    write: str | Callable[[GenerationRequest], str],
    question: str = QUESTION,
    *,
    course: str | None = None,
    shown: list[str] | None = None,
) -> Answer:
    script = ScriptedGenerator(write if callable(write) else lambda _: write)
    seen = shown if shown is not None else []
    async with answerer(tmp_path, script) as one:
        return await one.answer(
            Question(text=question, course=course),
            request_id="1",
            on_text=lambda parts: seen.append(parts[0].text),
        )


def never(_: GenerationRequest) -> str:
    raise AssertionError("the model was asked")
