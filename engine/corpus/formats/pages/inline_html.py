"""Turns the HTML that stands inside an answer or a question into Markdown; code stays as it is."""

from __future__ import annotations

import html
import re

from engine.code_fences import split_code
from engine.corpus.code_masks import blocks_masked, mask, unmasked
from engine.corpus.formats.pages.html import html_to_markdown
from engine.errors import CorpusError

#: Turned into Markdown together with what they hold, up to their end tag.
_BLOCKS = "blockquote|dl|h1|h2|h3|h4|h5|h6|ol|p|pre|summary|table|ul"
_INLINE = (
    "a|abbr|audio|b|cite|code|del|dfn|em|i|iframe|ins|kbd|mark|q|s|samp|strike|strong|sub|sup|tt|u"
    "|var|video"
)
#: Only part or wrap what they hold, which may be Markdown.
_PARTS = (
    "article|aside|body|center|dd|details|div|dt|figcaption|figure|footer|form|header|html|li|main"
    "|nav|section"
)
_WRAPPERS = "big|button|font|label|nobr|picture|small|source|span|time"
_OTHERS = "br|caption|col|colgroup|hr|img|input|tbody|td|tfoot|th|thead|tr|wbr"
_NAMES = "|".join([_BLOCKS, _INLINE, _PARTS, _WRAPPERS, _OTHERS])
_IS_BLOCK, _IS_INLINE = frozenset(_BLOCKS.split("|")), frozenset(_INLINE.split("|"))
_IS_PART, _IS_WRAPPER = frozenset(_PARTS.split("|")), frozenset(_WRAPPERS.split("|"))
_ATTRIBUTES = r"""((?:\s(?:[^<>"']|"[^"]*+"|'[^']*+'){0,5000}+)?)"""
_TAG = re.compile(rf"(?i)<(/?)({_NAMES}){_ATTRIBUTES}/?>|<!--.*?-->", re.DOTALL)
#: A wide margin above what a long answer holds.
_MOST_TAGS = 50_000

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_HTML_CODE = r"(?is:<(pre|code|samp|kbd|tt)\b[^<>]{0,500}>.{0,20000}?</\1\s*>)"
_CODE_SPAN = r"(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n[ \t]*\n)[^\ufdd0]){1,2000}?(?<!`)(?P=ticks)(?!`)"
_CODE = re.compile(f"{_HTML_CODE}|(?P<span>{_CODE_SPAN})")
#: Around code while the rest is changed: a parser of HTML drops control characters.
_MARKS = "\ufdd0\ufdd1"
_MARKDOWN = re.compile(r"(?m)^\s*(?:[-*+]\s|\d+[.)]\s|#{1,6}\s|>\s|\||\ufdd0)|\*\*|\]\(")
_DELIMITER_ROW = re.compile(r"(?m)^[ \t]*\|?[ \t]*:?-+:?[ \t]*\|[-:| \t]*$")
_BLANK_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")
#: Marks of style that a title is shown without.
_IN_TITLES = re.compile(r"(?i)</?(?:a|b|big|em|font|h[1-6]|i|label|mark|p|small|span|strong|u)\b")


def markdown_without_html(text: str) -> str:
    """`text` with its HTML tags and entities as Markdown.

    What stands in code is left byte for byte, and so is what only looks like a tag: `<your-name>`,
    `List<String>`, `a < b`. A text without any is returned as it is.

    Raises CorpusError when it has far too many tags, or the library that converts them is not
    installed.
    """
    if not (_TAG.search(text) or _ENTITY.search(text)):
        return text
    if text.count("<") > _MOST_TAGS:
        raise CorpusError(f"An answer has more than {_MOST_TAGS:,} tags; split it.")
    code: list[str] = []
    masked = _masked(text, code)
    if not (_TAG.search(masked) or _ENTITY.search(masked)):
        return text
    if _is_html_throughout(masked):
        changed = html_to_markdown(_protected(masked))
    else:
        changed = _BLANK_LINES.sub("\n\n", _ENTITY.sub(_decoded, _without_tags(masked)))
    return unmasked(changed, code, _MARKS)


def title_without_html(text: str) -> str:
    """A question without tags; code and raised figures keep their signs."""
    if not (_TAG.search(text) or _ENTITY.search(text)):
        return text
    pairs = _pairs(list(_TAG.finditer(text)))
    kept, position = [], 0
    for number, tag in enumerate(_TAG.finditer(text)):
        if number in pairs and _IN_TITLES.match(tag[0]):
            kept.append(text[position : tag.start()])
            position = tag.end()
    return markdown_without_html("".join([*kept, text[position:]]))


