"""The page that people copy and the file behind it lead to one another."""

from __future__ import annotations

import pytest

from engine.corpus.web.pages import file_address, holds_a_secret, page_address, shown_address
from engine.errors import CorpusError

DOCUMENT = "https://docs.google.com/document/d/1aB-c_D"
SHEET = "https://docs.google.com/spreadsheets/d/1aB-c_D"


@pytest.mark.parametrize(
    ("page", "file"),
    [
        (
            "https://github.com/o/r/blob/main/faq/a%20b.md?plain=1#L3",
            "https://raw.githubusercontent.com/o/r/main/faq/a%20b.md",
        ),
        (
            "https://github.com/o/r/raw/main/faq.json",
            "https://raw.githubusercontent.com/o/r/main/faq.json",
        ),
        (
            "https://github.com/o/r/wiki/FAQ",
            "https://raw.githubusercontent.com/wiki/o/r/FAQ.md",
        ),
        (
            "https://gist.github.com/me/0123abcd#file-faq-md",
            "https://gist.github.com/me/0123abcd/raw",
        ),
        (
            "https://gitlab.com/g/s/r/-/blob/main/faq.md?ref_type=heads",
            "https://gitlab.com/g/s/r/-/raw/main/faq.md",
        ),
        (
            "https://git.example.org/o/r/src/branch/main/faq.md",
            "https://git.example.org/o/r/raw/branch/main/faq.md",
        ),
        ("https://bitbucket.org/o/r/src/main/faq.md", "https://bitbucket.org/o/r/raw/main/faq.md"),
        (
            "https://huggingface.co/datasets/o/r/blob/main/faq.csv",
            "https://huggingface.co/datasets/o/r/resolve/main/faq.csv",
        ),
        (f"{DOCUMENT}/edit", f"{DOCUMENT}/export?format=docx"),
        (f"{DOCUMENT}/edit?usp=sharing#heading=h.x", f"{DOCUMENT}/export?format=docx"),
        (f"{DOCUMENT}/view", f"{DOCUMENT}/export?format=docx"),
        (f"{DOCUMENT}", f"{DOCUMENT}/export?format=docx"),
        (f"{DOCUMENT}/".replace("/d/", "/u/0/d/"), f"{DOCUMENT}/export?format=docx"),
        (f"{DOCUMENT}/export?format=md", f"{DOCUMENT}/export?format=md"),
        (f"{SHEET}/edit?gid=7#gid=7", f"{SHEET}/export?format=csv&gid=7"),
        (f"{SHEET}/edit#gid=0", f"{SHEET}/export?format=csv&gid=0"),
        (f"{SHEET}/edit?usp=sharing", f"{SHEET}/export?format=csv"),
        (f"{SHEET}/export?format=csv&gid=7", f"{SHEET}/export?format=csv&gid=7"),
        (
            "https://docs.google.com/spreadsheets/d/e/2PACX-1/pubhtml?gid=7&single=true",
            "https://docs.google.com/spreadsheets/d/e/2PACX-1/pub?output=csv&gid=7",
        ),
        (
            "https://docs.google.com/document/d/e/2PACX-1/pub",
            "https://docs.google.com/document/d/e/2PACX-1/pub",
        ),
        (
            "https://drive.google.com/file/d/1aB-c/view?usp=sharing",
            "https://drive.google.com/uc?export=download&id=1aB-c",
        ),
        (
            "https://www.dropbox.com/scl/fi/x/faq.md?rlkey=k&dl=0",
            "https://www.dropbox.com/scl/fi/x/faq.md?rlkey=k&dl=1",
        ),
        (
            "https://me.sharepoint.com/:w:/g/E1?e=2",
            "https://me.sharepoint.com/:w:/g/E1?download=1",
        ),
        ("https://example.org/faq.html", "https://example.org/faq.html"),
        (
            "https://github.com/o/r/releases/download/v1/faq.json",
            "https://github.com/o/r/releases/download/v1/faq.json",
        ),
    ],
)
def test_the_page_of_a_file_leads_to_the_file(page: str, file: str) -> None:
    assert file_address(page) == file


