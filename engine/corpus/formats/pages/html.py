"""Reads HTML into a tidy tree, and turns parts of it into Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from engine.errors import CorpusError

if TYPE_CHECKING:
    from html_to_markdown import ConversionOptions

#: An element of lxml, which comes without types.
Element = Any

#: No text has these, and XML refuses them.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:[xX]0*([0-9a-fA-F]{1,6})|0*([0-9]{1,7}));?")
#: Pictures inside the page; they are not read, and would count against the limit below.
_DATA = re.compile(r"data:[\w/+.-]{1,60}(?:;[\w=-]{1,40}){0,3},[A-Za-z0-9+/=%._-]*")
#: A page of 1,000 entries has some 2 million characters and 100,000 tags. What libxml2 builds of
#: one at these limits takes 100 MB and half a minute.
_MOST_CHARS = 5_000_000
_MOST_TAGS = 200_000
_DEEPEST = 200
#: libxml2 compares the attributes of a tag with each other.
_TAG = re.compile(r"<[A-Za-z](?:[^>=]|=\s*+(?:\"[^\"]*+\"?|'[^']*+'?)?)*+")
_MOST_ATTRIBUTES = 10_000
_META_CHARSET = re.compile(rb"""(?i)<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""")
_XML_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})""")
_HEAD = 4096
#: What readers never see as text.
_NO_TEXT = {
    *("script", "style", "template", "noscript", "head", "link", "meta"),
    *("svg", "canvas", "object", "select", "textarea"),
}
#: The sign of a link to a heading itself, or to a note: ¶, [1], [a].
_HEADING_LINK = re.compile(r"[\s#¶§🔗\ufe0f\u200b]*|\s*\[\w{1,3}\]\s*")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_LINE_NUMBERS = re.compile(r"(?i)(?:^|\s)(?:line-?no|line-?nos|line-?numbers?|gutter)(?:\s|$)")
_SAFE_LINK = re.compile(r"(?i)(?:https?:|mailto:|tel:|(?![a-z][a-z0-9+.-]*:))")
_LONGEST_RULE = 1_000
_BOLD = re.compile(r"(?i)font-weight\s*:\s*(?:bold|[6-9]00)")
_ITALIC = re.compile(r"(?i)font-style\s*:\s*italic")
_TYPEWRITER = re.compile(
    r"(?i)font-family\s*:[^;]*(?:courier|consolas|menlo|monaco|monospace|\bmono\b|source code)"
)
_SUPERSCRIPT = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_SUBSCRIPT = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
#: What the converter looks at; a page's other attributes are many times its text.
_KEPT = {"href", "src", "alt", "title", "start", "type", "colspan", "class", "checked"}
#: With nothing but text in them they need no library.
_PLAIN = ("p", "div", "span", "body", "dd", "td")
#: A text that would pass for an item of a list or a heading.
_LIST_MARK = re.compile(r"\A(\d{1,9}(?=[.)] )|(?=#{1,6} ))")