def _masked(text: str, code: list[str]) -> str:
    """`text` with its code in `code`, and the place of each in it."""

    def span(match: re.Match[str]) -> str:
        return mask(unmasked(match[0], code, _MARKS), code, _MARKS) if match["span"] else match[0]

    text = text.replace(_MARKS[0], "").replace(_MARKS[1], "")
    if _TAG.match(text.lstrip()):
        # Indented for looks, as whole pages are: no code.
        masked = "".join(
            mask(part.removesuffix("\n"), code, _MARKS) + "\n" * part.endswith("\n")
            if is_code
            else part
            for part, is_code in split_code(text)
        )
    else:
        masked = blocks_masked(text, code, _MARKS)
    return _CODE.sub(span, masked)


def _is_html_throughout(text: str) -> bool:
    """Whether it is HTML from its first to its last sign, with no Markdown in between."""
    start = _TAG.match(text.lstrip())
    is_block = start and start[2] and start[2].lower() in _IS_BLOCK | _IS_PART
    return bool(
        is_block and text.rstrip().endswith(">") and not _MARKDOWN.search(_TAG.sub("", text))
    )


def _protected(fragment: str) -> str:
    """`fragment` so that a parser of HTML takes nothing for a tag or an entity that is none."""

    def sign(match: re.Match[str]) -> str:
        known = _TAG if match[0] == "<" else _ENTITY
        is_known = known.match(fragment, match.start())
        return match[0] if is_known else html.escape(match[0])

    return re.sub("[<&]", sign, fragment)


def _pairs(tags: list[re.Match[str]]) -> dict[int, int]:
    """The number of each start tag → that of its end tag, and the other way round."""
    waiting: dict[str, list[int]] = {}
    pairs: dict[int, int] = {}
    for number, tag in enumerate(tags):
        if tag[2] is None:
            continue
        same = waiting.setdefault(tag[2].lower(), [])
        if not tag[1]:
            same.append(number)
        elif same:
            start = same.pop()
            pairs[start], pairs[number] = number, start
    return pairs


def _without_tags(text: str) -> str:
    tags = list(_TAG.finditer(text))
    pairs = _pairs(tags)
    has_table = _DELIMITER_ROW.search(text) is not None
    is_html = _TAG.match(text.lstrip()) is not None
    parts: list[str] = []
    position = 0
    for number, tag in enumerate(tags):
        if tag.start() < position:  # inside what was converted
            continue
        before, position = text[position : tag.start()], tag.end()
        line = text[text.rfind("\n", 0, tag.start()) + 1 : tag.start()]
        in_row = has_table and "|" in line
        end = pairs.get(number, -1)
        name = (tag[2] or "").lower()
        if end > number and name in _IS_BLOCK | _IS_INLINE:
            position = tags[end].end()
            shown = html_to_markdown(_protected(text[tag.start() : position]))
            if name in _IS_BLOCK and not in_row:
                if not line.strip() and not is_html:  # in an item of a Markdown list
                    shown = shown.replace("\n", f"\n{line}")
                else:
                    before, line = before.rstrip(" \t"), ""
                before, shown = before.removesuffix(line), f"\n\n{line}{shown}\n\n"
            elif in_row:
                shown = " ".join(shown.split())
        else:
            shown = _alone(tag, name, is_paired=end >= 0)
            if shown.startswith("\n"):
                before, shown = (before, " ") if in_row else (before.rstrip(" \t"), shown)
        parts += [before, shown]
    return "".join([*parts, text[position:]])


def _alone(tag: re.Match[str], name: str, *, is_paired: bool) -> str:
    """What a tag becomes by itself; one that may be a word in angle brackets stays."""
    attributes = tag[3] or ""
    if not name:  # a comment
        return ""
    if name == "br":
        return "\n"
    if name == "hr":
        return "\n\n---\n\n"
    if name in ("img", "input") and "=" in attributes:
        return html_to_markdown(tag[0])
    if name == "wbr":
        return ""
    if name == "li" and is_paired and not tag[1]:
        return "\n- "
    if name in _IS_PART and is_paired:
        return "\n\n"
    if name == "p" or (name == "summary" and is_paired):
        return "\n\n"
    is_tag = is_paired or "=" in attributes
    return "" if is_tag and name in _IS_WRAPPER | {"a"} else tag[0]


def _decoded(match: re.Match[str]) -> str:
    return html.unescape(match[0])
