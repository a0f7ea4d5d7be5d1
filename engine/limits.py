"""How much of a message is kept, searched and given to a model: the one place that says so.

A longer message is not cut at its end: `engine.answer.gist` chooses the lines that ask and those
that tell what went wrong.
"""

from __future__ import annotations

#: Characters of a message that are stored.
STORED_CHARS = 12_000
#: A message of more characters or more lines is searched by its gist: beyond that most of it is
#: log, and what asks is lost among what does not.
WHOLE_CHARS, WHOLE_LINES = 900, 14
#: Characters of the gist. all-MiniLM-L6-v2 reads 256 tokens, some 900 characters.
GIST_CHARS = 900
#: Characters that a search reads at most, whoever asks it: an entry may be searched for by another.
SEARCHED_CHARS = 4_000
#: Characters of a question that reach a model.
PROMPT_CHARS = 2_000