def decode_page(data: bytes) -> str:
    """The text of a page in the character set that it names, else UTF-8, else the usual one."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    if data[:3] == b"\xef\xbb\xbf":
        return data.decode("utf-8-sig", errors="replace")
    named = _META_CHARSET.search(data[:_HEAD]) or _XML_ENCODING.match(data[:_HEAD])
    # UTF-8 is never anything else by accident, whatever the page says of itself.
    for encoding in ("utf-8", named[1].decode() if named else "", "windows-1252"):
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("windows-1252", errors="replace")


def read_html(text: str) -> Element:
    """The root element of a page or of a part of one, whatever its mistakes.

    Raises CorpusError when it is too large or nested too deeply.
    """
    import lxml.html

    text = _DATA.sub("data:,", _REFERENCE.sub(_visible, _CONTROLS.sub("", text)))
    if len(text) > _MOST_CHARS:
        raise CorpusError(
            f"The page has more than {_MOST_CHARS:,} characters without its pictures; split it."
        )
    if text.count("<") > _MOST_TAGS:
        raise CorpusError(f"The page has more than {_MOST_TAGS:,} tags; split it.")
    if any(
        len(tag[0].split(None, _MOST_ATTRIBUTES)) > _MOST_ATTRIBUTES for tag in _long_tags(text)
    ):
        raise CorpusError("The page has a tag with thousands of attributes; it is not read.")
    # Not decoded again by what the page says of its encoding: it is text already.
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=False, remove_comments=True)
    data = text.encode(errors="replace")
    root = lxml.html.document_fromstring(
        data if text.strip() else b"<p></p>", parser, ensure_head_body=True
    )
    # libxml2 stops in the middle of a page that is nested deeper than it likes.
    if any("xcessive depth" in error.message for error in parser.error_log) or _is_too_deep(root):
        raise CorpusError(f"The page is nested deeper than {_DEEPEST} tags; it is not read.")
    return root


def tidy(root: Element) -> None:
    """Take out what is no text, and write what CSS and small signs mean as plain tags."""
    _apply_css(root)
    for element in list(root.iter()):
        tag = element.tag
        if tag == "a" and element.get("id", "").startswith("cmnt"):
            _drop_comment(element)
        elif not isinstance(tag, str) or tag in _NO_TEXT or _is_ornament(element):
            drop(element)
        elif tag in ("sup", "sub"):
            _raise_or_lower(element)
        elif tag == "a":
            _check_link(element)
        elif tag in ("iframe", "video", "audio", "embed"):
            _link_media(element)
        elif tag == "img":
            _check_image(element)


def to_markdown(element: Element) -> str:
    """What a tidy element holds, as Markdown.

    Raises CorpusError when the library that converts is not installed.
    """
    import lxml.html

    if not len(element) and element.tag in _PLAIN:
        return _LIST_MARK.sub(r"\1\\", plain(element))
    for each in element.iter():
        for name in [name for name in each.attrib if name not in _KEPT]:
            del each.attrib[name]
        columns = each.get("colspan", "")
        if columns and not (columns.isdecimal() and len(columns) < 3):
            del each.attrib["colspan"]
    # Without the text after the element.
    return _converted(lxml.html.tostring(element, encoding="unicode", with_tail=False))


def html_to_markdown(html: str) -> str:
    """A text that is HTML throughout, as Markdown.

    Raises CorpusError when it is too large, or the library that converts is not installed.
    """
    root = read_html(html)
    tidy(root)
    return to_markdown(root.find("body"))


def drop(element: Element) -> None:
    """Take an element out of its tree; the text after it stays."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is None:
            parent.text = (parent.text or "") + element.tail
        else:
            before.tail = (before.tail or "") + element.tail
    parent.remove(element)


def plain(element: Element) -> str:
    """All text of an element on one line."""
    return " ".join("".join(element.itertext()).split())


def _converted(html: str) -> str:
    try:
        import html_to_markdown as library
    except ImportError:
        raise CorpusError(
            "Reading HTML needs the package html-to-markdown; install it with "
            "“python -m pip install html-to-markdown”."
        ) from None
    markdown = library.convert(html, _options()).content or ""
    # The two spaces of a line break are not needed: every platform shows lines as they are.
    return "\n".join(map(str.rstrip, markdown.split("\n"))).strip("\n")


@cache
def _options() -> ConversionOptions:
    """How the library writes; choices that are not its members are looked up at every call."""
    import html_to_markdown as library

    return library.ConversionOptions(
        bullets="-",
        code_block_style=library.CodeBlockStyle.BACKTICKS,
        compact_tables=True,
        extract_metadata=False,
        heading_style=library.HeadingStyle.ATX,
        hidden_content=library.HiddenContent.REACHABLE,
        highlight_style=library.HighlightStyle.NONE,
        inline_data_media=library.InlineDataMedia.KEEP,
        link_style=library.LinkStyle.INLINE,
        list_indent_type=library.ListIndentType.SPACES,
        list_indent_width=3,
        newline_style=library.NewlineStyle.SPACES,
        output_format=library.OutputFormat.MARKDOWN,
        tier_strategy=library.TierStrategy.AUTO,
        url_escape_style=library.UrlEscapeStyle.ANGLE,
        whitespace_mode=library.WhitespaceMode.NORMALIZED,
    )


def _long_tags(text: str) -> Iterator[re.Match[str]]:
    return (tag for tag in _TAG.finditer(text) if len(tag[0]) > _MOST_ATTRIBUTES)


