"""Web pages of many makes: their questions and nothing of what surrounds them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.entry import Entry, Parsed
from engine.corpus.formats.pages.webpage import parse_webpage
from engine.corpus.formats.topics import without_topics
from engine.errors import CorpusError, NotAnFaq

PAGES = Path(__file__).parents[3] / "data" / "faq_formats" / "office"

#: Page → its questions, each below its section.
QUESTIONS: dict[str, dict[str, list[str]]] = {
    "bakery_jsonld": {"": ["Do you deliver on Sundays?", "Can I order <a cake> by mail?"]},
    "club_dl": {"": ["Do I need my own board?", "How is my rating computed?", "Where do we meet?"]},
    "bold_lines": {
        "": ["When is the gate open?", "May I burn leaves?", "Who mows the common lawn?"]
    },
    "confluence_export": {"Access": ["How do I get a VPN account?", "Who can see the warehouse?"]},
    "div_soup": {"": ["How do I change the bulb?", "Is it dimmable?"]},
    "docusaurus": {"Hardware": ["Which battery do I need?", "How do I flash it?"]},
    "github_readme": {"Handbook": ["How do I get write access?", "Where is the old wiki?"]},
    "google_docs_export": {"General": ["When are the meetings?", "Do I need a laptop?"]},
    "library_details": {
        "Library help / Borrowing": ["How do I renew a book?", "How many books may I take?"],
        "Library help / Printing": ["What does a page cost?"],
    },
    "mediawiki": {"Keys": ["I lost my key, what now?", "Can I have a copy made?"]},
    "museum_microdata": {"Visitors": ["May I bring my dog?", "When is it quiet?"]},
    "notion_export": {
        "Before you apply": ["Do I need a degree?", "How long does it take?"],
        "Money": ["Can I pay later?"],
    },
    "school_headings": {
        "Enrolment": ["Can I join after the first week?", "What does a course cost?"],
        "Rooms": ["Is there wireless network?"],
    },
    "shop_accordion": {
        "Payment": ["Which cards do you take?", "Invoices"],
        "Shipping": ["How long does it take?", "Do you ship abroad?"],
    },
    "sphinx": {"": ["Why is my beam tilted?", "Can I use it on Windows?"]},
    "table_faq": {"": ["いつ始まりますか？", "誰が参加できますか？"]},
    "w3_accordion": {"": ["How fit must I be?", "What do I carry?", "Are dogs allowed?"]},
    "word_filtered": {"Guests": ["May my café friends stay overnight?", "Where do they park?"]},
    "wordpress_elementor": {"Eintritt": ["Was kostet der Eintritt?", "Gibt es Kurse für Kinder"]},
}


def read(name: str) -> Parsed:
    path = next(PAGES.glob(f"{name}.htm*"))
    return without_topics(parse_webpage(path.read_bytes()), path)


def page(body: str, title: str = "FAQ") -> bytes:
    return f"<!doctype html><title>{title}</title><body>{body}</body>".encode()


def answers(data: bytes) -> dict[str, str]:
    return {entry.question: entry.answer for entry in parse_webpage(data).entries}


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_page_gives_its_questions_and_nothing_else(name: str) -> None:
    found: dict[str, list[str]] = {}
    for entry in read(name).entries:
        found.setdefault(entry.section, []).append(entry.question)

    assert found == QUESTIONS[name]
    assert read(name).problems == ()


def entry_of(name: str, question: str) -> Entry:
    return next(entry for entry in read(name).entries if entry.question == question)


def test_answers_are_markdown() -> None:
    assert entry_of("school_headings", "What does a course cost?").answer == (
        "It depends on the course:\n\n"
        "| Course | Fee |\n| --- | --- |\n| Pottery | € 80 |\n| Python | € 120 |"
    )
    assert entry_of("google_docs_export", "Do I need a laptop?").answer == (
        "**Yes**. Install with `pip install torch`.\n\n- 8 GB of memory\n   - 16 are better"
    )
    assert "(https://club.example/calendar)" in read("google_docs_export").entries[0].answer
    assert entry_of("library_details", "What does a page cost?").answer.endswith(
        "**Show the price list of 2019**\n\n4 cents."
    )


@pytest.mark.parametrize(
    ("name", "anchors"),
    [
        ("school_headings", ["late", "fee", "wifi"]),
        ("docusaurus", ["which-battery", "flash"]),
        ("mediawiki", ["Lost", "Copy"]),
        ("notion_export", ["b1", "b2", "b3"]),
        ("sphinx", ["why-is-my-beam-tilted", "can-i-use-it-on-windows"]),
        ("shop_accordion", ["h1", "h2", "", ""]),
    ],
)
def test_what_leads_to_a_question_is_its_anchor(name: str, anchors: list[str]) -> None:
    assert [entry.anchor for entry in read(name).entries] == anchors


def test_marks_of_a_page_that_are_no_text_are_left_out() -> None:
    assert entry_of("docusaurus", "How do I flash it?").answer == (
        "```bash\nmake flash\nmake test\n```"
    )
    assert entry_of("mediawiki", "I lost my key, what now?").answer == (
        "Tell [the board](/wiki/Board)."
    )
    assert entry_of("word_filtered", "May my café friends stay overnight?").answer == (
        "Yes – three nights a month, “no more”.\n\n- tell the porter\n- sign the list"
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("login_wall", "asks for a sign-in"),
        ("js_app", "put together by JavaScript"),
        ("not_found", "an error page .“404 Not Found”"),
        ("maintenance", "an error page .“503 Service Unavailable”"),
    ],
)
def test_a_page_that_is_no_faq_says_what_to_do(name: str, reason: str) -> None:
    with pytest.raises(CorpusError, match=reason):
        read(name)


def test_an_article_is_no_faq() -> None:
    with pytest.raises(NotAnFaq):
        read("news_article")


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ('<meta charset="utf-8">', "utf-8"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">', "koi8-r"),
        ('<meta charset="windows-1251">', "windows-1251"),
        ('<meta charset="iso-8859-1">', "utf-8"),
        ("", "utf-16"),
        ("", "utf-8-sig"),
    ],
)
def test_a_page_is_read_in_its_character_set(declared: str, encoding: str) -> None:
    data = f"<html><head>{declared}</head><h2>Когда?</h2><p>Завтра.</p></html>".encode(encoding)

    assert answers(data) == {"Когда?": "Завтра."}


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        pytest.param("<div>" * 90_000, "nested deeper", id="depth"),
        pytest.param("<a>" * 250_000, "more than 200,000 tags", id="tags"),
        pytest.param(f"<i {' '.join(map(str, range(90_000)))}>", "attributes", id="attributes"),
        pytest.param("&" * 6_000_000, "more than 5,000,000 characters", id="size"),
        pytest.param("\0" * 6_000_000, "no questions", id="zeros"),
        pytest.param("", "no questions", id="empty"),
    ],
)
def test_a_page_made_to_hurt_is_refused(html: str, reason: str) -> None:
    with pytest.raises(CorpusError, match=reason):
        parse_webpage(html.encode())


@pytest.mark.parametrize(
    "html",
    [
        "<span style='font-weight:700'>Why?</span><br>So.<br><br><b>When?</b><br>Now.",
        "<div><strong>Why?</strong></div><div>So.</div><div><strong>When?</strong></div><div>Now.",
        "<p class=question>Why?<p class=answer>So.<p class=question>When?<p class=answer>Now.",
        "<ol><li><h3>Why?</h3><p>So.<li><h3>When?</h3><p>Now.</ol>",
        "<ul><li>Why?<br>So.<li>When?<br>Now.</ul>",
        "<p>Q: Why?<p>A: So.<p>Q: When?<p>A: Now.",
        "<button aria-controls=a><h3>Why?</h3></button><div id=a>So.</div><h3>When?</h3>Now.",
        "<a data-toggle=collapse href='#a'>Why?</a><p id=a>So.</p><h3>When?</h3>Now.",
    ],
)
def test_questions_are_found_however_they_are_marked(html: str) -> None:
    assert answers(page(html)) == {"Why?": "So.", "When?": "Now."}


def test_a_file_of_the_machine_is_never_read() -> None:
    html = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><h2>Why?</h2><p>&f; so.</p>'

    assert answers(html) == {"Why?": "&f; so."}


def test_pictures_inside_a_page_do_not_count() -> None:
    picture = f'<img alt="The menu" src="data:image/png;base64,{"A" * 6_000_000}">'

    assert answers(page(f"<h2>What is there?</h2><p>{picture}</p>")) == {
        "What is there?": "The menu"
    }


@given(st.text() | st.text(st.sampled_from("hp2a? \n</>dtl")))
def test_no_page_raises_anything_but_corpus_error(html: str) -> None:
    try:
        parsed = parse_webpage(page(html))
    except CorpusError:
        return
    assert all(entry.question and entry.answer for entry in parsed.entries)
