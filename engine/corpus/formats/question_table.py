"""Finds the columns of a table in running text that hold questions and answers."""

from __future__ import annotations

from collections.abc import Sequence

from engine.corpus.fields import ANSWER, QUESTION, QUIZ, folded

_QUESTION, _ANSWER = ({folded(name) for name in names} for names in (QUESTION, ANSWER))


def question_columns(header: Sequence[str]) -> tuple[int, int] | None:
    """Where questions and answers stand below `header`, wherever among other columns."""
    names = [folded(cell) for cell in header]
    if not QUIZ.isdisjoint(names):
        return None
    asked, answered = (
        next((column for column, name in enumerate(names) if name in known), None)
        for known in (_QUESTION, _ANSWER)
    )
    return None if asked is None or answered is None else (asked, answered)
