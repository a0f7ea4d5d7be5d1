"""Starts the judge of relevance and the check of statements that the settings name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from config.settings import AnswerSettings
from engine.answer.relevance import (
    EMBEDDED,
    CrossEncoderRelevance,
    EmbeddedRelevance,
    ModelRelevance,
    Relevance,
)
from engine.errors import EmbedderUnavailable, ModelLoadError
from engine.grounding.entailment import EntailmentSupport
from engine.grounding.support import LexicalSupport, Support
from engine.retrieval.embedder import CrossEncoderScorer, EntailmentCrossEncoder
from engine.serving.generator import Generator

AUTO = "auto"


@asynccontextmanager
async def running_relevance(
    settings: AnswerSettings, generator: Generator, hf_token: str | None
) -> AsyncIterator[Relevance]:
    """The judge of relevance, ready to be asked; the block's end closes a cross-encoder.

    Raises ModelLoadError where the cross-encoder that the settings name cannot be had.
    """
    if settings.relevance == AUTO:
        yield ModelRelevance(generator)
        return
    if settings.relevance == EMBEDDED:
        yield EmbeddedRelevance()
        return
    scorer = CrossEncoderScorer(settings.relevance, hf_token=hf_token)
    async with _running(scorer, "answer.relevance", "auto, embedded, a cross-encoder"):
        yield CrossEncoderRelevance(scorer)


@asynccontextmanager
async def running_support(settings: AnswerSettings, hf_token: str | None) -> AsyncIterator[Support]:
    """The check of statements, ready to be asked; the block's end closes a model.

    Raises ModelLoadError where the entailment model that the settings name cannot be had.
    """
    if settings.support == LexicalSupport.name:
        yield LexicalSupport()
        return
    model = EntailmentCrossEncoder(settings.support, hf_token=hf_token)
    async with _running(model, "answer.support", "lexical, an entailment model"):
        yield EntailmentSupport(model)


@asynccontextmanager
async def _running(
    model: CrossEncoderScorer | EntailmentCrossEncoder, setting: str, choices: str
) -> AsyncIterator[None]:
    try:
        await model.start()
        yield
    except EmbedderUnavailable as error:
        raise ModelLoadError(
            f"{setting}: {error}. Set it to {choices} of the hub as owner/name, or the folder of a "
            "saved one."
        ) from error
    finally:
        model.close()
