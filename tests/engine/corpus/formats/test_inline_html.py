"""HTML inside answers and questions becomes Markdown; code and what only looks like a tag stays."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.formats.data.structured import parse_json
from engine.corpus.formats.pages.inline_html import markdown_without_html, title_without_html
from engine.errors import CorpusError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Yes.<br>No.<br/><br />Maybe.", "Yes.\nNo.\n\nMaybe.", id="line breaks"),
        pytest.param(
            "See <a href='https://e.org/x?a=1&amp;b=2'>the <b>page</b></a>.",
            "See [the **page**](https://e.org/x?a=1&b=2).",
            id="link",
        ),
        pytest.param("<A HREF=https://e.org>HERE</A>", "[HERE](https://e.org)", id="upper case"),
        pytest.param("<a href='javascript:alert(1)'>x</a>", "x", id="script link"),
        pytest.param("Go <a name='x'></a>on.", "Go on.", id="anchor"),
        pytest.param("<p>One.</p><p>Two.</p>", "One.\n\nTwo.", id="paragraphs"),
        pytest.param("First<p>Then", "First\n\nThen", id="paragraph left open"),
        pytest.param("<b>a</b> <i>b</i> <em>c</em>", "**a** *b* *c*", id="bold and italic"),
        pytest.param("<code>&lt;b&gt;</code>", "`<b>`", id="code"),
        pytest.param("<code>`date`</code>", "`` `date` ``", id="code with backticks"),
        pytest.param(
            '<pre><code class="language-py">a &lt; b\n    c</code></pre>',
            "```py\na < b\n    c\n```",
            id="pre",
        ),
        pytest.param(
            "<ul>\n  <li>a</li>\n  <li>b<ol><li>c</li></ol></li>\n</ul>",
            "- a\n- b\n   1. c",
            id="nested list",
        ),
        pytest.param(
            "<table><tr><th>a<th>b<tr><td>1<br>2<td>x|y</table>",
            "| a | b |\n| --- | --- |\n| 1 2 | x\\|y |",
            id="table without end tags",
        ),
        pytest.param(
            "| a | b |\n|---|---|\n| x<br>y | <ul><li>1</li></ul> |",
            "| a | b |\n|---|---|\n| x y | - 1 |",
            id="tags in a Markdown table",
        ),
        pytest.param("10<sup>6</sup> H<sub>2</sub>O", "10⁶ H₂O", id="raised and lowered"),
        pytest.param("e<sup>-x/2</sup>, the 1<sup>st</sup>", "e^(-x/2), the 1st", id="exponent"),
        pytest.param("<kbd>Ctrl</kbd>+<kbd>C</kbd>", "`Ctrl`+`C`", id="keys"),
        pytest.param(
            '<span style="color:red">a</span><font color=red> b</font>', "a b", id="wrappers"
        ),
        pytest.param(
            '<iframe src="https://video.example/e/1" title="Talk"></iframe>',
            "[Talk](https://video.example/e/1)",
            id="embedded video",
        ),
        pytest.param(
            '<img src="https://e.org/a.png" alt="The menu" width=20>',
            "![The menu](https://e.org/a.png)",
            id="image",
        ),
        pytest.param('<img src="data:image/png;base64,iVBO" alt="A">', "A", id="image inside"),
        pytest.param("&lt;b&gt; &amp; &#39;c&#x27; R&D &copy=1", "<b> & 'c' R&D &copy=1", id="&"),
        pytest.param("a<!-- hidden -->b", "ab", id="comment"),
        pytest.param(
            "<details>\n<summary>Log</summary>\n\n```sh\n<b>&amp;</b>\n```\n\n- **x**\n</details>",
            "**Log**\n\n```sh\n<b>&amp;</b>\n```\n\n- **x**",
            id="folded Markdown",
        ),
        pytest.param(
            "1. Do <b>this</b>:\n   <pre>code\nx</pre>\n2. That",
            "1. Do **this**:\n\n   ```\n   code\n   x\n   ```\n\n2. That",
            id="code in an item of a list",
        ),
        pytest.param("<b>List<String> & Map<K, V></b>", "**List<String> & Map<K, V>**", id="Java"),
    ],
)
def test_html_becomes_markdown(text: str, expected: str) -> None:
    assert markdown_without_html(text).strip() == expected


@pytest.mark.parametrize(
    "text",
    [
        "Write <your-name>, <TOKEN>, <name>, <image:tag>, <time> or <|end|>.",
        "a < b, c > d, x<y and z>w, List<String>, vector<int>, <me@e.org>, <https://e.org>",
        "`<br>` and ``<b>x</b>`` and `&amp;`",
        "```html\n<p>Hello &amp; bye</p>\n```",
        "~~~\n<br>\n~~~\n\n    <b>indented</b>\n\n> ```\n> <i>quoted</i>\n> ```",
        "Wrap it in a <div> and close the </b> you forgot.",
        "Fish & chips; AT&T; a && b; &notanentity",
        "",
    ],
)
def test_code_and_what_only_looks_like_a_tag_stays(text: str) -> None:
    assert markdown_without_html(text) == text


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("How do I <b>start</b>?", "How do I start?"),
        ("<p>What is &lt;head&gt; &amp; <code>x</code>?</p>", "What is <head> & `x`?"),
        ("Use <name>?", "Use <name>?"),
    ],
)
def test_a_title_is_shown_without_marks_of_style(title: str, expected: str) -> None:
    assert title_without_html(title) == expected


def test_every_format_is_read_without_html() -> None:
    data = [{"question": "Why <i>so</i>?", "answer": "<p>Because &mdash; <b>that</b>.</p>"}]

    (entry,) = parse_json(json.dumps(data).encode()).entries

    assert (entry.question, entry.answer) == ("Why so?", "Because — **that**.")


def test_a_text_of_nothing_but_tags_is_refused() -> None:
    with pytest.raises(CorpusError, match="tags; split it"):
        markdown_without_html("<b>" * 60_000)


_PIECES = (
    "<b> </b> <p> </p> <td> <table> </table> <a_href=x> </a> <br> ` | &amp; &lt; <x> text <pre>"
    " </pre> <!-- ```\n \n\n ____ -_"
)
_PIECE = st.sampled_from([piece.replace("_", " ") for piece in _PIECES.split(" ")])


@given(st.lists(_PIECE, max_size=12).map("".join))
def test_words_survive_whatever_stands_around_them(html: str) -> None:
    changed = markdown_without_html(f"{html} first {html} last")

    assert "last" in changed
