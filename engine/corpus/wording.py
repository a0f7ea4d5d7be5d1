"""Tells from its wording whether a title or a key asks something."""

from __future__ import annotations

import re

_MARKS = re.compile(r"[?？؟¿]")
#: How questions begin in the languages of the interface. Words that begin other titles as often
#: ("will", "may", "die") are left out.
_STARTS = re.compile(
    r"(?i)\W*(?:\d+[.)]?\s+)?(?:"
    r"how|what|when|where|which|who|whom|whose|why|can|could|do|does|did|is|are|am|was|were|should"
    r"|shall|would|have|has|what's|where's|how's"
    r"|wie|was|wann|wo|woher|wohin|wer|wen|wem|warum|wieso|weshalb|welche[rsmn]?|wof[üu]r|womit"
    r"|kann|k[öo]nnen|muss|m[üu]ssen|darf|d[üu]rfen|gibt|ist|sind|soll|sollte|habe|brauche|werden"
    r"|cómo|qué|cuándo|cuánto|cuánta|dónde|quién|cuál|cuáles|por qué|puedo|hay|es|tengo|necesito"
    r"|comment|quand|où|qui|quel|quelle|quels|quelles|pourquoi|combien|est-ce|puis-je|peut-on|faut-il"
    r"|como|quando|quanto|onde|quem|qual|quais|por que|posso|preciso|existe|tenho"
    r"|как|что|когда|где|куда|кто|какой|какая|какие|какое|почему|зачем|сколько|можно|могу|есть ли"
    r"|нужно|надо|должен"
    r")(?=[\s,])"
)
#: Languages without spaces between words: how a question ends, or what stands in it.
_IN_CJK = re.compile(
    r"(?:か|吗|嗎|呢|까|나요)[。.]?\Z|怎么|怎樣|如何|什么|什麼|为什么|哪里|哪裡|是否"
)
_PARTED = re.compile(r"\S\s+\S")


def asks(text: str) -> bool:
    """Whether `text` is worded as a question: by its mark, or by how it begins or ends."""
    text = text.strip()[:500]
    return bool(_MARKS.search(text) or _STARTS.match(text) or _IN_CJK.search(text))


def is_worded(text: str) -> bool:
    """Whether `text` is more than the name of a setting: several words, or a question."""
    return bool(_PARTED.search(text.strip()[:500])) or asks(text)
