"""The tokens as people paste them: cleaned, and refused where they cannot be what they should be.

Every message names the variable and never a part of its value.
"""

from __future__ import annotations

import re
import unicodedata

from config.settings import ConfigError

#: What a token of that shape is, and where it belongs; the first that fits counts.
_KINDS = (
    (re.compile(r"(xoxe\.)?xoxb-"), "a Slack bot token (xoxb-…)", "SLACK_BOT_TOKEN"),
    (re.compile(r"xapp-"), "a Slack app-level token (xapp-…)", "SLACK_APP_TOKEN"),
    (re.compile(r"xox[a-z]-|xoxe"), "another kind of Slack token", ""),
    (re.compile(r"(bot)?\d+:[\w-]+$", re.ASCII), "a Telegram bot token", "TELEGRAM_BOT_TOKEN"),
    (re.compile(r"hf_"), "a Hugging Face token (hf_…)", "HF_TOKEN"),
)
#: Variable → what its whole value looks like, and that in words with where to copy it.
_SHAPES = {
    "SLACK_BOT_TOKEN": (
        re.compile(r"(xoxe\.)?xoxb-[A-Za-z0-9-]+"),
        "it starts with xoxb-; copy it from “OAuth & Permissions” of the Slack app",
    ),
    "SLACK_APP_TOKEN": (
        re.compile(r"xapp-[A-Za-z0-9-]+"),
        "it starts with xapp-; make one under “Basic Information”, “App-Level Tokens” of the "
        "Slack app",
    ),
    "SLACK_SIGNING_SECRET": (
        re.compile(r"[0-9a-fA-F]{16,128}"),
        "it has digits and the letters a to f alone; copy the “Signing Secret” from “Basic "
        "Information” of the Slack app",
    ),
    "TELEGRAM_BOT_TOKEN": (
        re.compile(r"[0-9]+:[A-Za-z0-9_-]+"),
        "it has digits, a colon and letters, as in 1234567:AA…; copy it from BotFather",
    ),
    "HF_TOKEN": (
        re.compile(r"hf_[A-Za-z0-9_-]+"),
        "it starts with hf_; make one at https://huggingface.co/settings/tokens",
    ),
}
_QUOTES = re.compile("[\"'`‘’“”„«»]")
_VISIBLE_ASCII = re.compile(r"[!-~]*")


def clean_token(name: str, value: str, *, any_hub: bool = False) -> str | None:
    """The token that `value` of the variable `name` holds; None where it holds nothing.

    White space around it and characters that show nothing, as pages and editors leave them, are
    taken off. `any_hub`: HF_TOKEN is for another hub than Hugging Face's, whose tokens may look
    like anything. Raises ConfigError for what cannot be this token.
    """
    shown = (char for char in value if char != "\0" and unicodedata.category(char) != "Cf")
    token = "".join(shown).strip()
    if token in ("", '""', "''"):
        return None
    if _QUOTES.search(token):
        raise ConfigError(
            f"{name} holds a quotation mark, which is no part of it; write the value without any "
            "(Docker's --env-file takes them as they stand)."
        )
    if len(token.split()) > 1:
        raise ConfigError(f"{name} holds white space or several lines; write the token alone.")
    if not _VISIBLE_ASCII.fullmatch(token):
        raise ConfigError(
            f"{name} holds a character that no token has, such as “…” or an accent; copy it again."
        )
    _refuse_other_shape(name, token, any_hub=any_hub)
    return token


def _refuse_other_shape(name: str, token: str, *, any_hub: bool) -> None:
    shape, words = _SHAPES.get(name, (_VISIBLE_ASCII, ""))
    is_free = name not in _SHAPES or (name == "HF_TOKEN" and any_hub)
    if not is_free and shape.fullmatch(token):
        return
    kind, home = next(
        ((kind, home) for pattern, kind, home in _KINDS if pattern.match(token)), ("", name)
    )
    if home != name:
        belongs = f", which belongs in {home}" if home else ""
        advice = f"; {words}" if words else ""
        raise ConfigError(f"{name} holds {kind}{belongs}{advice}.")
    if not is_free:
        raise ConfigError(f"{name} cannot be right: {words}.")
