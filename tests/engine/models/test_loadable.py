"""What transformers cannot make a model of is said from the small files alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import transformers

from engine.errors import ModelLoadError
from engine.models.catalog import ModelEntry, PromptStyle, Quantisation, Task
from engine.models.loadable import read_loadable, refuse_unbuildable
from tests.engine.models.hub_twin import TOKENIZER, small_files
from tests.engine.worker.tiny_models import entry

VERSION = f"transformers {transformers.__version__}"
SEQ2SEQ = entry(task=Task.SEQ2SEQ, prompt=PromptStyle.INSTRUCTION)


def look_over(folder: Path, files: dict[str, bytes], model: ModelEntry) -> None:
    """As it is done before the weights are fetched."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    refuse_unbuildable(model, read_loadable(model, folder).config)


def said(folder: Path, files: dict[str, bytes], model: ModelEntry | None = None) -> str:
    with pytest.raises(ModelLoadError) as refused:
        look_over(folder, files, model or entry())
    return str(refused.value)


def test_a_chat_model_is_accepted(tmp_path: Path) -> None:
    look_over(tmp_path, small_files(), entry())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"model_type": "from_the_future"}, f"'from_the_future', which {VERSION} does not know"),
        (
            {"model_type": "phi3_v", "auto_map": {"AutoModelForCausalLM": "modeling_x.X"}},
            "needs code of its own",
        ),
        ({"model_type": None}, "names no model_type"),
        ({"model_type": 7}, "names no model_type"),
        ({"architectures": ["LlamaForSequenceClassification"]}, "which sorts texts into classes"),
        ({"architectures": ["LlamaModel"]}, "which turns texts into vectors"),
        ({"model_type": "bert", "architectures": ["BertForMaskedLM"]}, "which fills gaps"),
        ({"model_type": "bert", "architectures": ["BertModel"]}, "which turns texts into vectors"),
        (
            {"model_type": "llava", "architectures": ["LlavaForConditionalGeneration"]},
            "no model that reads and writes text alone",
        ),
        ({"model_type": "vit", "architectures": ["ViTForImageClassification"]}, "ViTForImage"),
        ({"model_type": "t5", "architectures": ["T5ForConditionalGeneration"]}, "`task: seq2seq`"),
        (
            {"model_type": "bart", "architectures": ["BartForConditionalGeneration"]},
            "`task: seq2seq`",
        ),
        (
            {"rope_scaling": {"rope_type": "wobble", "factor": 2.0}},
            r"'wobble' (rope_type), which",
        ),
        ({"rope_scaling": {"type": "wobble", "factor": 2.0}}, r"'wobble' (rope_type), which"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "is quantised by gptq"),
        ({"quantization_config": {"quant_method": "awq", "bits": 4}}, "is quantised by awq"),
        ({"quantization_config": {"quant_method": "newest"}}, "is quantised by newest"),
        ({"quantization_config": {"bits": 4}}, "`quantisation: nf4`"),
        ({"quantization": {"group_size": 64, "bits": 4}}, "made for MLX"),
        ({"hidden_act": "wobble"}, "cannot be built by transformers"),
        ({"num_hidden_layers": "many"}, "config.json"),
        ({"num_hidden_layers": 10**9}, "names 1000000000 layers (num_hidden_layers), more than"),
        ({"text_config": {"n_layer": 10**9}}, "names 1000000000 layers (n_layer), more than any"),
        ({"vocab_size": 2}, "1 tokens more than the 2 of its config.json"),
    ],
)
def test_a_configuration_that_makes_no_model_is_refused(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    assert sentence in said(tmp_path, small_files(changes))


def test_known_kinds_that_bring_code_along_are_loaded_without_it(tmp_path: Path) -> None:
    changes = {"auto_map": {"AutoModelForCausalLM": "modeling_llama.LlamaForCausalLM"}}

    look_over(tmp_path, small_files(changes), entry())


def test_a_decoder_is_no_encoder_decoder(tmp_path: Path) -> None:
    assert "take `task: seq2seq` out" in said(tmp_path, small_files(), SEQ2SEQ)


def test_what_is_quantised_already_is_not_quantised_again(tmp_path: Path) -> None:
    files = small_files({"quantization_config": {"quant_method": "awq", "bits": 4}})
    model = entry(quantisation=Quantisation.NF4)

    assert "is quantised already (awq); take `quantisation: nf4` out" in said(
        tmp_path, files, model
    )


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (None, "has no chat template"),
        ("", "has no chat template"),
        ("{{ raise_exception('No, never.') }}", "fails (No, never.)"),
        ("{{ messages[0].content.upper.lower.missing.too }}", "fails ("),
        ("{% for m in messages %}", "fails ("),
        ("{{ strange(messages) }}", "fails ("),
        ("hello", "leaves out what is asked"),
    ],
)
def test_a_chat_template_that_makes_no_prompt_names_the_other_prompts(
    tmp_path: Path, template: str | None, sentence: str
) -> None:
    refused = said(tmp_path, small_files(tokenizer={"chat_template": template}))

    assert sentence in refused
    assert "give tiny `prompt: completion` in the catalogue if it is a base model" in refused
    assert "`prompt: instruction`" in refused


def test_a_template_that_takes_no_system_message_is_good_enough(tmp_path: Path) -> None:
    template = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    )

    look_over(tmp_path, small_files(tokenizer={"chat_template": template}), entry())


@pytest.mark.parametrize("prompt", [PromptStyle.COMPLETION, PromptStyle.INSTRUCTION])
def test_a_model_that_is_asked_in_another_way_needs_no_template(
    tmp_path: Path, prompt: PromptStyle
) -> None:
    files = small_files(tokenizer={"chat_template": None})

    look_over(tmp_path, files, entry(prompt=prompt))


def test_marks_past_the_embedding_are_harmless(tmp_path: Path) -> None:
    """As the mark for pictures in Gemma 3's models for text."""
    picture = {
        "id": 3,
        "content": "<picture>",
        "special": True,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
    }
    files = small_files({"vocab_size": 3})
    files["tokenizer.json"] = json.dumps(TOKENIZER | {"added_tokens": [picture]}).encode()

    look_over(tmp_path, files, entry())


def test_a_tokenizer_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    files = small_files() | {"tokenizer.json": b'{"model": {"type": "Unheard"}}'}

    assert f"The tokenizer of tiny could not be loaded from {tmp_path}" in said(tmp_path, files)