@pytest.mark.parametrize(
    ("file", "page"),
    [
        (
            "https://raw.githubusercontent.com/o/r/main/faq/a.md",
            "https://github.com/o/r/blob/main/faq/a.md",
        ),
        (
            "https://raw.githubusercontent.com/o/r/refs/heads/main/a.md?token=x",
            "https://github.com/o/r/blob/main/a.md",
        ),
        ("https://github.com/o/r/raw/main/a.md", "https://github.com/o/r/blob/main/a.md"),
        ("https://github.com/o/r/tree/main/a.md", "https://github.com/o/r/blob/main/a.md"),
        (
            "https://gitlab.com/g/r/-/raw/main/a.md?inline=false",
            "https://gitlab.com/g/r/-/blob/main/a.md",
        ),
        ("https://raw.githubusercontent.com/wiki/o/r/FAQ.md", "https://github.com/o/r/wiki/FAQ"),
        (
            "https://gist.githubusercontent.com/me/0a1b/raw/9/faq.md",
            "https://gist.github.com/me/0a1b",
        ),
        (f"{DOCUMENT}/export?format=docx", f"{DOCUMENT}/edit"),
        (f"{SHEET}/export?format=csv&gid=7", f"{SHEET}/edit#gid=7"),
        (f"{SHEET}/edit", f"{SHEET}/edit"),
        ("https://www.dropbox.com/s/x/faq.md?dl=1", "https://www.dropbox.com/s/x/faq.md?dl=0"),
        ("https://example.org/faq.json", "https://example.org/faq.json"),
    ],
)
def test_a_file_leads_to_the_page_people_read(file: str, page: str) -> None:
    assert page_address(file) == page


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/o/r",
        "https://github.com/o/r/",
        "https://github.com/o/r/tree/main/faq",
        "https://gitlab.com/o/r/-/tree/main",
        "https://docs.google.com/presentation/d/1/edit",
        "https://docs.google.com/forms/d/e/1/viewform",
        "https://drive.google.com/drive/folders/1",
    ],
)
def test_what_is_no_file_is_refused_with_what_to_do(url: str) -> None:
    with pytest.raises(CorpusError, match=r"list the|copy the"):
        file_address(url)


@pytest.mark.parametrize(
    ("url", "is_secret"),
    [
        ("https://me:pw@e.org/a", True),
        ("https://e.org/a?token=x", True),
        ("https://e.org/a?X-Amz-Signature=x", True),
        ("https://e.org/a?sv=1&sig=x", True),
        ("https://e.org/a?api_key=x", True),
        ("https://e.org/a?format=csv&keyword=x", False),
        ("https://e.org/a?token=", False),
    ],
)
def test_an_address_that_lets_somebody_in_is_known_and_shown_without_it(
    url: str, is_secret: bool
) -> None:
    assert holds_a_secret(url) is is_secret
    assert (shown_address(url) != url) is is_secret


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pw/1@e.org/a", "https://…@e.org/a"),
        ("https://me:pw#1@e.org/a", "https://…@e.org/a"),
        ("https://me:pw?1@e.org/a", "https://…@e.org/a"),
        ("ftp://me:p@w@e.org/a", "ftp://…@e.org/a"),
        ("https://e.org/a;token=x", "https://e.org/a;token=…"),
        ("https://e.org/a?b=1;token=x", "https://e.org/a?b=1;token=…"),
        ("https://e.org/a#access_token=x&b=1", "https://e.org/a#access_token=…&b=1"),
        ("https://e.org:8080/@me/a", "https://e.org:8080/@me/a"),
        ("https://[::1]:8080/@me/a", "https://[::1]:8080/@me/a"),
    ],
)
def test_what_lets_somebody_in_is_hidden_wherever_it_stands(url: str, shown: str) -> None:
    assert shown_address(url) == shown
