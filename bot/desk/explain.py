"""Tells staff why an answer is as it is, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from bot.delivery.headlines import headline
from engine.types import Answer, Decision, RetrievalMode, Source, Tier

#: Candidates and dropped sentences that are listed; more would not fit a message.
MAX_LISTED = 8
MAX_SENTENCE_CHARS = 200

_TIERS = {
    Tier.ANSWER: "Shown as the answer",
    Tier.CLOSEST: "Shown as the closest entries",
    Tier.NONE: "Told that the FAQ has no answer",
    Tier.COURTESY: "Answered with a kind word",
    Tier.CLARIFY: "Asked back",
}
_SEARCHED = {
    RetrievalMode.ENSEMBLE: "words, English vectors and multilingual vectors",
    RetrievalMode.HYBRID: "words and English vectors",
    RetrievalMode.MULTILINGUAL: "words and multilingual vectors",
    RetrievalMode.LEXICAL: "words alone",
}
_TEXTS = {
    Decision.ANSWERED: "The text is the model's, as far as the entries say it.",
    Decision.MODEL_ABSTAINED: "A model read the entries first.",
}


def explain(answer: Answer, *, public: bool = False) -> str:
    """The way of an answer as Markdown: what was read, what the search found with which scores,
    how it was judged and why, what of the model's text was dropped and why.

    In `public` what went wrong with the engine is left out, for it may name folders of the server,
    and so is the text that was dropped.
    """
    if not answer.parts:
        return "\n".join(_lines(answer, public=public))
    blocks = [f"{answer.reason}"]
    blocks += [
        f"**{headline(part.question)}**\n" + "\n".join(_lines(part.answer, public=public))
        for part in answer.parts
    ]
    return "\n\n".join(blocks)


def _lines(answer: Answer, *, public: bool) -> Iterator[str]:
    hidden = public and answer.decision in (Decision.QUOTED_NO_MODEL, Decision.FAILED)
    reason = "No model could be used." if hidden else answer.reason
    yield f"- {_TIERS[answer.tier]}. {reason}"
    if answer.num_lines:
        yield f"- Read of the message: {answer.num_lines} lines; it is long."
    if answer.decision in _TEXTS:
        yield f"- {_TEXTS[answer.decision]} Model: {answer.model or 'none'}."
    if answer.languages:
        yield f"- The question is in “{answer.languages[0]}”, the FAQ in “{answer.languages[1]}”."
    if answer.retrieval is not None:
        yield f"- Searched: {_SEARCHED[answer.retrieval]}."
    if answer.judgement is not None:
        yield from _judgement(answer)
    if answer.candidates:
        yield "- Candidates, best first:"
        for place, source in enumerate(answer.candidates[:MAX_LISTED], start=1):
            yield f"  {place}. {_candidate(source, answer)}"
    if answer.dropped:
        yield f"- Of the model's text {len(answer.dropped)} pieces were dropped."
    if not public:  # what no entry says is not said to a group
        pieces = zip_longest(answer.dropped, answer.dropped_because, fillvalue="")
        for text, why in list(pieces)[:MAX_LISTED]:
            yield f"  - “{_cut(text)}”" + (f": {why}" if why else "")
    yield f"- {_times(answer)}"


def _judgement(answer: Answer) -> Iterator[str]:
    judgement = answer.judgement
    assert judgement is not None
    same = judgement.reason == answer.reason
    sure = "" if judgement.probability is None else f", probability {judgement.probability:.2f}"
    why = "" if same else f" {judgement.reason}"
    yield f"- Judged by {judgement.reader}: {judgement.verdict.value}{sure}.{why}"


def _candidate(source: Source, answer: Answer) -> str:
    used = [
        name
        for name, sources in (("used", answer.sources), ("named", answer.related))
        if source.id in {one.id for one in sources}
    ]
    year = f", about {source.year}" if source.year else ""
    where = f"{source.course}, {source.section}" if source.section else source.course
    marks = f" ({', '.join(used)})" if used else ""
    return f"{source.score:.2f}  {source.title} [{where}, `{source.id}`{year}]{marks}"


def _times(answer: Answer) -> str:
    times = answer.timings
    written = "" if times.generate_s is None else f", {times.generate_s:.1f} s writing"
    return f"Took {times.total_s:.1f} s: {times.retrieve_s:.2f} s searching{written}."


def _cut(text: str) -> str:
    line = " ".join(text.replace("`", "'").split())
    short = line if len(line) <= MAX_SENTENCE_CHARS else f"{line[:MAX_SENTENCE_CHARS]}…"
    return short.replace("](", "] (")
