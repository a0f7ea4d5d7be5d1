"""Measures the truth check: what is faithful and kept, what is invented and kept, and its cost.

    python -m benchmarks.grounding [--documents FAQ] [--entries 250] [--seed 7] [--show 5]
    python -m benchmarks.grounding --ablate [--cases CASES.jsonl]

First the hand-written cases of tests/data, and the sentences in eleven languages that are near to
an entry's words, true or turned round. Then every sentence of some entries of an FAQ (the sample
FAQ unless given): word for word, made false in one place at a time, and broken off. Each set prints
JSON line; a table comes last.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, replace
from io import StringIO
from pathlib import Path
from time import process_time
from unittest.mock import patch

from config.settings import CorpusSettings
from engine.corpus.loader import CorpusLoader
from engine.evaluation.support import SupportCase, read_cases, shown_of
from engine.grounding import comparison, contradictions, facts
from engine.grounding.grounded_text import GroundedText
from engine.grounding.grounding import Grounding
from engine.grounding.lexicon import ENGLISH
from engine.grounding.sentence import read
from engine.grounding.splitter import split
from engine.grounding.support import LexicalSupport
from engine.grounding.units import Unit, UnitKind
from engine.retrieval.calibration import LogisticRegression
from engine.types import Document
from tests.engine.grounding.grounding_cases import cases, flips, is_shown, shown

WRITTEN = ("grounding_cases", "grounding_heldout", "grounding_sealed")
ENTRIES_AT_ONCE = 5
FLIPS = {
    "negation": [
        (" can ", " cannot "), (" cannot ", " can "), (" is ", " is not "), (" are ", " are not "),
        (" do not ", " "), (" don't ", " "), (" does not ", " does "), (" not ", " "),
        (" will ", " will not "), (" never ", " always "),
    ],
    "modality": [
        (" must ", " can "), (" can ", " must "), (" should ", " must "), (" may ", " must "),
        (" need to ", " can "), (" usually ", " "), (" might ", " must "),
    ],
    "order": [
        (" before ", " after "), (" after ", " before "), (" without ", " with "),
        (" instead of ", " and "), (" at least ", " at most "), (" if ", " unless "),
    ],
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """How one kind of statement fared."""

    set: str
    kind: str
    #: Whether the statements are true, and ought to be kept.
    true: bool
    statements: int
    kept: int

    @property
    def share(self) -> float:
        return self.kept / self.statements if self.statements else 0.0


def hand_written(name: str, show: int) -> list[Row]:
    rows = []
    for faithful in (True, False):
        chosen = [case for case in cases(name) if case.faithful is faithful]
        texts = [shown(case).text for case in chosen]
        kept = [
            text == case.becomes if faithful else bool(text)
            for case, text in zip(chosen, texts, strict=True)
        ]
        kind = "faithful" if faithful else "invented"
        rows.append(Row(set=name, kind=kind, true=faithful, statements=len(kept), kept=sum(kept)))
        wrong = [c for c, k in zip(chosen, kept, strict=True) if k is not faithful]
        for case in wrong[:show]:
            print(f"  {'lost' if faithful else 'KEPT'}: {case.says!r}")
    return rows


def in_languages(part: str, show: int) -> list[Row]:
    counts: dict[tuple[str, bool], list[int]] = {}
    for flip in flips(part):
        kept = is_shown(flip)
        tally = counts.setdefault((flip.language, flip.true), [0, 0])
        tally[0] += 1
        tally[1] += kept
        if show and kept is not flip.true:
            print(f"  {'KEPT' if kept else 'lost'}: {flip.name}")
    return [
        Row(
            set=f"languages, {part}",
            kind=f"{language} {'true' if true else 'flipped'}",
            true=true,
            statements=n,
            kept=kept,
        )
        for (language, true), (n, kept) in counts.items()
    ]


def broken_off(documents: list[Document], entries: int, chance: random.Random) -> Row:
    """Beginnings of an entry's sentences, as a text that is cut off leaves them."""
    statements = kept = 0
    for document in chance.sample(documents, min(entries, len(documents))):
        for unit in filter(is_statement, split(document.answer)):
            words = unit.text.split()
            for end in chance.sample(range(3, len(words)), min(2, len(words) - 3)):
                grounded = GroundedText([document], document.question)
                grounded.feed(" ".join(words[:end]))
                grounded.finish()
                statements += 1
                kept += bool(grounded.text)
    return Row(set="documents", kind="broken off", true=False, statements=statements, kept=kept)


