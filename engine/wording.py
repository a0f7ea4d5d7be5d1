"""Fits one sentence of ours into another."""

from __future__ import annotations


def after_colon(sentence: str) -> str:
    """`sentence` with a small first letter; names of models and acronyms keep theirs."""
    first = sentence.split(maxsplit=1)[0] if sentence.strip() else ""
    is_word = first.isalpha() and first[1:] == first[1:].lower()
    return sentence[:1].lower() + sentence[1:] if is_word else sentence
