"""Turns a GGUF file into a folder of weights; runs in the process that fetches a model."""

from __future__ import annotations

from pathlib import Path


def convert_gguf(source: Path, target: Path) -> None:
    """Write the model in the GGUF file `source` to the folder `target` as bfloat16 safetensors.

    Loading a GGUF takes 15 to 25 s each time, the folder 1 s. transformers refuses to save a
    model that came from a GGUF, so the weights move into a fresh one.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    folder, name = str(source.parent), source.name
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name, local_files_only=True)
    read = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=name, dtype=torch.bfloat16, local_files_only=True
    )
    fields = read.config.to_dict()
    for stray in ("quantization_config", "_pre_quantization_dtype", "_name_or_path"):
        fields.pop(stray, None)
    model = AutoModelForCausalLM.from_config(type(read.config)(**fields), dtype=torch.bfloat16)
    model.load_state_dict(read.state_dict())
    model.tie_weights()
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
