"""Zips of exports, and zips made to hurt."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.formats.documents.archive import unzipped
from engine.errors import CorpusError

LIMIT = 100_000


def packed(files: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def names(data: bytes, *, wanted: tuple[str, ...] = (".md", ".html", ".csv")) -> list[str]:
    return [str(path) for path in unzipped(data, LIMIT, lambda path: path.suffix in wanted)]


def test_the_files_of_a_folder_are_read_and_its_pictures_are_not() -> None:
    data = packed({"a.md": b"A", "b/c.html": b"B", "b/big.png": bytes(LIMIT * 2), "b/": b""})

    assert unzipped(data, LIMIT, lambda path: path.suffix != ".png") == {
        PurePosixPath("a.md"): b"A",
        PurePosixPath("b/c.html"): b"B",
    }


def test_the_parts_of_a_large_export_are_read_as_one() -> None:
    data = packed({f"Part-{n}.zip": packed({f"{n}.md": b"A"}) for n in (1, 2)})

    assert names(data) == ["1.md", "2.md"]


def test_hidden_files_and_those_of_macos_are_passed_over() -> None:
    data = packed({"__MACOSX/._a.md": b"", ".git/b.md": b"", "c/.d.md": b"", "e.md": b"A"})

    assert names(data) == ["e.md"]


def _link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("a.md")
    info.external_attr = 0o120777 << 16
    return info


def _with(member: zipfile.ZipInfo) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(member, b"/etc/passwd")
    return file.getvalue()


def _encrypted() -> bytes:
    data = bytearray(packed({"a.md": b"A"}))
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(packed({"../a.md": b""}), "outside of itself", id="parent"),
        pytest.param(packed({"/etc/a.md": b""}), "outside of itself", id="absolute"),
        pytest.param(packed({"a\\..\\..\\b.md": b""}), "outside of itself", id="backslashes"),
        pytest.param(packed({"C:/a.md": b""}), "outside of itself", id="drive"),
        pytest.param(_with(_link()), "links instead of files", id="link"),
        pytest.param(_encrypted(), "protected by a password", id="password"),
        pytest.param(packed({"a.md": b""}, zipfile.ZIP_LZMA), "unusual way", id="LZMA"),
        pytest.param(packed({"a.md": bytes(LIMIT + 1)}), "corpus.max_bytes", id="bomb"),
        pytest.param(
            packed({f"{n}.md": bytes(LIMIT // 2) for n in range(3)}), "corpus.max_bytes", id="sum"
        ),
        pytest.param(
            packed({"a.md": b"", "b.zip": packed({"c.md": b""})}), "holds another one", id="nested"
        ),
        pytest.param(
            packed({"a.zip": packed({"b.zip": packed({"c.md": b""})})}), "another one", id="deep"
        ),
        pytest.param(packed({f"{n}.md": b"" for n in range(20_001)}), "20,000 files", id="many"),
        pytest.param(b"PK\x03\x04 and then nothing", "not a readable zip", id="cut"),
    ],
)
def test_a_zip_made_to_hurt_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(CorpusError, match=reason):
        names(data)


@given(st.binary())
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(CorpusError, match="not a readable zip"):
        names(data)
