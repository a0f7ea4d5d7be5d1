"""Hides the code of a Markdown text while the rest is changed.

It works on text that `clean_text` cleaned: that has no control characters, so two of them can
stand around the number of each piece of code.
"""

from __future__ import annotations

import re

from engine.code_fences import code_blocks

_CODE = re.compile("\x01(\\d+)\x02")
_HTML_CODE = re.compile(r"(?is)<(pre|code|samp|kbd)\b[^>]{0,200}>.{0,5000}?</\1\s*>")
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(?:(?!\n[ \t]*\n)[^\x01]){1,2000}?(?<!`)\1(?!`)")


def masked(text: str, code: list[str]) -> str:
    """`text` with its code in `code`, and the place of each in it."""

    def hidden(part: str) -> str:
        code.append(part)
        return f"\x01{len(code) - 1}\x02"

    masked = "\n".join(
        hidden(block) if is_code else block for block, is_code in code_blocks(text.split("\n"))
    )
    for pattern in (_HTML_CODE, _CODE_SPAN):
        masked = pattern.sub(lambda match: hidden(unmasked(match[0], code)), masked)
    return masked


def unmasked(text: str, code: list[str]) -> str:
    return _CODE.sub(lambda match: code[int(match[1])], text)
