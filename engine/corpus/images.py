"""Takes image marks, shortcodes and images nobody could open out of an answer; never out of code.

All of it works on text that `clean_text` cleaned: that has no control characters, so they can
stand for what was taken out and for code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from engine.corpus.code_masks import mask, masked, unmasked
from engine.corpus.gaps import GONE, IMAGE_NOUN, WEB_ADDRESS, closed_up

#: Whether readers can open the address of an image.
IsOpen = Callable[[str], bool]

_WORTH_A_LOOK = re.compile(
    r"(?i)!\[|<img\b|<>?\{|\{\{?\s*\w+\s*[:<%]|\{\{[<%]|\{%|<[^\W\d_]+:|\[\[|\[[^\W\d_]+:|\[/?caption\b"
    r"|^\s*[\[<(][^\W\d_]+[ _-]?\d*[\])>]\s*$",
    re.MULTILINE,
)

_EXTENSION = r"\.(?:png|jpe?g|gif|svg|webp|bmp|tiff?|heic|avif|mp4|mov|webm)"
#: The name of an image in a mark: not the tag in docker's <IMAGE:TAG>.
_NAME = (
    rf"(?:[\w.-]*{IMAGE_NOUN}[\w.-]*|\d+|[\w-]+[_-]\d+"
    rf"|[^<>{{}}\[\]\n]{{1,200}}{_EXTENSION}[^<>{{}}\[\]\n]{{0,60}})"
)
_MARKS = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        rf"<>?\{{{{?\s*{IMAGE_NOUN}\b[^{{}}<>\n]{{0,300}}\}}?\}}>?",
        rf"\{{{{?\s*{IMAGE_NOUN}\s*[:=|]\s*{_NAME}\s*\}}?\}}",
        rf"<\s*{IMAGE_NOUN}\s*:\s*{_NAME}\s*>",
        # On a line of its own: [image], <screenshot 1>.
        rf"^[ \t]*[\[<(]\s*{IMAGE_NOUN}[ _-]?\d*\s*[\])>][ \t]*$",
        r"\[/?caption\b[^\]\n]{0,300}\]",
    )
)
#: [Image: the login page], not a link; the caption stays.
_CAPTIONED = re.compile(
    rf"\[{IMAGE_NOUN}\s*:(?:\s*{_NAME}|\s+([^\[\]\n]{{1,300}}))\s*\](?![(\[:])", re.IGNORECASE
)
_EMBEDDED = re.compile(
    rf"!\[\[([^\[\]\n]{{1,300}})\]\]|\[\[(?:file|datei|archivo|fichier|ficheiro|файл|{IMAGE_NOUN})"
    r":([^\[\]\n]{1,300})\]\]",
    re.IGNORECASE,
)
_SHORTCODE = r"\{\{(?:<(?!/?\*)[^{}]{0,1000}?>|%(?!/?\*)[^{}]{0,1000}?%)\}\}"
_SHORTCODES = re.compile(_SHORTCODE)
#: {{<name>}} without spaces may be what somebody has to fill in: only with a known name.
_IS_SHORTCODE = re.compile(
    rf"\{{\{{(?:[<%]\s|%|</?\s*(?:{IMAGE_NOUN}|youtube|vimeo|gist|tweet)\b)", re.I
)
_HIGHLIGHTED = re.compile(
    r"\{\{[<%]\s*(?:highlight|code)\s+([\w+#-]*)[^{}]{0,300}[>%]\}\}\n?(.{0,20000}?)\n?"
    r"\{\{[<%]\s*/\s*(?:highlight|code)\s*[>%]\}\}",
    re.DOTALL,
)
_SHORTCODE_LINK = re.compile(rf"(?<!!)\[([^\[\]]*)\]\(\s*{_SHORTCODE}[^()\s]*\s*\)")
_LIQUID = re.compile(
    rf"\{{%-?\s*(?:include\s+)?[\w/-]{{0,40}}?{IMAGE_NOUN}(?:\.\w+)?\b[^%\n]{{0,500}}%\}}", re.I
)
_MARKDOWN = re.compile(
    r"!\[((?:[^\[\]\\]|\\.|\[[^\[\]]*\])*)\]"
    r"(?:\(((?:[^()\\\n]|\\.|\([^()\n]*\))*)\)|\[([^\[\]\n]*)\])",
    re.DOTALL,
)
_TITLE = re.compile(r"""\s+(?:"([^"]*)"|'([^']*)')\s*\Z""")
_DEFINITION = re.compile(r"^ {0,3}\[([^\[\]\n]+)\]:[ \t]*<?(\S+?)>?(?:[ \t]+\S.*)?$", re.MULTILINE)
_HTML = re.compile(r"""(?i)<img\b((?:[^<>"']++|"[^"]*+"|'[^']*+'){0,100}+)>""")
_ATTRIBUTE = re.compile(r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
#: An alternative text that says nothing: a file's name, "image", "screenshot 3".
_NO_ALT = re.compile(
    rf"(?i)\W*(?:(?:(?:alt|image|img|text|description)[\W_]*)+|untitled|drawing"
    rf"|(?:{IMAGE_NOUN}[\W\d_]*)+|\S*{_EXTENSION}|(?:{IMAGE_NOUN}|whatsapp)\b[^\n]*{_EXTENSION}"
    r"|[\W\d_]*)\W*"
)


def is_on_the_web(address: str) -> bool:
    return WEB_ADDRESS.match(address) is not None


def without_images(text: str, is_open: IsOpen = is_on_the_web) -> str:
    """`text` without marks of images, shortcodes and images whose address readers cannot open.

    An alternative text that says something stays in an image's place. What is left reads as if
    there had been no image; a text without any is returned as it is.
    """
    if not _WORTH_A_LOOK.search(text):
        return text
    code: list[str] = []
    hidden = masked(text, code)
    taken = _taken_out(hidden, code, is_open)
    if taken == hidden:
        return text
    return unmasked(closed_up(taken), code)


def _taken_out(text: str, code: list[str], is_open: IsOpen) -> str:
    """`text` with the alternative text, or the sign of a gap, in place of each image."""

    def fenced(match: re.Match[str]) -> str:
        return mask(f"```{match[1]}\n{unmasked(match[2], code)}\n```", code)

    text = _HIGHLIGHTED.sub(fenced, text)
    text = _SHORTCODE_LINK.sub(r"\1", text)
    text = _without_references(text, is_open)
    text = _MARKDOWN.sub(lambda match: _markdown_image(match, is_open), text)
    text = _HTML.sub(lambda match: _html_image(match, is_open), text)
    text = _SHORTCODES.sub(_shortcode, text)
    text = _LIQUID.sub(lambda match: _alt_of(match[0]), text)
    text = _EMBEDDED.sub(_embedded, text)
    text = _CAPTIONED.sub(lambda match: _spoken(match[1] or "") or GONE, text)
    for mark in _MARKS:
        text = mark.sub(GONE, text)
    return text


def _without_references(text: str, is_open: IsOpen) -> str:
    """Images that name their address elsewhere: `![alt][1]` and the line `[1]: picture.png`."""
    addresses = {match[1].casefold(): match[2] for match in _DEFINITION.finditer(text)}
    used: set[str] = set()

    def image(match: re.Match[str]) -> str:
        if match[3] is None:
            return match[0]
        label = (match[3] or match[1]).casefold()
        if is_open(addresses.get(label, "")):
            return match[0]
        used.add(label)
        return _spoken(match[1]) or GONE

    def definition(match: re.Match[str]) -> str:
        is_image = match[1].casefold() in used or match[2].startswith("data:image/")
        return GONE if is_image and not is_open(match[2]) else match[0]

    return _DEFINITION.sub(definition, _MARKDOWN.sub(image, text))


def _markdown_image(match: re.Match[str], is_open: IsOpen) -> str:
    if match[2] is None:
        return match[0]
    inner = match[2].strip()
    title = _TITLE.search(inner)
    address = (inner[: title.start()] if title else inner).strip().strip("<>")
    if is_open(address):
        return match[0]
    shown = (title[1] or title[2] or "") if title else ""
    return _spoken(match[1]) or _spoken(shown) or GONE


def _html_image(match: re.Match[str], is_open: IsOpen) -> str:
    address = next((v for name, v in _attributes(match[1]) if name == "src"), "")
    return match[0] if is_open(address.strip()) else _alt_of(match[1])


def _shortcode(match: re.Match[str]) -> str:
    return _alt_of(match[0]) if _IS_SHORTCODE.match(match[0]) else match[0]


def _embedded(match: re.Match[str]) -> str:
    """`![[picture.png|the dialog]]` of a notebook, `[[File:picture.png|thumb|the dialog]]`."""
    *_, last = (match[1] or match[2]).split("|")
    said = last if "|" in match[0] and not re.fullmatch(r"(?i)[\dx\s]*(?:px)?|thumb", last) else ""
    return _spoken(said) or GONE


def _alt_of(tag: str) -> str:
    named = dict(_attributes(tag))
    said = (_spoken(named.get(name, "")) for name in ("alt", "caption", "title"))
    return next(filter(None, said), GONE)


def _attributes(tag: str) -> Iterator[tuple[str, str]]:
    for name, *values in _ATTRIBUTE.findall(tag):
        yield name.lower(), next(filter(None, values), "")


def _spoken(alt: str) -> str:
    """An alternative text on one line; empty when it says nothing."""
    line = " ".join(alt.split())
    return "" if _NO_ALT.fullmatch(line) else line
