"""Recognises that a model says the entries hold no answer, in our word or in its own."""

from __future__ import annotations

import re

#: What the model is told to write when the entries hold no answer.
NO_ANSWER = "NO_ANSWER"
_ABSTAINS = re.compile(
    r"""^\W*(?:answer\W+)?(?:
        no[\s_-]?answer\b
      | (?:i\s+am\s+sorry|i['’]m\s+sorry|sorry|unfortunately|apologies)\b[\s,.:;—-]*
        (?:but\s+)?(?:i\b|the\b|there\b|this\b|it\b|that\b|no\b)[^.!?\n]{0,80}?
        (?:\bnot\b|n['’]t\b|\bno\b|cannot|unable)
      | i\s+(?:do\s+not|don['’]?t|cannot|can['’]?t|could\s+not|couldn['’]?t|am\s+not\s+able\s+to
           |am\s+unable\s+to)\s+
        (?:know|find|see|answer|have\s+(?:any\s+|enough\s+|that\s+|the\s+)?information|determine
           |provide)
      | (?:the\s+)?(?:provided\s+|given\s+)?(?:(?:faq|context|text|entries|entry|document|documents
           |information|passages?)\s*){1,2}(?:\s(?:provided|given|above|below))?\s+
        (?:do(?:es)?\s+not|do(?:es)?n['’]?t|did\s+not|has\s+no|have\s+no|contains?\s+no
           |is\s+not|are\s+not|cannot)\b
      | there\s+(?:is|are)\s+no\s+(?:mention|information|answer|entry|entries|details?)\b
      | (?:this|that|it|the\s+(?:answer|question|information))\s+(?:is|was)\s+not\s+
        (?:mentioned|specified|provided|contained|covered|answered|given|stated|found|included)\b
      | not\s+(?:mentioned|specified|provided|covered|answered|stated|found|enough\s+information)\b
      | no\s+(?:information|mention|entry|relevant\s+\w+)\b
      | unanswerable\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
#: The word itself closing a text: the model said so after some explanation.
_ENDS_WITH_NO_ANSWER = re.compile(rf"{NO_ANSWER}\W*$")


def says_no_answer(text: str) -> bool:
    return bool(_ABSTAINS.match(text) or _ENDS_WITH_NO_ANSWER.search(text))
