"""The settings that name places: sources with commas, and addresses for readers."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.loading import load_settings
from config.settings import ConfigError, CorpusSettings, Settings


def load(tmp_path: Path, text: str = "") -> Settings:
    file = tmp_path / "my.yaml"
    file.write_text(text, encoding="utf-8")
    return load_settings(file, env_file=Path("does-not-exist"))


def test_a_comma_in_a_path_stays_where_sources_are_a_list(tmp_path: Path) -> None:
    settings = load(tmp_path, "corpus: {sources: ['a,b', c]}")

    assert settings.corpus.sources == ("a,b", "c")


def test_a_path_that_is_there_is_not_parted_at_its_comma(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Q, A and more").mkdir()
    (tmp_path / "b,c.md").touch()
    monkeypatch.setenv("FAQ_CORPUS__SOURCES", "a.json, Q, A and more,b,c.md")

    assert load(tmp_path).corpus.sources == ("a.json", "Q, A and more", "b,c.md")


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ('["a,b", "c"]', ("a,b", "c")),
        ("a.json,https://e.org/b.csv", ("a.json", "https://e.org/b.csv")),
        ("https://e.org/a,b.csv", ("https://e.org/a,b.csv",)),
        ("https://e.org/a, b.csv", ("https://e.org/a", "b.csv")),
        ("https://e.org/a,https://e.org/b", ("https://e.org/a", "https://e.org/b")),
        (" a.json ,, ", ("a.json",)),
        ("[a].json", ("[a].json",)),
    ],
)
def test_sources_from_the_environment(
    text: str, sources: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_CORPUS__SOURCES", text)

    assert load(tmp_path).corpus.sources == sources


@pytest.mark.parametrize("sources", ["['']", "[a, ' ']", "[]", "''", "' , '", "null", "7"])
def test_sources_that_name_nothing_are_refused_by_name(sources: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"corpus\.sources") as refusal:
        load(tmp_path, f"corpus: {{sources: {sources}}}")

    assert "Value error" not in str(refusal.value)  # pydantic's words, not ours


def test_ids_need_no_quotes(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "courses: {a: {telegram_chats: [-100123, -100123/7], slack_channels: C1}}\n"
        "slack: {allowed_users: 5}",
    )

    assert settings.courses["a"].telegram_chats == ("-100123", "-100123/7")
    assert settings.courses["a"].slack_channels == ("C1",)
    assert settings.slack.allowed_users == ("5",)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("courses: {a: {url: 'https://e.org/{slug}'}}", r"courses\.a\.url.*\{slug\}"),
        ("courses: {a: {url: 'https://e.org/{}'}}", r"courses\.a\.url.*\{\}"),
        ("courses: {a: {url: 'https://e.org/{id'}}", r"courses\.a\.url.*brace"),
        ("courses: {a: {url: 'ftp://e.org/{id}'}}", r"courses\.a\.url.*https://"),
        ("courses: {a: {url: 'https://me:pw@e.org/{id}'}}", r"courses\.a\.url.*password"),
        ("corpus: {base_url: e.org/faq}", r"corpus\.base_url.*https://"),
        ("corpus: {base_url: 'https://e.org/{file}'}", r"corpus\.base_url.*\{file\}"),
        ("corpus: {base_url: {other: 'https://e.org'}}", "other"),
    ],
)
def test_an_address_for_readers_that_cannot_be_used_is_named(
    text: str, named: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=named) as caught:
        load(tmp_path, text)

    assert "me:pw" not in str(caught.value)


def test_a_base_address_is_one_or_one_for_each_source() -> None:
    one = CorpusSettings(sources=("a",), base_url="https://e.org/")
    each = CorpusSettings(sources=("a", "b"), base_url={"b": "https://e.org/b"})
    text = CorpusSettings(sources=("a",), base_url='{"a": "https://e.org/a"}')  # type: ignore[arg-type]

    assert one.base_url == "https://e.org/"
    assert each.base_url == {"b": "https://e.org/b"}
    assert text.base_url == {"a": "https://e.org/a"}
    assert CorpusSettings(base_url="").base_url is None
