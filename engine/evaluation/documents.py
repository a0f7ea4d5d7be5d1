"""The documents that a measurement asks: whether there are any, and whether the labels fit them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from engine.corpus.corpus import Corpus
from engine.errors import EngineError
from engine.retrieval.retriever import Retriever


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
