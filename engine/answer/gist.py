"""Chooses from a long message the lines that ask and those that tell what went wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from engine.answer.asking import asks, meaningful
from engine.limits import GIST_CHARS, WHOLE_CHARS, WHOLE_LINES

#: Pieces of a line that are weighed by themselves; a minified log may be one line of thousands.
MAX_PIECE_CHARS = 300
#: Characters of a message that are looked at, at its beginning and its end, and of a line.
MAX_READ_CHARS = 200_000
MAX_LINE_CHARS = 12_000
#: Lines looked at, the same.
MAX_LINES = 2_000
#: Share of the gist that may be what asks, before errors get their place. Chosen by hand.
ASKING_SHARE = 0.6
#: Sentences of who asks nothing that are in the gist.
MAX_PROSE = 3
#: So many lines that begin alike were written by a program. Chosen by hand.
MANY_ALIKE = 4
#: Different errors in the gist: any of them may be the cause.
MAX_ERRORS = 4

#: What stands before the text of a line: the mark of a quotation, the service of a composed log,
#: a time, a level, a process, the number of a progress bar.
_PREFIX = re.compile(
    r"""^(?:\s|>|\|
      | [\w.-]{1,40}\s{1,20}\|                                   # "postgres-1  | "
      | \[?\d{4}[-/]\d\d[-/]\d\d(?:[T ,]+\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?)?
        \s?(?:Z|UTC|[+-]\d\d:?\d\d)?\]?
      | \[?\d\d[:/]\d\d[:/]\d\d(?:[.,]\d+)?\]?
      | \[\w{0,12}[\d.]*\]
      | \[?(?:INFO|DEBUG|TRACE|NOTICE|LOG)\b[\]:]?
      | [-–—]\s
    )+""",
    re.VERBOSE,
)
#: The end of a traceback, and what other tools name so.
_NAMED = re.compile(
    r"\b(?:[A-Za-z_][\w.]*(?:Error|Exception|Warning|Fault|Failure)|Caused by|ORA-\d+|SQLSTATE"
    r"|SIG(?:SEGV|ILL|KILL|ABRT)|Killed|OOMKilled|Segmentation fault|panic|E\d{3,5})\b"
)
_WRONG = re.compile(
    r"(?i)\b(?:error|fatal|critical|fail(?:ed|ure|s)?|denied|refused|invalid|unable to|cannot"
    r"|can't|could not|couldn't|not (?:found|allowed|permitted|supported|recognized|authorized)"
    r"|no (?:such|module|space|matching)|does(?:n't| not) (?:exist|match|have)"
    r"|already (?:in use|exists)"
    r"|out of memory|timed? ?out|unauthorized|forbidden|unexpected|undefined|missing|deprecated"
    r"|aborted|abort|corrupt\w*|mismatch|exceed(?:s|ed)|not a \w+|expired|rejected|non-zero"
    r"|conflict\w*|incompatible|unhealthy|exit(?:ed)? (?:code|status|with)|status[ =:]+[45]\d\d)\b"
)
_LOUD = re.compile(r"\b(?:ERROR|FATAL|CRITICAL|E:|ERR!)")
_MILD = re.compile(r"(?i)\bwarn(?:ing)?\b|deprecat")
#: A frame of a trace, a progress bar, a table, a listing: said by machines, and nothing is wrong.
_MACHINE = re.compile(
    r"""^\s*(?:File\ ".*",\ line\ \d+ | at\ [\w.$<>/]+\( | \.\.\.\ \d+\ more | Traceback\ \(
      | [-=*#_~^+|\s.]{3,}$ | \d+%\s?\|
      | (?:Collecting|Downloading|Requirement\ already|Using\ cached
        |Installing|Preparing|Building|Pulling|Waiting|Verifying|Extracting|Attaching|Creating
        |Successfully|Starting|Started|Stopping|Epoch|Step)\b )""",
    re.VERBOSE,
)
#: A line with the time, the level or the service before it: a program wrote it.
_LOGGED = re.compile(
    r"^\W*(?:[\w.-]{1,40}\s{1,20}\|\s|\[?\d{4}[-/]\d\d[-/]\d\d|\d\d:\d\d:\d\d"
    r"|\[?(?:INFO|DEBUG|TRACE|NOTICE|WARN(?:ING)?|ERROR|FATAL|LOG)\b)"
)
#: Who writes of themselves is a person.
_PERSONAL = re.compile(
    r"(?i)\b(?:i|i'm|i've|i'd|i'll|my|me|we|our|us|you|your|anyone|ich|mir|mich|mein\w*|wir|uns|du|ihr"
    r"|yo|mi|mis|me|nos|eu|meu|minha|je|j'ai|mon|ma|mes|nous|vous|я|мне|меня|мой|моя|мы|нам|вы)\b"
)
_SENTENCE_END = re.compile(r"(?<=[.!?…])(?<!\b\w\.)\s+(?=[^\W\d_])")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_DIGITS = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8,}|\d+", re.IGNORECASE)
#: Paths, addresses, assignments, calls: a line of many is no sentence.
_TECHNICAL = re.compile(r"[/\\=<>{}\[\]_]|\w[.:]\w|\w\(|^-")
#: How a letter begins and ends; between two such lines stands what it is about.
_FORM = re.compile(
    r"(?i)^\W*(?:from|to|cc|subject|date|sent|von|an|betreff|gesendet|de|para|asunto|assunto|à|objet"
    r"|кому|от|тема)\s?:|^\W*(?:best|kind|warm)? ?(?:regards|wishes|cheers)\W*$|^--\s*$"
    r"|^\W*(?:mit freundlichen grüßen|viele grüße|saludos|atenciosamente|cordialement)\W*$"
)


class _Kind(IntEnum):
    """What a piece is; the higher, the more it tells."""

    NOISE = 0
    PROSE = 1
    ERROR = 2
    ASKS = 3


@dataclass(frozen=True, slots=True)
class _Piece:
    place: int
    line: int
    text: str
    kind: _Kind
    weight: float
    #: Somebody else said it.
    quoted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gist:
    """What of a message is read."""

    text: str
    #: Lines that it was taken from; 0 where the message was read whole.
    num_lines: int = 0
    #: Of its pieces those that tell what went wrong.
    num_errors: int = 0


def gist_of(text: str, max_chars: int = GIST_CHARS) -> Gist:
    """The lines of `text` that ask and those that tell what went wrong, in their order and in at
    most `max_chars` characters; a message of ordinary length as it is."""
    text = _ends(text.strip(), MAX_READ_CHARS)
    lines = [line for line in text.splitlines() if line.strip()]
    if len(text) <= max(WHOLE_CHARS, max_chars) and (
        len(lines) <= WHOLE_LINES or len(text) <= max_chars // 2
    ):
        return Gist(text=text)
    chosen = _chosen(list(_pieces(lines)), max_chars)
    if not chosen:  # nothing asks and nothing is wrong: the beginning is as good as any part
        return Gist(text=text[:max_chars], num_lines=min(len(lines), 1))
    kept = "\n".join(piece.text for piece in sorted(chosen, key=lambda piece: piece.place))
    return Gist(
        text=kept[:max_chars],
        num_lines=len({piece.line for piece in chosen}),
        num_errors=sum(piece.kind is _Kind.ERROR for piece in chosen),
    )


def shortened(text: str, max_chars: int) -> str:
    """`text`, or of a longer one what `gist_of` finds in it and, as far as there is room, how it
    begins and ends."""
    if len(text) <= max_chars:
        return text
    gist = gist_of(text).text
    rest = max(0, (max_chars - len(gist)) // 2 - 4)
    return f"{text[:rest]}\n…\n{gist}\n…\n{text[len(text) - rest :]}"[:max_chars]


def _ends(text: str, max_chars: int) -> str:
    """`text`, or the beginning and the end of a longer one."""
    half = max_chars // 2
    return text if len(text) <= max_chars else f"{text[:half]}\n{text[-half:]}"


def _pieces(lines: list[str]) -> Iterator[_Piece]:
    if len(lines) > MAX_LINES:
        lines = lines[: MAX_LINES // 2] + lines[-MAX_LINES // 2 :]
    bare = [_PREFIX.sub("", line).strip() for line in lines]
    alike = Counter(map(_beginning, bare))
    place = 0
    for number, (line, text) in enumerate(zip(lines, bare, strict=True)):
        quoted = line.lstrip().startswith(">")
        loud = _LOUD.search(line, 0, MAX_LINE_CHARS) is not None
        logged = _LOGGED.match(line) is not None or alike[_beginning(text)] >= MANY_ALIKE
        for part in _parts(text):
            kind, weight = _kind_of(part, logged=logged, loud=loud, indented=line[:1].isspace())
            yield _Piece(place, number, part, kind, weight, quoted)
            place += 1


def _beginning(text: str) -> str:
    """What lines that a program writes again and again have in common."""
    return " ".join(_DIGITS.sub("0", text.lower()).split()[:2])


def _parts(line: str) -> Iterator[str]:
    """A line by its sentences; what has none is cut where it is too long."""
    for sentence in _SENTENCE_END.split(line[:MAX_LINE_CHARS]):
        for start in range(0, len(sentence), MAX_PIECE_CHARS):
            yield sentence[start : start + MAX_PIECE_CHARS].strip()


def _kind_of(text: str, *, logged: bool, loud: bool, indented: bool) -> tuple[_Kind, float]:
    words = _WORD.findall(text)
    if not words or _FORM.search(text):
        return _Kind.NOISE, 0.0
    machine = bool(_MACHINE.match(text))
    prose = not machine and not logged and _is_prose(text, words)
    personal = prose and _PERSONAL.search(text) is not None
    if prose and asks(text):
        return _Kind.ASKS, 1.0 + ("?" in text) + bool(meaningful(text))
    wrong = {match.group().lower() for match in _WRONG.finditer(text)}
    named = bool(_NAMED.search(text))
    if (named or wrong or loud) and not machine and not personal:
        weight = 2.0 * named + min(len(wrong), 3) * 0.75 + loud - 1.5 * bool(_MILD.search(text))
        # The last line of a traceback is the one that is not indented.
        return _Kind.ERROR, weight + 0.5 * (named and not indented)
    return (_Kind.PROSE, 0.5 + personal) if prose else (_Kind.NOISE, 0.0)


def _is_prose(text: str, words: list[str]) -> bool:
    """Whether a person wrote it: words in plain letters with hardly a sign between them."""
    parts = text.split()
    technical = sum(bool(_TECHNICAL.search(part)) for part in parts)
    plain = [word for word in words if word[1:].islower() or len(word) == 1]
    return len(words) >= 2 and technical <= 0.34 * len(parts) and len(plain) >= 0.6 * len(words)


def _chosen(pieces: list[_Piece], max_chars: int) -> list[_Piece]:
    asking = _once(piece for piece in pieces if piece.kind is _Kind.ASKS)
    asking = [piece for piece in asking if not piece.quoted] or asking
    errors = _different([piece for piece in pieces if piece.kind is _Kind.ERROR])
    prose = _once(piece for piece in pieces if piece.kind is _Kind.PROSE)
    # Keep the sentences next to a question: they tell more of it.
    near = {piece.place + step for piece in asking for step in (-2, -1, 1)}
    told = [piece for piece in prose if piece.weight > 1][:MAX_PROSE]
    if not asking:
        prose = told or prose[:MAX_PROSE]
    else:
        prose = [piece for piece in prose if piece.place in near]
        if not any(meaningful(piece.text) for piece in asking):  # "what can I do?"
            prose += [piece for piece in told if piece not in prose]
    asking.sort(key=lambda piece: -piece.weight)
    chosen: list[_Piece] = []
    room: float = max_chars
    share = ASKING_SHARE if errors else 1.0
    wanted = ((asking, share * max_chars), (errors[:MAX_ERRORS], room), (prose, room))
    for candidates, limit in wanted:
        used = 0
        for piece in candidates:
            cost = len(piece.text) + 1
            if cost <= room and used + cost <= limit:
                chosen.append(piece)
                room -= cost
                used += cost
    return chosen


def _once(pieces: Iterable[_Piece]) -> list[_Piece]:
    """Each text once, where it stands first."""
    seen: dict[str, _Piece] = {}
    for piece in pieces:
        seen.setdefault(piece.text, piece)
    return list(seen.values())


def _different(errors: list[_Piece]) -> list[_Piece]:
    """Each error once, the most telling first; of equals the later: a trace ends in its cause."""
    seen: dict[str, _Piece] = {}
    for piece in errors:
        seen[_DIGITS.sub("0", piece.text.lower())] = piece
    return sorted(seen.values(), key=lambda piece: (-piece.weight, -piece.place))
