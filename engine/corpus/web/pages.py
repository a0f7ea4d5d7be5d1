"""Knows the address of a file behind the page that people copy, and the page of a file.

What somebody lists is often the page of a document or a repository; a program needs the file
itself, and readers need the page again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

from engine.errors import CorpusError

_REST = r"(?:[?#].*)?"
_DOCUMENT = r"https://docs\.google\.com/document/(?:u/\d+/)?d/(?!e/)([\w-]+)"
_SHEET = r"https://docs\.google\.com/spreadsheets/(?:u/\d+/)?d/(?!e/)([\w-]+)"
_PUBLISHED_SHEET = r"https://docs\.google\.com/spreadsheets/d/e/([\w-]+)/pub(?:html)?"
_GITHUB = r"https://github\.com/([^/?#]+/[^/?#]+)"
_HUB = r"https://huggingface\.co/([^?#]+)"
_BRANCH = r"(?:refs/(?:heads|tags)/)?"
_REPOSITORY = r"(https://[^/?#]+/[^?#]+)"

#: Page that people copy → address of its file.
_FILES = (
    (rf"{_GITHUB}/(?:blob|raw)/([^?#]+){_REST}", r"https://raw.githubusercontent.com/\1/\2"),
    (rf"{_GITHUB}/wiki/([^/?#]+)/?{_REST}", r"https://raw.githubusercontent.com/wiki/\1/\2.md"),
    (rf"https://gist\.github\.com/([^/]+/[0-9a-f]+)/?{_REST}", r"https://gist.github.com/\1/raw"),
    (rf"{_REPOSITORY}/-/blob/([^?#]+){_REST}", r"\1/-/raw/\2"),
    (rf"{_REPOSITORY}/src/(branch|tag|commit)/([^?#]+){_REST}", r"\1/raw/\2/\3"),
    (
        rf"https://bitbucket\.org/([^/]+/[^/]+)/src/([^?#]+){_REST}",
        r"https://bitbucket.org/\1/raw/\2",
    ),
    (rf"{_HUB}/blob/([^?#]+){_REST}", r"https://huggingface.co/\1/resolve/\2"),
    (
        rf"{_DOCUMENT}(?:/(?!export)[^?#]*)?{_REST}",
        r"https://docs.google.com/document/d/\1/export?format=docx",
    ),
    (
        rf"{_PUBLISHED_SHEET}(?!.*output=).*",
        r"https://docs.google.com/spreadsheets/d/e/\1/pub?output=csv",
    ),
    (
        rf"{_SHEET}(?:/(?!export)[^?#]*)?{_REST}",
        r"https://docs.google.com/spreadsheets/d/\1/export?format=csv",
    ),
    (
        r"https://drive\.google\.com/(?:file/d/|open\?id=)([\w-]+).*",
        r"https://drive.google.com/uc?export=download&id=\1",
    ),
    (r"(https://www\.dropbox\.com/[^#]*[?&])dl=0([^#]*).*", r"\1dl=1\2"),
    (rf"(https://[\w-]+\.sharepoint\.com/:\w:/[^?#]*){_REST}", r"\1?download=1"),
)
#: Address of a file → page that shows it.
_PAGES = (
    (
        rf"https://raw\.githubusercontent\.com/wiki/([^/]+/[^/]+)/([^?#]+)\.md{_REST}",
        r"https://github.com/\1/wiki/\2",
    ),
    (
        rf"https://raw\.githubusercontent\.com/([^/]+/[^/]+)/{_BRANCH}([^?#]+){_REST}",
        r"https://github.com/\1/blob/\2",
    ),
    (rf"{_GITHUB}/(?:raw|blob|tree)/{_BRANCH}([^?#]+){_REST}", r"https://github.com/\1/blob/\2"),
    (
        r"https://gist\.github(?:usercontent)?\.com/([^/]+/[0-9a-f]+)\b.*",
        r"https://gist.github.com/\1",
    ),
    (rf"{_REPOSITORY}/-/(?:raw|blob|tree)/([^?#]+){_REST}", r"\1/-/blob/\2"),
    (rf"{_REPOSITORY}/raw/(branch|tag|commit)/([^?#]+){_REST}", r"\1/src/\2/\3"),
    (
        rf"https://bitbucket\.org/([^/]+/[^/]+)/raw/([^?#]+){_REST}",
        r"https://bitbucket.org/\1/src/\2",
    ),
    (rf"{_HUB}/(?:resolve|raw)/([^?#]+){_REST}", r"https://huggingface.co/\1/blob/\2"),
    (rf"{_DOCUMENT}\b.*", r"https://docs.google.com/document/d/\1/edit"),
    (rf"{_PUBLISHED_SHEET}\b.*", r"https://docs.google.com/spreadsheets/d/e/\1/pubhtml"),
    (rf"{_SHEET}\b.*", r"https://docs.google.com/spreadsheets/d/\1/edit"),
    (
        r"https://drive\.google\.com/(?:uc\?(?:.*&)?id=|file/d/|open\?id=)([\w-]+).*",
        r"https://drive.google.com/file/d/\1/view",
    ),
    (r"(https://www\.dropbox\.com/[^#]*[?&])(?:dl|raw)=1([^#]*).*", r"\1dl=0\2"),
)
#: What is neither a file nor the page of one, and what to do.
_OTHERS = (
    (
        rf"{_GITHUB}/?{_REST}|{_GITHUB}/tree/.*|{_REPOSITORY}/-/tree/.*",
        "The address is that of a repository or a folder in it; list the address of a file, or "
        "clone it and list the folder.",
    ),
    (
        r"https://docs\.google\.com/(?:presentation|forms)/.*",
        "The address is that of slides or a form, which cannot be read; copy the questions and "
        "answers into a document.",
    ),
    (
        r"https://drive\.google\.com/drive/.*",
        "The address is that of a folder; list the address of each document in it.",
    ),
)
#: The part of a spreadsheet.
_GID = re.compile(r"[?&#]gid=(\d+)")
#: Pages on which no heading has an address that a program could know.
_WITHOUT_ANCHORS = re.compile(r"https://(?:docs\.google|drive\.google|www\.dropbox)\.com/")
#: A name and password; where no port follows the colon, the password holds a mark that ends hosts.
_LOGIN = re.compile(r"(?<=://)(?:[^/?#]*@|(?!\[)[^/?#]*:(?!\d*(?:[/?#]|\Z)).*@)")
#: Parts of a query that may let somebody in.
_SECRET = re.compile(
    r"(?i)token|secret|passw|signature|credential|api-?_?key|^(?:key|sig|auth|code|pw)$"
)


def file_address(url: str) -> str:
    """The address of the file, where `url` is that of its page on a site that is known.

    Raises CorpusError where it is that of a folder, or of what cannot be read.
    """
    for pattern, sentence in _OTHERS:
        if re.fullmatch(pattern, url):
            raise CorpusError(sentence)
    return _mapped(url, _FILES, sheet="&gid=")


def page_address(url: str) -> str:
    """The address of the page that people read, where `url` is that of its file."""
    return _mapped(url, _PAGES, sheet="#gid=")


def has_anchors(page: str) -> bool:
    """Whether a heading's anchor leads to a place on the page."""
    return not _WITHOUT_ANCHORS.match(page)


def holds_a_secret(url: str) -> bool:
    """Whether the address may let somebody in: a password, a signed link, a token."""
    parts = urlsplit(url)
    named = (name for name, value in parse_qsl(parts.query) if value)
    return "@" in parts.netloc or any(map(_SECRET.search, named))


def shown_address(url: str) -> str:
    """The address without the passwords and tokens that it may hold."""
    shown = _LOGIN.sub("…@", url, count=1)
    return re.sub(
        r"([?&#;]([^=&#;]*)=)[^&#;]+", lambda m: f"{m[1]}…" if _SECRET.search(m[2]) else m[0], shown
    )


def _mapped(url: str, table: Iterable[tuple[str, str]], *, sheet: str) -> str:
    for pattern, target in table:
        match = re.fullmatch(pattern, url)
        if match is None:
            continue
        gid = _GID.search(url) if "/spreadsheets/" in url else None
        return match.expand(target) + (f"{sheet}{gid[1]}" if gid else "")
    return url
