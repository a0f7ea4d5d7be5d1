"""Where readers open the entries of a file, and what links between files lead to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit

from engine.corpus.text import clean_url
from engine.corpus.web.pages import has_anchors, holds_a_secret, page_address

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
#: What a page's address ends with, where the address of a folder does not.
_PAGE = re.compile(
    r"(?i)\.(?:html?|php|aspx?|md|markdown|mdx|rst|txt|pdf|docx|ipynb|csv|tsv|json|ya?ml)/?\Z"
    r"|\Ahttps://docs\.google\.com/"
)
#: Beside http: what a reader's program opens.
_OPENED = {"http", "https", "mailto", "tel"}
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):(?!\d+(?:/|\Z))")
#: The part of a repository's address that its files lie below.
_REPOSITORY = re.compile(r"https://[^/]+/[^?#]+?/(?:blob|src/branch|src)/[^/]+/")
#: A host whose scheme was forgotten; most other endings are those of files.
_HOST = re.compile(
    r"(?i)(?:www\.[\w.-]+|(?:[\w-]+\.)+(?:com|org|net|edu|gov|io|dev|ai|app|club|info|eu|de|uk))"
    r"(?::\d+)?(?:[/?#]|\Z)"
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_KEPT_IN_URL = "/?#%&=:+,;@!$'*~[]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Where one file lies, and where readers open it."""

    #: The address it was read at, of a file or on the web: links between files are told by it.
    location: str = ""
    #: Below the folder that is published; empty for a listed address.
    path: str = ""
    #: What the addresses of its entries are made of; empty where readers cannot open it.
    template: str = ""
    #: What its relative links are relative to; empty where readers cannot open those.
    base: str = ""

    def entry_address(self, values: Mapping[str, str], template: str = "") -> str | None:
        """The address of an entry, by the template of its course or that of the file."""
        values = {**values, "path": self.path}
        return _filled(template, values) or _filled(self.template, values)


#: (anchor, address) of each entry in a file, by the file's location.
EntryAddresses = Mapping[str, Sequence[tuple[str, str | None]]]


def published_file(path: Path, root: Path, base: str) -> Published:
    """Of a file below `root`, which is published at `base`: an address or a template of one."""
    relative = path.relative_to(root).as_posix() if path != root else path.name
    location = path.absolute().as_uri()
    if not base:
        return Published(location=location, path=relative)
    if "{" in base:
        template = base.replace("{path}", quote(relative))
        is_folder = base.partition("#")[0].endswith("{path}")
        page = template.partition("#")[0] if is_folder else ""
        return Published(location=location, path=relative, template=template, base=page)
    parts = urlsplit(base)
    if _PAGE.search(parts.path) or _PAGE.match(base):
        page = base
    else:
        folder = parts.path.rstrip("/")
        page = parts._replace(path=f"{folder}/{quote(relative)}", fragment="").geturl()
    return _of_page(page, location=location, path=relative)


def published_address(url: str) -> Published:
    """Of a listed address: readers open the page of the file."""
    page = page_address(url)
    if holds_a_secret(page):
        return Published(location=url)
    return _of_page(page, location=url)


def location_key(location: str) -> str:
    """What is equal for two ways to write one location."""
    return unquote(urldefrag(location)[0])


def opened_at(link: str, file: Published, entries: EntryAddresses) -> str | None:
    """What a link in `file` leads a reader to; None where nobody can open it.

    A link to a file of the FAQ leads to the entry in it.
    """
    link = link.strip()
    scheme = _SCHEME.match(link)
    if scheme:
        return link if scheme[1].lower() in _OPENED else None
    if not link or any(mark in link for mark in "\\<>{}"):
        return None
    try:
        return _entry_at(link, file, entries) or _without_scheme(link) or _on_the_web(link, file)
    except ValueError:  # no address at all, such as //[
        return None


def _of_page(page: str, *, location: str, path: str = "") -> Published:
    page = page_address(page)
    template = page if "#" in page or not has_anchors(page) else f"{page}#{{anchor}}"
    # On the page of a shared document nothing lies beside it.
    base = page if has_anchors(page) else ""
    return Published(location=location, path=path, template=template, base=base)


def _filled(template: str, values: Mapping[str, str]) -> str | None:
    """The template with its placeholders filled; None where one that matters has no value."""
    named = set(_PLACEHOLDER.findall(template)) - {"anchor"}
    if not template or any(not values.get(name) for name in named):
        return None

    def value(match: re.Match[str]) -> str:
        return quote(values.get(match[1], ""), safe="/" if match[1] == "path" else "")

    return clean_url(_PLACEHOLDER.sub(value, template).removesuffix("#"))


def _entry_at(link: str, file: Published, entries: EntryAddresses) -> str | None:
    if link.startswith("/") and file.path:
        link = file.location.removesuffix(quote(file.path)) + link.lstrip("/")
    target, fragment = urldefrag(urljoin(file.location, quote(link, safe=_KEPT_IN_URL)))
    key = location_key(target).rstrip("/")
    plain = key.removesuffix(".html")
    for name in (
        key,
        f"{plain}.md",
        f"{plain}.markdown",
        f"{plain}/index.md",
        f"{plain}/README.md",
    ):
        found = entries.get(name)
        if not found:
            continue
        for anchor, address in found:
            if fragment and anchor == unquote(fragment):
                return address
        is_own = name == location_key(file.location)
        if len(found) > 1 and (fragment or is_own or file.base):
            return None
        if fragment and is_own and file.base:
            return None  # a place on the page that is no entry
        return found[0][1]
    return None


def _without_scheme(link: str) -> str | None:
    if _MAIL.fullmatch(link):
        return f"mailto:{link}"
    if link.startswith("//") or _HOST.match(link):
        return clean_url(f"https://{link.lstrip('/')}")
    return None


def _on_the_web(link: str, file: Published) -> str | None:
    if not file.base:
        return None
    repository = _REPOSITORY.match(file.base)
    root = repository[0] if repository else ""
    if link.startswith("/") and root:
        link = root + link.lstrip("/")
    found = urljoin(file.base, quote(link, safe=_KEPT_IN_URL))
    return clean_url(found) if found.startswith(root) else None
