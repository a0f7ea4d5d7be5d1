"""Every entry gets an address that readers can open, wherever it comes from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.settings import CorpusSettings
from engine.corpus.corpus import Corpus
from engine.corpus.loader import CorpusLoader
from engine.corpus.published import published_address, published_file


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def entry(question: str, answer: str = "So.", **fields: str) -> str:
    head = "".join(f"{key}: {json.dumps(value)}\n" for key, value in fields.items())
    return f"---\nquestion: {json.dumps(question)}\n{head}---\n{answer}\n"


async def load(
    *sources: Path, base_url: str | dict[str, str] | None = None, **course_urls: str
) -> Corpus:
    settings = CorpusSettings(sources=tuple(map(str, sources)), base_url=base_url)
    return await CorpusLoader(
        settings, cache_dir=Path("unused"), course_titles={}, course_urls=course_urls
    ).load()


def urls(corpus: Corpus) -> list[str | None]:
    return [document.url for document in corpus.documents]


async def test_an_entry_is_opened_at_its_own_address_first(tmp_path: Path) -> None:
    write(tmp_path / "ml" / "a.md", entry("Own?", url="https://own.org/x"))
    write(tmp_path / "ml" / "b.md", entry("Of the course?", id="b1"))
    write(tmp_path / "de" / "c d.md", entry("Of the folder?"))

    corpus = await load(
        tmp_path, base_url="https://e.org/faq/", ml="https://c.org/{course}.html#{id}"
    )

    assert sorted(filter(None, urls(corpus))) == [
        "https://c.org/ml.html#b1",
        "https://e.org/faq/de/c%20d.md",
        "https://own.org/x",
    ]


async def test_metadata_says_where_a_course_is_published(tmp_path: Path) -> None:
    write(tmp_path / "ml" / "_metadata.yaml", "course: ml\nurl: https://m.org/{path}#{id}\n")
    write(tmp_path / "ml" / "010-a" / "b.md", entry("Why?", id="b1"))
    write(tmp_path / "de" / "b.md", entry("Why?", id="b2"))

    corpus = await load(tmp_path, base_url="https://e.org")

    assert set(urls(corpus)) == {"https://m.org/010-a/b.md#b1", "https://e.org/de/b.md"}


async def test_metadata_with_an_address_that_cannot_be_used_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path / "_metadata.yaml", "course: ml\nurl: https://m.org/{slug}\n")
    write(tmp_path / "b.md", entry("Why?"))

    corpus = await load(tmp_path)

    assert "{slug}" in corpus.problems[0].reason
    assert urls(corpus) == [None]


async def test_values_in_an_address_are_encoded(tmp_path: Path) -> None:
    write(
        tmp_path / "l.json",
        json.dumps(
            [{"id": "a/b?", "course": "ml", "section": "Ü & ö", "question": "W?", "a": "S."}]
        ),
    )

    corpus = await load(tmp_path, ml="https://c.org/{section}/{id}#{anchor}")

    assert urls(corpus) == ["https://c.org/%C3%9C%20%26%20%C3%B6/a%2Fb%3F"]


async def test_a_placeholder_without_a_value_leaves_the_next_address(tmp_path: Path) -> None:
    write(tmp_path / "ml" / "a.md", entry("Why?"))

    corpus = await load(tmp_path, base_url="https://e.org", ml="https://c.org/{section}")

    assert urls(corpus) == ["https://e.org/ml/a.md"]


async def test_each_source_has_its_own_base(tmp_path: Path) -> None:
    one = write(tmp_path / "one" / "a.md", entry("One?")).parent
    two = write(tmp_path / "two" / "a.md", entry("Two?")).parent

    corpus = await load(one, two, base_url={str(two): "https://two.org"})

    assert urls(corpus) == [None, "https://two.org/a.md"]


@pytest.mark.parametrize(
    ("base", "template"),
    [
        ("https://e.org/faq", "https://e.org/faq/a/b.md#{anchor}"),
        ("https://e.org/faq/?ref=x", "https://e.org/faq/a/b.md?ref=x#{anchor}"),
        ("https://e.org/faq.html", "https://e.org/faq.html#{anchor}"),
        ("https://e.org/faq.html#top", "https://e.org/faq.html#top"),
        ("https://e.org/{path}#{anchor}", "https://e.org/a/b.md#{anchor}"),
        (
            "https://github.com/o/r/tree/main/faq",
            "https://github.com/o/r/blob/main/faq/a/b.md#{anchor}",
        ),
        (
            "https://raw.githubusercontent.com/o/r/main/faq/",
            "https://github.com/o/r/blob/main/faq/a/b.md#{anchor}",
        ),
        (
            "https://docs.google.com/document/d/1a/edit",
            "https://docs.google.com/document/d/1a/edit",
        ),
        ("", ""),
    ],
)
def test_where_a_file_of_a_folder_is_opened(base: str, template: str) -> None:
    file = published_file(Path("/faq/a/b.md"), Path("/faq"), base)

    assert file.template == template


def test_a_listed_file_lies_in_the_folder_or_is_the_page_that_is_named() -> None:
    path = Path("/faq/b.md")

    assert published_file(path, path, "https://e.org/faq").base == "https://e.org/faq/b.md"
    assert published_file(path, path, "https://e.org/x/b.md").base == "https://e.org/x/b.md"


@pytest.mark.parametrize(
    ("url", "template"),
    [
        ("https://e.org/faq.md", "https://e.org/faq.md#{anchor}"),
        (
            "https://raw.githubusercontent.com/o/r/main/f.md",
            "https://github.com/o/r/blob/main/f.md#{anchor}",
        ),
        (
            "https://docs.google.com/spreadsheets/d/1a/export?format=csv&gid=7",
            "https://docs.google.com/spreadsheets/d/1a/edit#gid=7",
        ),
        ("https://me:secret@e.org/faq.md", ""),
        ("https://e.org/faq.md?token=secret", ""),
    ],
)
def test_where_a_listed_address_is_opened(url: str, template: str) -> None:
    assert published_address(url).template == template


async def test_links_between_files_lead_to_the_entries(tmp_path: Path) -> None:
    write(tmp_path / "ml/a/one.md", entry("One?", "[Two](../b/two.md) ![x](x.png)", id="one1"))
    write(tmp_path / "ml/b/two.md", entry("Two?", "[One](../a/one.md#c) [c](../c.py)", id="two2"))

    without = await load(tmp_path, ml="https://c.org/#{id}")
    based = await load(tmp_path, base_url="https://e.org")

    assert [each.answer for each in without.documents] == [
        "[Two](https://c.org/#two2) x",
        "[One](https://c.org/#one1) c",
    ]
    assert [each.answer for each in based.documents] == [
        "[Two](https://e.org/ml/b/two.md) ![x](https://e.org/ml/a/x.png)",
        "[One](https://e.org/ml/a/one.md) [c](https://e.org/ml/c.py)",
    ]


async def test_the_same_entry_in_two_places_is_one_with_the_first_address(tmp_path: Path) -> None:
    one = write(tmp_path / "one" / "ml" / "a.md", entry("One?", "[x](y.md)")).parent
    two = write(tmp_path / "two" / "ml" / "a.md", entry("One?", "[x](y.md)")).parent

    corpus = await load(one, two, base_url={str(one): "https://1.org", str(two): "https://2.org"})

    assert urls(corpus) == ["https://1.org/a.md"]
    assert [len(file.entry_ids) for file in corpus.files] == [1, 1]


async def test_every_entry_of_the_sample_has_an_address() -> None:
    corpus = await load(Path("config/faq"))

    assert all(url and url.startswith("https://") for url in urls(corpus))
