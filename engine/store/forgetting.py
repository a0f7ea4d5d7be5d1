"""Deletes questions and all that hangs on them: a person's, and those that are old."""

from __future__ import annotations

from datetime import datetime

from engine.store.database import Database, Value
from engine.store.job import text_of


def forget(db: Database, *, platform: str, user_id: str) -> int:
    """Delete everything of a person; returns how many questions that were."""
    person: dict[str, Value] = {"platform": platform, "user_id": user_id}
    db.change("forget_turns", **person)
    db.change("forget_votes", **person)
    db.change("forget_turn_taking", **person)
    db.change("forget_poison")
    db.change("forget_settings", suffix=f":{platform}:{user_id}")
    count = db.change("forget_jobs", **person)
    db.change("tidy_conversations")
    db.scrub = True
    return count


def expire(db: Database, *, before: datetime) -> int:
    """Delete questions asked before then; returns how many."""
    db.change("expire_turns", before=text_of(before))
    db.change("forget_poison")
    count = db.change("expire_jobs", before=text_of(before))
    db.change("tidy_conversations")
    db.change("tidy_askers")
    db.scrub = count > 0
    return count
