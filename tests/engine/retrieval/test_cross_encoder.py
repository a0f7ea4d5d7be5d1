"""What a cross-encoder must keep to, shown by a tiny random one that is read from its files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from config.settings import AnswerSettings
from engine.answer.judges import running_relevance
from engine.errors import EmbedderUnavailable
from engine.retrieval.embedder import CrossEncoderScorer
from tests.engine.worker.tiny_models import save_cross_encoder
from tests.fakes import ScriptedGenerator

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTION = "how do i join the course late"
TEXTS = ["join late with the form", "docker does not start", "the homework is due on monday"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_cross_encoder(tmp_path_factory.mktemp("cross") / "encoder")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scorer(saved: Path) -> AsyncIterator[CrossEncoderScorer]:
    scorer = CrossEncoderScorer(str(saved))
    await scorer.start()
    yield scorer
    scorer.close()


async def test_each_text_has_a_score_from_0_to_1(scorer: CrossEncoderScorer) -> None:
    scores = await scorer.score(QUESTION, TEXTS)

    assert scores.shape == (3,)
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()
    assert len(set(scores.tolist())) == 3


async def test_scores_come_in_the_order_of_the_texts(scorer: CrossEncoderScorer) -> None:
    # Of different lengths: batches are often sorted by them.
    texts = ["homework", "docker " * 60, "join late", "the form " * 20]

    together = await scorer.score(QUESTION, texts)
    backwards = await scorer.score(QUESTION, texts[::-1])
    alone = [float((await scorer.score(QUESTION, [text]))[0]) for text in texts]

    assert together == pytest.approx(alone, abs=1e-4)
    assert backwards == pytest.approx(alone[::-1], abs=1e-4)


async def test_the_question_counts(scorer: CrossEncoderScorer) -> None:
    one, other = [(await scorer.score(text, TEXTS))[0] for text in (QUESTION, "docker")]

    assert one != pytest.approx(other, abs=1e-6)


async def test_calls_at_the_same_time_each_get_their_own(scorer: CrossEncoderScorer) -> None:
    expected = [await scorer.score(text, TEXTS) for text in TEXTS]

    scores = await asyncio.gather(*(scorer.score(text, TEXTS) for text in TEXTS))

    assert np.allclose(scores, expected, atol=1e-4)


@pytest.mark.parametrize("text", ["", "🙏", "word " * 5000, "\ud800", "\x00", "join\ud800 late"])
async def test_odd_texts_have_a_score(scorer: CrossEncoderScorer, text: str) -> None:
    scores = await scorer.score(text, [text, "join"])

    assert scores.shape == (2,)
    assert np.isfinite(scores).all()


async def test_one_that_is_not_loaded_says_so(saved: Path) -> None:
    with pytest.raises(EmbedderUnavailable, match=r"encoder is not loaded$"):
        await CrossEncoderScorer(str(saved)).score(QUESTION, TEXTS)


async def test_one_with_two_outputs_is_refused(tmp_path: Path) -> None:
    folder = save_cross_encoder(tmp_path / "two", outputs=2)

    with pytest.raises(EmbedderUnavailable) as refused:
        await CrossEncoderScorer(str(folder)).start()

    assert str(refused.value) == (
        f"the cross-encoder {folder} has 2 outputs; one is needed, the score"
    )


async def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    scorer = CrossEncoderScorer(str(tmp_path / "nowhere"))

    with pytest.raises(EmbedderUnavailable, match=r"nowhere could not be loaded \("):
        await scorer.start()


async def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnavailable, match=r"could not be loaded \("):
        await CrossEncoderScorer(str(tmp_path)).start()


async def test_weights_that_are_pickled_are_refused(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    folder = save_cross_encoder(tmp_path / "pickled")
    weights = folder / "model.safetensors"
    torch.save(load_file(weights), folder / "pytorch_model.bin")
    weights.unlink()

    with pytest.raises(EmbedderUnavailable, match=r"could not be loaded \("):
        await CrossEncoderScorer(str(folder)).start()


async def test_the_settings_start_one_from_its_folder(saved: Path) -> None:
    settings = AnswerSettings(relevance=str(saved))

    async with running_relevance(settings, ScriptedGenerator({}), None) as relevance:
        assert relevance.name == str(saved)
