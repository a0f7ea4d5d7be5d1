"""The engine's exceptions; the docstring of each is its default message.

EngineError
├── CorpusError            no entry could be read
├── EmbedderUnavailable    no vectors: words alone are searched
├── StoreError             the job store cannot be opened or written
├── ModelError
│   ├── UnknownModel       not an alias of the catalogue
│   └── ModelLoadError     missing, refused, corrupt, or does not fit
└── GenerationError        this question got no text
    ├── EngineDown         no engine process to ask
    ├── EngineCrashed      the process died while it worked on this question
    │   ├── CrashedTogether  and on others: any of them may be to blame
    │   └── NeverStarted     no: before it began with it
    ├── OutOfMemory        the prompt does not fit the device's memory
    ├── NonFiniteLogits    the model computed NaN or infinity
    └── GenerationTimeout  no token came for too long
"""

from __future__ import annotations


class EngineError(Exception):
    """Something in the engine went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class CorpusError(EngineError):
    """The FAQ could not be read."""


class NotAnFaq(CorpusError):
    """The file was hardly meant to hold entries: settings, code, somebody's notes."""


class EmbedderUnavailable(EngineError):
    """The embedding model cannot be used."""


class StoreError(EngineError):
    """The job store cannot be used."""


class ModelError(EngineError):
    """Something is wrong with the model."""


class UnknownModel(ModelError):
    """There is no model of that name in the catalogue."""


class ModelLoadError(ModelError):
    """The model could not be loaded."""


class GenerationError(EngineError):
    """No text could be generated for this question."""


class EngineDown(GenerationError):
    """No model is loaded at the moment."""


class EngineCrashed(GenerationError):
    """The engine process ended while it was answering."""


class CrashedTogether(EngineCrashed):
    """The process ended while it answered several questions: one of them may be to blame."""


class NeverStarted(EngineCrashed):
    """The engine process ended before it began with the question: it may be asked again."""


class OutOfMemory(GenerationError):
    """The question with its entries does not fit into the device's memory."""


class NonFiniteLogits(GenerationError):
    """The model computed no usable probabilities for this question."""


class GenerationTimeout(GenerationError):
    """The model produced no token for too long."""


def after_colon(sentence: str) -> str:
    """`sentence` with a small first letter; names of models and acronyms keep theirs."""
    first = sentence.split(maxsplit=1)[0] if sentence.strip() else ""
    is_word = first.isalpha() and first[1:] == first[1:].lower()
    return sentence[:1].lower() + sentence[1:] if is_word else sentence
