"""Unpacks an office document without trusting it: sizes, parts and XML are checked first."""

from __future__ import annotations

import io
import re
import zipfile

from engine.errors import CorpusError

_MOST_MEMBERS = 2_000
#: libxml2 takes about 100 bytes for each tag or attribute: this bounds a document to some 200 MB.
_MOST_TAGS = 1_000_000
_CHUNK = 1 << 16
_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"']+)""")
_PLAIN_ENCODINGS = {b"utf-8", b"utf8", b"utf-16", b"us-ascii", b"ascii"}
_XML_NAMES = (".xml", ".rels")


def checked_archive(data: bytes, max_bytes: int) -> bytes:
    """The same archive with only its XML, every part checked and stored unpacked.

    The sizes in a zip's directory may lie, so what comes out is counted while unpacking.
    Raises CorpusError when it is refused; zipfile's own errors when it is broken.
    """
    safe = io.BytesIO()
    left, tags_left = max_bytes, _MOST_TAGS
    with (
        zipfile.ZipFile(io.BytesIO(data)) as archive,
        zipfile.ZipFile(safe, "w", zipfile.ZIP_STORED) as copy,
    ):
        members = [member for member in archive.infolist() if not member.is_dir()]
        _check_directory(members, max_bytes)
        for member in members:
            part = b""  # pictures are not read
            if member.filename.lower().endswith(_XML_NAMES):
                part = _read(archive, member, left)
                left -= len(part)
                tags_left -= part.count(b"<") + part.count(b"=")
                _check_xml(part, tags_left)
            copy.writestr(zipfile.ZipInfo(member.filename), part)
    return safe.getvalue()


def _check_directory(members: list[zipfile.ZipInfo], max_bytes: int) -> None:
    if len(members) > _MOST_MEMBERS or len({m.filename for m in members}) < len(members):
        raise CorpusError("The document's archive has too many or repeated parts; it is refused.")
    if sum(member.file_size for member in members) > max_bytes:
        raise CorpusError(
            f"The document unpacks to more than {max_bytes} bytes (corpus.max_bytes); "
            "take out large pictures or split it."
        )
    if any(member.flag_bits & 1 for member in members):
        raise CorpusError("The document is protected by a password; save it without one.")
    if any(m.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for m in members):
        raise CorpusError("The document is packed in a way no office program uses; it is refused.")


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int) -> bytes:
    part = bytearray()
    with archive.open(member) as packed:
        while chunk := packed.read(_CHUNK):
            part += chunk
            if len(part) > left:
                raise CorpusError(
                    "The document unpacks to more than corpus.max_bytes and lies about it; "
                    "it is refused."
                )
    return bytes(part)


def _check_xml(part: bytes, tags_left: int) -> None:
    if tags_left < 0:
        raise CorpusError("The document has too many XML elements; split it.")
    plain = part.replace(b"\0", b"")  # UTF-16 then reads like UTF-8
    for mark in (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"):
        plain = plain.removeprefix(mark)
    encoding = _ENCODING.match(plain)
    if encoding is not None and encoding[1].lower() not in _PLAIN_ENCODINGS:
        raise CorpusError("The document uses an unusual XML encoding; export it again.")
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise CorpusError("The document's XML declares entities, which no export does; refused.")
    if plain.lstrip()[:1] != b"<":
        raise CorpusError("The document holds a part that is not XML; export it again.")
