"""Requests and prompts fitted to them, without a tokenizer."""

from __future__ import annotations

from engine.models.catalog import PromptStyle
from engine.prompt import FittedPrompt, Prompt, fit
from engine.protocol import GenerationRequest
from engine.types import Document, Turn

STYLES = list(PromptStyle)


def document(number: int, answer: str, question: str = "Why?") -> Document:
    return Document(id=f"d{number}", course="c", section="s", question=question, answer=answer)


def request(
    *documents: Document, question: str = "What now?", history: tuple[Turn, ...] = ()
) -> GenerationRequest:
    return GenerationRequest(id="1", question=question, documents=documents, history=history)


def text_of(prompt: Prompt) -> str:
    return prompt.text + "\n".join(f"{m.role} {m.content}" for m in prompt.messages)


def count_words(prompt: Prompt) -> int:
    return len(text_of(prompt).split())


def fitted(
    asked: GenerationRequest,
    style: PromptStyle = PromptStyle.CHAT,
    budget: int = 10_000,
    special_tokens: tuple[str, ...] = (),
    cites: bool = False,
) -> FittedPrompt:
    return fit(
        asked,
        style,
        budget=budget,
        count_tokens=count_words,
        special_tokens=special_tokens,
        cites=cites,
    )
