"""The names that people give to the fields of an entry, and how their values read as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from math import isfinite

#: The words "question" and "answer": names of fields and columns, labels before a text.
QUESTION_WORDS = (
    *("question", "frage", "pregunta", "pergunta", "domanda", "vraag", "pytanie", "otázka"),
    *("fråga", "spørgsmål", "spørsmål", "kysymys", "kérdés", "întrebare", "soru", "ερώτηση"),
    *("вопрос", "питання", "запитання", "въпрос", "سؤال", "السؤال", "שאלה", "प्रश्न"),
    *("質問", "問題", "问题", "質问", "质问", "問", "问", "질문", "câu hỏi", "pertanyaan"),
)
ANSWER_WORDS = (
    *("answer", "antwort", "respuesta", "réponse", "resposta", "risposta", "antwoord"),
    *("odpowiedź", "odpověď", "svar", "vastaus", "válasz", "răspuns", "cevap", "yanıt", "yanit"),
    *("απάντηση", "ответ", "відповідь", "отговор", "جواب", "الجواب", "إجابة", "الإجابة"),
    *("תשובה", "उत्तर", "回答", "答え", "答案", "解答", "答", "답변", "답", "trả lời", "jawaban"),
)
#: Mean a question and an answer wherever they stand, in any file.
QUESTION = (
    *("question", "q", "questions", "question_text", "question_title", "faq_question"),
    *("fragen", "preguntas", "perguntas", "domande", "вопросы"),
    *QUESTION_WORDS[1:],
)
ANSWER = (
    *("answer", "a", "answers", "answer_text", "answer_html", "answer_markdown", "answer_md"),
    *("faq_answer", "accepted_answer"),
    *("antworten", "respuestas", "réponses", "respostas", "risposte", "ответы"),
    *ANSWER_WORDS[1:],
)
#: Mean them only beside the other.
ASKED = ("query", "ask", "prompt")
REPLY = ("response", "reply", "steps")
#: Mean them where most of the texts under that name ask: pages and parts have titles as well.
TITLE = ("title", "name", "heading", "header", "label", "concept", "instruction")
TEXT = (
    *("text", "content", "body", "details", "definition", "description_text"),
    *("completion", "output", "encoded"),
)

SECTION = (
    *("section", "category", "topic", "group", "theme", "categories"),
    *("abschnitt", "kategorie", "thema", "sección", "categoría", "tema", "seção", "categoria"),
    *("rubrique", "catégorie", "thème", "раздел", "категория", "категорія", "тема"),
    *("カテゴリ", "カテゴリー", "分類", "分类", "类别", "분류", "kategoria", "categorie"),
)

#: Beside a question, folded: its answers are to choose from.
QUIZ = {
    *("options", "choices", "distractors", "incorrectanswers", "wronganswers", "correct"),
    *("correctanswer", "optiona", "option1", "choicea", "choice1", "defaultgrade"),
}

#: Field of an entry → the names it is found under, the first that holds something counts. Case,
#: spaces and punctuation in a name do not matter: "Accepted answer", acceptedAnswer.
NAMES: Mapping[str, tuple[str, ...]] = {
    "question": (*QUESTION, *ASKED, *TITLE),
    "answer": (*ANSWER, *REPLY, *TEXT),
    "phrasings": (
        *("phrasings", "alternatives", "aliases", "synonyms", "variants", "paraphrases"),
        *("alternative_questions", "similar_questions"),
    ),
    "course": ("course", "course_name"),
    "section": SECTION,
    # What a program's API calls `url` is often an address of the API.
    "url": (
        *("html_url", "public_url", "web_url", "url", "link", "source_url", "permalink", "href"),
        "source",
    ),
    "id": ("id", "key", "uuid", "slug", "_id", "question_id"),
    "sort_order": ("sort_order", "order", "weight", "position"),
}
#: Field → its names by how sure they are.
TIERS = {"question": ((*QUESTION, *ASKED), TITLE), "answer": ((*ANSWER, *REPLY), TEXT)}
#: Names with which somebody keeps an entry back → the values that do.
DRAFTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("draft", "is_draft", "hidden", "is_hidden", "disabled", "archived", "deleted"),
        ("true", "yes", "y", "on", "1"),
    ),
    **dict.fromkeys(
        (
            *("enabled", "enable", "active", "is_active", "published", "is_published"),
            *("visible", "public"),
        ),
        ("false", "no", "n", "off", "0"),
    ),
    **dict.fromkeys(
        ("status", "state", "visibility"),
        (
            *("draft", "archived", "hidden", "inactive", "disabled", "unpublished", "deleted"),
            *("private", "pending", "trash"),
        ),
    ),
}
#: Where the text of a value with parts stands: `{"text": …}`, `{"rendered": …}`, rich text.
_PARTS = (
    *("text", "markdown", "plain", "body", "content", "html", "rendered", "value", "children"),
    *("name", "title"),
)
_LANGUAGE = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]{2,4})?")
_NOT_A_NAME = re.compile(r"[\W_]+")
_DEEPEST = 8


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """A field's name without case, spaces and punctuation."""
    return _NOT_A_NAME.sub("", name[:200].casefold())