def is_statement(unit: Unit) -> bool:
    """Whether a unit of an entry can stand in an answer: a sentence in the third person."""
    prose = unit.kind in (UnitKind.SENTENCE, UnitKind.ITEM) and unit.text[:1].isupper()
    personal = re.search(r"\b(?:I|my|me)\b", unit.text)
    return (
        prose
        and not personal
        and len(unit.text.split()) >= 5
        and not unit.text.endswith(("?", ":"))
    )


def falsified(text: str, words: list[str], chance: random.Random) -> Iterator[tuple[str, str]]:
    """`text` made false in one place, with the kind of the change."""
    number = re.search(r"(?<![\w.])\d+(?![\w.])", text)
    if number:
        other = str(int(number[0]) + chance.choice([1, 2, 7]))
        yield "number", text[: number.start()] + other + text[number.end() :]
    address = re.search(r"https?://[^\s)>\]]+", text)
    if address:
        changed = address[0].rstrip("/.,") + chance.choice(["/login", "x", "?ref=1"])
        yield "address", text.replace(address[0], changed)
    for kind, pairs in FLIPS.items():
        for old, new in pairs:
            if old in text:
                yield kind, text.replace(old, new, 1)
                break
    own = [m for m in re.finditer(r"(?<![\w./:_-])[a-z]{4,}(?![\w./:_-])", text) if content(m[0])]
    present = set(text.lower().split())
    fresh = [word for word in words if word not in present and content(word)]
    if own and fresh:
        place = chance.choice(own)
        yield "word", text[: place.start()] + chance.choice(fresh) + text[place.end() :]
    if len(own) >= 4:
        first, second = sorted(chance.sample(own, 2), key=lambda match: match.start())
        if first[0] != second[0]:
            yield (
                "swap",
                text[: first.start()] + second[0] + text[first.end() : second.start()]
                + first[0] + text[second.end() :],
            )  # fmt: skip


def content(word: str) -> bool:
    return not read(word, ENGLISH).empty


def over_documents(
    documents: list[Document], entries: int, chance: random.Random, show: int
) -> list[Row]:
    counts: dict[str, list[int]] = {}
    times: list[float] = []
    shown_so_far: dict[str, int] = {}

    def count(grounding: Grounding, kind: str, unit: Unit) -> None:
        started = process_time()
        supported = grounding.check(unit).supported
        times.append(process_time() - started)
        tally = counts.setdefault(kind, [0, 0])
        tally[0] += 1
        tally[1] += supported
        if supported is not (kind == "verbatim") and shown_so_far.get(kind, 0) < show:
            shown_so_far[kind] = shown_so_far.get(kind, 0) + 1
            print(f"  {kind} {'kept' if supported else 'lost'}: {unit.text!r}")

    for document in chance.sample(documents, min(entries, len(documents))):
        others = chance.sample(documents, min(ENTRIES_AT_ONCE - 1, len(documents)))
        grounding = Grounding([document, *others], document.question, LexicalSupport())
        words = re.findall(r"(?<![\w./:_-])[a-z]{4,}(?![\w./:_-])", document.answer)
        for unit in filter(is_statement, split(document.answer)):
            count(grounding, "verbatim", unit)
            for kind, text in falsified(unit.text, words, chance):
                count(grounding, kind, replace(unit, text=text))
    times.sort()
    print(
        json.dumps(
            {
                "checks": len(times),
                "mean_cpu_ms": round(1000 * sum(times) / len(times), 2),
                "p95_cpu_ms": round(1000 * times[int(0.95 * len(times))], 2),
            }
        )
    )
    return [
        Row(set="documents", kind=kind, true=kind == "verbatim", statements=n, kept=kept)
        for kind, (n, kept) in counts.items()
    ]


