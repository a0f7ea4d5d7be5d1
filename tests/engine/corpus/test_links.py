"""Links of an answer lead somewhere, or only their words stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.links import with_open_links
from engine.corpus.published import Published, opened_at
from engine.corpus.text import clean_text

BASE = "https://e.org/faq/"
KNOWN = {"a.md": f"{BASE}a.md", "my file.md": f"{BASE}my%20file.md", "i.png": f"{BASE}i.png"}


def opened(link: str) -> str | None:
    return link if link.startswith(("http", "mailto:")) else KNOWN.get(link)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See [the page](a.md).", "See [the page](https://e.org/faq/a.md)."),
        ("See [the page]( a.md ).", "See [the page](https://e.org/faq/a.md)."),
        ("See [the page](<my file.md>).", "See [the page](https://e.org/faq/my%20file.md)."),
        (
            'See [the page](a.md "Title").',
            'See [the page](https://e.org/faq/a.md "Title").',
        ),
        ("See [the page](gone.md).", "See the page."),
        ("See [the `page`](gone.md).", "See the `page`."),
        ("See [the **page**](gone.md) now.", "See the **page** now."),
        ("See [a [b] c](gone.md).", "See a [b] c."),
        ("See [the page]().", "See the page."),
        ("[a](a.md)[b](gone.md)", "[a](https://e.org/faq/a.md)b"),
        ("![the dialog](i.png)", "![the dialog](https://e.org/faq/i.png)"),
        ("[![x](i.png)](a.md)", "[![x](https://e.org/faq/i.png)](https://e.org/faq/a.md)"),
        ("[![x](i.png)](gone.md)", "![x](https://e.org/faq/i.png)"),
        ("See [the page][1].\n\n[1]: a.md", "See [the page][1].\n\n[1]: https://e.org/faq/a.md"),
        ("See [the page][1].\n\n[1]: gone.md", "See the page."),
        ("See [The  Page][].\n\n[the page]: gone.md", "See The  Page."),
        ("See [the page] now.\n\n[the page]: gone.md 'x'\n\nB", "See the page now.\n\nB"),
        ("<a href='a.md'>x</a>", '<a href="https://e.org/faq/a.md">x</a>'),
        ('<a class="b" href="gone.md">the <b>page</b></a>', "the <b>page</b>"),
        ("<img src=i.png>", '<img src="https://e.org/faq/i.png">'),
        ("请看[这里](gone.md)", "请看这里"),
    ],
)
def test_a_link_gets_its_address_or_goes(text: str, expected: str) -> None:
    assert with_open_links(text, opened) == expected


@pytest.mark.parametrize(
    "text",
    [
        "`[x](gone.md)` and\n\n```\n[x](gone.md)\n```",
        "    [x](gone.md)\n\nB",
        "<pre>[x](gone.md)</pre>",
        "[x](https://e.org/a_(b)) <https://e.org> https://e.org/[a](b",
        "[x][1]\n\n[1]: https://e.org 'T'",
        "[mail](mailto:me@e.org)",
        "Set f[i](x) and a[0](n) there.",
        "[x] is no link, [y][z] neither.",
        "- [ ] todo\n- [x] done",
        "Write \\[x\\](y) so.",
        "[note]: this is the thing",
    ],
)
def test_code_and_what_leads_somewhere_stay(text: str) -> None:
    assert with_open_links(text, opened) == text


@pytest.mark.parametrize(
    "piece",
    [
        *("[", "[]", "](", "[a](", "[a](<", "![", "[a]: b\n", "<a href=", "<a href='x'>", "("),
        *("[[a](b)", "\\[", "[a", "![a](b", "<img src='"),
    ],
)
def test_a_text_that_repeats_a_mark_takes_no_long_time(piece: str) -> None:
    assert isinstance(with_open_links("[a](b) " + piece * 20_000, opened), str)


@given(
    st.lists(
        st.sampled_from(
            [
                *("[", "]", "(", ")", "[a](gone.md)", "[1]: gone.md", "![a](i.png)"),
                *("`", "```", "\n", "\\", "x"),
            ]
        ),
        max_size=30,
    )
)
def test_no_sign_of_the_work_is_left(parts: list[str]) -> None:
    text = with_open_links(clean_text("".join(parts)), opened)

    assert not set(text) & set("\x00\x01\x02")


FILE = Published(
    location="file:///faq/b/one.md", path="b/one.md", base="https://e.org/faq/b/one.md"
)
ENTRIES = {
    "file:///faq/b/one.md": [("first", "https://e.org/1"), ("second", "https://e.org/2")],
    "file:///faq/a/two words.md": [("", "https://e.org/3")],
    "file:///faq/c/index.md": [("", "https://e.org/4")],
}


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("../a/two%20words.md", "https://e.org/3"),
        ("../a/two words.md#any", "https://e.org/3"),
        ("../a/two words", "https://e.org/3"),
        ("../a/two%20words.html", "https://e.org/3"),
        ("../c/", "https://e.org/4"),
        ("/a/two%20words.md", "https://e.org/3"),
        ("#second", "https://e.org/2"),
        ("one.md#second", "https://e.org/2"),
        ("#elsewhere", "https://e.org/faq/b/one.md#elsewhere"),
        ("../img/x.png", "https://e.org/faq/img/x.png"),
        ("x.md?a=b#c", "https://e.org/faq/b/x.md?a=b#c"),
        ("/img/x.png", "https://e.org/img/x.png"),
        ("//e.com/x", "https://e.com/x"),
        ("Übung.md", "https://e.org/faq/b/%C3%9Cbung.md"),
        ("HTTPS://e.com", "HTTPS://e.com"),
        ("mailto:a@e.org", "mailto:a@e.org"),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("C:\\faq\\x.md", None),
        ("data:image/png;base64,AA", None),
        ("{IMAGE:1}", None),
        ("//[", None),
        ("", None),
    ],
)
def test_what_a_link_leads_to(link: str, address: str | None) -> None:
    assert opened_at(link, FILE, ENTRIES) == address


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("../a/two%20words.md", "https://e.org/3"),
        ("#second", "https://e.org/2"),
        ("#elsewhere", None),
        ("../img/x.png", None),
        ("setup.md", None),
        ("main.py", None),
        ("docs.io/x.md", "https://docs.io/x.md"),
        ("www.example.org", "https://www.example.org"),
        ("datatalks.club/slack.html", "https://datatalks.club/slack.html"),
        ("example.com:8080/x", "https://example.com:8080/x"),
        ("me@example.org", "mailto:me@example.org"),
        ("//e.com/x", "https://e.com/x"),
    ],
)
def test_what_a_link_leads_to_where_readers_cannot_open_the_file(
    link: str, address: str | None
) -> None:
    file = Published(location=FILE.location, path=FILE.path)

    assert opened_at(link, file, ENTRIES) == address


def test_a_link_from_the_root_of_a_repository_stays_in_it() -> None:
    root = "https://github.com/o/r/blob/main/"
    file = Published(location="https://raw.githubusercontent.com/x", base=f"{root}faq/a.md")

    assert opened_at("/img/x.png", file, {}) == f"{root}img/x.png"
    assert opened_at("../../../../x", file, {}) is None
