"""Replies as Slack blocks: within the limits, nothing lost, nothing of a stranger's live."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Action, Reply, ReplyState
from bot.slack.render import Level, Part, render, stream_text
from engine.types import Document, Match, Source
from tests.slack_workspace import check_message, pressable, shown

LIVE = re.compile(r"<[^<>]*>")
#: The only live thing in a text: an address that reads as what it is.
HONEST = re.compile(r"<https?://[^<>|\s]+>")

SOURCE = Source(
    id="a",
    title="Where is the <!channel> form?",
    section="General",
    course="course-a",
    url="https://example.org/faq#form",
    score=0.9,
)

CLOSEST_ACTIONS = (
    Action(label="👍", value="vote:7:up"),
    Action(label="👎", value="vote:7:down"),
    Action(label="Ask staff", value="staff:7"),
)

FRAGMENTS = [
    "<!channel>",
    "<!here|here>",
    "<@U123>",
    "<#C1|general>",
    "<https://evil.example|click>",
    "@here",
    "&lt;!channel&gt;",
    "[click](https://evil.example/x)",
    "<https://a.example/b>",
    "https://a.example/?a=1&b=2.",
    "&amp;",
    "```",
    "`",
    "*",
    ">",
    "-",
    "![image](https://evil.example/p.png)",
    "**bold**",
    "_it_",
    "~~gone~~",
    "~",
    "#",
    "1.",
    "😀",
    "é",
    "\\<",
    "<",
    ">",
    "|",
    "\ud800",
    "<think>secret</think>",
    "[x][1]",
]
BLOCKS = [
    "\n\n",
    "\n",
    "    ",
    "a" * 50,
    "# Title\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n",
    "```bash\npip install x\n```\n",
    "\n\n[1]: https://evil.example\n",
]
fragments = st.sampled_from(FRAGMENTS + BLOCKS)
markdown = st.lists(st.one_of(fragments, st.text(max_size=20)), max_size=60).map("".join)


def texts(part: Part) -> list[str]:
    """Every mrkdwn text of a message, the fallback included."""
    found = [part.text]
    for block in part.blocks:
        if block["type"] == "section":
            found.append(block["text"]["text"])  # type: ignore[index]
        elif block["type"] == "context":
            found += [element["text"] for element in block["elements"]]  # type: ignore[attr-defined]
    return found


def letters(text: str) -> str:
    """What must survive: letters and digits in their order."""
    return "".join(char for char in text if char.isascii() and char.isalnum())


def as_json(part: Part) -> dict[str, object]:
    return {"text": part.text, "blocks": part.blocks}


@given(markdown, st.sampled_from(list(Level)), st.sampled_from(list(ReplyState)))
def test_whatever_a_model_writes_slack_takes_it(text: str, level: Level, state: ReplyState) -> None:
    reply = Reply(
        text=text,
        notice=text[:700],
        state=state,
        sources=(SOURCE, replace(SOURCE, excerpt=text)),
        related=(replace(SOURCE, title=text, excerpt=text),),
        related_title="Also close",
        actions=CLOSEST_ACTIONS,
    )

    parts = render(reply, level=level)

    for part in parts:
        check_message(as_json(part), 4_000, feedback=level is Level.NATIVE)


@given(markdown, st.sampled_from(list(Level)))
def test_nothing_in_a_text_is_live_but_addresses_that_show_themselves(
    text: str, level: Level
) -> None:
    reply = Reply(
        text=text,
        notice=text,
        sources_title=text,
        sources=(replace(SOURCE, url=None, excerpt=text),),
        related=(replace(SOURCE, url=None, title=text, excerpt=text),),
        related_title=text,
    )

    parts = render(reply, level=level)

    live = {found for part in parts for each in texts(part) for found in LIVE.findall(each)}

    assert {found for found in live if not HONEST.fullmatch(found)} == set()


@given(markdown)
def test_titles_and_sections_of_entries_cannot_mention_anybody(text: str) -> None:
    source = Source(id="a", title=text, section=text, course=text, url=None, score=1, excerpt=text)
    document = Document(id="b", course=text, section=text, question=text, answer=text)
    reply = Reply(
        sources=(source,), matches=(Match(document=document, score=1),), related=(source,)
    )

    live = {found for part in render(reply) for each in texts(part) for found in LIVE.findall(each)}

    assert live == set()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cf"]), max_size=9000))
def test_no_letter_of_a_plain_text_is_lost(text: str) -> None:
    escaped = re.sub(r"([^\w\s])", r"\\\1", text, flags=re.ASCII)

    parts = render(Reply(text=escaped))

    blocks = "".join(shown(as_json(part)) for part in parts)
    for char, entity in (("<", "&lt;"), (">", "&gt;"), ("&", "&amp;")):
        blocks = blocks.replace(entity, char)
    assert letters(blocks) == letters(text) or letters(text) == ""


@given(markdown, st.text(max_size=30))
def test_a_growing_stream_only_grows(text: str, more: str) -> None:
    shorter, longer = stream_text(text), stream_text(text + more)

    if not text.endswith("]"):
        assert longer.startswith(shorter)
    assert "<" not in longer
    assert "@" not in longer
    assert "](" not in longer


def test_code_keeps_its_language_and_lists_and_links_their_shape() -> None:
    text = (
        "# Setup\nDo **this** first:\n\n1. install\n   - the *driver*\n2. run\n\n"
        "```python\nprint('a < b')\n```\n\nSee [the form](https://example.org/faq#form) or "
        "[here](https://evil.example)."
    )

    (part,) = render(Reply(text=text, sources=(SOURCE,)))

    assert shown(as_json(part)).startswith(
        "*Setup*\n\nDo *this* first:\n\n1. install\n    • the _driver_\n2. run\n\n"
        "_python_\n\n```\nprint('a &lt; b')\n```\n\n"
        "See <https://example.org/faq#form|the form> or here (<https://evil.example>)."
    )


def test_a_table_is_aligned_in_fixed_width() -> None:
    text = "| Model | GB |\n|---|---|\n| phi | 8 |\n| mistral-7b | 15 |"

    (part,) = render(Reply(text=text))

    assert shown(as_json(part)) == (
        "```\nModel      | GB\n-----------+---\nphi        | 8\nmistral-7b | 15\n```"
    )


def test_an_answer_of_twenty_thousand_characters_is_spread_over_messages_in_order() -> None:
    code = "\n".join(f"pip install package-{number}  # line" for number in range(150))
    table = "| a | b |\n|---|---|\n" + "\n".join(f"| cell {n} | {n * n} |" for n in range(60))
    prose = "\n\n".join(f"Paragraph {n}: " + "words and words " * 12 for n in range(60))
    text = f"{prose}\n\n```bash\n{code}\n```\n\n{table}"

    parts = render(
        Reply(
            text=text,
            sources=(SOURCE,),
            sources_title="Sources",
            actions=(
                Action(label="👍", value="vote:1:up"),
                Action(label="👎", value="vote:1:down"),
            ),
        )
    )

    assert len(text) > 18_000
    assert len(parts) == 2
    whole = "\n\n".join(shown(as_json(part)) for part in parts)
    assert all(f"Paragraph {n}:" in whole for n in range(60))
    assert all(f"pip install package-{n} " in whole for n in range(150))
    assert all(f"cell {n} " in whole for n in range(60))
    for part in parts:
        check_message(as_json(part), 4_000, feedback=True)
        for block in part.blocks:
            if block["type"] == "section":
                assert block["text"]["text"].count("```") % 2 == 0  # type: ignore[index]
    assert not pressable(as_json(parts[0]))
    assert set(pressable(as_json(parts[1]))) == {"vote:1:up", "vote:1:down"}


@pytest.mark.parametrize(
    ("level", "kind"), [(Level.NATIVE, "context_actions"), (Level.PLAIN, "actions")]
)
def test_votes_are_feedback_buttons_where_the_workspace_has_them(level: Level, kind: str) -> None:
    votes = (Action(label="👍", value="vote:7:up"), Action(label="👎", value="vote:7:down"))

    (part,) = render(Reply(text="Yes.", actions=votes), level=level)

    assert part.blocks[-1]["type"] == kind
    assert set(pressable(as_json(part))) == {"vote:7:up", "vote:7:down"}


@pytest.mark.parametrize("level", [Level.NATIVE, Level.PLAIN])
def test_the_way_to_staff_stands_beside_the_votes(level: Level) -> None:
    (part,) = render(Reply(text="These come closest:", actions=CLOSEST_ACTIONS), level=level)

    check_message(as_json(part), 4_000, feedback=level is Level.NATIVE)
    assert list(pressable(as_json(part))) == ["vote:7:up", "vote:7:down", "staff:7"]
    button = pressable(as_json(part))["staff:7"]
    assert (button["type"], button["text"]["text"]) == ("button", "Ask staff")


def test_an_entry_that_comes_close_shows_how_it_begins_below_its_title() -> None:
    sources = (
        replace(SOURCE, title="Join late", excerpt="Yes, <!channel>, at any time."),
        replace(SOURCE, title="Pay", url=None, section="", excerpt=""),
    )

    (part,) = render(Reply(text="These come closest:", sources=sources))

    assert shown(as_json(part)) == (
        "These come closest:\n\n"
        "• <https://example.org/faq#form|Join late> (course-a, General)\n"
        "   Yes, &lt;!channel&gt;, at any time.\n"
        "• Pay (course-a)"
    )


def test_what_is_also_close_stands_under_the_sources_with_its_own_headline() -> None:
    reply = Reply(
        text="At any time.",
        sources=(replace(SOURCE, title="Join late"),),
        sources_title="Sources",
        related=(replace(SOURCE, title="Pay", url="https://example.org/faq#pay"),),
        related_title="Also close",
    )

    (part,) = render(reply)

    assert shown(as_json(part)) == (
        "At any time.\n\n"
        "*Sources*\n• <https://example.org/faq#form|Join late> (course-a, General)\n\n"
        "*Also close*\n• <https://example.org/faq#pay|Pay> (course-a, General)"
    )


def test_an_excerpt_of_any_length_fits() -> None:
    sources = tuple(replace(SOURCE, excerpt="so " * 3000) for _ in range(10))

    parts = render(Reply(text="These come closest:", sources=sources, actions=CLOSEST_ACTIONS))

    for part in parts:
        check_message(as_json(part), 4_000, feedback=True)
    assert set(pressable(as_json(parts[-1]))) == {"vote:7:up", "vote:7:down", "staff:7"}


def test_a_choice_of_models_is_a_menu_with_the_current_one_chosen() -> None:
    actions = tuple(
        Action(label=name, value=f"model:{name}", current=name == "b") for name in ("a", "b")
    )

    (part,) = render(Reply(text="Models:", actions=actions))

    (select,) = part.blocks[-1]["elements"]  # type: ignore[misc]
    assert select["type"] == "static_select"
    assert select["initial_option"]["value"] == "model:b"


def test_the_question_of_a_slash_command_stands_above_its_answer() -> None:
    (part,) = render(Reply(text="Yes."), asked="<@U1>: May I?")

    assert shown(as_json(part)) == "<@U1>: May I?\n\nYes."
