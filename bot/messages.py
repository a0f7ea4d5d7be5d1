"""What comes in from a platform and what goes back, without any platform in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from engine.types import Answer, Match, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing a person wrote to us; adapters leave other people's talk out."""

    platform: str
    #: Chat, thread or reply chain: what belongs to one conversation. Unique on the platform.
    conversation: str
    #: Unique within the conversation; the same on every redelivery.
    message_id: str
    user_id: str
    #: The text without the mention that addressed us; commands start with `/`.
    text: str
    #: Where an answer must go, in the adapter's own words.
    reply_to: str
    #: Chat or channel id (`chat/topic` in a forum), as settings map it to a course.
    channel: str = ""
    #: Language of the person's client (IETF tag) where the platform tells it.
    language: str | None = None
    #: False in groups and channels: what is said there, everybody reads.
    private: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Somebody used a button, a vote or a menu of one of our messages."""

    platform: str
    user_id: str
    #: The `value` of the Action that was pressed.
    value: str
    #: Where an answer to the press must go.
    reply_to: str
    #: The message that holds the button.
    message_id: str
    channel: str = ""
    language: str | None = None
    #: False in groups and channels, as with a Message.
    private: bool = True
    #: Free text that came with it: the reason of a down-vote.
    text: str = ""


#: Whoever wrote a message or pressed a button: what a command needs to know of it is in both.
Asker = Message | Press


class ActionStyle(StrEnum):
    """How a button should look where the platform can tell styles apart."""

    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A button or menu entry. It must still work after a restart: the value says everything."""

    label: str
    #: At most 64 bytes (Telegram's limit for callback_data), such as `vote:12:up`.
    value: str
    style: ActionStyle = ActionStyle.PLAIN
    #: The entry that is in force now, in a list of choices.
    current: bool = False


class ReplyState(StrEnum):
    """Where a reply stands in its life."""

    #: Heard; the answer is not being written yet.
    WAITING = "waiting"
    #: The answer is being written; `text` grows.
    WRITING = "writing"
    #: Nothing will follow.
    FINAL = "final"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One message of ours; editing replaces the whole of it."""

    #: Markdown. Everything in it may come from a model or an FAQ: adapters must escape.
    text: str = ""
    state: ReplyState = ReplyState.FINAL
    #: A line of our own above the text: place in the queue, "quoted from the FAQ", …
    notice: str = ""
    #: Entries offered while the asker waits.
    matches: tuple[Match, ...] = ()
    #: Entries the answer stands on.
    sources: tuple[Source, ...] = ()
    #: Headline of `sources`, in the asker's language.
    sources_title: str = ""
    #: Entries beside those, with their headline: what may answer the rest of the question.
    related: tuple[Source, ...] = ()
    related_title: str = ""
    actions: tuple[Action, ...] = ()
    #: The question this answers; None for answers to commands.
    job_id: int | None = None
    #: Language of our own sentences in it (IETF tag), for those that an adapter adds.
    language: str | None = None
    #: Only the person who asked should see it (where the platform can do that).
    ephemeral: bool = False
    #: The stored answer, for adapters that show more than the text.
    answer: Answer | None = field(default=None, repr=False)
