"""Measures what retrieval costs: building, searching, memory; with and without vectors.

    python -m benchmarks.retrieval --documents FAQ.json --questions QUESTIONS.csv

Each measured mode prints one JSON line; a table comes last. The first run computes the vectors;
run it twice to see a start with the cache.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import psutil

from config.settings import CorpusSettings, RetrievalSettings
from engine.answer.relevance import EmbeddedRelevance
from engine.corpus.loader import CorpusLoader
from engine.evaluation.retrieval import LabelledQuestion, read_labelled
from engine.retrieval.minilm import MiniLmEmbedder
from engine.retrieval.multilingual import E5Embedder
from engine.retrieval.retriever import Retriever
from engine.types import Question

LONG = "docker compose error while building the image "


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one mode cost."""

    mode: str
    entries: int
    #: From the start until words, and until vectors, can be searched.
    ready_s: float
    settled_s: float
    #: Search and judgement of a question: wall time, and time of all cores.
    p50_ms: float
    p95_ms: float
    worst_ms: float
    cpu_p50_ms: float
    cpu_p95_ms: float
    #: One question of a megabyte.
    megabyte_ms: float
    memory_mb: float


async def measure(
    documents: Path, questions: list[LabelledQuestion], cache: Path, *, vectors: bool
) -> Run:
    retriever = Retriever(
        CorpusLoader(
            CorpusSettings(sources=(str(documents),)), cache_dir=cache / "corpus", course_titles={}
        ),
        RetrievalSettings(),
        refresh_s=3600,
        embedder_factory=MiniLmEmbedder if vectors else None,
        multilingual_factory=E5Embedder if vectors else None,
        cache_dir=cache / "vectors",
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        started = perf_counter()
        group.create_task(retriever.run(stop))
        await retriever.ready()
        ready_s = perf_counter() - started
        await retriever.complete()
        settled_s = perf_counter() - started
        times = [
            await _timed(retriever, Question(text=q.question, course=q.course)) for q in questions
        ]
        megabyte_ms, _ = await _timed(retriever, Question(text=LONG * (1_000_000 // len(LONG))))
        stop.set()
    p50, p95, worst = np.percentile([wall for wall, _ in times], (50, 95, 100))
    cpu_p50, cpu_p95 = np.percentile([cpu for _, cpu in times], (50, 95))
    return Run(
        mode=retriever.mode.value,
        entries=len(retriever.corpus.documents) if retriever.corpus else 0,
        ready_s=round(ready_s, 2),
        settled_s=round(settled_s, 2),
        p50_ms=round(float(p50), 1),
        p95_ms=round(float(p95), 1),
        worst_ms=round(float(worst), 1),
        cpu_p50_ms=round(float(cpu_p50), 1),
        cpu_p95_ms=round(float(cpu_p95), 1),
        megabyte_ms=round(megabyte_ms, 1),
        memory_mb=round(psutil.Process().memory_info().rss / 2**20),
    )


async def _timed(retriever: Retriever, question: Question) -> tuple[float, float]:
    """Milliseconds of wall time, and of all threads, for the search and its judgement."""
    started, working = perf_counter(), process_time()
    await EmbeddedRelevance().judge(question, await retriever.search(question))
    return (perf_counter() - started) * 1000, (process_time() - working) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description="What retrieval costs.")
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "faq-desk-benchmark"
    )
    options = parser.parse_args()
    questions = read_labelled(options.questions)
    runs = []
    for vectors in (False, True):
        run = asyncio.run(measure(options.documents, questions, options.cache, vectors=vectors))
        print(json.dumps(asdict(run)), flush=True)
        runs.append(run)
    names = list(asdict(runs[0]))
    print()
    for name in names:
        print(f"{name:<14}" + "".join(f"{asdict(run)[name]!s:>12}" for run in runs))


if __name__ == "__main__":
    main()