async def load(source: str) -> list[Document]:
    with tempfile.TemporaryDirectory() as folder:
        settings = CorpusSettings(sources=(source,))
        corpus = await CorpusLoader(settings, cache_dir=Path(folder), course_titles={}).load()
        return list(corpus.documents)


#: Parts of the check → where they are, and what stands for one that is left out.
PARTS = {
    "clauses held against clauses": (contradictions, "_against", None),
    "sentences held against sentences": (contradictions, "differs", None),
    "… what both commit to": (comparison, "_commits_otherwise", None),
    "… the order of their words": (comparison, "_swapped", False),
    "… before and after": (comparison, "_relation_turned", False),
    "… words of another clause": (comparison, "_mixed", False),
    "conditions": (contradictions, "_lost_condition", False),
    "must, may, should": (contradictions, "_modal_differs", False),
    "numbers": (facts, "_foreign_number", None),
    "names": (facts, "_foreign_names", False),
    "the regression": (LogisticRegression, "probability", 1.0),
}


def ablate(documents: list[Document], entries: int, seed: int, answers: list[SupportCase]) -> None:
    """What becomes of true and untrue statements without each part of the check."""
    print(f"{'without':<34} {'good answers':>14} {'invented':>9} {'flipped':>8} {'falsified':>10}")
    print(f"{'(nothing)':<34} {_fared(documents, entries, seed, answers)}", flush=True)
    for name, (home, part, instead) in PARTS.items():
        with patch.object(home, part, lambda *_, instead=instead: instead):
            print(f"{name:<34} {_fared(documents, entries, seed, answers)}", flush=True)


def _fared(documents: list[Document], entries: int, seed: int, answers: list[SupportCase]) -> str:
    found = [shown_of(case, LexicalSupport()) for case in answers]
    whole = sum(one.whole for one in found) / max(1, len(found))
    characters = sum(one.characters for one in found) / max(1, len(found))
    invented = [case for name in WRITTEN for case in cases(name) if not case.faithful]
    turned = [flip for part in ("dev", "sealed") for flip in flips(part) if not flip.true]
    with redirect_stdout(StringIO()):
        rows = over_documents(documents, entries, random.Random(seed), 0)
    false = [row for row in rows if not row.true]
    return (
        f"{whole:>7.3f} {characters:.3f} {sum(bool(shown(case).text) for case in invented):>9} "
        f"{sum(map(is_shown, turned)):>8} "
        f"{sum(row.kept for row in false):>4} of {sum(row.statements for row in false)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", default="config/faq")
    parser.add_argument("--entries", type=int, default=250)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", type=int, default=0, help="print so many failures of each kind")
    parser.add_argument("--ablate", action="store_true", help="leave out one part after another")
    parser.add_argument("--cases", type=Path, help="labelled answers, as eval support reads them")
    arguments = parser.parse_args()
    documents = asyncio.run(load(arguments.documents))
    if arguments.ablate:
        labelled = read_cases(arguments.cases) if arguments.cases else []
        good = [case for case in labelled if case.set == "course" and case.supported]
        ablate(documents, arguments.entries, arguments.seed, good)
        return
    rows = [row for name in WRITTEN for row in hand_written(name, arguments.show)]
    rows += [row for part in ("dev", "sealed") for row in in_languages(part, arguments.show)]
    chance = random.Random(arguments.seed)
    rows += over_documents(documents, arguments.entries, chance, arguments.show)
    rows.append(broken_off(documents, arguments.entries, chance))
    for row in rows:
        print(json.dumps(asdict(row)))
    print(f"\n{'set':<20} {'kind':<10} {'true':<6} {'statements':>10} {'kept':>6} {'share':>7}")
    for row in rows:
        print(
            f"{row.set:<20} {row.kind:<10} {'yes' if row.true else 'no':<6} "
            f"{row.statements:>10} {row.kept:>6} {row.share:>7.1%}"
        )


if __name__ == "__main__":
    main()
