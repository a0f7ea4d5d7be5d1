"""What `eval answers` does not tell of messages as people write them.

    python -m benchmarks.messages --documents FAQ --faq NAME [--questions FILE.jsonl]

Of long pastes, how often the right entry is among the first three that were found; of questions of
when, how many an entry about a past edition answers; of follow-ups, how often the entry that was
just shown is shown again; and how many questions about something else are taken for the FAQ's, by
themselves and as a follow-up. Without a model. Prints one JSON line a figure and a table last.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.assistant import running_retriever
from config.loading import load_settings
from config.settings import Settings
from engine.answer.answering import Answerer
from engine.answer.query_rewriting import context_of
from engine.answer.relevance import EmbeddedRelevance
from engine.evaluation.answers import TimedGenerator
from engine.evaluation.questions import AskedQuestion, question_of
from engine.evaluation.retrieval import read_offtopic
from engine.evaluation.rows import read_rows
from engine.grounding.support import LexicalSupport
from engine.retrieval.retriever import Retriever
from engine.types import Answer, Question

DATA = Path("tests/data")
#: A long paste is found when its entry is among so many.
FIRST = 3
SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedEntry:
    """An entry that holds a date, read by a person."""

    id: str
    #: Whether what it tells is of a past edition.
    past: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """How many of `n` messages of a kind something was true of."""

    what: str
    kind: str
    count: int
    n: int


async def measure(
    settings: Settings, rows: Sequence[AskedQuestion], past: frozenset[str], offtopic: Path
) -> list[Figure]:
    """Every figure there are rows for."""
    async with running_retriever(settings) as retriever:
        await retriever.complete()
        assert retriever.corpus is not None
        texts = {document.id: document.answer for document in retriever.corpus.documents}
        answerer = Answerer(
            retriever, TimedGenerator(None), settings, EmbeddedRelevance(), LexicalSupport()
        )
        found = [
            (row, await answerer.answer(question_of(row, texts), request_id="x", use_model=False))
            for row in rows
        ]
        return [
            *_figures(found, past),
            *await _about_other_things(retriever, rows, texts, offtopic),
        ]


def _figures(found: Sequence[tuple[AskedQuestion, Answer]], past: frozenset[str]) -> list[Figure]:
    figures = []
    for kind in dict.fromkeys(row.kind for row, _ in found):
        own = [(row, answer) for row, answer in found if row.kind == kind]
        if kind.startswith("paste"):
            what = f"right entry among the first {FIRST}"
            hits = [set(row.ids) & {s.id for s in a.candidates[:FIRST]} for row, a in own]
        elif kind.startswith("when"):
            what = "answered by an entry of a past edition"
            hits = [{s.id for s in answer.sources} & past for _, answer in own]
        elif kind.startswith("follow_up"):
            what = "the entry just shown is the answer again"
            hits = [
                {turn.answer_id or "" for turn in row.history[-1:]}
                & {source.id for source in answer.sources[:1]}
                for row, answer in own
            ]
        else:
            continue
        figures.append(Figure(what=what, kind=kind, count=sum(map(bool, hits)), n=len(own)))
    return figures


async def _about_other_things(
    retriever: Retriever,
    rows: Sequence[AskedQuestion],
    texts: Mapping[str, str],
    offtopic: Path,
) -> list[Figure]:
    conversations = [row for row in rows if row.history]
    if not conversations:
        return []
    others = [one for one in read_offtopic(offtopic) if one.kind in ("general", "other_tech")]
    chance = random.Random(SEED)
    alone = continued = 0
    for other in others:
        row = chance.choice(conversations)
        question = Question(text=other.question, course=row.course)
        alone += (await retriever.search(question)).covered
        history = question_of(row, texts).history
        follow_up = Question(text=other.question, course=row.course, history=history)
        context = context_of(follow_up, retriever.title_of)
        continued += (await retriever.search(follow_up, context=context)).covered
    what, n = "taken for a question of the FAQ", len(others)
    return [
        Figure(what=what, kind="about something else, alone", count=alone, n=n),
        Figure(what=what, kind="about something else, as a follow-up", count=continued, n=n),
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", required=True)
    parser.add_argument("--faq", required=True)
    sealed = DATA / "answers" / "messages_sealed.jsonl"
    parser.add_argument("--questions", type=Path, default=sealed)
    given = parser.parse_args()
    settings = load_settings()
    corpus = settings.corpus.model_copy(update={"sources": (given.documents,), "refresh_s": 1e9})
    rows = [row for row in read_rows(given.questions, AskedQuestion) if row.faq == given.faq]
    dated = read_rows(DATA / "answers" / "dated_entries.jsonl", DatedEntry)
    figures = asyncio.run(
        measure(
            settings.model_copy(update={"corpus": corpus}),
            rows,
            frozenset(entry.id for entry in dated if entry.past),
            DATA / "offtopic.csv",
        )
    )
    for figure in figures:
        print(
            json.dumps(
                {"faq": given.faq, "what": figure.what, "kind": figure.kind}
                | {"count": figure.count, "n": figure.n}
            )
        )
    print(f"\n{given.faq}")
    for figure in figures:
        print(f"{figure.what:44} {figure.kind:38} {figure.count:3} of {figure.n}")


if __name__ == "__main__":
    main()
