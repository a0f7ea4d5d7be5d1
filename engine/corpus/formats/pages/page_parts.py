"""Finds the main part of a web page, and takes out what surrounds it on every page of a site."""

from __future__ import annotations

import re

from engine.corpus.formats.pages.html import Element, drop

_AROUND = ("nav", "footer", "dialog")
#: Part of the text where they stand in the main part, else part of the page's frame.
_FRAME = ("header", "aside")
_ROLES = {"navigation", "banner", "contentinfo", "search", "dialog", "alertdialog", "complementary"}
_MAIN = (
    "//main",
    "//*[@role='main']",
    "//*[@id='main-content' or @id='mw-content-text' or @id='wiki-content' or @id='main_content']",
    "//*[contains(concat(' ', @class, ' '), ' markdown-body ')]",
    "//article",
    "//*[@id='content' or @id='main' or @class='content']",
)
#: Words of the class or id of what is not the text itself.
_FURNITURE = re.compile(
    r"(?i)(?:(?:site|page|global|main|top|left|right|primary|secondary|mobile|app|blog|mw|wp)[-_]{0,2})?"
    r"(?:nav(?:bar|igation)?|menu|side-?bar|breadcrumbs?|footer|masthead|toc|tableofcontents|"
    r"table-of-contents|cookies?|gdpr|consent|popup|modal|newsletter|subscribe|subscription|social|"
    r"share|sharing|related|recommended|pagination|pager|skip-?link|advert\w*|promo|comments?|"
    r"search|feedback|metadata|edit-?link|editsection|catlinks|printfooter|screen-reader-text|"
    r"visually-hidden|sr-only|attachments|pagesection)"
    r"(?:[-_]{1,2}\w[\w-]*)?(?:-?(?:banner|bar|box|wrapper|container|section|notice|list))?"
)
#: The main part holds at least this much of a page, or it is only called so.
_LEAST_PART = 0.3


def keep_main_part(root: Element) -> Element:
    """The element that holds the text of a tidy page, without what surrounds it."""
    body = root.find("body")
    for element in list(body.iter(*_AROUND)):
        drop(element)
    for element in list(body.iterdescendants()):
        if element.get("role") in _ROLES:
            drop(element)
    for element in list(body.iter(*_FRAME)):
        if next(element.iterancestors("main", "article", "section"), None) is None:
            drop(element)
    main = _main(body)
    lengths = _text_lengths(main)
    for element in list(main.iterdescendants()):
        if _is_furniture(element) and lengths[element] * 2 < lengths[main]:
            drop(element)
    return main


def _main(body: Element) -> Element:
    whole = _length(body)
    for path in _MAIN:
        found = body.xpath(path)
        # Several articles are a list of them.
        if len(found) == 1 and _length(found[0]) >= whole * _LEAST_PART:
            return found[0]
    return body


def _is_furniture(element: Element) -> bool:
    names = [*element.get("class", "").split(), element.get("id", "")]
    return any(_FURNITURE.fullmatch(name) for name in names)


def _length(element: Element) -> int:
    return sum(map(len, element.itertext()))


def _text_lengths(root: Element) -> dict[Element, int]:
    """How much text each element holds, in one pass from the leaves up."""
    lengths: dict[Element, int] = {}
    for element in reversed(list(root.iter())):
        own = len(element.text or "")
        lengths[element] = own + sum(lengths[child] + len(child.tail or "") for child in element)
    return lengths
