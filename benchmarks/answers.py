"""What people get: answers, quotations, "not in the FAQ"; right source or not; how soon.

    python -m benchmarks.answers [--questions CSV] [--offtopic CSV] [--sample 60] [--model ALIAS]

Every question goes the whole way: retrieval, the model in its process, the truth check. Prints one
JSON line a question and a table last.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from config.settings import load_secrets, load_settings
from engine.answering import Answerer
from engine.evaluation.retrieval import LabelledQuestion, read_labelled, read_offtopic
from engine.types import Answer, Question
from main import running_assistant

#: Questions that are on their way at once.
AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One question and what came of it."""

    #: Id of the entry that answers it; None when the FAQ does not.
    document: str | None
    answer: Answer

    @property
    def right_source(self) -> bool:
        return self.document in [source.id for source in self.answer.sources]


async def ask(answerer: Answerer, one: LabelledQuestion, turn: asyncio.Semaphore) -> Outcome:
    async with turn:
        answer = await answerer.answer(
            Question(text=one.question, course=one.course), request_id=str(id(one))
        )
    outcome = Outcome(document=one.document or None, answer=answer)
    print(
        json.dumps(
            {
                "question": one.question,
                "decision": answer.decision.value,
                "right_source": outcome.right_source,
                "seconds": answer.timings.total_s,
                "answer": answer.text,
            },
            ensure_ascii=False,
        ),
        flush=True,
    )
    return outcome


async def measure(options: argparse.Namespace) -> None:
    picker = random.Random(7)  # the same questions every time
    asked = picker.sample(read_labelled(options.questions), options.sample)
    asked += [
        LabelledQuestion(question=one.question, course=None, document="")
        for one in picker.sample(read_offtopic(options.offtopic), options.sample)
    ]
    overrides = {"engine": {"model": options.model}} if options.model else {}
    settings = load_settings(overrides=overrides)
    async with running_assistant(settings, load_secrets()) as assistant:
        await assistant.retriever.settled()
        await assistant.engine.settled()
        turn = asyncio.Semaphore(AT_ONCE)
        outcomes = await asyncio.gather(*(ask(assistant.answerer, one, turn) for one in asked))
        model = assistant.engine.status().model
    print(f"\n{model}, {os.cpu_count()} cores, {platform.machine()}")
    show("in the FAQ", [one for one in outcomes if one.document])
    show("not in the FAQ", [one for one in outcomes if not one.document])


def show(title: str, outcomes: list[Outcome]) -> None:
    print(f"\n{title}: {len(outcomes)} questions")
    for decision, count in Counter(one.answer.decision.value for one in outcomes).most_common():
        print(f"  {decision:20}{count:5}  {count / len(outcomes):6.1%}")
    found = [one for one in outcomes if one.answer.found]
    if found and outcomes[0].document:
        right = sum(one.right_source for one in found)
        print(
            f"  right source among those found: {right} of {len(found)}, {right / len(found):.1%}"
        )
    seconds = [one.answer.timings.total_s for one in outcomes]
    print(f"  seconds, {AT_ONCE} at once: median {statistics.median(seconds):.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=Path, default=Path("tests/data/sample_questions.csv"))
    parser.add_argument("--offtopic", type=Path, default=Path("tests/data/offtopic.csv"))
    parser.add_argument("--sample", type=int, default=60)
    parser.add_argument("--model", help="alias, instead of the configured one")
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
