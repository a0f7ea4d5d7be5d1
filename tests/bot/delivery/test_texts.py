"""The sentences of every language: whole, and found wanting where they are not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from bot.delivery.texts import LOCALES, Texts, duration, read_texts, say, texts
from config.settings import ConfigError

LANGUAGES = texts().languages
ROOT = LOCALES.parent.parent


def sentences(language: str) -> dict[str, str]:
    return yaml.safe_load((LOCALES / f"{language}.yaml").read_text(encoding="utf-8"))["texts"]


def test_six_languages_are_spoken_and_english_is_the_first() -> None:
    assert LANGUAGES == ("en", "de", "es", "fr", "pt", "ru")


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_a_language_is_translated(language: str) -> None:
    english = sentences("en")

    same = {key for key, sentence in sentences(language).items() if sentence == english[key]}

    assert same <= {"sources", "button.up", "button.down", "seconds", "minutes"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_names_every_language_that_is_spoken(language: str) -> None:
    names = [texts().name_of(other, language) for other in LANGUAGES]

    assert len(set(names)) == len(LANGUAGES)
    assert all(name in say("language.note", language, name=name) for name in names)


@pytest.mark.parametrize("language", LANGUAGES)
def test_entries_follow_a_colon(language: str) -> None:
    for key in ("closest", "closest.other_courses", "vague.perhaps", "waiting.matches"):
        assert say(key, language).endswith(":")


@pytest.mark.parametrize("language", LANGUAGES)
def test_descriptions_of_commands_fit_a_menu(language: str) -> None:
    for key, sentence in sentences(language).items():
        if key.startswith("command."):
            assert 1 <= len(sentence) <= 256


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de-AT", "Abgebrochen."),
        ("pt_BR", "Interrompido."),
        ("RU", "Остановлено."),
        ("tlh", "Stopped."),
        ("", "Stopped."),
        (None, "Stopped."),
    ],
)
def test_the_language_of_the_client_is_used_where_there_is_one(
    language: str | None, sentence: str
) -> None:
    assert say("stopped", language) == sentence


def test_long_waits_are_told_in_minutes() -> None:
    assert (duration(0.2), duration(89), duration(90)) == ("1 s", "89 s", "2 min")


# Another language


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of the product, to be changed."""
    return Path(shutil.copytree(LOCALES, tmp_path / "locales"))


def change(path: Path, edit: Callable[[str], str]) -> None:
    path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")


def add_italian(folder: Path) -> Path:
    """English sentences with a few Italian ones, as a translator has them after the first hour."""
    italian = folder / "it.yaml"
    text = (folder / "en.yaml").read_text(encoding="utf-8")
    text = text.replace("  en: English\n", "  en: inglese\n  it: italiano\n")
    text = text.replace("  stopped: Stopped.\n", "  stopped: Interrotto.\n")
    text = text.replace("  thanked: You are welcome! 🙂\n", "  thanked: Prego! 🙂\n")
    italian.write_text(text, encoding="utf-8")
    return italian


def product(folder: Path) -> Path:
    """The program with a copy of its configuration; where its sentences are."""
    for name in ("main.py", "bot", "engine"):
        (folder / name).symlink_to(ROOT / name)
    return Path(shutil.copytree(ROOT / "config", folder / "config")) / "locales"


def run_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def with_italian(folder: Path, edit: Callable[[str], str] = str) -> Texts:
    change(add_italian(folder), edit)
    return read_texts(folder)


def test_a_language_is_added_with_a_file(folder: Path) -> None:
    more = with_italian(folder)

    assert more.languages == ("en", "de", "es", "fr", "it", "pt", "ru")
    assert more.say("stopped", "it-CH") == "Interrotto."
    assert more.name_of("en", "it") == "inglese"
    assert more.name_of("it", "de") == "italiano", "its own name, where no other is known"


def test_a_file_is_all_that_the_product_needs_to_speak_another_language(tmp_path: Path) -> None:
    add_italian(product(tmp_path))
    program = (
        "from bot.delivery.asker_language import asker_language\n"
        "from bot.delivery.replies import final\n"
        "from engine.types import Answer, Decision, Timings\n"
        "language = asker_language('Quando inizia il corso e come posso iscrivermi?', None, 'en')\n"
        "timings = Timings(retrieve_s=0.0, total_s=0.0)\n"
        "answer = Answer(decision=Decision.THANKED, reason='', timings=timings)\n"
        "print(ascii(final(None, answer, language=language, contact=None).text))\n"
    )

    done = run_in(tmp_path, "-c", program)

    assert (done.stdout, done.stderr) == ("'Prego! \\U0001f642'\n", "")


