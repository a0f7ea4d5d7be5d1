"""What an answer may stand on: the entries that the model was given, read once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from engine.grounding.clauses import stance_of, turned
from engine.grounding.lexicon import ENGLISH, Commitment
from engine.grounding.sentence import Sentence, read
from engine.grounding.splitter import split
from engine.grounding.tokens import CODE_SPAN, TokenKind, code_lines, command, strip_marks
from engine.grounding.units import Unit, UnitKind
from engine.invisible import without_invisible
from engine.retrieval.language import language_of
from engine.types import Document

YES = re.compile(
    r"\W*(?:yes|yeah|yep|sure|absolutely|definitely|of course|ja|doch|oui|si|sí|sim|sì|да)(?!\w)",
    re.IGNORECASE,
)
NO = re.compile(
    r"\W*(?:(?:no|nein|non|não|нет)(?=\W*(?:[,.;:!—–-]|$))|nope|unfortunately (?:not|no)|not really"
    r"|never(?=[,.!]))",
    re.IGNORECASE,
)
#: A question that asks yes or no, so that its words are a statement once it is answered.
_PROPOSITION = re.compile(
    r"\W*(?:can|could|is|are|was|do|does|did|should|will|would|may|must|have|has|am|shall"
    r"|kann|können|ist|sind|darf|dürfen|muss|müssen|soll|sollte|gibt|est-ce|peut|puis|puede|puedo"
    r"|es|hay|debo|tengo|posso|pode|é|devo|preciso|можно|могу|нужно|надо|è|può|devo)(?!\w)",
    re.IGNORECASE,
)
_ALTERNATIVE = re.compile(r"\b(?:or|oder|ou|o|или)\b|n['’]t\b", re.IGNORECASE)
_ANAPHOR = re.compile(
    r"\W*(?:it|its|this|that|these|those|they|them|their|he|she|then|afterwards?|otherwise|also)\b",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"\w+")
_TURNING = frozenset((Commitment.ONLY, Commitment.UNLESS, Commitment.INSTEAD, Commitment.WITHOUT))
_FENCED = re.compile(r"^[>\s]*(`{3,}|~{3,}).*?(?:^[>\s]*\1|\Z)", re.MULTILINE | re.DOTALL)
_FENCE_LINE = re.compile(r"^[>\s]*(?:`{3,}|~{3,}).*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence of an entry, with what it may lean on."""

    sentence: Sentence
    #: Stems of the title, the heading, the lead-in, and the sentence that its pronoun means.
    context: frozenset[str]
    #: It is a row of a table.
    row: bool
    #: The lead-in, head or sentence that it belongs to.
    lead: Sentence | None
    #: Both, read as one sentence.
    joined: Sentence | None
    #: The lead-in says not or only of it: by itself it says something else.
    turned: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry, read."""

    id: str
    language: str
    title: Sentence
    passages: tuple[Passage, ...]
    #: The title as a statement, where the answer says yes or no to it.
    statement: Sentence | None
    #: Whether it begins with yes or no; None where with neither.
    says_yes: bool | None
    #: Stems of all words and keys of all facts.
    keys: frozenset[str]
    #: Lower-case words as written.
    words: frozenset[str]
    bigrams: frozenset[tuple[str, str]]
    #: Code, addresses and the like, verbatim.
    exact: frozenset[str]
    #: Its lines of code, and its whole text in one line, for verbatim search.
    codes: tuple[str, ...]
    plain: str
    #: The same without what is in code font: a part of a command is no command.
    prose: str
    #: Its words and numbers alone, as the function `letters` gives them.
    letters: str


class Evidence:
    """The entries of one answer, and the question it answers."""

    def __init__(self, documents: Sequence[Document], question: str) -> None:
        self.entries = tuple(read_entry(document) for document in documents)
        language = self.entries[0].language if self.entries else ENGLISH
        self.question = read(without_invisible(question)[:2000], language)
        self.plain = " ".join(entry.plain for entry in self.entries)
        #: Its words and numbers alone, as the function `letters` gives them.
        self.letters = f" {' '.join(filter(None, (entry.letters for entry in self.entries)))} "
        self.keys = frozenset().union(*(entry.keys for entry in self.entries))
        self.words = frozenset().union(*(entry.words for entry in self.entries))
        self.bigrams = frozenset().union(*(entry.bigrams for entry in self.entries))


@lru_cache(maxsize=128)
def read_entry(document: Document) -> Entry:
    """`document`, read for the check."""
    title, answer = without_invisible(document.question), without_invisible(document.answer)
    language = language_of(f"{title}\n{_FENCE_LINE.sub('', answer)}")
    title_read = read(title, language)
    passages = tuple(_passages(title_read, without_invisible(document.section), answer, language))
    said = [title_read, *(passage.sentence for passage in passages)]
    tokens = [token for sentence in said for token in sentence.tokens]
    stems = [token.key for token in tokens if token.kind is not TokenKind.MARK]
    codes = [line for unit in split(answer) if unit.kind is UnitKind.CODE
             for line in code_lines(unit.text)]  # fmt: skip
    codes += [token.key for token in tokens if token.unit == "code"]
    keys = frozenset().union(*(sentence.keys for sentence in said))
    whole = plain(f"{title} {answer}")
    return Entry(
        id=document.id,
        language=language,
        title=title_read,
        passages=passages,
        statement=_statement(title, title_read, answer),
        says_yes=True if YES.match(answer) else False if NO.match(answer) else None,
        keys=keys | read(without_invisible(document.section), language).keys,
        words=frozenset(token.word for token in tokens if token.word),
        bigrams=frozenset(pairwise(stems)),
        exact=frozenset(token.key for token in tokens if token.kind is TokenKind.EXACT),
        codes=tuple(codes),
        plain=f" {whole} ",
        prose=f" {plain(CODE_SPAN.sub(' | ', _FENCED.sub(' | ', f'{title} {answer}')))} ",
        letters=letters(whole),
    )


def _units(answer: str) -> Iterator[Unit]:
    """The units of an entry; what a semicolon parts are sentences of their own."""
    for unit in split(answer):
        if unit.kind not in (UnitKind.SENTENCE, UnitKind.ITEM) or "`" in unit.text:
            yield unit
            continue
        for text in re.split(r";\s+(?=\w)", unit.text):
            yield replace(unit, text=text)


def turns(lead: Sentence) -> bool:
    """Whether a lead-in says of what follows it that it is not so, or not always."""
    stances = [stance_of(clause.items) for clause in lead.clauses]
    return any(stance.negated or stance.others & _TURNING for stance in stances)


def letters(text: str) -> str:
    """The words and numbers of `text` in lower case, with single spaces."""
    return " ".join(_LETTERS.findall(text.casefold()))


def plain(text: str) -> str:
    """`text` in one line with Markdown's decoration taken off its edges, for verbatim search."""
    return " ".join(strip_marks(chunk) or chunk for chunk in text.split())