def _visible(reference: re.Match[str]) -> str:
    """A numbered character, unless it is one that no text has."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    return "" if code > 0x10FFFF or _CONTROLS.match(chr(code)) else reference[0]


def _is_too_deep(root: Element) -> bool:
    depths = {root: 0}
    for element in root.iterdescendants():
        depths[element] = depth = depths[element.getparent()] + 1
        if depth > _DEEPEST:
            return True
    return False


def _is_ornament(element: Element) -> bool:
    """An icon, the sign beside a heading that links to it, or the numbers of code lines."""
    if element.get("aria-hidden") == "true" and element.tag in ("span", "i", "b", "a", "button"):
        return True
    href = element.get("href", "") if element.tag == "a" else ""
    if href.startswith("#") and _HEADING_LINK.fullmatch("".join(element.itertext())):
        _name_heading(element, href[1:])
        return True
    return _LINE_NUMBERS.search(element.get("class", "")) is not None and not len(
        element.findall(".//code")
    )


def _name_heading(link: Element, name: str) -> None:
    """Give a heading the name by which the link in it, or beside it, leads to it."""
    parent = link.getparent()
    near = [] if parent is None else [parent, *parent]
    heading = next((each for each in near if str(each.tag) in _HEADINGS), None)
    if heading is not None and not heading.get("id"):
        heading.set("id", name)


def _drop_comment(link: Element) -> None:
    """What people of a Google document wrote beside it, and the mark that leads there."""
    around = link if "ref" in link.get("id") else next(link.iterancestors("div", "p"), link)
    drop(around)


def _raise_or_lower(element: Element) -> None:
    """10<sup>6</sup> is not 106."""
    text = "".join(element.itertext())
    if not text.strip() or element.find(".//a") is not None:
        return
    signs = _SUPERSCRIPT if element.tag == "sup" else _SUBSCRIPT
    if all(ord(char) in signs for char in text):
        shown = text.translate(signs)
    elif element.tag == "sup" and not text.isalpha():
        shown = f"^({text})"
    else:  # 1st, 2nd, trade marks
        shown = text
    for child in list(element):
        element.remove(child)
    element.text = shown
    element.tag = "span"


def _check_link(element: Element) -> None:
    href = element.get("href", "").strip()
    parts = _parts(href)
    if parts is None or not _SAFE_LINK.match(href):
        element.attrib.pop("href", None)
    elif parts.netloc.endswith("google.com") and parts.path == "/url":
        # How Google Docs writes every link of an export.
        target = parse_qs(parts.query).get("q", [""])[0]
        element.set("href", target if _SAFE_LINK.match(target) else "")
    else:
        element.set("href", href)
    if not element.get("href"):
        element.tag = "span"


def _link_media(element: Element) -> None:
    source = element.get("src") or next(
        (each.get("src", "") for each in element.iter("source")), ""
    )
    parts = _parts(source)
    title = element.get("title") or (parts.netloc if parts else "")
    for child in list(element):
        element.remove(child)
    is_link = parts is not None and parts.netloc and _SAFE_LINK.match(source)
    element.attrib.clear()
    element.tag = "a" if is_link else "span"
    element.text = (title or source) if is_link else ""
    if is_link:
        element.set("href", source if parts and parts.scheme else f"https:{source}")


def _check_image(element: Element) -> None:
    """A picture that is loaded late has its address elsewhere; one inside the page has none."""
    source = element.get("src", "")
    if not source or source.startswith("data:"):
        source = element.get("data-src") or element.get("data-lazy-src") or ""
    if source and _SAFE_LINK.match(source):
        element.set("src", source)
        return
    alt = element.get("alt", "")
    element.attrib.clear()
    element.tag = "span"
    element.text = alt


def _parts(address: str) -> Any:
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _apply_css(root: Element) -> None:
    """Word processors write bold text and code as classes of spans."""
    rules: dict[str, str] = {}
    for sheet in root.iter("style"):
        for block in "".join(sheet.itertext()).split("}"):
            names, _, rule = block[:_LONGEST_RULE].partition("{")
            for name in re.findall(r"\.([\w-]+)", names):
                rules[name] = f"{rules.get(name, '')};{rule}"[-_LONGEST_RULE:]
    for span in list(root.iter("span", "font")):
        classes = span.get("class", "").split()
        look = ";".join([*(rules.get(name, "") for name in classes), span.get("style", "")])
        if not "".join(span.itertext()).strip():
            continue
        for tag, pattern in (("code", _TYPEWRITER), ("b", _BOLD), ("i", _ITALIC)):
            if pattern.search(look) and next(span.iterancestors(tag, "pre", "h1"), None) is None:
                span.tag = tag
                break


def children_in_order(element: Element) -> Iterator[tuple[str, Element | None]]:
    """The text before each child, with the child; at last the text after all of them."""
    text = element.text or ""
    for child in element:
        yield text, child
        text = child.tail or ""
    yield text, None
