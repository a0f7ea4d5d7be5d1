"""Turns the exports of other programs into plain entries, and names those of chats, which hold
none."""

from __future__ import annotations

import html
from collections.abc import Mapping

from engine.corpus.fields import ANSWER, QUESTION, as_text, folded, folded_fields
from engine.errors import NotAnFaq

_CONVERSATION = (
    "The file is an export of a conversation, not an FAQ; write the questions worth keeping with "
    "their answers into a file of their own."
)
#: Fields of a post that somebody wrote in a forum: its text asks and answers nothing.
_POSTED = {
    *("answercount", "isanswered", "commentscount", "comments", "numcomments", "replycount"),
    *("replies", "postscount", "upvotes", "score", "user", "owner", "reactions", "viewcount"),
}


def as_entries(content: object) -> object:
    """`content` with a forum's topics, or the rows of a table, as entries; anything else as it is.

    Raises NotAnFaq for an export of a chat.
    """
    if _is_conversation(content):
        raise NotAnFaq(_CONVERSATION)
    if _is_topic(content):
        return [_of_topic(content)]
    if isinstance(content, list) and any(map(_is_topic, content)):
        return [_of_topic(item) if _is_topic(item) else item for item in content]
    if isinstance(content, Mapping) and "has_more" in content and "items" in content:
        items = content["items"]
        return [_of_stack_exchange(item) for item in items] if isinstance(items, list) else content
    return _rows_of_columns(content) if isinstance(content, Mapping) else content


def is_forum_post(fields: Mapping[str, object]) -> bool:
    """Whether folded `fields` are those of a post: its body belongs to the question."""
    return not _POSTED.isdisjoint(fields)


def _is_conversation(content: object) -> bool:
    if isinstance(content, list):
        return any(_is_conversation(item) or _is_message(item) for item in content[:20])
    messages = content.get("messages") if isinstance(content, Mapping) else None
    return isinstance(messages, list) and any(map(_is_message, messages[:20]))


def _is_message(item: object) -> bool:
    if not isinstance(item, Mapping):
        return False
    return (
        item.get("type") == "message"  # Slack, Telegram
        or {"role", "content"} <= item.keys()  # with a model
        or {"author", "timestamp", "content"} <= item.keys()  # Discord
    )


def _is_topic(content: object) -> bool:
    stream = content.get("post_stream") if isinstance(content, Mapping) else None
    return isinstance(stream, Mapping) and isinstance(stream.get("posts"), list)


def _of_topic(topic: object) -> object:
    """Discourse: the first post asks, one of the others may be marked as the solution."""
    if not isinstance(topic, Mapping):
        return topic
    posts = [post for post in topic["post_stream"]["posts"] if isinstance(post, Mapping)]
    marked = topic.get("accepted_answer")
    number = as_text(marked.get("post_number")) if isinstance(marked, Mapping) else ""
    answers = [
        {
            "body": post.get("cooked") or post.get("raw"),
            "accepted": bool(post.get("accepted_answer"))
            or (bool(number) and as_text(post.get("post_number")) == number),
        }
        for post in posts[1:]
    ]
    return {
        "id": as_text(topic.get("id")),
        "question": html.unescape(as_text(topic.get("title"))),
        "answers": answers or [{"body": "", "accepted": False}],
        "url": as_text(topic.get("url")),
        "section": as_text(topic.get("category_name")),
    }


def _of_stack_exchange(item: object) -> object:
    fields = folded_fields(item) if isinstance(item, Mapping) else {}
    if "title" not in fields:
        return item
    answers = fields.get("answers")
    return {
        "id": as_text(fields.get("questionid")),
        "question": html.unescape(as_text(fields["title"])),
        "answers": answers if isinstance(answers, list) and answers else [{"accepted": False}],
        "url": as_text(fields.get("link")),
        "tags": fields.get("tags"),
    }


def _rows_of_columns(content: Mapping[object, object]) -> object:
    """The rows of a data frame that was written column by column."""
    columns = {
        str(key): list(value.values() if isinstance(value, Mapping) else value)
        for key, value in content.items()
        if isinstance(value, list | Mapping) and len(value) > 1
    }
    asked, answered = (
        next((cells for name, cells in columns.items() if folded(name) in names), [])
        for names in (set(map(folded, QUESTION)), set(map(folded, ANSWER)))
    )
    is_table = asked and len(asked) == len(answered)
    if not is_table or any(isinstance(cell, list | Mapping) for cell in (*asked, *answered)):
        return content
    whole = {name: cells for name, cells in columns.items() if len(cells) == len(asked)}
    return [dict(zip(whole, row, strict=True)) for row in zip(*whole.values(), strict=True)]
