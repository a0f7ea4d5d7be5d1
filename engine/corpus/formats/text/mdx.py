"""Reads entries out of Markdown that is mixed with JSX components."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from engine.code_fences import split_code
from engine.corpus.entry import Parsed
from engine.corpus.formats.text.blocks import bounded
from engine.corpus.formats.text.markdown import entries_of_markdown
from engine.corpus.text import clean_text, decode

_MODULE = re.compile(
    r"(?m)^(?:import\s[^\n]*|export\s+(?:const|let|default|function)\b[^\n]*)(?:\n(?!\n)[^\n]*)*\n?"
)
_COMMENT = re.compile(r"(?s)\{/\*(?:(?!\{/\*).){0,20000}?\*/\}")
_CODE = (
    r"(?P<code>^[ \t]*(?P<fence>`{3,20}(?!`)|~{3,20}(?!~))(?s:.*?)^[ \t]*(?P=fence)[`~]*[ \t]*$"
    r"|`[^`\n]+`)"
)
_TAG = re.compile(
    rf"""(?xm){_CODE}|[ \t]*<(?P<end>/?)(?P<name>[A-Z][\w.]*)
    (?P<attributes>(?:\s+[\w:-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|\{{[^{{}}\n]*\}}))?){{0,30}})\s*
    (?P<closed>/?)>[ \t]*"""
)
_ATTRIBUTE = re.compile(r"""([\w:-]+)\s*=\s*(?:\{?\s*["'`]([^"'`]*)["'`]\s*\}?)""")
_FOLDING = re.compile(
    r"(?i)accordion|faq|question|details|collaps|expand|toggle|disclosure|dropdown|spoiler"
)
_TITLES = ("question", "title", "summary", "label", "header", "heading", "q")
_ANSWERS = ("answer", "content", "a", "text")


def parse_mdx(data: bytes) -> Parsed:
    """The questions of a text with components: accordions fold, of the others the text stays.

    Raises CorpusError when it is not text or holds no questions.
    """
    stretches = split_code(clean_text(bounded(decode(data))))
    text = "".join(part if is_code else _without_scripts(part) for part, is_code in stretches)
    return entries_of_markdown("".join(_stretches(text)))


def _without_scripts(text: str) -> str:
    return _MODULE.sub("", _COMMENT.sub("", text))


def _stretches(text: str) -> Iterator[str]:
    """The text between the tags and what stands for each; indents are those of the components."""
    start = 0
    for match in _TAG.finditer(text):
        if not match["code"]:
            yield textwrap.dedent(text[start : match.start()])
            yield _tag(match)
            start = match.end()
    yield textwrap.dedent(text[start:])


def _tag(match: re.Match[str]) -> str:
    folds = _FOLDING.search(match["name"]) is not None
    named = dict(_ATTRIBUTE.findall(match["attributes"]))
    title = next((named[name] for name in _TITLES if named.get(name)), "")
    if match["end"]:
        return "\n\n</details>\n\n" if folds else "\n"
    if not title:
        return "\n"
    if not folds:
        return f"\n\n**{title}**\n\n"
    answer = next((named[name] for name in _ANSWERS if named.get(name)), "")
    end = "\n\n</details>\n\n" if match["closed"] else ""
    return f"\n\n<details><summary>{title}</summary>\n\n{answer}{end}\n\n"
