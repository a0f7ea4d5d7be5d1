"""Turns the exports of other programs into plain entries, and names those of chats, which hold
none."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping

from engine.corpus.fields import ANSWER, QUESTION, as_text, folded, folded_fields
from engine.corpus.wording import asks
from engine.errors import NotAnFaq

_CONVERSATION = (
    "The file is an export of a conversation, not an FAQ; write the questions worth keeping with "
    "their answers into a file of their own."
)
#: Fields of an article in the help centres of Zendesk, Freshdesk, Help Scout and Intercom.
_ARTICLE = (
    {"sectionid", "htmlurl"},
    {"folderid", "descriptiontext"},
    {"collectionid", "publicurl"},
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
    if isinstance(content, list) and any(map(_post_type, content[:20])):
        return list(_of_posts(content))
    if isinstance(content, Mapping) and "has_more" in content and "items" in content:
        items = content["items"]
        return [_of_stack_exchange(item) for item in items] if isinstance(items, list) else content
    return _rows_of_columns(content) if isinstance(content, Mapping) else content


def is_forum_post(fields: Mapping[str, object]) -> bool:
    """Whether folded `fields` are those of a post: its body belongs to the question."""
    return not _POSTED.isdisjoint(fields)


def is_help_article(fields: Mapping[str, object]) -> bool:
    """Whether folded `fields` are those of an article in a help centre."""
    return any(marks <= fields.keys() for marks in _ARTICLE)


def is_intent(fields: Mapping[str, object]) -> bool:
    """Whether folded `fields` are those of a chatbot's intent."""
    return isinstance(fields.get("patterns"), list) and isinstance(fields.get("responses"), list)


def of_intent(fields: Mapping[str, object]) -> dict[str, object]:
    """The first pattern that asks, the others as its phrasings, and the first of the responses.

    The question is empty where no pattern asks: small talk.
    """
    patterns, responses = (
        [as_text(each) for each in value if as_text(each).strip()]
        for value in (fields["patterns"], fields["responses"])
        if isinstance(value, list)
    )
    question = next(filter(asks, patterns), "")
    return {"question": question, "phrasings": patterns, "answer": "".join(responses[:1])}


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


def _post_type(item: object) -> str:
    fields = folded_fields(item) if isinstance(item, Mapping) else {}
    kind = as_text(fields.get("posttype") or fields.get("posttypeid")).casefold()
    return {"1": "question", "2": "answer"}.get(kind, kind)


def _of_posts(items: list[object]) -> Iterator[object]:
    """Stack Overflow's posts in one list: a question names the answer that it accepts."""
    posts = [(_post_type(item), item) for item in items if isinstance(item, Mapping)]
    by_id = {as_text(fields.get("id")): fields for fields in (folded_fields(p) for _, p in posts)}
    for kind, post in posts:
        if kind == "question":
            fields = folded_fields(post)
            accepted = by_id.get(as_text(fields.get("acceptedanswerid")), {})
            body = accepted.get("bodymarkdown") or accepted.get("body")
            answers = [{"body": body, "accepted": bool(body)}]
            yield _of_stack_exchange({**post, "questionid": fields.get("id"), "answers": answers})


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