def _statement(title: str, read_title: Sentence, answer: str) -> Sentence | None:
    yes, no = YES.match(answer), NO.match(answer)
    first = read(split(answer)[0].text, read_title.language) if answer.strip() else read_title
    if any(clause.relation or Commitment.ONLY.sign in clause.items for clause in first.clauses):
        return None  # it is so on a condition
    if not (yes or no) or not _PROPOSITION.match(title) or _ALTERNATIVE.search(title):
        return None
    clauses = read_title.clauses
    if no and clauses:
        clauses = (turned(clauses[0]), *clauses[1:])
    return replace(read_title, clauses=clauses)


def _passages(title: Sentence, section: str, answer: str, language: str) -> Iterator[Passage]:
    topic = title.keys | read(section, language).keys
    heading: frozenset[str] = frozenset()
    lead: Sentence | None = None
    previous: Sentence | None = None
    head: Sentence | None = None
    for unit in _units(answer):
        text = unit.text
        if unit.kind is UnitKind.CODE:
            text = "\n".join(command(line) for line in code_lines(text))
        sentence = read(text.strip("#*_| ") if unit.kind is not UnitKind.CODE else text, language)
        context = topic | heading
        if unit.kind is UnitKind.HEADING:
            heading, lead = sentence.keys, None
        elif unit.kind is UnitKind.TABLE_HEAD:
            head = sentence
        belongs = None
        if unit.kind is UnitKind.ITEM:
            belongs = lead
        elif unit.kind is UnitKind.ROW:
            belongs = head
        elif unit.kind is UnitKind.CODE:
            belongs = previous
        elif unit.kind is UnitKind.SENTENCE:
            lead = sentence
        if belongs is not None:
            context |= belongs.keys
        if previous is not None and _ANAPHOR.match(text):
            context |= previous.keys
        joined = belongs and read(f"{belongs.text.rstrip(': ')} {text}", language)
        yield Passage(
            row=unit.kind is UnitKind.ROW,
            sentence=sentence,
            context=context,
            lead=belongs,
            joined=joined or None,
            turned=belongs is not None and turns(belongs),
        )
        previous = sentence
