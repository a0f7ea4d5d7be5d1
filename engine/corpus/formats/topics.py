"""Decides by a file's name whether its topics are questions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

from engine.corpus.entry import Parsed
from engine.corpus.formats.questions import says_faq
from engine.errors import NotAnFaq


def without_topics(parsed: Parsed, path: PurePath) -> Parsed:
    """What was read from the file at `path`, without headings that do not ask.

    They stay where the file's name says that it is an FAQ ("faq.md", "Common questions.txt"), or
    that of its folder says nothing else ("faq/refunds.md"; "faq-desk" may be a program).
    Raises NotAnFaq when nothing is left.
    """
    topics = sum(entry.is_topic for entry in parsed.entries)
    if not topics or says_faq(path.stem) or is_faq_folder(path.parent.name):
        return parsed
    asking = tuple(entry for entry in parsed.entries if not entry.is_topic)
    if not asking:
        raise NotAnFaq(
            f"None of its headings asks ({topics} with text). If each is a question of an FAQ, "
            "end it with “?”, or write “FAQ” into the file's title or name."
        )
    return replace(parsed, entries=asking)


def is_faq_folder(name: str) -> bool:
    """Whether the name of a folder says "FAQ" and nothing else."""
    words = name.replace("_", " ").replace("-", " ").split()
    return says_faq(name) and (len(words) == 1 or words[-1].lower() == "questions")
