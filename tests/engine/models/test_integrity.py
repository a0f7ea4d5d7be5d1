"""A file of a model that is cut short, missing, or something else is named."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from engine.models.integrity import drop, find_changed, find_damage, hub_sum
from tests.engine.models.hub_twin import NO_WEIGHTS, small_files, weights

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12\n"
PAGE = b"\n<!DOCTYPE html>\n<html><body>Sign in</body></html>"
INDEX = "model.safetensors.index.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save(tmp_path / "tiny", {"model.safetensors": weights(100)})


def save(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, content in (small_files() | files).items():
        (folder / name).write_bytes(content)
    return folder


def index(**shards: str) -> bytes:
    return json.dumps({"weight_map": shards}).encode()


def test_a_whole_model_is_not_damaged(folder: Path) -> None:
    assert find_damage(folder) is None


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("model.safetensors", POINTER, "is a pointer of Git LFS"),
        ("model.safetensors", NO_WEIGHTS, "holds no weights"),
        ("model.safetensors", PAGE, "is a web page"),
        ("model.safetensors", b"", "is empty"),
        ("model.safetensors", bytes(8), "is cut short or damaged"),
        ("model.safetensors", bytes(5000), "is cut short or damaged"),
        ("model.safetensors", b"\xff" * 100, "is cut short or damaged"),
        ("model.safetensors", weights(100)[:-1], "is cut short or damaged"),
        ("model.safetensors", weights(100)[:40], "is cut short or damaged"),
        ("model.safetensors", weights(100) + b"x", "is cut short or damaged"),
        ("config.json", PAGE, "is a web page"),
        ("config.json", b"", "is empty"),
        ("config.json", b'{"model_type": "lla', "is no valid JSON"),
        ("config.json", b"[" * 100_000, "is no valid JSON"),
        ("tokenizer.json", POINTER, "is a pointer of Git LFS"),
        ("tokenizer.json", b'{"a": "' + b"x" * 2_000_000, "is no whole JSON"),
        ("tokenizer.model", POINTER, "is a pointer of Git LFS"),
        ("tokenizer.model", b"", "is empty"),
        ("generation_config.json", PAGE, "is a web page"),
        ("chat_template.jinja", POINTER, "is a pointer of Git LFS"),
    ],
)
def test_a_file_that_is_something_else_is_named(
    folder: Path, name: str, content: bytes, what: str
) -> None:
    (folder / name).write_bytes(content)

    damage = find_damage(folder)

    assert damage is not None
    assert damage.path == folder / name
    assert what in str(damage)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tokenizer.json", json.dumps({"vocab": "x" * 2_000_000}).encode() + b"\n"),
        ("config.json", b"\xef\xbb\xbf" + small_files()["config.json"]),
        ("merges.txt", b""),
        ("chat_template.jinja", b"{% if messages %}<html>{% endif %}"),
        ("README.md", POINTER),
    ],
)
def test_what_is_unusual_and_whole_is_accepted(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)

    assert find_damage(folder) is None


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_file_that_is_missing_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()

    damage = find_damage(folder)

    assert damage is not None
    assert damage.path == folder / name


def test_a_link_to_nothing_counts_as_missing(folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(tmp_path / "gone")

    assert "is missing" in str(find_damage(folder))


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({INDEX: index(x="a.safetensors"), "a.safetensors": weights(9)}, ""),
        ({INDEX: index(x="a.safetensors")}, "a.safetensors is missing: it is a part"),
        ({INDEX: index(x="../a.safetensors")}, "is missing"),
        ({INDEX: index(x="a.safetensors"), "a.safetensors": weights(9)[:-1]}, "is cut short"),
        ({INDEX: index(x="a.safetensors"), "a.safetensors": NO_WEIGHTS}, "no part has (x)"),
        ({INDEX: index()}, "lists no parts"),
        ({INDEX: b"{}"}, "lists no parts"),
        ({INDEX: b'{"weight_map": []}'}, "lists no parts"),
    ],
)
def test_every_part_that_an_index_names_must_be_there_and_whole(
    tmp_path: Path, files: dict[str, bytes], what: str
) -> None:
    damage = find_damage(save(tmp_path / "tiny", files))

    assert what in str(damage)
    assert bool(damage) == bool(what)


def test_a_changed_file_has_another_sum_than_the_hub_has(folder: Path) -> None:
    large = hashlib.sha256(weights(100)).hexdigest()
    small = small_files()["config.json"]
    git = hashlib.sha1(b"blob %d\0" % len(small) + small).hexdigest()
    sums = {"config.json": git, "model.safetensors": large, "tokenizer.json": "a mirror's own"}
    before = find_changed(folder, sums)

    (folder / "model.safetensors").write_bytes(weights(100, b"\1"))
    after = find_changed(folder, sums)

    assert before == []
    assert [damage.path.name for damage in after] == ["model.safetensors"]


def test_a_file_of_the_cache_has_its_sum_for_a_name_and_is_dropped_with_its_content(
    tmp_path: Path,
) -> None:
    blob = tmp_path / "blobs" / ("ab" * 32)
    blob.parent.mkdir()
    blob.write_bytes(b"content")
    link = tmp_path / "model.safetensors"
    link.symlink_to(blob)
    known = hub_sum(link)

    drop(link)
    drop(link)

    assert known == "ab" * 32
    assert not link.is_symlink()
    assert not blob.exists()
    assert hub_sum(tmp_path) is None
