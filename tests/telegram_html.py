"""Telegram's HTML as its server reads it: text, entities, and what comes to life by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "s": "strikethrough",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
}
MAX_UNITS = 4096
_TAG = re.compile(r'<(?P<close>/?)(?P<name>[a-z-]+)(?P<rest>(?: [a-z-]+="[^"<>]*")*)>')
_REFERENCE = re.compile(r"&(?:#\d+|#x[0-9a-fA-F]+|lt|gt|amp|quot);")


class ParseError(Exception):
    """The server would answer 400 "can't parse entities"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A styled stretch of the text; offset and length in UTF-16 units."""

    type: str
    offset: int
    length: int
    url: str | None = None
    language: str | None = None


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def part_of(text: str, offset: int, length: int) -> str:
    """The stretch of `text` that an entity covers."""
    return text.encode("utf-16-le")[2 * offset : 2 * (offset + length)].decode("utf-16-le")


def parse(html: str) -> tuple[str, list[Entity]]:
    """The text a reader sees, trimmed, and its entities. Raises ParseError."""
    text = ""
    entities: list[Entity] = []
    opened: list[tuple[str, int, str]] = []
    at = 0
    while at < len(html):
        char = html[at]
        if char == "<":
            match = _TAG.match(html, at)
            if match is None:
                raise ParseError(f"unsupported start tag at byte offset {at}")
            _tag(match, text, opened, entities)
            at = match.end()
        elif char == "&" and (reference := _REFERENCE.match(html, at)):
            text += unescape(reference.group())
            at = reference.end()
        else:
            text += char
            at += 1
    if opened:
        raise ParseError(f'can\'t find end tag corresponding to start tag "{opened[-1][0]}"')
    return text, sorted(entities, key=lambda entity: (entity.offset, -entity.length))


def _tag(
    match: re.Match[str], text: str, opened: list[tuple[str, int, str]], entities: list[Entity]
) -> None:
    name, rest = match["name"], match["rest"]
    if name not in TAGS:
        raise ParseError(f'unsupported start tag "{name}"')
    if not match["close"]:
        outer = {other for other, _, _ in opened}
        if name == "blockquote" and "blockquote" in outer:
            raise ParseError("blockquotes cannot be nested")
        if outer & {"code", "pre"} and not (name == "code" and opened[-1][0] == "pre"):
            raise ParseError(f'"{name}" within monospace')
        opened.append((name, units(text), rest))
        return
    if not opened or opened[-1][0] != name:
        raise ParseError(f'unmatched end tag "{name}"')
    _, start, attributes = opened.pop()
    if opened and opened[-1][0] == "pre" and name == "code":
        inner, outer_start, _ = opened[-1]
        opened[-1] = (inner, outer_start, attributes)
        return
    length = units(text) - start
    if length:
        url = re.search(r'href="([^"]*)"', attributes)
        language = re.search(r'class="language-([^"]*)"', attributes)
        entities.append(
            Entity(
                type=TAGS[name],
                offset=start,
                length=length,
                url=unescape(url[1]) if url else None,
                language=language[1] if language else None,
            )
        )


def live_mentions(text: str, entities: list[Entity]) -> list[str]:
    """What the server would turn into a mention: `@name` outside of monospace and addresses."""
    covered: set[int] = set()
    for entity in entities:
        if entity.type in ("code", "pre"):
            covered |= set(range(entity.offset, entity.offset + entity.length))
    for address in re.finditer(r"(?i:https?)://[\w-]+(?:\.[\w-]+)+/\S*|[\w.+-]+@[\w-]+\.\w+", text):
        start = units(text[: address.start()])
        covered |= set(range(start, start + units(address.group())))
    return [
        match.group()
        for match in re.finditer(r"(?<!\w)@\w+|tg://\S+", text)
        if not set(range(units(text[: match.start()]), units(text[: match.end()]))) & covered
    ] + [entity.url for entity in entities if (entity.url or "").startswith("tg:")]
