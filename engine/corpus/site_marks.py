"""Takes marks for a site generator out of an answer: shortcodes, includes, tables of contents.

They stand for what another program would put there. Marks that may be what an answer is about,
such as a template's `{% if %}`, stay, and so does all code.
"""

from __future__ import annotations

import re

from engine.corpus.code_masks import masked, unmasked
from engine.corpus.gaps import GONE, IMAGE_NOUN, closed_up

_WORTH_A_LOOK = re.compile(
    r"(?im)\{\{[<%#]|\{%|\{:|^[ \t]*(?:-+8<-+|\[\[?_?toc_?\]\]?|\[[^\]\n]*\]:[ \t]*#)"
)
#: Of Jekyll and GitBook; an answer about templates writes others, and in code.
_LIQUID = (
    r"include(?:_relative|_cached)?|render|layout|post_url|youtube|vimeo|embed|gist|seo|feed_meta"
    r"|(?:end)?(?:hint|tabs?|content-ref|file|raw|note|tip|warning|info|columns?|stepper|step)"
)
_TITLE = re.compile(r"""\btitle\s*=\s*["“']([^"”'\n]{1,200})["”']""")
_MARKS = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        r"\{%-?\s*comment\s*-?%\}[\s\S]{0,5000}?\{%-?\s*endcomment\s*-?%\}",
        rf"\{{%-?\s*(?:{_LIQUID})\b(?![^%\n]{{0,300}}\b{IMAGE_NOUN}\b)[^%\n]{{0,500}}%\}}",
        # Of Hugo; those that show code or an image have words to keep.
        rf"(?<!\]\()\{{\{{(?:<\s++|%\s*+)(?!/?\s*(?:highlight|code|{IMAGE_NOUN})\b|/?\*)/?\s*"
        r"[\w/-]+\b[^{}]{0,1000}?[>%]\}\}",
        r"\{\{#(?:include|playground|rustdoc_include|title)\b[^{}\n]{0,300}\}\}",
        # On a line of their own.
        r"^[ \t]*-+8<-+.{0,300}$",
        r"^[ \t]*\[(?:toc|\[_toc_\])\][ \t]*$",
        r"^[ \t]*[*-][ \t]+toc[ \t]*\n[ \t]*\{:\s*toc[^{}\n]{0,100}\}[ \t]*$",
        r"^[ \t]*\{:[^{}\n]{0,200}\}[ \t]*$",
        # A comment in the shape of a link.
        r"^[ \t]*\[[^\]\n]{0,100}\]:[ \t]*#(?:[ \t]+[(\"'].{0,2000})?$",
    )
)


def without_site_marks(text: str) -> str:
    """`text` without marks for a site generator; one without any is returned as it is."""
    if not _WORTH_A_LOOK.search(text):
        return text
    code: list[str] = []
    hidden = taken = masked(text, code)
    for mark in _MARKS:
        taken = mark.sub(_title, taken)
    return text if taken == hidden else unmasked(closed_up(taken), code)


def _title(match: re.Match[str]) -> str:
    titled = _TITLE.search(match[0])
    return titled[1] if titled else GONE
