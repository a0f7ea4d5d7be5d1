"""Makes tiny random models with a tokenizer of their own: real files, a few hundred KB."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.models.catalog import Catalog, Dtype, GenerationDefaults, ModelEntry, PromptStyle, Task

VOCABULARY = 300
CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def entry(alias: str = "tiny", **changes: object) -> ModelEntry:
    """A catalogue entry for a tiny decoder-only chat model."""
    fields: dict[str, object] = {
        "alias": alias,
        "hub_id": f"nobody/{alias}",
        "task": Task.CAUSAL,
        "prompt": PromptStyle.CHAT,
        # Batching and sampling tests compare texts; float32 has no near-ties.
        "dtype": Dtype.FLOAT32,
        "context_window": 4096,
        "generation": GenerationDefaults(max_new_tokens=16),
        "licence": "none",
        "memory_gb": 0.1,
    }
    return ModelEntry(**(fields | changes))  # type: ignore[arg-type]


def catalog(*entries: ModelEntry) -> Catalog:
    """A catalogue of these models."""
    return Catalog({one.alias: one for one in entries})


def save_causal(folder: Path, *, seed: int = 0, positions: int = 4096) -> Path:
    """A random Llama with a chat template; it never ends by itself, so limits can be tested."""
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=positions,
            bos_token_id=0,
            eos_token_id=None,
            pad_token_id=2,
            initializer_range=0.5,
        )
    )
    model.generation_config = GenerationConfig(bos_token_id=0, pad_token_id=2)
    model.save_pretrained(folder)
    save_tokenizer(folder)
    return folder


def save_seq2seq(folder: Path, *, seed: int = 0) -> Path:
    """A random T5."""
    import torch
    from transformers import GenerationConfig, T5Config, T5ForConditionalGeneration

    torch.manual_seed(seed)
    model = T5ForConditionalGeneration(
        T5Config(
            vocab_size=VOCABULARY,
            d_model=32,
            d_kv=16,
            d_ff=64,
            num_layers=2,
            num_heads=2,
            decoder_start_token_id=2,
            eos_token_id=1,
            pad_token_id=2,
        )
    )
    model.generation_config = GenerationConfig(
        decoder_start_token_id=2, eos_token_id=1, pad_token_id=2
    )
    model.save_pretrained(folder)
    save_tokenizer(folder, chat=False)
    return folder


def save_cross_encoder(
    folder: Path, *, outputs: int = 1, labels: Sequence[str] = (), seed: int = 0
) -> Path:
    """A random BERT that scores pairs of texts, with a vocabulary of a few words; the same with
    any names of its outputs."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    words = (
        "how do i join the course late with form docker does not start homework is due on monday"
    )
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*marks, *dict.fromkeys(words.split())]
    named = {"id2label": dict(enumerate(labels))} if labels else {}
    torch.manual_seed(seed)
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_labels=len(labels) or outputs,
            initializer_range=0.5,
            **named,
        )
    )
    model.save_pretrained(folder)
    tokenizer = BertTokenizerFast(vocab={word: number for number, word in enumerate(vocabulary)})
    tokenizer.save_pretrained(folder)
    return folder


def save_tokenizer(folder: Path, *, chat: bool = True) -> None:
    """A byte-level tokenizer, trained on next to nothing: any text becomes tokens and back."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    marks = ["<|im_start|>", "<|im_end|>", "<pad>"]
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=marks,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(["the question and the answer of the course"] * 3, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token=marks[0], eos_token=marks[1], pad_token=marks[2]
    )
    if chat:
        tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
