"""Reads the hand-written cases of the truth check; the benchmark uses it too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from engine.grounding.grounded_text import GroundedText
from engine.types import Document

DATA = Path(__file__).resolve().parents[2] / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Something a model may say about some entries."""

    documents: tuple[Document, ...]
    question: str
    says: str
    #: What a reader should see: `says` or less when faithful, nothing when invented.
    becomes: str
    faithful: bool
    why: str

    @property
    def name(self) -> str:
        """A short name for the test's id."""
        return f"{self.documents[0].id}: {self.says[:60]}"


def cases(name: str) -> Iterator[Case]:
    """The cases of one file."""
    data = yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))
    entries = {
        id_: Document(id=id_, course="course", **entry) for id_, entry in data["entries"].items()
    }
    for case in data["cases"]:
        about = case["about"] if isinstance(case["about"], list) else [case["about"]]
        faithful = case["truth"] == "faithful"
        yield Case(
            documents=tuple(entries[id_] for id_ in about),
            question=case.get("question", ""),
            says=case["says"],
            becomes=case.get("becomes", case["says"]) if faithful else "",
            faithful=faithful,
            why=case["why"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A sentence near to an entry's own words, in some language: true, or turned round."""

    language: str
    document: Document
    says: str
    true: bool
    #: What was changed: `negation`, `condition`, `half`…; empty for a true one.
    kind: str

    @property
    def name(self) -> str:
        """A short name for the test's id."""
        return f"{self.language} {self.kind}: {self.says[:60]}"


def flips(part: str) -> Iterator[Flip]:
    """The sentences of `grounding_languages_<part>_*.yaml`."""
    for path in sorted(DATA.glob(f"grounding_languages_{part}_*.yaml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
            document = Document(
                id="e", course="", section="", question=entry["question"], answer=entry["answer"]
            )
            says = [(text, True, "") for text in entry[True]]
            says += [(false["says"], False, false["kind"]) for false in entry[False]]
            for text, true, kind in says:
                yield Flip(
                    language=entry["language"],
                    document=document,
                    says=text,
                    true=true,
                    kind=kind,
                )


def is_shown(flip: Flip) -> bool:
    """Whether a reader would see any of it."""
    grounded = GroundedText([flip.document], flip.document.question)
    grounded.feed(flip.says)
    grounded.finish()
    return bool(grounded.text)


def shown(case: Case) -> GroundedText:
    """The check after it has read what the model says."""
    grounded = GroundedText(case.documents, case.question)
    grounded.feed(case.says)
    grounded.finish()
    return grounded
