"""Hides the code of a Markdown text while the rest is changed.

It works on text that `clean_text` cleaned: that has no control characters, so two of them can
stand around the number of each piece of code. Where a parser would drop these, others do.
"""

from __future__ import annotations

import re

from engine.code_fences import code_blocks

#: What stands before and after the number of a piece of code.
MARKS = "\x01\x02"
_HTML_CODE = re.compile(r"(?is)<(pre|code|samp|kbd)\b[^>]{0,200}>.{0,5000}?</\1\s*>")
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(?:(?!\n[ \t]*\n)[^\x01]){1,2000}?(?<!`)\1(?!`)")


def masked(text: str, code: list[str]) -> str:
    """`text` with its code in `code`, and the place of each in it."""
    masked = blocks_masked(text, code)
    for pattern in (_HTML_CODE, _CODE_SPAN):
        masked = pattern.sub(lambda match: mask(unmasked(match[0], code), code), masked)
    return masked


def blocks_masked(text: str, code: list[str], marks: str = MARKS) -> str:
    """The same for blocks alone: spans of code stay."""
    return "\n".join(
        mask(block, code, marks) if is_code else block
        for block, is_code in code_blocks(text.split("\n"))
    )


def mask(part: str, code: list[str], marks: str = MARKS) -> str:
    """What stands for `part`, which goes into `code`."""
    code.append(part)
    return f"{marks[0]}{len(code) - 1}{marks[1]}"


def unmasked(text: str, code: list[str], marks: str = MARKS) -> str:
    return re.sub(rf"{marks[0]}(\d+){marks[1]}", lambda match: code[int(match[1])], text)
