"""Makes text of other people safe to stand inside a prompt: it can be read, but not obeyed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from engine.code_fences import split_code
from engine.invisible import plain_line_ends, without_invisible

#: What a prompt of ours is put together with; none of it may come from a question or an entry.
_LABELS = re.compile(r"\b(ANSWER|QUESTION|RULES):")
_ENTRY_MARK = re.compile(r"[<\[](?=\s*/?\s*(?:ENTRY|FAQ)(?:\b|\d))|\[(?=END\])", re.IGNORECASE)
_VERDICT = re.compile(r"NO_ANSWER", re.IGNORECASE)
#: The look of a chat template's role and end marks, whatever the model: <|im_start|>, [INST].
_TEMPLATE_MARK = re.compile(r"<\|(?=[\w ]{1,40}\|>)|\[(?=/?INST\])|<<(?=/?SYS>>)", re.IGNORECASE)
#: How a model that cites names entries: `[1]`, `[1][3]`. Right after a word it is an index, as in
#: `a[1]`, and several numbers in one pair of brackets are a list of values.
_CITATION = re.compile(r"(?<![\w\])])(?:\[\s*\d{1,3}\s*\])+")
_CODE_SPAN = re.compile(r"(?<!`)(?P<ticks>`{1,2})(?!`)[^\n]+?(?<!`)(?P=ticks)(?!`)")
#: Tokens shorter than this (such as `_`) are too common in ordinary text to be marks.
_MIN_MARK_CHARS = 3


def neutralise(text: str, marks: Iterable[str] = ()) -> str:
    """`text` without invisible characters, and with everything broken up that could pass for
    one of our own delimiters or for one of `marks`, the tokenizer's special tokens.
    """
    text = without_invisible(plain_line_ends(text))
    text = _LABELS.sub(r"\1 :", text)
    text = _ENTRY_MARK.sub("(", text)
    text = _VERDICT.sub("no answer", text)
    text = _TEMPLATE_MARK.sub(lambda match: match[0][0] + " " + match[0][1:], text)
    wanted = sorted((mark for mark in marks if len(mark) >= _MIN_MARK_CHARS), key=len, reverse=True)
    for mark in wanted:
        text = text.replace(mark, f"{mark[0]} {mark[1:]}")
    return text


def unnumber(text: str) -> str:
    """`text` with its numbers in brackets, which could pass for citations of entries, in round
    ones. In code they stay: there they are part of it, and nobody takes them for citations.
    """
    return _outside_code(
        text,
        lambda prose: _CITATION.sub(
            lambda match: match[0].replace("[", "(").replace("]", ")"), prose
        ),
    )


def without_citations(text: str) -> str:
    """`text` without the numbers of entries that it cites."""
    return _outside_code(text, lambda prose: re.sub(rf"[ \t]*{_CITATION.pattern}", "", prose))


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    return "".join(
        stretch if is_code else _outside_spans(stretch, change)
        for stretch, is_code in split_code(text)
    )


def _outside_spans(prose: str, change: Callable[[str], str]) -> str:
    parts: list[str] = []
    start = 0
    for span in _CODE_SPAN.finditer(prose):
        parts += (change(prose[start : span.start()]), span[0])
        start = span.end()
    return "".join((*parts, change(prose[start:])))
