"""Tells the files and folders of a repository that are written for its visitors or its programs."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePath

from engine.corpus.formats.topics import is_faq_folder

_LANGUAGE = r"(?:[._-][a-z]{2}(?:[_-][a-z]{2,4})?)?"
#: Written for visitors of a repository, and for the programs that work in it.
_ABOUT_THE_REPOSITORY = re.compile(
    rf"(?i)(?:read[_-]?me|contributing|contributors|change[_-]?log|release[_-]notes|licen[cs]e"
    r"|copying|code[_-]of[_-]conduct|third[_-]party[_-](?:notices|licen[cs]es)|governance"
    r"|maintainers|codeowners|authors|citation|pull_request_template|issue_template"
    rf"|agents|claude|gemini|copilot-instructions){_LANGUAGE}\.\w+"
    r"|(?-i:SECURITY|SUPPORT|HISTORY|NEWS|CHANGES|NOTICE|ROADMAP|TODO|INSTALL|UPGRADING|SUMMARY)"
    r"\.\w+"
    r"|requirements[\w.-]*\.txt|constraints\.txt|cmakelists\.txt|robots\.txt|humans\.txt|llms\.txt"
)
_NEVER_LOOKED_INTO = re.compile(
    r"(?i)\..*|node_modules|venv|site-packages|__pycache__|.+\.(?:egg|dist)-info|bower_components"
    r"|_(?:build|site|drafts|layouts|includes|templates|static|sass)"
)
_README = re.compile(r"(?i)read[_-]?me\.\w+")


def is_about_the_repository(path: PurePath, siblings: Collection[str]) -> bool:
    """Whether a file is a README, a licence or the like; `siblings` are the names beside it.

    "faq/README.md" is the FAQ itself where it stands alone: GitHub shows it with its folder.
    """
    if not _ABOUT_THE_REPOSITORY.fullmatch(path.name):
        return False
    if not (_README.fullmatch(path.name) and is_faq_folder(path.parent.name)):
        return True
    others = (name for name in siblings if name != path.name)
    return any(PurePath(name).suffix == path.suffix or name == ".git" for name in others)


def is_never_looked_into(folder: str) -> bool:
    """Whether a folder of this name holds what was installed or made, or drafts."""
    return _NEVER_LOOKED_INTO.fullmatch(folder) is not None
