"""Answers without a model: the best entry verbatim."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.answer.asking import meaningful, says_yes_or_no
from engine.code_fences import opening_fence, split_code
from engine.excerpt import balanced, longest_excerpt
from engine.types import Match

#: Characters that are quoted of an entry; chosen by hand.
MAX_CHARS = 1500
#: Words that begin with the same letters are taken for one.
STEM_CHARS = 5
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
#: What makes Markdown bold, code, a heading, a quotation or a list.
_MARKS = re.compile(r"\*\*|`|^\s*(?:#{1,6}|>|[-*+]|\d+[.)])\s+", re.MULTILINE)
#: Up to the first blank line behind it.
_PARAGRAPH = re.compile(r"\s*\S.*?(?:\n\s*\n|\Z)|\s+", re.DOTALL)
#: Up to the first mark that ends a sentence; an abbreviation of one letter ends none.
_SENTENCE = re.compile(r".{8,}?(?<!\b\w)[.!?…](?=\s|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    #: Empty where the entry is one code block that is too long.
    text: str
    #: The entry says more.
    shortened: bool = False


def quote(match: Match, max_chars: int = MAX_CHARS) -> Quotation:
    """The answer of the best entry as it is written, cut between paragraphs when it is longer.

    A code block is quoted whole or not at all.
    """
    answer = balanced(match.document.answer.strip())
    if len(answer) <= max_chars:
        return Quotation(text=answer)
    kept = ""
    for paragraph in _paragraphs(answer):
        if len(kept) + len(paragraph) > max_chars:
            break
        kept += paragraph
    if not kept.strip():
        first = next(_paragraphs(answer))
        if not opening_fence(first):
            kept = longest_excerpt(first, lambda text: len(text) <= max_chars)
    return Quotation(text=kept.strip(), shortened=True)


def passage(match: Match, question: str) -> Quotation:
    """Of an entry that was shown already the paragraph that has most of what `question` asks, with
    the code that follows it; the whole entry where no paragraph has more of it than others."""
    paragraphs = [part for part in _paragraphs(match.document.answer.strip()) if part.strip()]
    wanted = {word[:STEM_CHARS] for word in meaningful(question)}
    shares = [len(wanted & {word[:STEM_CHARS] for word in meaningful(part)}) for part in paragraphs]
    best = max(shares, default=0)
    if len(paragraphs) < 2 or not best or shares.count(best) > 1:
        return quote(match)
    place = shares.index(best)
    if place and says_yes_or_no(paragraphs[0]):
        return quote(match)  # without it the rest would say something else
    following = paragraphs[place + 1 : place + 2]
    kept = paragraphs[place] + "".join(part for part in following if opening_fence(part))
    kept = balanced(kept.strip())
    if len(kept) > MAX_CHARS:
        return quote(match)
    return Quotation(text=kept, shortened=True)


def first_sentence(answer: str, max_chars: int = 180) -> str:
    """How an entry begins, in plain text on one line, cut between words when it is longer.

    Empty when it begins and ends in code.
    """
    for paragraph in _paragraphs(balanced(answer.strip())):
        if opening_fence(paragraph):
            continue
        text = _LINK.sub(r"\1", _IMAGE.sub(" ", paragraph))
        line = " ".join(_MARKS.sub("", text).split())
        sentence = _SENTENCE.match(line)
        first = sentence.group() if sentence else line
        if not any(character.isalnum() for character in first):
            continue
        if len(first) <= max_chars:
            return first
        return first[:max_chars].rsplit(" ", 1)[0].rstrip(" ,;:") + " …"
    return ""


def _paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of `text`, each with the white space after it; a code block is one."""
    for stretch, is_code in split_code(text):
        if is_code:
            yield stretch
        else:
            yield from _PARAGRAPH.findall(stretch)
