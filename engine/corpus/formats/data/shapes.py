"""Finds the entries in the content of a JSON, YAML or table file, whatever they are wrapped in.

Read are lists of entries, entries below keys, questions mapped to answers, and groups of these
within groups. Anything else is most likely a settings file, and none of it becomes an entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from engine.corpus.entry import Parsed
from engine.corpus.fields import (
    ANSWER,
    ASKED,
    QUESTION,
    QUIZ,
    REPLY,
    SECTION,
    TEXT,
    TITLE,
    as_text,
    draft_mark,
    field_text,
    folded,
    folded_fields,
    is_unaccepted,
    name_in,
)
from engine.corpus.formats.data.candidates import ARTICLE, KEY, MAPPED, Candidates, Place, Shape
from engine.corpus.formats.data.forum_exports import (
    as_entries,
    is_forum_post,
    is_help_article,
    is_intent,
    of_intent,
)
from engine.corpus.formats.data.settings_files import refuse_settings
from engine.corpus.text import clean_line, pretty_name
from engine.corpus.wording import asks, is_worded

_DEEPEST = 20
#: Keys that only hold the entries; other keys above a list name its section.
_CONTAINERS = {
    *("documents", "entries", "faq", "faqs", "items", "questions", "data", "content", "list"),
    *("categories", "sections", "groups", "topics", "children", "subsections", "courses"),
    *("results", "records", "rows", "articles", "hits", "nodes", "edges", "mainentity", "graph"),
    *("paragraphs", "qas", "qa", "pages", "page", "blocks", "widgets", "accordion", "repository"),
}
#: Names such as faqList and qnaDocuments say no more than these.
_CONTAINER = re.compile(r"\w*(?:faq|qna|question)\w*", re.IGNORECASE)
#: Keys below which an entry keeps its fields, beside its id.
_WRAPPERS = ("fields", "attributes", "node", "properties", "source")
#: What a mapping of questions says of itself; any other single word is worth a look.
_ABOUT_FILE = {
    *("title", "name", "version", "description", "language", "lang", "locale", "updated", "date"),
    *("author", "course", "section", "category", "url", "intro", "id", "order", "weight", "schema"),
}
_SECTION = (*SECTION, *TITLE)
#: A title that names no section.
_NAMES_AN_FAQ = re.compile(
    r"(?i)faqs?|q ?& ?a|frequently asked questions|(?:häufige|häufig gestellte) fragen"
    r"|preguntas frecuentes|perguntas frequentes|questions fréquentes|частые вопросы"
)
_MACHINE_NAME = re.compile(r"[\w.-]+")


def entries_of(content: object) -> Parsed:
    """The entries of what a file holds.

    Raises NotAnFaq where there are none, and CorpusError where there are too many.
    """
    refuse_settings(content)
    walk = _Walk()
    walk.visit(as_entries(content), Place(), depth=0)
    return walk.candidates.parsed()


@dataclass(slots=True)
class _Walk:
    candidates: Candidates = field(default_factory=Candidates)
    _groups: int = 0

    def visit(self, node: object, place: Place, *, depth: int, name: str = "") -> None:
        """Collect what may be an entry in `node`, which stands below the key `name`."""
        if depth > _DEEPEST:
            return
        self._groups += 1
        siblings = self._groups
        if isinstance(node, list):
            place = replace(place, sections=(*place.sections, name)) if name else place
            for item in node:
                self._item(item, place, siblings, depth)
        elif isinstance(node, Mapping) and not (
            # At the top of a file they are its description, even where the title asks.
            (depth > 0 or _names(_unwrapped(node))[0] not in TITLE)
            and self._entry(node, place, siblings, alone=True)
        ):
            self._group(node, place, siblings, depth, name)

    def _item(self, item: object, place: Place, siblings: int, depth: int) -> None:
        if isinstance(item, Mapping) and self._entry(item, place, siblings):
            self._visit_children(item, place, depth, inside_entry=True)
            return
        if isinstance(item, Mapping) and any(_names(_unwrapped(item))) and not any(_children(item)):
            self.candidates.add(item, place, siblings)  # an entry that lacks a part
            return
        before = len(self.candidates)
        if isinstance(item, list) or (
            isinstance(item, Mapping) and (len(item) == 1 or any(_children(item)))
        ):
            self.visit(item, place, depth=depth + 1)
        if len(self.candidates) == before:
            self.candidates.add(item, place, siblings)

    def _entry(
        self, raw: Mapping[object, object], place: Place, siblings: int, *, alone: bool = False
    ) -> bool:
        """Whether `raw` is an entry, or will be one for people who answer it."""
        fields = _unwrapped(raw)
        if not QUIZ.isdisjoint(fields):
            is_quiz = bool(name_in(fields, QUESTION))
            self.candidates.saw_quiz |= is_quiz
            return is_quiz
        if is_intent(fields):
            fields = of_intent(fields)
            if not fields["question"]:
                why = "intents of a chatbot in which nothing asks"
                self.candidates.add(fields, place, siblings, why_left_out=why)
                return True
        asked, answered = _names(fields)
        is_post = asked in TITLE and answered in TEXT and is_forum_post(fields)
        if asked and (is_post or is_unaccepted(fields)):
            self.candidates.add(fields, place, siblings, why_left_out="without an accepted answer")
            return True
        if not asked or not answered:
            return False
        if asked in TITLE and answered in TEXT and _holds_entries(raw):
            return False
        # `question: Frage` beside `answer: Antwort` are the words of an interface, a title and a
        # text by themselves any part of a page.
        is_meant = asks if asked in TITLE else is_worded
        if alone and not is_meant(as_text(fields[folded(asked)])):
            return False
        shape = ARTICLE if is_help_article(fields) else (asked, answered)
        self.candidates.add(fields, place, siblings, shape=shape)
        return True

    def _group(
        self,
        raw: Mapping[object, object],
        place: Place,
        siblings: int,
        depth: int,
        name: str,
    ) -> None:
        place = _inside(raw, place, name, is_root=depth == 0)
        taken = _keyed_entries(raw)
        for key, value in raw.items():
            asked = clean_line(str(key))
            if key in taken:
                fields, shape = taken[key]
                self.candidates.add(fields, place, siblings, shape=shape)
            elif _is_text(value) and is_worded(asked):
                mapped = {"question": asked, "answer": value}
                self.candidates.add(mapped, place, siblings, shape=MAPPED)
            elif _is_text(value) and folded(asked) not in _ABOUT_FILE:
                unasked = {"answer": f"{asked}: {as_text(value)}"}
                self.candidates.add(unasked, place, siblings)
        rest = {key: value for key, value in raw.items() if key not in taken} if taken else raw
        self._visit_children(rest, place, depth)

    def _visit_children(
        self,
        raw: Mapping[object, object],
        place: Place,
        depth: int,
        *,
        inside_entry: bool = False,
    ) -> None:
        """Look into the groups in `raw`; in an entry only into those that can hold entries."""
        children = list(_children(raw))
        has_own_title = bool(name_in(folded_fields(raw), _SECTION))
        for key, value in children:
            name = clean_line(str(key))
            is_container = folded(name) in _CONTAINERS or bool(_CONTAINER.fullmatch(name))
            if inside_entry and not is_container:
                continue
            if is_container or (has_own_title and len(children) == 1) or folded(name) in _WRAPPERS:
                below = ""
            else:
                below = pretty_name(name) if re.fullmatch(r"[a-z0-9_-]+", name) else name
            if folded(name) == "courses":
                self._courses(value, place, depth)
            else:
                self.visit(value, place, depth=depth + 1, name=below)

    def _courses(self, value: object, place: Place, depth: int) -> None:
        """A list of courses, each with its name, or a mapping of names to what they hold."""
        if isinstance(value, Mapping):
            named = [(clean_line(str(key)), below) for key, below in value.items()]
        else:
            parts = value if isinstance(value, list) else []
            named = [(_own_title(part), _without_title(part)) for part in parts]
        for course, below in named:
            self.visit(below, replace(place, course=course or place.course), depth=depth + 1)


def _unwrapped(raw: Mapping[object, object]) -> dict[str, object]:
    """The fields of an entry by their folded names, without a wrapper around them."""
    fields = folded_fields(raw)
    for wrapper in _WRAPPERS:
        inner = fields.get(wrapper)
        if isinstance(inner, Mapping):
            below = folded_fields(inner)
            if all(_names(below)):
                return {"id": fields.get("id", fields.get("pk")), **below}
    return fields


def _names(fields: Mapping[str, object]) -> tuple[str, str]:
    """Under which names question and answer stand; empty for what is not there."""
    asked = name_in(fields, (*QUESTION, *ASKED), TITLE)
    replies = () if asked in TITLE else REPLY
    return asked, name_in(fields, (*ANSWER, *replies), TEXT)


def _keyed_entries(
    raw: Mapping[object, object],
) -> dict[object, tuple[dict[str, object], Shape]]:
    """`id: {question, answer}` or `question: {answer}`: key → fields of the entry, and its shape.

    One title among questions need not ask; by itself it is a word of an interface.
    """
    by_id: dict[object, tuple[dict[str, object], Shape]] = {}
    by_question: dict[object, tuple[dict[str, object], Shape]] = {}
    is_worth_it = False
    for key, value in raw.items():
        fields = _unwrapped(value) if isinstance(value, Mapping) else {}
        asked, answered = _names(fields)
        name = clean_line(str(key))
        if not answered or asked in TITLE or not QUIZ.isdisjoint(fields):
            continue
        if asked:
            is_worth_it = is_worth_it or is_worded(as_text(fields[folded(asked)]))
            if _MACHINE_NAME.fullmatch(name) and not field_text(fields, "id"):
                fields["id"] = name
            by_id[key] = (fields, (asked, answered))
        elif is_worded(name):
            by_question[key] = ({**fields, "question": name}, (KEY, answered))
    return {**(by_id if is_worth_it else {}), **by_question}


def _is_text(value: object) -> bool:
    return (
        value is None
        or isinstance(value, str | int | float)
        or (isinstance(value, list) and all(isinstance(part, str) for part in value))
    )


def _children(raw: Mapping[object, object]) -> Iterator[tuple[object, object]]:
    """What may hold entries in turn."""
    for key, value in raw.items():
        if value and (isinstance(value, Mapping) or (isinstance(value, list) and _is_deep(value))):
            yield key, value


def _holds_entries(raw: Mapping[object, object]) -> bool:
    """Whether a list below one of its keys makes `raw` a group with a text of its own."""
    lists = (key for key, value in _children(raw) if isinstance(value, list))
    return any(folded(str(key)) in _CONTAINERS for key in lists)


def _is_deep(values: list[object]) -> bool:
    return any(isinstance(value, list | Mapping) for value in values)


def _inside(raw: Mapping[object, object], place: Place, name: str, *, is_root: bool) -> Place:
    """The place of what stands in a group."""
    fields = folded_fields(raw)
    title = _own_title(raw)
    course = clean_line(as_text(fields.get("course")))
    sections = place.sections
    if is_root:
        place = replace(place, title="" if _NAMES_AN_FAQ.search(title) else title)
    elif (title or name) and not _NAMES_AN_FAQ.fullmatch(title or name):
        sections = (*sections, title or name)
    return replace(
        place,
        course=course or place.course,
        sections=sections,
        draft=place.draft or draft_mark(fields),
    )


def _own_title(raw: object) -> str:
    fields = folded_fields(raw) if isinstance(raw, Mapping) else {}
    return clean_line(as_text(fields.get(folded(name_in(fields, _SECTION)))))


def _without_title(raw: object) -> object:
    if not isinstance(raw, Mapping):
        return raw
    titles = {folded(name) for name in _SECTION}
    return {key: value for key, value in raw.items() if folded(str(key)) not in titles}
