"""The labelled questions that a measurement asks, and whether their labels fit the documents."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.corpus.corpus import Corpus
from engine.errors import EngineError
from engine.retrieval.retriever import Retriever
from engine.types import Question, Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierTurn:
    """An earlier question of the conversation, and the entry that answered it."""

    question: str
    #: None or empty where nothing was found.
    answer_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedQuestion:
    """A question of some kind, with the entries that answer it."""

    question: str
    #: Such as `plain`, `two_part` or `offtopic`.
    kind: str
    course: str | None = None
    #: Any of them is right; empty when the FAQ has no answer.
    ids: tuple[str, ...] = ()
    #: Oldest first.
    history: tuple[EarlierTurn, ...] = ()
    #: The FAQ that the question was written for, where a file holds questions for several.
    faq: str | None = None


def rows_of(path: Path, rows: Sequence[AskedQuestion], faq: str | None) -> list[AskedQuestion]:
    """The rows that were written for `faq`; all of them when it is None.

    Raises EngineError, which says which FAQs there are, when there is none.
    """
    if faq is None:
        return list(rows)
    chosen = [row for row in rows if row.faq == faq]
    if not chosen:
        names = ", ".join(sorted({row.faq for row in rows if row.faq}))
        there_are = f"there are rows for {names}" if names else "no row names one"
        raise EngineError(f"{path} holds no row for the FAQ “{faq}”; {there_are}.")
    return chosen


def label_notes(path: Path, rows: Sequence[AskedQuestion], corpus: Corpus) -> list[str]:
    """Sentences about what the rows name and the documents lack.

    Raises EngineError when none of the ids is in the documents.
    """
    ids = {id_ for row in rows for id_ in row.ids}
    unknown = unknown_ids(path, ids, corpus)
    known = {document.id for document in corpus.documents}
    earlier = {turn.answer_id for row in rows for turn in row.history if turn.answer_id}
    courses = {row.course for row in rows if row.course}
    return [
        *_note("ids", unknown, ids, "no answer can name them"),
        *_note("entries of earlier turns", earlier - known, earlier, "these answers are empty"),
        *_note("courses", courses - set(corpus.courses), courses, "nothing is found in them"),
    ]


def question_of(row: AskedQuestion, texts: Mapping[str, str]) -> Question:
    """The question with its conversation; `texts` are the answers of the entries by their ids."""
    return Question(
        text=row.question,
        course=row.course or None,
        history=tuple(
            Turn(
                question=turn.question,
                answer=texts.get(turn.answer_id or "", ""),
                entry_ids=(turn.answer_id,) if turn.answer_id else (),
            )
            for turn in row.history
        ),
    )


def _note(what: str, unknown: Collection[str], named: Collection[str], effect: str) -> list[str]:
    if not unknown:
        return []
    return [
        f"Not in the documents: {len(unknown)} of the {len(named)} {what} that the rows name "
        f"(“{min(unknown)}”, for one); {effect}."
    ]


async def settled_corpus(retriever: Retriever, source: str, say: Callable[[str], None]) -> Corpus:
    """What `retriever`, which reads `source`, searches; `say` hears of what could not be used.

    Raises EngineError when there is no entry: any figure would be of nothing.
    """
    say("Reading the documents; new vectors may take a minute …")
    await retriever.complete()
    corpus = retriever.corpus
    if corpus is None or not corpus.documents:
        reasons = [problem.reason for problem in corpus.problems] if corpus else []
        reason = " ".join(reasons) or retriever.detail
        raise EngineError(f"{source} holds no FAQ entry. {reason}")
    for problem in corpus.problems:
        say(f"{problem.source}: {problem.reason}")
    say(retriever.detail)
    return corpus


def unknown_ids(path: Path, ids: Collection[str], corpus: Corpus) -> set[str]:
    """Those of `ids`, which `path` names, that the documents do not hold.

    Raises EngineError when that is all of them: the file was labelled for another FAQ.
    """
    unknown = set(ids) - {document.id for document in corpus.documents}
    if unknown and unknown == set(ids):
        raise EngineError(
            f"{path} names none of the {len(corpus.documents)} entries of the documents (it names "
            f"“{min(unknown)}”, for one). Give with --documents the FAQ that it was labelled for."
        )
    return unknown
