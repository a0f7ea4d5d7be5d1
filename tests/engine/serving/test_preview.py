"""What a model would read, found out without its weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import EngineSettings
from engine.errors import ModelLoadError
from engine.models.catalog import ModelEntry, PromptStyle, Task
from engine.prompt import answer_tokens
from engine.protocol import GenerationRequest, Purpose
from engine.serving.preview import Rehearsal, show_prompt
from engine.types import Document
from engine.worker.huggingface import HuggingFaceModel
from engine.worker.prompt_builder import PromptBuilder
from engine.worker.watch import NullWatcher
from tests.engine.worker.tiny_models import entry, save_causal, save_seq2seq

DOCUMENTS = (
    Document(id="late", course="c", section="s", question="Can I join late?", answer="Yes."),
    Document(id="long", course="c", section="s", question="Why?", answer="Words. " * 3000),
    Document(id="fee", course="c", section="s", question="Is it free?", answer="It is."),
)
REQUEST = GenerationRequest(id="1", question="May I join?", documents=DOCUMENTS, max_new_tokens=12)
SETTINGS = EngineSettings(model="tiny", device="cpu", threads=1)
T5 = entry(task=Task.SEQ2SEQ, prompt=PromptStyle.INSTRUCTION, context_window=1200)


@pytest.mark.parametrize(
    "one",
    [entry(), entry(cites=True), entry(prompt=PromptStyle.COMPLETION), T5],
    ids=["chat", "cites", "completion", "encoder-decoder"],
)
async def test_what_is_shown_is_what_the_loaded_model_reads(
    one: ModelEntry, tmp_path: Path
) -> None:
    folder = (save_seq2seq if one.task is Task.SEQ2SEQ else save_causal)(tmp_path / "tiny")
    model = HuggingFaceModel.load(one, folder, device="cpu")

    shown = await show_prompt(SETTINGS, one, tmp_path, REQUEST)

    generation = model.generate(REQUEST, NullWatcher())
    fitted = model.prompts.fit(REQUEST, shown.max_tokens)
    assert shown.model == "tiny"
    assert shown.num_tokens == generation.prompt_tokens
    assert shown.document_ids == generation.document_ids == ("late", "fee")
    assert shown.text == model.prompts.text(fitted.prompt)
    assert shown.max_tokens == one.context_window - 12


async def test_the_weights_are_not_looked_at(tmp_path: Path) -> None:
    folder = save_causal(tmp_path / "tiny")
    (folder / "model.safetensors").write_bytes(b"no weights")

    shown = await show_prompt(SETTINGS, entry(), tmp_path, REQUEST)

    assert shown.text.startswith("<|im_start|>system\n")
    assert shown.text.endswith("<|im_start|>assistant\n")


async def test_a_damaged_tokenizer_is_one_sentence(tmp_path: Path) -> None:
    folder = save_causal(tmp_path / "tiny")
    (folder / "tokenizer.json").write_text("{")

    with pytest.raises(ModelLoadError, match=r"^The tokenizer of tiny could not be loaded from "):
        await show_prompt(SETTINGS, entry(), tmp_path, REQUEST)


async def test_a_model_that_is_not_here_is_shown_role_by_role(tmp_path: Path) -> None:
    shown = await show_prompt(SETTINGS, entry(cites=True), tmp_path, REQUEST)

    assert shown.num_tokens is None
    assert shown.text.startswith("system:\nYou are the assistant of a course.")
    assert "\n\nuser:\n<faq>\n<entry 1>\nCan I join late?" in shown.text
    assert shown.document_ids == ("late", "fee")
    assert len(shown.text) < 3 * shown.max_tokens


async def test_a_rehearsal_keeps_what_it_is_asked_and_says_yes_when_it_judges() -> None:
    rehearsal = Rehearsal(entry(reads=True))
    pieces: list[str] = []

    judged = await rehearsal.generate(replace(REQUEST, purpose=Purpose.JUDGE), pieces.append)
    before = rehearsal.request
    answered = await rehearsal.generate(REQUEST, pieces.append)

    assert rehearsal.status().reads
    assert (judged.text, before, rehearsal.judges) == ("yes", None, True)
    assert (answered.text, rehearsal.request, pieces) == ("", REQUEST, [])


@pytest.mark.parametrize(
    ("asked", "task", "limit"),
    [
        (None, Task.CAUSAL, 16),
        (700, Task.CAUSAL, 700),
        (5000, Task.CAUSAL, 4096 - 128),
        (700, Task.SEQ2SEQ, 512),
    ],
)
def test_an_answer_takes_what_was_asked_for_and_leaves_room_for_the_prompt(
    asked: int | None, task: Task, limit: int
) -> None:
    request = replace(REQUEST, max_new_tokens=asked)

    assert answer_tokens(entry(task=task), request) == limit


def test_all_prompts_begin_with_the_constant_part(tmp_path: Path) -> None:
    prompts = HuggingFaceModel.load(entry(), save_causal(tmp_path / "tiny"), device="cpu").prompts
    assert isinstance(prompts, PromptBuilder)

    constant = prompts.constant_part()

    read = prompts.tokens(prompts.fit(REQUEST, 4000).prompt)
    assert len(constant) > 50
    assert read[: len(constant)] == constant
