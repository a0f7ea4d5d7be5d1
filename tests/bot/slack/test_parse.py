"""What Slack sends, read."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.slack.parse import ReplyTo, conversation, readable, slash_text, text_in, written

ME = frozenset({"UBOT", "BBOT"})
EVENT = {"type": "message", "channel": "C1", "ts": "5.0", "user": "U1", "text": "hello"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<@UBOT> can I join?", "can I join?"),
        ("ask <@U2|ann> or <@U3>", "ask @ann or @U3"),
        ("see <#C2|general>", "see #general"),
        ("<!here> <!subteam^S1|@team> <!date^1^{date}|today>", "@here @team today"),
        ("<https://a.example/x?a=1&amp;b=2>", "https://a.example/x?a=1&b=2"),
        ("<https://a.example|the page>", "the page (https://a.example)"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
    ],
)
def test_markup_reads_as_a_person_sees_it(text: str, expected: str) -> None:
    assert readable(text, ME) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"user": "UBOT"},
        {"user": ""},
        {"user": "USLACKBOT"},
        {"bot_id": "B9"},
        {"subtype": "message_changed"},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"hidden": True},
        {"ts": ""},
    ],
    ids=str,
)
def test_what_no_person_wrote_is_no_message(change: dict[str, object]) -> None:
    assert written({**EVENT, **change}, me=ME) is None


def test_a_message_tells_whom_it_addresses() -> None:
    plain = written(EVENT, me=ME)
    to_us = written({**EVENT, "text": "<@UBOT> hi"}, me=ME)
    to_both = written({**EVENT, "text": "<@UBOT> and <@U2>"}, me=ME)
    to_all = written({**EVENT, "text": "<!channel> hi"}, me=ME)

    found = [(m.to_us, m.to_others) for m in (plain, to_us, to_both, to_all) if m is not None]
    assert found == [(False, False), (True, False), (True, True), (False, True)]


def test_the_root_of_a_thread_is_outside_of_it() -> None:
    root = written({**EVENT, "thread_ts": "5.0"}, me=ME)
    reply = written({**EVENT, "thread_ts": "4.0"}, me=ME)

    assert root is not None
    assert reply is not None
    assert (root.thread, reply.thread) == ("", "4.0")


@pytest.mark.parametrize(
    ("command", "text", "expected"),
    [
        ("/faq", "can I join?", "can I join?"),
        ("/faq", "", "/help"),
        ("/faq", "Help", "/help"),
        ("/faq", "help me join", "help me join"),
        ("/model", "", "/model"),
        ("/model", "phi-3-mini", "/model phi-3-mini"),
        ("/gpu", "watch", "/gpu watch"),
    ],
)
def test_a_slash_command_reads_as_the_desk_takes_it(command: str, text: str, expected: str) -> None:
    assert slash_text(command, text) == expected


@given(st.from_type(ReplyTo))
def test_where_an_answer_goes_survives_being_stored(to: ReplyTo) -> None:
    assert ReplyTo.load(to.dump()) == to


def test_a_direct_message_is_one_conversation() -> None:
    assert conversation("T1", "D1", "") == "T1:D1"
    assert conversation("T1", "C1", "5.0") == "T1:C1:5.0"


@example({"subtype": ["bot_message"]})
@given(
    st.dictionaries(st.text(max_size=12), st.none() | st.text() | st.lists(st.text()), max_size=6)
)
def test_no_event_is_too_strange(event: dict[str, object]) -> None:
    found = written({**EVENT, **event}, me=ME)

    assert found is None or found.channel


@pytest.mark.parametrize("odd", [0, True, "text", ["text"], [[]], {"a": []}], ids=repr)
@pytest.mark.parametrize(
    "key", ["channel", "ts", "user", "text", "thread_ts", "subtype", "type", "bot_id", "hidden"]
)
def test_each_part_of_an_event_may_be_of_another_type(key: str, odd: object) -> None:
    found = written({**EVENT, key: odd}, me=ME)

    assert found is None or found.channel


@pytest.mark.parametrize("odd", [None, 0, "text", ["text"], {}, {"id": None}], ids=repr)
def test_what_is_not_there_to_be_read_is_empty(odd: object) -> None:
    assert text_in({"channel": odd}, "channel", "id") == ""