def test_check_tells_what_is_wrong_with_a_language(tmp_path: Path) -> None:
    change(add_italian(product(tmp_path)), lambda text: text.replace("  stopped:", "  stoped:"))

    done = run_in(tmp_path, "-m", "main", "check")

    assert done.returncode == 1
    assert "it.yaml: stopped is missing; translate it from en.yaml." in done.stdout
    assert "it.yaml: stoped is unknown" in done.stdout


@pytest.mark.parametrize(
    ("n", "said"),
    [(1, "one"), (2, "few of 2"), (23, "few of 23"), (12, "12 in all"), (5, "5 in all")],
)
def test_each_number_takes_the_plural_form_of_its_language(folder: Path, n: int, said: str) -> None:
    def slavic(text: str) -> str:
        content = yaml.safe_load(text)
        content["plural"]["few"] = ".*(?<!1)[234]"
        content["texts"] |= {"long": "{n} in all", "long.one": "one", "long.few": "few of {n}"}
        return yaml.safe_dump(content)

    assert with_italian(folder, slavic).say("long", "it", n=n) == said


def test_a_language_may_do_without_a_plural_form(folder: Path) -> None:
    def alike(text: str) -> str:
        content = yaml.safe_load(text)
        del content["texts"]["long.one"]
        return yaml.safe_dump(content)

    said = with_italian(folder, alike).say("long", "it", n=1)

    assert said.startswith("Your message is long. I went by 1 lines")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  stopped: Interrotto.\n", "", "stopped is missing; translate it from en.yaml."),
        (
            "  stopped: Interrotto.\n",
            "  stoped: Interrotto.\n",
            "stoped is unknown; remove it, or correct it to a key of en.yaml.",
        ),
        ("  stopped: Interrotto.\n", "  stopped: ''\n", "stopped says nothing; translate it"),
        ("  stopped: Interrotto.\n", "  stopped: [no]\n", "texts.stopped is wrong ("),
        ("  stopped: Interrotto.\n", "  stopped: {n}\n", "texts.stopped is wrong ("),
        (
            "  stopped: Interrotto.\n",
            "  stopped: Interrotto {n}.\n",
            "stopped has {n}; it must have no placeholder, as in en.yaml.",
        ),
        (
            "I do not know the command {name}.",
            "Non conosco il comando.",
            "command.unknown has no placeholder; it must have {name}, as in en.yaml.",
        ),
        ("the command {name}.", "the command {name.x}.", "command.unknown has {name.x}; it must"),
        ("the command {name}.", "the command {name!r:>9}.", "command.unknown has {name!r:>9}; it"),
        ("the command {name}.", "the command {name.", "command.unknown has a brace that encloses"),
        ("I went by one line of it", "{x} one line", "long.one has {x}; it must have {n}, as in"),
        ("  it: italiano\n", "", "languages.it is missing; write there what the language calls"),
        ("texts:\n", "text:\n", "texts is wrong (Field required); write it as en.yaml does."),
        ('  one: "1"\n', '  one: "("\n', "plural.one is wrong ("),
        ("  stopped: I", "  stopped: 'I", "is not valid YAML at line"),
        ("  stopped: I", "  {stopped}: I", "is not valid YAML at line"),
        ("  new:", "  stopped:", ": stopped stands there twice."),
    ],
)
def test_what_is_wrong_with_a_language_is_said_with_its_file_and_what_to_do(
    folder: Path, old: str, new: str, told: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        with_italian(folder, lambda text: text.replace(old, new))

    assert str(raised.value).startswith(str(folder / "it.yaml"))
    assert told in str(raised.value)


def test_every_problem_is_told_at_once(folder: Path) -> None:
    for language in ("de", "ru"):
        change(folder / f"{language}.yaml", lambda text: text.replace("  vote.thanks:", "  vote:"))

    with pytest.raises(ConfigError) as raised:
        read_texts(folder)

    assert [line.split(" ", 2)[:2] for line in str(raised.value).splitlines()] == [
        [f"{folder / 'de.yaml'}:", "vote.thanks"],
        [f"{folder / 'de.yaml'}:", "vote"],
        [f"{folder / 'ru.yaml'}:", "vote.thanks"],
        [f"{folder / 'ru.yaml'}:", "vote"],
    ]


def test_a_file_that_is_not_named_after_a_language_is_refused(folder: Path) -> None:
    add_italian(folder).rename(folder / "it_IT.yaml")

    with pytest.raises(ConfigError, match=r"it_IT\.yaml: name the file after its language"):
        read_texts(folder)


def test_without_english_there_is_nothing_to_say(folder: Path) -> None:
    (folder / "en.yaml").unlink()

    with pytest.raises(ConfigError, match=r"en\.yaml is missing"):
        read_texts(folder)


def test_a_file_in_another_encoding_is_named(folder: Path) -> None:
    (folder / "it.yaml").write_bytes("texts: è".encode("latin-1"))

    with pytest.raises(ConfigError, match=r"it\.yaml is not UTF-8 text; save it as UTF-8"):
        read_texts(folder)