@cache
def _by_folded(names: tuple[str, ...]) -> Mapping[str, str]:
    return {folded(name): name for name in names}


def folded_fields(raw: Mapping[object, object]) -> dict[str, object]:
    """`raw` by the folded names of its fields; of two that become one, the first with a value."""
    fields: dict[str, object] = {}
    for key, value in raw.items():
        if not fields.get(name := folded(str(key))):
            fields[name] = value
    return fields


def name_in(fields: Mapping[str, object], *tiers: tuple[str, ...]) -> str:
    """The first of the names under which folded `fields` hold a text; empty for none.

    Names of a later tier count only where none of an earlier one stands: a column "question" that
    is empty in this row does not make the column "name" the question.
    """
    for names in tiers:
        known = _by_folded(names)
        if not known.keys().isdisjoint(fields):
            texts = ((known[key], as_text(fields[key])) for key in known if key in fields)
            return next((name for name, text in texts if text and not text.isspace()), "")
    return ""


def field_text(fields: Mapping[str, object], field: str) -> str:
    """The text of a field of NAMES."""
    return as_text(_value(fields, field))


def field_texts(fields: Mapping[str, object], field: str) -> list[str]:
    """The texts of a field of NAMES that may hold several."""
    value = _value(fields, field)
    parts = value if isinstance(value, list) else [value]
    return [text for part in parts if (text := as_text(part)).strip()]


def _value(fields: Mapping[str, object], field: str) -> object:
    return fields.get(folded(name_in(fields, *TIERS.get(field, (NAMES[field],)))))


def as_text(value: object, depth: int = 0) -> str:
    """A value as text: numbers as written, lists as lines, of a mapping the part that is text."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        is_empty = isinstance(value, float) and not isfinite(value)  # NaN of a data frame
        return "" if is_empty else str(value)
    if depth > _DEEPEST:
        return ""
    if isinstance(value, list):
        if all(isinstance(part, str) for part in value):
            return "\n".join(value)
        return "\n".join(dict.fromkeys(as_text(part, depth + 1) for part in _accepted(value)))
    if isinstance(value, Mapping) and value:
        return _part(value, depth)
    return ""


def draft_mark(fields: Mapping[str, object]) -> str:
    """What marks folded `fields` as kept back, as it is written in the file; empty for nothing."""
    marks = _by_folded(tuple(DRAFTS))
    for key, value in fields.items():
        if key not in marks:
            continue
        written = str(value).strip().casefold() if isinstance(value, str | bool | int) else ""
        if written in DRAFTS[marks[key]]:
            return f"{marks[key]}: {written}"
    return ""


def is_unaccepted(fields: Mapping[str, object]) -> bool:
    """Whether a forum's question has answers of which none is marked as the right one."""
    answers = fields.get("answers")
    marks = list(map(_acceptance, answers if isinstance(answers, list) else []))
    return bool(marks) and True not in marks and None not in marks


def _part(value: Mapping[object, object], depth: int) -> str:
    if all(isinstance(key, str) and _LANGUAGE.fullmatch(key) for key in value):
        return as_text(value.get("en") or next(iter(value.values())), depth + 1)
    fields = folded_fields(value)
    for name in _PARTS:
        part = fields.get(name)
        if name == "children" and isinstance(part, list):  # the stretches of one line
            return "".join(as_text(each, depth + 1) for each in part)
        if text := as_text(part, depth + 1):
            return text
    return ""


def _accepted(parts: list[object]) -> list[object]:
    """Of a forum's answers the accepted one; of anything else all parts."""
    marks = [_acceptance(part) for part in parts]
    if any(mark is not None for mark in marks):
        return [part for part, mark in zip(parts, marks, strict=True) if mark][:1]
    return parts


def _acceptance(part: object) -> bool | None:
    """Whether an answer is marked as the right one; None where it has no such mark."""
    fields = folded_fields(part) if isinstance(part, Mapping) else {}
    for name in ("isaccepted", "accepted", "acceptedanswer", "isanswer"):
        if name in fields:
            return str(fields[name]).casefold() in ("true", "1", "yes")
    return None
