"""Writes small PDFs, with a font, a size and a place for each line."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

_FONTS = {"text": "Helvetica", "bold": "Helvetica-Bold", "code": "Courier"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One line; `y` counts up from the lower edge of the page."""

    text: str
    y: float
    x: float = 72
    size: float = 11
    font: str = "text"


def pdf(
    pages: Sequence[Sequence[Text]], *, bookmarks: Sequence[str] = (), extra: str = ""
) -> bytes:
    """A PDF of these pages; `extra` goes into its trailer."""
    return pdf_of_streams([_stream(page) for page in pages], bookmarks=bookmarks, extra=extra)


def pdf_of_streams(
    streams: Sequence[bytes], *, bookmarks: Sequence[str] = (), extra: str = ""
) -> bytes:
    fonts = " ".join(
        f"/{name}<</Type/Font/Subtype/Type1/BaseFont/{font}/Encoding/WinAnsiEncoding>>"
        for name, font in _FONTS.items()
    )
    first_page, outline = 3, 3 + 2 * len(streams)
    objects = [f"<</Type/Catalog/Pages 2 0 R/Outlines {outline} 0 R>>".encode()]
    kids = " ".join(f"{first_page + 2 * number} 0 R" for number in range(len(streams)))
    objects.append(f"<</Type/Pages/Count {len(streams)}/Kids[{kids}]>>".encode())
    for number, stream in enumerate(streams):
        content = first_page + 2 * number + 1
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {content} 0 R"
            f"/Resources<</Font<<{fonts}>>>>>>".encode()
        )
        packed = zlib.compress(stream)
        head = f"<</Length {len(packed)}/Filter/FlateDecode>>stream\n".encode()
        objects.append(head + packed + b"\nendstream")
    last = outline + len(bookmarks)
    objects.append(f"<</Type/Outlines/First {outline + 1} 0 R/Last {last} 0 R>>".encode())
    for number, title in enumerate(bookmarks, start=outline + 1):
        after = f"/Next {number + 1} 0 R" if number < last else ""
        objects.append(f"<</Title({title})/Parent {outline} 0 R/Dest[3 0 R/Fit]{after}>>".encode())
    return _file(objects, extra)


def _stream(page: Sequence[Text]) -> bytes:
    parts = []
    for line in page:
        text = line.text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        parts.append(f"BT /{line.font} {line.size} Tf 1 0 0 1 {line.x} {line.y} Tm ({text}) Tj ET")
    return "\n".join(parts).encode("cp1252")


def _file(objects: Sequence[bytes], extra: str) -> bytes:
    written = bytearray(b"%PDF-1.5\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(written))
        written += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(written)
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    written += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    size = len(objects) + 1
    written += f"trailer<</Size {size}/Root 1 0 R{extra}>>\nstartxref\n{start}\n%%EOF".encode()
    return bytes(written)
