"""Tells where a text that is being written begins to say the same again and again."""

from __future__ import annotations

#: A text that repeats itself does so in chunks of at least so many characters. Shorter ones repeat
#: in good code and tables; many of them together make a chunk ("No. No. No. …").
MIN_CHUNK = 20
#: Copies of a chunk in a row. A network in code may have three equal layers, hardly six.
COPIES, COPIES_IN_CODE = 3, 6
#: How often a whole sentence or line may stand in a text, wherever, and from how many characters
#: and words on that counts: "Click **Next**." belongs into each of three steps, a path of a
#: traceback into each of its lines.
MAX_SAID, MIN_SENTENCE, MIN_WORDS = 2, 30, 5

_ENDS = frozenset(".!?…")
#: These need no white space after them.
_WIDE_ENDS = frozenset("。！？")
#: What may stand between the end of a sentence and the white space after it.
_CLOSERS = "*_`)\"'”’»"
_LIST_MARKS = "-*+•>#0123456789.) \t\n"
_FENCES = ("```", "~~~")


class Repetition:
    """Follows one text as it grows.

    A small model that has said what it can often says it again until its tokens are used up: "You
    need a token. The answer is: a token. The answer is: a token. …". That helps no reader, and the
    next request waits for the slot. So the text ends where a chunk stands for the third time in a
    row, at the end of a sentence or line if it has one; and where a sentence stands for the third
    time at all, which counters ("1. … 2. …") do not hide.

    Each character is looked at once, whatever the pieces they come in, so the same text always
    ends at the same place. The copies stay: they may have been shown by then, and the truth check
    shows a sentence once.
    """

    def __init__(self) -> None:
        #: Characters that were looked at.
        self._seen = 0
        #: Where each chunk of the least length ended last.
        self._ended_at: dict[str, int] = {}
        #: The last `_run` characters equal those that stand `_period` before them.
        self._period = 0
        self._run = 0
        self._sentence_start = 0
        self._line_start = 0
        self._in_code = False
        self._said: dict[str, int] = {}

    def find(self, text: str, end: int) -> int | None:
        """Where `text` has to end, if it repeats itself before `end`.

        To be called with the same text as before, or a longer one.
        """
        while self._seen < end:
            at = self._seen
            self._seen += 1
            stop = self._look(text, at)
            if stop is not None:
                return stop
        return None

    def _look(self, text: str, at: int) -> int | None:
        character = text[at]
        if character.isspace() and self._ends_sentence(text, at) and self._is_enough(text, at):
            return at
        self._follow(text, at)
        if character in _WIDE_ENDS and self._is_enough(text, at + 1):
            return at + 1
        if character == "\n":
            self._begin_line(text, at)
        # Without an end of a sentence in the chunk, one copy more leaves no doubt.
        return at + 1 if self._is_copied(text, at + 1, extra=1) else None

    def _ends_sentence(self, text: str, at: int) -> bool:
        """Whether the white space at `at` comes after a sentence or a line."""
        before = text[max(self._sentence_start, at - 4) : at]
        return text[at] == "\n" or before.rstrip(_CLOSERS)[-1:] in _ENDS

    def _is_enough(self, text: str, end: int) -> bool:
        """Whether the sentence that ends at `end` is the last one."""
        sentence = text[self._sentence_start : end]
        self._sentence_start = end
        return self._is_said_again(sentence) or self._is_copied(text, end)

    def _is_said_again(self, sentence: str) -> bool:
        words = sentence.lstrip(_LIST_MARKS).split()
        said = " ".join(words)
        counts = len(words) >= MIN_WORDS or said[-1:] in _WIDE_ENDS
        if self._in_code or not counts or len(said) < MIN_SENTENCE or said.startswith("|"):
            return False
        times = self._said[said] = self._said.get(said, 0) + 1
        return times > MAX_SAID and _has_letters(said)

    def _is_copied(self, text: str, end: int, *, extra: int = 0) -> bool:
        """Whether copies of one chunk stand in a row before `end`."""
        if not self._period:
            return False
        copies = (COPIES_IN_CODE if self._in_code else COPIES) + extra
        chunk = self._period * -(-MIN_CHUNK // self._period)
        # The white space after a sentence, which may be another than before, counts as a copy.
        run = self._run if extra else self._run + 1
        enough = run >= copies * chunk - self._period
        return enough and _has_letters(text[end - self._period : end])

    def _follow(self, text: str, at: int) -> None:
        """Whether the text goes on as it did before; else find out since when it does."""
        end = at + 1
        if self._period and text[at] == text[at - self._period]:
            self._run += 1
        else:
            self._period = self._run = 0
        if end < MIN_CHUNK:
            return
        chunk = text[end - MIN_CHUNK : end]
        before = self._ended_at.get(chunk)
        if before is not None and not self._period:
            self._period, self._run = end - before, MIN_CHUNK
        self._ended_at[chunk] = end

    def _begin_line(self, text: str, at: int) -> None:
        if text[self._line_start : at].lstrip().startswith(_FENCES):
            self._in_code = not self._in_code
        self._line_start = at + 1


def _has_letters(text: str) -> bool:
    """Rules of dashes and empty cells may repeat as they like."""
    return any(character.isalpha() for character in text)
