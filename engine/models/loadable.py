"""Whether transformers can make a model that answers of a repository's small files: its
configuration, its tokenizer and its chat template. They tell before the weights are fetched.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import ModelLoadError
from engine.models.catalog import ModelEntry, PromptStyle, Quantisation, Task
from engine.models.repository import read_object

log = logging.getLogger(__name__)

#: Nothing is fetched, and no code that comes with a model is run.
SAFE = {"local_files_only": True, "trust_remote_code": False}
#: Heads of networks that do not write, by the end of an architecture's name, and what they do.
_OTHER_HEADS = {
    "ForMaskedLM": "fills gaps in a text",
    "Classification": "sorts texts into classes",
    "ForQuestionAnswering": "marks a passage of a text",
    "ForMultipleChoice": "chooses among texts",
    "EncoderModel": "turns texts into vectors",
    "Model": "turns texts into vectors",
}
#: Shown to a chat template, to be found in what it makes of it.
_SAMPLE = "c0ffee"
_MOST_LAYERS = 1000


@dataclass(frozen=True, slots=True)
class Loadable:
    """What is made of the small files; objects of transformers."""

    config: Any
    tokenizer: Any


def read_loadable(entry: ModelEntry, folder: Path) -> Loadable:
    """Read the configuration and the tokenizer in `folder`.

    Raises ModelLoadError where they are of a model that could not be loaded or asked, with what
    would help.
    """
    fields = _read_config(entry, folder)
    _refuse_other_model(entry, fields)
    config = _config(entry, folder)
    _refuse_quantised(entry, config)
    tokenizer = load_tokenizer(entry, folder)
    _refuse_other_vocabulary(entry, config, tokenizer)
    return Loadable(config, tokenizer)


def load_tokenizer(entry: ModelEntry, folder: Path) -> Any:
    """The tokenizer in `folder`, an object of transformers, with a chat template that works where
    the model is asked by one. Raises ModelLoadError.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **SAFE)
    except Exception as error:  # whatever odd files make the library raise
        log.info("loading the tokenizer of %s failed", entry.alias, exc_info=True)
        raise ModelLoadError(
            f"The tokenizer of {entry.alias} could not be loaded from {folder} by "
            f"{_library()} ({reason_of(error)}); choose a repository with a tokenizer.json."
        ) from None
    if entry.prompt is PromptStyle.CHAT:
        _refuse_template(entry, tokenizer)
    return tokenizer


def auto_class(entry: ModelEntry) -> Any:
    """What transformers makes models of this task with."""
    import transformers

    seq2seq = entry.task is Task.SEQ2SEQ
    return transformers.AutoModelForSeq2SeqLM if seq2seq else transformers.AutoModelForCausalLM


def refuse_unbuildable(entry: ModelEntry, config: Any) -> None:
    """Raise ModelLoadError unless a network can be made of the configuration; takes no memory."""
    import torch

    try:
        with torch.device("meta"):
            auto_class(entry).from_config(config, trust_remote_code=False)
    except Exception as error:  # whatever an odd configuration makes the library raise
        log.info("building %s failed", entry.alias, exc_info=True)
        raise ModelLoadError(why_not_built(entry, config, error)) from None


def why_not_built(entry: ModelEntry, config: Any, error: Exception) -> str:
    """What an error of making the network means."""
    word = error.args[0] if isinstance(error, KeyError) and error.args else None
    if word in set(_rope_types(config.to_dict())):
        return (
            f"{entry.alias} scales its positions by {word!r} (rope_type), which {_library()} does "
            "not know; choose a model that scales them in another way, or a later FAQ Desk."
        )
    return f"{entry.alias} cannot be built by {_library()} ({reason_of(error)})."


def reason_of(error: Exception) -> str:
    """The first line of what a library says, for people."""
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return (text.strip().splitlines() or [type(error).__name__])[0][:300]


def _library() -> str:
    import transformers

    return f"transformers {transformers.__version__}"


def _read_config(entry: ModelEntry, folder: Path) -> Mapping[str, Any]:
    try:
        fields = read_object(folder / "config.json")
    except (OSError, ValueError) as error:
        raise ModelLoadError(
            f"{entry.alias}: {folder / 'config.json'} cannot be read ({reason_of(error)})."
        ) from None
    if not isinstance(fields.get("model_type"), str):
        raise ModelLoadError(
            f"{entry.alias}: {folder / 'config.json'} names no model_type, so it is no model for "
            "transformers; choose a repository that is."
        )
    # A list as long as that would be made before anything else is looked at.
    for name, value in _fields(fields):
        if name.endswith(("layer", "layers")) and isinstance(value, int) and value > _MOST_LAYERS:
            raise ModelLoadError(
                f"{entry.alias}: {folder / 'config.json'} names {value} layers ({name}), more than "
                "any model has; choose another repository."
            )
    return fields


