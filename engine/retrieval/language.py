"""Tells in which language a text is written."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

ENGLISH = "en"
#: Those of course communities; fewer choices make fewer mistakes on a text of five words.
LANGUAGES = (
    *("en", "de", "es", "fr", "pt", "ru", "it", "nl", "pl", "tr", "uk", "cs", "ro"),
    *("ar", "fa", "hi", "bn", "zh", "ja", "ko", "vi", "id", "el", "he"),
)
#: Fewer words in plain letters ("vm", "hola") tell too little.
MIN_WORDS = 3
#: Characters that are looked at; more tell nothing new.
MAX_CHARS = 20_000


def language_of(text: str, default: str = ENGLISH) -> str:
    """The likeliest language of `text` (ISO 639-1); `default` for one too short to tell.

    Of 321 chat questions with technical words in them it took one English one for another
    language, and one of another language for English (tests/data/answers/dev.jsonl).
    """
    short = len(text.split()) < MIN_WORDS and text.isascii()
    if short or not any(character.isalpha() for character in text):
        return default
    language, _ = _identifier().classify(text[:MAX_CHARS])
    return str(language)


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(LANGUAGES)
    return identifier
