"""Finds the accordions of a web page: what is pressed to unfold an answer, and the answer."""

from __future__ import annotations

import re

from engine.corpus.formats.pages.html import Element

#: Of an element that is pressed, or stands above its answer, in the usual kits and themes.
_TITLE_CLASS = re.compile(
    r"(?i)(?:[\w-]*[-_])?(?:faqs?|accordion|collaps\w*|expand\w*|toggle|qa|questions?|disclosure)"
    r"(?:[-_]{0,2}(?:item|card|list|single|entry))?"
    r"[-_]{1,2}(?:question|q|title|header|heading|head|button|btn|trigger|toggle|summary|label)"
    r"|question|faq-?q|q"
)
#: Words that name a title only on what can be pressed.
_BUTTON_CLASS = re.compile(r"(?i)accordion|collapsible|collapsed|expander|toggle")
_BUTTONS = ("button", "a", "summary", "label")
_LONGEST_TITLE = 500
_MOST_STEPS_UP = 3


def folded_parts(main: Element) -> dict[Element, Element]:
    """Title → the element with its answer. Of titles inside each other the outer one counts."""
    by_id = {each.get("id"): each for each in main.iter() if each.get("id")}
    folds: dict[Element, Element] = {}
    for element in main.iterdescendants():
        panel = _named_panel(element, by_id)
        if panel is None and _is_title(element):
            panel = _panel_below(element)
        if panel is None or any(above in folds for above in element.iterancestors()):
            continue
        is_nested = panel in element.iterancestors() or element in panel.iterancestors()
        text = "".join(element.itertext()).strip()
        if not is_nested and 0 < len(text) <= _LONGEST_TITLE and "".join(panel.itertext()).strip():
            folds[_heading_around(element)] = panel
    return folds


def _named_panel(element: Element, by_id: dict[str, Element]) -> Element | None:
    """The element that this one says it shows and hides."""
    name = element.get("aria-controls", "")
    toggles = element.get("data-bs-toggle") or element.get("data-toggle")
    if not name and toggles == "collapse":
        name = next(
            filter(None, map(element.get, ("data-bs-target", "data-target", "href"))), ""
        ).removeprefix("#")
    return by_id.get(name) if name else None


def _is_title(element: Element) -> bool:
    names = element.get("class", "").split()
    return any(map(_TITLE_CLASS.fullmatch, names)) or (
        element.tag in _BUTTONS and any(map(_BUTTON_CLASS.fullmatch, names))
    )


def _panel_below(element: Element) -> Element | None:
    """The next element with text beside this one, or beside one that only wraps it."""
    for _ in range(_MOST_STEPS_UP):
        for sibling in element.itersiblings():
            if "".join(sibling.itertext()).strip():
                return sibling
        element = element.getparent()
        if element is None:
            return None
    return None


def _heading_around(element: Element) -> Element:
    """The heading that holds nothing but this title."""
    parent = element.getparent()
    is_heading = parent is not None and re.fullmatch("h[1-6]", parent.tag)
    return parent if is_heading else element
