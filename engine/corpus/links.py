"""Gives each link and image of an answer an address that readers can open, or takes it away."""

from __future__ import annotations

import re
from collections.abc import Callable

from engine.corpus.code_masks import masked, unmasked

#: What a link or image leads to, for what is written; None where nobody can open it.
Opened = Callable[[str], str | None]

_WORTH_A_LOOK = re.compile(r"(?i)\]\(|\]:|\b(?:href|src)\s*=")
_BRACKETS = r"\[[^\[\]]{0,300}+\]"
_TEXT = rf"(?:[^\[\]\\]++|\\.|{_BRACKETS}(?:\([^()\n]{{0,500}}+\))?+){{0,100}}+"
_TARGET = r"<[^<>\n]{0,2000}+>|(?:[^\s()\\]++|\\.|\((?:[^\s()\\]++|\\.){0,50}+\)){0,100}+"
_TITLE = r"""\s+(?:"[^"]{0,500}+"|'[^']{0,500}+'|\([^()]{0,500}+\))"""
#: ![text](target "title"), [text][label], [text]
_LINK = re.compile(
    rf"(?P<mark>!?)\[(?P<text>{_TEXT})\]"
    rf"(?:\(\s*(?P<target>{_TARGET})(?P<title>{_TITLE})?\s*\)|\[(?P<label>[^\[\]\n]{{0,300}}+)\])?+",
    re.DOTALL,
)
_DEFINITION = re.compile(
    r"^( {0,3}\[([^\[\]\n]{1,300}+)\]:[ \t]*)(<[^<>\n]+>|\S+)"
    r"""([ \t]+(?:"[^"\n]*"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*(?:\n|\Z)""",
    re.MULTILINE,
)
_BLANK_LINES = re.compile(r"\n{3,}")
_ANCHOR = re.compile(
    r"""(?is)<a\b[^<>]{0,500}?\bhref\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)[^<>]{0,500}>(.{0,2000}?)</a\s*>"""
)
_IMAGE = re.compile(r"""(?is)<img\b[^<>]{0,500}?\bsrc\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
#: f[i](x) in a text is no link, nor is a word in brackets an address.
_LIKE_AN_ADDRESS = re.compile(r"[./#?]")


def with_open_links(text: str, opened: Opened) -> str:
    """`text` whose links all lead somewhere; the words of those that cannot stay."""
    if not _WORTH_A_LOOK.search(text):
        return text
    code: list[str] = []
    hidden = masked(text, code)
    changed = _with_open_links(hidden, opened)
    return text if changed == hidden else unmasked(changed, code).strip("\n").rstrip()


def _with_open_links(text: str, opened: Opened) -> str:
    gone: set[str] = set()

    def definition(match: re.Match[str]) -> str:
        target = opened(match[3].strip("<>"))
        if target is None:
            gone.add(_label(match[2]))
            return ""
        return (
            match[0] if target == match[3].strip("<>") else f"{match[1]}{target}{match[4] or ''}\n"
        )

    def link(match: re.Match[str]) -> str:
        words = match["text"]
        # A picture in a link, and a link in brackets.
        inner = _LINK.sub(link, words) if "[" in words else words
        if match["target"] is None:
            is_gone = _label(match["label"] or words) in gone
            return inner if is_gone else match[0].replace(words, inner, 1)
        written = match["target"].strip("<>")
        target = opened(re.sub(r"\\([()\\])", r"\1", written))
        if target is None:
            before = match.string[: match.start()][-1:]
            is_code = before.isascii() and before.isalnum() and not _LIKE_AN_ADDRESS.search(written)
            return match[0] if is_code else inner
        if target == written and inner == words:
            return match[0]
        target = f"<{target}>" if "(" in target or ")" in target else target
        return f"{match['mark']}[{inner}]({target}{match['title'] or ''})"

    def anchor(match: re.Match[str]) -> str:
        return _attribute(match, opened) or match[2]

    def image(match: re.Match[str]) -> str:
        return _attribute(match, opened) or match[0]

    text = _DEFINITION.sub(definition, text)
    if gone:
        text = _BLANK_LINES.sub("\n\n", text)
    text = _LINK.sub(link, text)
    return _IMAGE.sub(image, _ANCHOR.sub(anchor, text))


def _attribute(match: re.Match[str], opened: Opened) -> str | None:
    """The tag with the address that its attribute leads to; None where there is none."""
    written = match[1].strip("\"'")
    target = opened(written)
    if target is None:
        return None
    return match[0] if target == written else match[0].replace(match[1], f'"{target}"', 1)


def _label(text: str) -> str:
    return " ".join(text.split()).casefold()
