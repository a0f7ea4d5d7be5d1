"""The model in this process: every prompt style, both architectures, stop and out-of-memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.errors import ModelLoadError, OutOfMemory
from engine.models.catalog import GenerationDefaults, ModelEntry, PromptStyle, Task, load_catalog
from engine.models.weights import prepare_weights
from engine.protocol import FinishReason, GenerationRequest
from engine.types import Document
from engine.worker.huggingface import HuggingFaceModel
from engine.worker.loading import LoadedModel, load_model
from engine.worker.watch import NullWatcher
from tests.engine.worker.tiny_models import CHAT_TEMPLATE, entry, save_causal, save_seq2seq

DOCUMENT = Document(
    id="late", course="c", section="s", question="Can I join late?", answer="Yes, at any time."
)
REQUEST = GenerationRequest(
    id="1", question="May I join?", documents=(DOCUMENT,), max_new_tokens=12
)


class Listener:
    """Keeps the pieces; wants to end after so many tokens."""

    def __init__(self, patience: int = 10_000) -> None:
        self.pieces: list[str] = []
        self._patience = patience

    def on_start(self) -> None:
        """Not asked for here."""

    def on_piece(self, piece: str) -> None:
        self.pieces.append(piece)

    def is_cancelled(self) -> bool:
        return len(self.pieces) >= self._patience


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_causal(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def seq2seq(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_seq2seq(tmp_path_factory.mktemp("models") / "tiny-t5")


def load(one: ModelEntry, path: Path) -> HuggingFaceModel:
    return HuggingFaceModel.load(one, path, device="cpu")


@pytest.mark.parametrize("style", [PromptStyle.CHAT, PromptStyle.COMPLETION])
@pytest.mark.parametrize(
    "how",
    [
        GenerationDefaults(),
        GenerationDefaults(do_sample=True, temperature=0.7, top_p=0.9),
        GenerationDefaults(num_beams=3),
    ],
    ids=["greedy", "sampling", "beams"],
)
def test_a_decoder_only_model_answers(
    causal: Path, style: PromptStyle, how: GenerationDefaults
) -> None:
    listener = Listener()

    generation = load(entry(prompt=style, generation=how), causal).generate(REQUEST, listener)

    assert "".join(listener.pieces).strip() == generation.text
    assert generation.completion_tokens == 12
    assert generation.document_ids == ("late",)


def test_an_encoder_decoder_model_answers(seq2seq: Path) -> None:
    listener = Listener()
    t5 = entry(task=Task.SEQ2SEQ, prompt=PromptStyle.INSTRUCTION)

    generation = load(t5, seq2seq).generate(REQUEST, listener)

    assert "".join(listener.pieces).strip() == generation.text
    assert 0 < generation.completion_tokens <= 12
    assert generation.document_ids == ("late",)


def test_a_cancelled_generation_keeps_what_it_has(causal: Path) -> None:
    generation = load(entry(), causal).generate(REQUEST, Listener(patience=3))

    assert generation.finish_reason is FinishReason.CANCELLED
    assert generation.completion_tokens == 3


def test_a_prompt_leaves_room_for_the_answer(causal: Path) -> None:
    small = load(entry(context_window=900), causal)
    long = Document(id="x", course="", section="", question="?", answer="Some words. " * 500)
    request = GenerationRequest(id="1", question="Why?", documents=(long,), max_new_tokens=100)

    generation = small.generate(request, NullWatcher())

    assert generation.prompt_tokens <= 800
    assert generation.prompt_tokens > 700
    assert generation.document_ids == ("x",)


@pytest.mark.parametrize(
    "thought",
    [
        "{% if enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}",
        "{% if thinking is false %}<think>\n\n</think>\n\n{% else %}<think>\n{% endif %}",
        "<think>\n",
    ],
    ids=["Qwen3", "another name", "no switch"],
)
def test_a_model_that_thinks_aloud_is_told_not_to(causal: Path, thought: str) -> None:
    loaded = load_model(entry(), causal, device="cpu")
    loaded.tokenizer.chat_template = CHAT_TEMPLATE + thought

    prompts = HuggingFaceModel(entry(), loaded).prompts
    text = prompts.text(prompts.fit(REQUEST, 1000).prompt)

    assert text.endswith("</think>\n\n")
    assert text.count("<think>") == text.count("</think>") == 1


def test_a_template_without_a_system_role_gets_the_rules_with_the_question(causal: Path) -> None:
    loaded = load_model(entry(), causal, device="cpu")
    with_role = HuggingFaceModel(entry(), loaded).generate(REQUEST, NullWatcher())
    loaded.tokenizer.chat_template = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        + CHAT_TEMPLATE
    )

    without_role = HuggingFaceModel(entry(), loaded).generate(REQUEST, NullWatcher())

    # The same words less one message's marks.
    assert 0 < with_role.prompt_tokens - without_role.prompt_tokens < 20


class FullModel:
    """Stands for a model on a device whose memory is short `failures` times."""

    device = "cpu"

    def __init__(self, model: object, failures: int) -> None:
        self._model = model
        self._failures = failures
        self.generation_config = model.generation_config  # type: ignore[attr-defined]
        self.widths: list[int] = []

    def generate(self, prompt: object, **arguments: object) -> object:
        self.widths.append(prompt.shape[1])  # type: ignore[attr-defined]
        if len(self.widths) <= self._failures:
            raise MemoryError
        return self._model.generate(prompt, **arguments)  # type: ignore[attr-defined]


@pytest.mark.parametrize("failures", [1, 2])
def test_out_of_memory_is_met_with_half_the_context_once(causal: Path, failures: int) -> None:
    one = entry(context_window=2000)
    loaded = load_model(one, causal, device="cpu")
    full = FullModel(loaded.model, failures)
    model = HuggingFaceModel(one, LoadedModel(full, loaded.tokenizer, "CPU", "float32", False))
    documents = tuple(
        Document(id=str(n), course="", section="", question="?", answer="Words. " * 40)
        for n in range(9)
    )
    request = GenerationRequest(id="1", question="?", documents=documents, max_new_tokens=5)

    if failures == 1:
        assert model.generate(request, NullWatcher()).completion_tokens == 5
    else:
        with pytest.raises(OutOfMemory):
            model.generate(request, NullWatcher())

    assert full.widths[0] > 1500
    assert full.widths[1] <= 1000


def test_a_folder_with_a_pickle_instead_of_safetensors_is_refused(tmp_path: Path) -> None:
    folder = save_causal(tmp_path / "evil")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")

    with pytest.raises(ModelLoadError, match="could not be loaded"):
        load(entry(), folder)


def test_a_gpu_that_is_not_there_is_named(causal: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")

    with pytest.raises(ModelLoadError, match="no CUDA GPU"):
        HuggingFaceModel.load(entry(), causal, device="cuda")


@pytest.mark.model
async def test_the_default_model_answers_from_the_faq(tmp_path: Path) -> None:
    smollm = load_catalog(Path("config/models.yaml")).get("smollm2-135m")
    saved = Path(os.environ.get("FAQ_DATA_DIR", "data")) / "models"
    models = saved if (saved / smollm.alias).is_dir() else tmp_path
    listener = Listener()

    path = await prepare_weights(smollm, models, on_progress=lambda _: None)
    generation = load(smollm, path).generate(
        GenerationRequest(
            id="1",
            question="Can I join late?",
            documents=(DOCUMENT,),
            max_new_tokens=30,
            deadline_s=1200,
        ),
        listener,
    )

    assert "any time" in generation.text
    assert generation.finish_reason is FinishReason.STOP
    assert "".join(listener.pieces).strip() == generation.text
