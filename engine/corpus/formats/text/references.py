"""Puts the addresses of a page's links where they are used, as each answer is read by itself."""

from __future__ import annotations

import re

from engine.code_fences import split_code

_DEFINITION = re.compile(
    r"""^[ ]{0,3}\[([^\[\]\n^]{1,200})\]:[ \t]*<?(\S{1,2000}?)>?"""
    r"""(?:[ \t]+(?:"[^"\n]*"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*(?:\n|\Z)""",
    re.MULTILINE,
)
_USE = re.compile(
    r"(?P<code>(?<!`)`[^`\n]+`)|\[(?P<words>[^\[\]\n]{1,500})\]"
    r"(?:[ ]?\[(?P<label>[^\[\]\n]{0,200})\])?(?![(\[:])"
)


def with_links_in_place(text: str) -> str:
    """`text` with `[words](address)` for `[words][1]`; definitions are gone."""
    stretches = list(split_code(text))
    addresses: dict[str, str] = {}
    for stretch, is_code in stretches:
        if not is_code:
            for label, address in _DEFINITION.findall(stretch):
                addresses.setdefault(_folded(label), address)
    if not addresses:
        return text

    def linked(match: re.Match[str]) -> str:
        words = match["words"]
        address = None if match["code"] else addresses.get(_folded(match["label"] or words))
        if address is None:
            return match[0]
        return f"[{words}](<{address}>)" if "(" in address else f"[{words}]({address})"

    return "".join(
        stretch if is_code else _USE.sub(linked, _DEFINITION.sub("", stretch))
        for stretch, is_code in stretches
    )


def _folded(label: str) -> str:
    return " ".join(label.split()).casefold()