def _refuse_other_model(entry: ModelEntry, fields: Mapping[str, Any]) -> None:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    )

    kind = fields["model_type"]
    if kind not in CONFIG_MAPPING_NAMES:
        if fields.get("auto_map"):
            raise ModelLoadError(
                f"{entry.alias} needs code of its own ({kind!r} is not part of {_library()}), and "
                "code that comes with a model is never run; choose a model of a known kind."
            )
        raise ModelLoadError(
            f"{entry.alias} is of the kind {kind!r}, which {_library()} does not know; "
            "choose a model of a known kind, or a later FAQ Desk."
        )
    if "quantization" in fields and "quantization_config" not in fields:
        raise ModelLoadError(
            f"{entry.alias} was made for MLX, on Apple's processors; "
            "choose the repository that it was made from."
        )
    causal = kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    seq2seq = kind in MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES
    names = fields.get("architectures") or ()
    name = str(next(iter(names), "")) if isinstance(names, list | tuple) else ""
    does = _other_head(name)
    if does or not (causal or seq2seq):
        what = (
            f"is a {name or kind}, which {does or 'is no model that reads and writes text alone'}"
        )
        raise ModelLoadError(
            f"{entry.alias} {what}; choose one for text generation, such as an instruct model."
        )
    both = seq2seq and (fields.get("is_encoder_decoder") or "Conditional" in name)
    if entry.task is Task.CAUSAL and (not causal or both):
        raise ModelLoadError(
            f"{entry.alias} is an encoder-decoder ({name or kind}); "
            "give it `task: seq2seq` in the catalogue."
        )
    if entry.task is Task.SEQ2SEQ and not seq2seq:
        raise ModelLoadError(
            f"{entry.alias} is no encoder-decoder ({name or kind}); "
            "take `task: seq2seq` out of the catalogue."
        )


def _other_head(architecture: str) -> str:
    if architecture.endswith("LMHeadModel"):
        return ""
    return next((does for end, does in _OTHER_HEADS.items() if architecture.endswith(end)), "")


def _config(entry: ModelEntry, folder: Path) -> Any:
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(folder, **SAFE)
    except Exception as error:  # whatever odd fields make the library raise
        log.info("reading the configuration of %s failed", entry.alias, exc_info=True)
        raise ModelLoadError(
            f"{entry.alias}: {_library()} cannot use {folder / 'config.json'} ({reason_of(error)})."
        ) from None


def _refuse_quantised(entry: ModelEntry, config: Any) -> None:
    """Weights that were made smaller need the library that made them, and may need a GPU."""
    import torch
    from transformers.quantizers import AutoHfQuantizer

    made = getattr(config, "quantization_config", None)
    if not made:
        return
    method = str(made.get("quant_method") or "bitsandbytes") if isinstance(made, dict) else "?"
    if entry.quantisation is not Quantisation.NONE and method != "bitsandbytes":
        raise ModelLoadError(
            f"{entry.alias} is quantised already ({method}); "
            f"take `quantisation: {entry.quantisation.value}` out of the catalogue."
        )
    device = 0 if torch.cuda.is_available() else "cpu"
    try:
        AutoHfQuantizer.from_config(made, pre_quantized=True).validate_environment(
            device_map={"": device}
        )
    except Exception as error:  # whatever the many methods raise
        log.info("quantised %s was refused", entry.alias, exc_info=True)
        raise ModelLoadError(
            f"{entry.alias} is quantised by {method}, which cannot be computed here "
            f"({reason_of(error)}). Choose the repository that it was made from, and "
            "`quantisation: nf4` in the catalogue to have it small."
        ) from None


def _refuse_template(entry: ModelEntry, tokenizer: Any) -> None:
    advice = (
        f"give {entry.alias} `prompt: completion` in the catalogue if it is a base model, or "
        "`prompt: instruction` if it was taught to follow instructions"
    )
    if not tokenizer.chat_template:
        raise ModelLoadError(
            f"{entry.alias} has no chat template, so nothing tells how to chat with it; {advice}."
        )
    question = {"role": "user", "content": _SAMPLE}
    answer = {"role": "assistant", "content": "Yes."}
    for messages in ([question], [question, answer, question]):
        try:
            shown = tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, tokenize=False
            )
        except Exception as error:  # noqa: BLE001 - a template may raise what it likes
            raise ModelLoadError(
                f"The chat template of {entry.alias} fails ({reason_of(error)}); {advice}."
            ) from None
        if _SAMPLE not in shown:
            raise ModelLoadError(
                f"The chat template of {entry.alias} leaves out what is asked; {advice}."
            )


def _refuse_other_vocabulary(entry: ModelEntry, config: Any, tokenizer: Any) -> None:
    """Some models have marks that they were not taught, past the end of their embedding: harmless
    where no prompt has them. Words past its end are another model's.
    """
    size = getattr(config.get_text_config(), "vocab_size", None)
    if not isinstance(size, int):
        return
    added = tokenizer.added_tokens_decoder.keys()
    past = [number for number in tokenizer.get_vocab().values() if number >= size]
    if any(number not in added for number in past):
        raise ModelLoadError(
            f"The tokenizer of {entry.alias} has {len(past)} tokens more than the {size} of its "
            "config.json, so it belongs to another model; fetch both from one repository."
        )


def _rope_types(fields: Mapping[str, Any]) -> Iterator[str]:
    """The ways of scaling positions that are named anywhere in a configuration."""
    for name, value in _fields(fields):
        if name in {"rope_type", "type"} and isinstance(value, str):
            yield value


def _fields(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """All fields of a configuration, those of its parts as well."""
    for name, value in fields.items():
        yield name, value
        if isinstance(value, Mapping):
            yield from _fields(value)
