"""Puts a model's prompts together where its tokenizer is: fitted to its window, and as tokens."""

from __future__ import annotations

from typing import Any

from engine.models.catalog import ModelEntry
from engine.prompt import FittedPrompt, Prompt, answer_tokens, fit
from engine.protocol import GenerationRequest, ShownPrompt
from engine.types import Document

#: What chat templates call the switch for thinking aloud before the answer. An answer is wanted
#: in seconds, and one that is held against the entries needs no thoughts.
_NO_THINKING = {"enable_thinking": False, "thinking": False}
#: How thoughts begin and end.
_THINK, _THOUGHT = "<think>", "</think>"
#: Put into prompts to find out what all of them begin with.
_SOME_ENTRY = Document(id="", course="", section="", question="What?", answer="That.")


class PromptBuilder:
    """The prompts of one model."""

    def __init__(self, entry: ModelEntry, tokenizer: Any) -> None:
        """`tokenizer` is an object of transformers."""
        self._entry = entry
        self._tokenizer = tokenizer
        self._takes_system = _takes_system(tokenizer)
        self._special_tokens = tuple({*tokenizer.all_special_tokens, *tokenizer.get_added_vocab()})

    def budget(self, request: GenerationRequest) -> int:
        """Tokens of the context window that the answer leaves to the prompt."""
        return self._entry.context_window - answer_tokens(self._entry, request)

    def fit(self, request: GenerationRequest, budget: int) -> FittedPrompt:
        """The prompt for `request` in at most `budget` tokens."""
        return fit(
            request,
            self._entry.prompt,
            cites=self._entry.cites,
            budget=budget,
            count_tokens=lambda prompt: len(self.tokens(prompt)),
            special_tokens=self._special_tokens,
        )

    def show(self, request: GenerationRequest) -> ShownPrompt:
        """What the model would read for `request`."""
        budget = self.budget(request)
        fitted = self.fit(request, budget)
        return ShownPrompt(
            model=self._entry.alias,
            text=self.text(fitted.prompt),
            num_tokens=fitted.num_tokens,
            max_tokens=budget,
            document_ids=fitted.document_ids,
        )

    def text(self, prompt: Prompt) -> str:
        """The prompt as the tokenizer reads it, with the marks of the chat template."""
        if not prompt.messages:
            return prompt.text
        messages = [{"role": m.role, "content": m.content} for m in prompt.messages]
        if not self._takes_system:
            rules, first, *rest = messages
            content = f"{rules['content']}\n\n{first['content']}"
            messages = [{"role": "user", "content": content}, *rest]
        text: str = self._tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, tokenize=False, **_NO_THINKING
        )
        # A template without a switch may begin a thought.
        return f"{text}\n{_THOUGHT}\n\n" if text.rstrip().endswith(_THINK) else text

    def tokens(self, prompt: Prompt) -> list[int]:
        """The prompt as the model reads it."""
        # A template brings the marks of its beginning itself.
        marks = not prompt.messages
        return list(self._tokenizer(self.text(prompt), add_special_tokens=marks)["input_ids"])

    def constant_part(self) -> list[int]:
        """The tokens that all prompts begin with."""
        requests = (
            GenerationRequest(id="", question="Why?", documents=()),
            GenerationRequest(id="", question="Is it so?", documents=()),
            GenerationRequest(id="", question="Why?", documents=(_SOME_ENTRY,)),
        )
        prompts = [self.tokens(self.fit(request, 10**6).prompt) for request in requests]
        length = 0
        for tokens in zip(*prompts, strict=False):
            if len(set(tokens)) > 1:
                break
            length += 1
        return prompts[0][:length]


def _takes_system(tokenizer: Any) -> bool:
    """Whether the chat template shows system messages; some refuse or drop them."""
    if not tokenizer.chat_template:
        return False
    messages = [{"role": "system", "content": "c0ffee"}, {"role": "user", "content": "?"}]
    try:
        return "c0ffee" in tokenizer.apply_chat_template(messages, tokenize=False)
    except Exception:  # noqa: BLE001 - a template may raise what it likes to refuse a role
        return False
