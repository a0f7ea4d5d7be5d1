"""How a sentence reads behind a colon."""

from __future__ import annotations

import pytest

from engine.errors import after_colon


@pytest.mark.parametrize(
    ("sentence", "behind"),
    [
        ("The best entry answers.", "the best entry answers."),
        ("A model read the entries.", "a model read the entries."),
        ("Field required", "field required"),
        ("phi-3-mini said neither yes nor no.", "phi-3-mini said neither yes nor no."),
        ("CUDA has no memory left.", "CUDA has no memory left."),
        ("BAAI/bge-reranker judged.", "BAAI/bge-reranker judged."),
        ("Phi-3 found no answer.", "Phi-3 found no answer."),
        ("", ""),
    ],
)
def test_a_sentence_begins_small_and_a_name_as_it_is_written(sentence: str, behind: str) -> None:
    assert after_colon(sentence) == behind
