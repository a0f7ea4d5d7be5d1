"""Which models there are, and what each needs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from engine.errors import ModelError, UnknownModel

#: What `auto` takes where nothing better fits, or can be had.
CPU_DEFAULT = "smollm2-135m"
#: What it takes on a GPU, the first that has room; they are fetched where they are not here.
GPU_CHOICES = ("qwen3-8b", "phi-3-mini", "qwen3-1.7b", "qwen3-0.6b")
#: What it takes on a processor with so many cores that computes in bfloat16, where it is here.
CPU_CHOICES = {"qwen3-1.7b": 8, "qwen3-0.6b": 4}
AUTO = "auto"

#: An alias is typed in chat and names a folder.
_ALIAS = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
#: A whole commit of the hub.
COMMIT = re.compile(r"[0-9a-f]{40}")
_STRICT = ConfigDict(extra="forbid")


class Task(StrEnum):
    CAUSAL = "causal"
    SEQ2SEQ = "seq2seq"


class PromptStyle(StrEnum):
    """How the model was taught to be asked."""

    #: Messages with roles, put together by the tokenizer's chat template.
    CHAT = "chat"
    #: One instruction in plain text.
    INSTRUCTION = "instruction"
    #: A text that the model continues after `ANSWER:`.
    COMPLETION = "completion"


class Dtype(StrEnum):
    """Number format of the computation."""

    #: bfloat16 where the device computes it natively, else float16 on a GPU, float32 on a CPU.
    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"


class Quantisation(StrEnum):
    NONE = "none"
    INT8 = "int8"
    NF4 = "nf4"


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationDefaults:
    """How the model writes unless a request says otherwise."""

    __pydantic_config__ = _STRICT

    max_new_tokens: Annotated[int, Field(ge=1)] = 256
    num_beams: Annotated[int, Field(ge=1)] = 1
    do_sample: bool = False
    temperature: Annotated[float, Field(gt=0)] = 1.0
    top_k: Annotated[int, Field(ge=0)] = 50
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    repetition_penalty: Annotated[float, Field(gt=0)] = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    __pydantic_config__ = _STRICT

    alias: str
    #: `owner/name` on the Hugging Face hub.
    hub_id: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    #: Branch, tag or commit on the hub; a whole commit (40 digits) accepts no other weights.
    revision: Annotated[str, Field(pattern=r"^[\w-]+([./][\w-]+)*$")] = "main"
    task: Task = Task.CAUSAL
    #: Left out in the catalogue: an instruction for an encoder-decoder model, else a chat.
    prompt: PromptStyle
    dtype: Dtype = Dtype.AUTO
    quantisation: Quantisation = Quantisation.NONE
    #: Tokens of prompt and answer together that are used.
    context_window: Annotated[int, Field(ge=256)] = 2048
    generation: GenerationDefaults = field(default_factory=GenerationDefaults)
    licence: str
    #: What it is good for, in a few words for whoever chooses.
    about: str = ""
    #: Whether it can be trusted to tell if an entry answers a question: three billion parameters
    #: and taught to follow instructions.
    reads: bool = False
    #: Whether it writes by more than the simplest rules: it is asked to cite the entries as [1],
    #: may write lists, steps and code, and may say what the FAQ does not answer.
    cites: bool = False
    #: Whether the hub hands it out only with a token, after its terms were accepted.
    gated: bool = False
    #: The memory it takes, in GB, where its config.json is not here to compute it from.
    memory_gb: Annotated[float, Field(gt=0)]
    #: Python package that carries the weights as a GGUF file.
    package: Annotated[str, Field(pattern=r"^\w+$")] | None = None

    @property
    def is_pinned(self) -> bool:
        """Whether no other weights are accepted than those of one commit."""
        return bool(COMMIT.fullmatch(self.revision))


@dataclass(frozen=True, slots=True)
class Catalog:
    entries: dict[str, ModelEntry]

    def get(self, alias: str) -> ModelEntry:
        """The model called `alias`. Raises UnknownModel naming the aliases there are."""
        try:
            return self.entries[alias]
        except KeyError:
            shown = alias if len(alias) <= 60 else alias[:60] + "…"
            raise UnknownModel(
                f"There is no model called {shown!r}. Known: {', '.join(self.entries)}."
            ) from None


_ENTRIES = TypeAdapter(dict[str, ModelEntry])


def load_catalog(path: Path) -> Catalog:
    """Read the catalogue. Raises ModelError naming file, model and field of what is wrong."""
    try:
        content: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(
            f"The model catalogue {path} cannot be read ({error.strerror}); "
            "set engine.catalog to a catalogue that exists."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" at line {where.line + 1}" if where else ""
        raise ModelError(f"The model catalogue {path} is not valid YAML{line}.") from None
    if not isinstance(content, dict) or not content:
        raise ModelError(f"The model catalogue {path} must map aliases to models.")
    for alias, fields in content.items():
        if not isinstance(alias, str) or not _ALIAS.fullmatch(alias) or alias == AUTO:
            raise ModelError(
                f"The model catalogue {path}: {alias!r} is no usable alias; "
                "use small letters, digits, dots and dashes."
            )
        if not isinstance(fields, dict):
            raise ModelError(f"The model catalogue {path}: {alias} has no fields.")
    try:
        entries = _ENTRIES.validate_python(
            {
                alias: {"prompt": _usual_prompt(fields), **fields, "alias": alias}
                for alias, fields in content.items()
            }
        )
    except ValidationError as error:
        raise ModelError(f"The model catalogue {path}: {_describe(error)}") from None
    return Catalog(entries)


def _usual_prompt(fields: dict[str, object]) -> PromptStyle:
    seq2seq = fields.get("task") == Task.SEQ2SEQ
    return PromptStyle.INSTRUCTION if seq2seq else PromptStyle.CHAT


def _describe(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        where = ".".join(str(part) for part in problem["loc"])
        what = problem["msg"]
        if problem["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
            what = "there is no such field"
        lines.append(f"{where}: {what}.")
    return " ".join(lines)
