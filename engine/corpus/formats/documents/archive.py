"""Unpacks zips without trusting them: documents, and exports of whole folders."""

from __future__ import annotations

import io
import re
import stat
import zipfile
from collections.abc import Callable
from pathlib import PurePosixPath

from engine.errors import CorpusError

_MOST_MEMBERS = 20_000
_MOST_PARTS = 2_000
#: libxml2 takes about 100 bytes for each tag or attribute: this bounds a document to some 200 MB.
_MOST_TAGS = 1_000_000
_CHUNK = 1 << 16
_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"']+)""")
_PLAIN_ENCODINGS = {b"utf-8", b"utf8", b"utf-16", b"us-ascii", b"ascii"}
_XML_NAMES = (".xml", ".rels")


def unzipped(
    data: bytes, max_bytes: int, is_wanted: Callable[[PurePosixPath], bool]
) -> dict[PurePosixPath, bytes]:
    """The files of a zip that `is_wanted`, by their path in it, as a folder would hold them.

    Large exports of Notion are zips in a zip; those are read as one, deeper ones are not.

    Raises CorpusError when it is no zip, is protected, names files outside of itself, or the
    wanted files unpack to more than `max_bytes` together.
    """
    files: dict[PurePosixPath, bytes] = {}
    try:
        _unzip(data, max_bytes, is_wanted, files, is_inner=False)
    except CorpusError:
        raise
    # zipfile and zlib raise errors of a dozen kinds at what is broken.
    except Exception as error:
        raise CorpusError("The file is not a readable zip; pack it again.") from error
    return files


def _unzip(
    data: bytes,
    left: int,
    is_wanted: Callable[[PurePosixPath], bool],
    files: dict[PurePosixPath, bytes],
    *,
    is_inner: bool,
) -> int:
    """Put the wanted files into `files`; how many bytes may still come."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > _MOST_MEMBERS:
            raise CorpusError(f"The zip holds more than {_MOST_MEMBERS:,} files; split it.")
        paths = {member.filename: _path(member) for member in members}
        has_zips_only = all(path.suffix.lower() == ".zip" for path in paths.values())
        for member in members:
            path = paths[member.filename]
            is_zip = path.suffix.lower() == ".zip"
            if is_zip and (is_inner or not has_zips_only):
                raise CorpusError(
                    f"The zip holds another one ({path}); unpack it and list the folder."
                )
            if not is_zip and (not is_wanted(path) or _is_hidden(path)):
                continue
            _check_packing(member, "zip")
            part = _read(archive, member, left, "zip")
            if is_zip:
                left = _unzip(part, left, is_wanted, files, is_inner=True)
                continue
            left -= len(part)
            files[path] = part
    return left


def _path(member: zipfile.ZipInfo) -> PurePosixPath:
    # Some programs of Windows write backslashes.
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise CorpusError("The zip names files outside of itself; it is refused.")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise CorpusError("The zip holds links instead of files; pack the files themselves.")
    return path


def _is_hidden(path: PurePosixPath) -> bool:
    return any(name.startswith((".", "__MACOSX", "~$")) for name in path.parts)


def checked_document(data: bytes, max_bytes: int) -> bytes:
    """The same office document with only its XML, every part checked and stored unpacked.

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
                part = _read(archive, member, left, "document")
                left -= len(part)
                tags_left -= part.count(b"<") + part.count(b"=")
                _check_xml(part, tags_left)
            copy.writestr(zipfile.ZipInfo(member.filename), part)
    return safe.getvalue()


def _check_directory(members: list[zipfile.ZipInfo], max_bytes: int) -> None:
    if len(members) > _MOST_PARTS or len({m.filename for m in members}) < len(members):
        raise CorpusError("The document's archive has too many or repeated parts; it is refused.")
    if sum(member.file_size for member in members) > max_bytes:
        raise CorpusError(
            f"The document unpacks to more than {max_bytes} bytes (corpus.max_bytes); "
            "take out large pictures or split it."
        )
    for member in members:
        _check_packing(member, "document")


def _check_packing(member: zipfile.ZipInfo, name: str) -> None:
    if member.flag_bits & 1:
        raise CorpusError(f"The {name} is protected by a password; save it without one.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise CorpusError(f"The {name} is packed in an unusual way; pack it again as a plain zip.")


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int, name: str) -> bytes:
    """One member. The sizes in a zip's directory may lie, so what comes out is counted."""
    part = bytearray()
    with archive.open(member) as packed:
        while chunk := packed.read(_CHUNK):
            part += chunk
            if len(part) > left:
                raise CorpusError(
                    f"The {name} unpacks to more than corpus.max_bytes; split it or raise the "
                    "limit."
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
