"""Rendering for Telegram: within the limits, nothing lost, nothing alive that we did not mean."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Action, Reply, ReplyState
from bot.telegram.markup import MAX_UNITS, Part, Run, parts_of
from bot.telegram.render import render
from bot.telegram.send import keyboard_of
from engine.types import Document, Match, Source
from tests.telegram_html import Entity, live_mentions, parse, part_of, units


def source(
    title: str = "How to join", url: str | None = "https://e.org/join", excerpt: str = ""
) -> Source:
    return Source(
        id="s", title=title, section="General", course="c", url=url, score=1.0, excerpt=excerpt
    )


def letters(text: str) -> str:
    """What must survive, in order."""
    return "".join(char for char in text if char.isalnum())


def shown(reply: Reply) -> list[tuple[str, list[Entity]]]:
    """The messages as Telegram reads them."""
    return [parse(part.html) for part in render(reply)]


def styled(markdown: str, kind: str) -> list[str]:
    text, entities = shown(Reply(text=markdown))[0]
    return [part_of(text, e.offset, e.length) for e in entities if e.type == kind]


def long_answer() -> str:
    """20,000 characters with code and a table."""
    code = "\n".join(f"    print('line {number} of the code')" for number in range(180))
    table = "| name | size |\n|---|---|\n" + "\n".join(f"| m{n} | {n} GiB |" for n in range(60))
    prose = "\n\n".join(f"Paragraph {n}. " + f"Word{n} is here. " * 40 for n in range(20))
    answer = f"# Title\n\n{prose[:9000]}\n\n```python\ndef f():\n{code}\n```\n\n{table}\n\n"
    return answer + "The end is here. " * ((20_000 - len(answer)) // 17)


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**b** *i* ~~s~~ `c`", "<b>b</b> <i>i</i> <s>s</s> <code>c</code>"),
        ("# Title", "<b>Title</b>"),
        ("- a\n- b\n  1. c\n  2. d", "• a\n• b\n   1. c\n   2. d"),
        ("3. x\n4. y", "3. x\n4. y"),
        ("> quoted **b**\n> more", "<blockquote>quoted <b>b</b>\nmore</blockquote>"),
        ("```python\nx < 1\n```", '<pre><code class="language-python">x &lt; 1</code></pre>'),
        ("```\nplain\n```", "<pre>plain</pre>"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("<b>no</b>", "&lt;b&gt;no&lt;/b&gt;"),
        ("| a | bb |\n|---|---|\n| ccc | d |", "<pre>a   | bb\n----+---\nccc | d</pre>"),
        ("a\n\n---\n\nb", "a\n\n———\n\nb"),
        ("", "…"),
    ],
)
def test_markdown_becomes_telegrams_html(markdown: str, html: str) -> None:
    assert render(Reply(text=markdown))[0].html == html


def test_a_wide_table_becomes_a_list() -> None:
    reply = Reply(text=f"| name | text |\n|---|---|\n| x | {'word ' * 30}|")

    text, entities = shown(reply)[0]

    assert text.startswith("• name: x\ntext: word word")
    assert entities == []


@pytest.mark.parametrize(
    ("markdown", "text", "links"),
    [
        ("[our site](https://evil.example)", "our site (https://evil.example)", []),
        ("<https://e.org/a>", "https://e.org/a", ["https://e.org/a"]),
        ("[https://bank.example](https://evil.example)", None, []),
        ("[join](https://e.org/join)", "join", ["https://e.org/join"]),
        ("[x](tg://user?id=1)", "x (tg://user?id=1)", []),
        ("[`code`](https://evil.example)", "code (https://evil.example)", []),
        ("[mail](mailto:a@e.org)", "mail (a@e.org)", []),
    ],
)
def test_a_link_is_live_only_if_it_shows_its_target_or_is_a_source(
    markdown: str, text: str | None, links: list[str]
) -> None:
    reply = Reply(text=markdown, sources=(source(),), sources_title="Sources")

    seen, entities = shown(reply)[0]

    body = seen.partition("\n\nSources")[0]
    assert text is None or body == text
    own = [entity.url for entity in entities if entity.url][: -1 or None]
    assert own == links
    assert "evil.example" not in " ".join(url or "" for url in own)


@pytest.mark.parametrize(
    "text",
    [
        "@somebody look",
        "**@**somebody",
        "*@*`x` @somebody_else",
        "hi @channel and (@admin)",
        "tg://user?id=12",
        "https://@somebody",
        ".@somebody",
        "a/@somebody",
        "[@somebody](https://e.org/join)",
        "| @somebody | b |\n|---|---|\n| c | @x1 |",
        "> @somebody",
        "- @somebody",
        "&#64;somebody",
        "@\u200bsomebody",
    ],
)
def test_no_mention_comes_alive(text: str) -> None:
    reply = Reply(
        text=text,
        notice=text,
        sources=(source(text, excerpt=text),),
        sources_title=text,
        related=(source(text, url=None, excerpt=text),),
        related_title=text,
    )

    for seen, entities in shown(reply):
        assert live_mentions(seen, entities) == []


@pytest.mark.parametrize("text", ["write to staff@e.org today", "see https://e.org/@user/post now"])
def test_addresses_stay_whole(text: str) -> None:
    assert render(Reply(text=text))[0].html == text


def test_matches_and_sources_are_listed_with_their_links() -> None:
    document = Document(
        id="d", course="c", section="Start", question="A <b>?", answer="x", url="https://e.org/1"
    )
    waiting = Reply(
        state=ReplyState.WAITING,
        notice="Next.",
        matches=(Match(document=document, score=0.9),),
        sources_title="Meanwhile:",
    )

    assert render(waiting)[0].html == (
        '<i>Next.</i>\n\n<b>Meanwhile:</b>\n• <a href="https://e.org/1">A &lt;b&gt;?</a> (Start)'
    )


def test_a_source_without_an_address_is_a_title() -> None:
    reply = Reply(text="Yes.", sources=(source(url=None),), sources_title="Sources")

    assert render(reply)[0].html == "Yes.\n\n<b>Sources</b>\n• How to join (General)"


def test_an_entry_that_comes_close_shows_how_it_begins_below_its_title() -> None:
    sources = (
        source(excerpt="Yes, at <any> time."),
        source("Pay", None),
    )

    assert render(Reply(text="These come closest:", sources=sources))[0].html == (
        "These come closest:\n\n"
        '• <a href="https://e.org/join">How to join</a> (General)'
        "<i>\nYes, at &lt;any&gt; time.</i>\n"
        "• Pay (General)"
    )


def test_what_is_also_close_stands_under_the_sources_with_its_own_headline() -> None:
    reply = Reply(
        text="At any time. [Pay](https://e.org/pay) for it.",
        sources=(source(),),
        sources_title="Sources",
        related=(source("Pay", "https://e.org/pay"),),
        related_title="Also close",
    )

    assert render(reply)[0].html == (
        'At any time. <a href="https://e.org/pay">Pay</a> for it.\n\n'
        '<b>Sources</b>\n• <a href="https://e.org/join">How to join</a> (General)\n\n'
        '<b>Also close</b>\n• <a href="https://e.org/pay">Pay</a> (General)'
    )


def test_the_way_to_staff_stands_beside_the_votes() -> None:
    actions = (
        Action(label="👍", value="vote:7:up"),
        Action(label="👎", value="vote:7:down"),
        Action(label="Ask staff", value="staff:7"),
    )

    (row,) = keyboard_of(actions)

    assert [(button.label, button.value) for button in row] == [
        ("👍", "vote:7:up"),
        ("👎", "vote:7:down"),
        ("Ask staff", "staff:7"),
    ]


def test_a_long_answer_is_split_and_whole() -> None:
    answer = long_answer()

    parts = shown(Reply(text=answer, sources=(source(),), sources_title="Sources"))

    assert len(answer) >= 19_900
    assert 5 <= len(parts) <= 8
    assert all(units(text) <= MAX_UNITS for text, _ in parts)
    together = letters("".join(text for text, _ in parts))
    assert letters(answer).replace("python", "", 1) in together
    code = [e for _, entities in parts for e in entities if e.type == "pre"]
    assert [e.language for e in code].count("python") >= 2


def test_a_long_code_block_keeps_its_language_in_every_part() -> None:
    code = "\n".join(f"x{number} = {number}" for number in range(900))

    parts = render(Reply(text=f"```python\n{code}\n```"))

    assert len(parts) > 1
    assert all(part.html.startswith('<pre><code class="language-python">') for part in parts)
    assert "\n".join(part.plain.strip("\n") for part in parts) == code


@pytest.mark.parametrize(
    "cluster",
    ["😀", "👩‍👩‍👧", "👍🏽", "🇩🇪", "é"],
    ids=["emoji", "family", "tone", "flag", "accent"],
)
def test_what_reads_as_one_character_is_not_cut(cluster: str) -> None:
    parts = render(Reply(text=cluster * 3000))

    assert all(units(part.plain) <= MAX_UNITS for part in parts)
    assert all(part.plain == cluster * (len(part.plain) // len(cluster)) for part in parts)


def test_too_many_styles_go_into_another_message() -> None:
    parts = shown(Reply(text=" ".join(f"**w{number}** x" for number in range(300))))

    assert len(parts) > 2
    assert all(len(entities) <= 100 for _, entities in parts)


def test_one_word_longer_than_a_message_is_cut() -> None:
    parts = parts_of([(Run(text="x" * 10_000, bold=True),)])

    assert [len(part.plain) for part in parts] == [4096, 4096, 1808]
    assert parts[0] == Part(html=f"<b>{'x' * 4096}</b>", plain="x" * 4096)


pieces = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "@user", "**", "`", "```", "\n\n", "\n", "- ", "> ", "[a](", "https://e.org/", ")",
            "tg://user?id=1", "<b>", "&amp;", "| a | b |\n|---|---|\n", "😀", "_", "~~", "# ",
            "&#64;", "\u200b", "\u202e", "![x](", "<https://e.org/join>", "@", "mail@e.org",
        ]
    ),
    st.sampled_from([5, 300, 2048, 4090]).map(lambda n: "w" * n),
)  # fmt: skip


@given(st.lists(pieces, max_size=25).map("".join))
def test_whatever_is_written_renders_within_the_limits_and_nothing_comes_alive(text: str) -> None:
    reply = Reply(
        text=text,
        notice=text[:300],
        sources=(source(text, excerpt=text),),
        sources_title="Sources",
        related=(source(text, excerpt=text),),
        related_title="Also close",
    )

    for part in render(reply):
        seen, entities = parse(part.html)
        assert 0 < units(seen.strip()) <= MAX_UNITS
        assert seen == part.plain
        assert live_mentions(seen, entities) == []
        assert len(entities) <= 100
        for entity in entities:
            if entity.url:
                text_of = part_of(seen, entity.offset, entity.length).strip()
                assert entity.url == "https://e.org/join" or entity.url.endswith(text_of)


@given(st.lists(st.text("abc019 .,!?\n", max_size=400), max_size=30).map("\n\n".join))
def test_every_letter_and_digit_survives(text: str) -> None:
    text = re.sub(r"(?m)^ *\d+[.)]", "n", re.sub(r"(?m)^ {4,}", "", text))

    together = "".join(part.plain for part in render(Reply(text=text)))

    assert letters(together) == letters(text)
