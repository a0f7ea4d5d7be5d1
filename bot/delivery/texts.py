"""Reads the sentences that people are shown in chat, one file a language, and says them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

import config
from config.settings import ConfigError

#: One file a language, named by its ISO 639 code.
LOCALES = Path(config.__file__).with_name("locales")
#: The language that others are translated from; also of anybody whose own has no file.
ENGLISH = "en"
_CODE = re.compile(r"[a-z]{2,3}")


class Locale(BaseModel):
    """What the file of one language holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Code → what that language is called in this one; its own name at the least.
    languages: dict[str, str]
    #: Plural form → pattern of the numbers that take it. Other numbers, and all where a sentence
    #: lacks the form, take the sentence as it is.
    plural: dict[str, re.Pattern[str]] = {}
    #: Key → sentence with {placeholders}; `key.form` is a plural form of `key`.
    texts: dict[str, str]

    def is_form(self, key: str) -> bool:
        """Whether `key` is a plural form of another."""
        base, _, form = key.rpartition(".")
        return form in self.plural and base in self.texts

    def sentence(self, key: str, n: object) -> str:
        """The sentence for `key`, in the form that the number `n` takes."""
        for form, numbers in self.plural.items():
            if numbers.fullmatch(str(n)) and f"{key}.{form}" in self.texts:
                return self.texts[f"{key}.{form}"]
        return self.texts[key]


class Texts:
    """The sentences of every language."""

    def __init__(self, locales: Mapping[str, Locale]) -> None:
        self._locales = locales

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages, English first."""
        return tuple(self._locales)

    def spoken(self, language: str | None) -> str | None:
        """The language of ours that an IETF tag means; None for one that we do not speak."""
        first = (language or "").replace("_", "-").split("-")[0].lower()
        return first if first in self._locales else None

    def say(self, key: str, language: str | None = None, **values: object) -> str:
        """The sentence for `key` in the person's language, English where we do not speak it."""
        locale = self._locales[self.spoken(language) or ENGLISH]
        return locale.sentence(key, values.get("n")).format(**values)

    def name_of(self, language: str, reader: str | None = None) -> str:
        """What `language` is called in the reader's, else in itself; empty where nobody says."""
        for speaker in (self.spoken(reader) or ENGLISH, language):
            if speaker in self._locales and language in self._locales[speaker].languages:
                return self._locales[speaker].languages[language]
        return ""


def read_texts(folder: Path = LOCALES) -> Texts:
    """The sentences of all languages in `folder`.

    Raises ConfigError naming a file that cannot be read, or every sentence that is missing, unknown
    or has other placeholders than the English one.
    """
    paths = sorted(folder.glob("*.yaml"), key=lambda path: (path.stem != ENGLISH, path.stem))
    if not paths or paths[0].stem != ENGLISH:
        raise ConfigError(
            f"{folder / ENGLISH}.yaml is missing; put it back: other files are checked against it."
        )
    locales = {path.stem: _read(path) for path in paths}
    problems = [
        f"{folder / code}.yaml: {problem}"
        for code, locale in locales.items()
        for problem in _problems(code, locale, locales[ENGLISH])
    ]
    if problems:
        raise ConfigError("\n".join(problems))
    return Texts(locales)


def _read(path: Path) -> Locale:
    try:
        return Locale.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text; save it as UTF-8.") from None
    except yaml.MarkedYAMLError as error:
        line = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{path} is not valid YAML{line}: {error.problem}.") from None
    except yaml.YAMLError:
        raise ConfigError(f"{path} is not valid YAML.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigError(
            f"{path}: {where} is wrong ({first['msg']}); write it as en.yaml does."
        ) from None


class _Loader(yaml.BaseLoader):
    """Reads every value as text, so that `no` stays a word, and refuses a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                twice = f"{key.value} stands there twice"
                raise yaml.constructor.ConstructorError(None, None, twice, key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _problems(code: str, locale: Locale, english: Locale) -> Iterator[str]:
    """What keeps a language from being used, each as a sentence that says what to do."""
    if not _CODE.fullmatch(code):
        yield "name the file after its language, such as de.yaml."
    if code not in locale.languages:
        yield f"languages.{code} is missing; write there what the language calls itself."
    for key in english.texts:
        if key not in locale.texts and not english.is_form(key):
            yield f"{key} is missing; translate it from en.yaml."
    for key, sentence in locale.texts.items():
        form = locale.is_form(key)
        if not form and key not in english.texts:
            yield f"{key} is unknown; remove it, or correct it to a key of en.yaml."
            continue
        if not sentence.strip():
            yield f"{key} says nothing; translate it from en.yaml."
            continue
        wanted = _placeholders(locale.texts[key.rpartition(".")[0]] if form else english.texts[key])
        found = _placeholders(sentence)
        if found is None or wanted is None:
            yield f"{key} has a brace that encloses no name; write {{{{ or }}}} for a brace itself."
        elif not (found <= wanted if form else found == wanted):
            yield f"{key} has {_listed(found)}; it must have {_listed(wanted)}, as in en.yaml."


def _placeholders(sentence: str) -> frozenset[str] | None:
    """What stands between braces; None where they are not paired."""
    try:
        fields = [field for field in Formatter().parse(sentence) if field[1] is not None]
    except ValueError:
        return None
    return frozenset(
        f"{name}{f'!{conversion}' if conversion else ''}{f':{spec}' if spec else ''}"
        for _, name, spec, conversion in fields
    )


def _listed(names: frozenset[str]) -> str:
    return " ".join(f"{{{name}}}" for name in sorted(names)) or "no placeholder"


@cache
def texts() -> Texts:
    """The sentences of the product, read once. Raises ConfigError."""
    return read_texts()


def say(key: str, language: str | None = None, **values: object) -> str:
    return texts().say(key, language, **values)


def contact_in(language: str | None, contact: str | None) -> str:
    """Whom to ask, as the settings name it; where they name nobody, the course staff."""
    return contact or say("contact", language)


def duration(seconds: float, language: str | None = None) -> str:
    """A waiting time for people: whole seconds below 90 s, whole minutes above."""
    if seconds < 90:
        return say("seconds", language, n=max(1, round(seconds)))
    return say("minutes", language, n=round(seconds / 60))
