"""Recognises what a model says about itself, the prompt or the reader instead of the matter."""

from __future__ import annotations

import re

_MATTER = r"(?:provided |given |above |following |available |relevant |retrieved |course |official )*"
_SOURCE = (
    r"(?:faq|context|information|text|document(?:ation|s)?|entr(?:y|ies)|passage|excerpt|sources?|"
    r"answer|details|course materials?|knowledge base)"
)
_NAMED = (
    rf"(?:the |this |these |your )?{_MATTER}{_SOURCE}(?: (?:provided|given|above|entries|entry))*"
).replace(" ", r"\ ")
#: Said before the matter: taken off, and the rest is looked at.
LEAD_IN = re.compile(
    rf"""^[\s*_]*(?:
        (?:based\ on|according\ to|as\ (?:stated|mentioned|noted|described)\ in|as\ per|per|from|in)\ {_NAMED}\s*,\s*
      | (?:based\ on|according\ to)\ {_NAMED}\ (?=\w+\b)
      | {_NAMED}\ (?:says?|states?|mentions?|notes?|explains?|indicates?|suggests?)(?:\ that|:|,)\s*(?!["“])
      | (?:answer|a|response|reply|final\ answer)\s*:[\s*_]*
      | (?:sure|certainly|of\ course|great\ question|good\ question|hello|hi|thanks?|thank\ you)\b[^.:;\n]{{0,60}}?[,!.:]\s+
      | (?:in\ (?:short|summary|conclusion)|to\ (?:summarize|sum\ up|answer\ your\ question)|basically
          |overall|note\ that|please\ note\ that|(?:please\ )?note|remember\ that|keep\ in\ mind\ that)\s*[,:]?\s+
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_CHATTER = re.compile(
    rf"""^[\s*_\W]*(?:
        as\ an?\ (?:ai|language|large|assistant|artificial)
      | i(?:'m|’m|\ am)\ (?:an?\ (?:ai|language|assistant)|sorry|afraid|unable|not\ (?:able|sure))
      | i\ (?:hope|think|believe|understand|apologi[sz]e|cannot|can['’]?t|don['’]?t|do\ not|would|will|can)\b
      | (?:i['’]d|i['’]ll|i['’]ve)\b
      | sorry\b | unfortunately,?\ i\b
      | (?:please\ )?(?:let\ me\ know|feel\ free|don['’]t\ hesitate|do\ not\ hesitate)
      | if\ you\ (?:have|need)\ (?:any\ )?(?:other|more|further|additional)\b
      | (?:good\ luck|happy\ (?:learning|coding)|have\ a\ (?:nice|great)|you['’]re\ welcome)
      | (?:hope|glad)\ (?:this|that|to|i)\b
      | (?:here|below)\ (?:is|are)\ (?:the|an?|my)\ (?:answer|response|summary)
      | you\ (?:asked|want\ to\ know|are\ asking|would\ like\ to\ know)
      | the\ (?:user|question|prompt|student\ asks|asker)\b
      | {_NAMED}\ (?:do(?:es)?\ not|do(?:es)?n['’]t|did\ not|has\ no|ha(?:ve|s)\ no|contains?\ no|is\ not|are\ not)\b
      | (?:question|q|user|human|system|assistant|instructions?)\s*:
      | no_answer
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_FIRST_PERSON = re.compile(r"(?<![\w`'’\"/.-])(?:I|I['’](?:m|d|ll|ve)|my|me|myself)(?![\w`/.-])")
_CITATION = re.compile(
    r"\s*[\[(](?:(?:see |source:? ?|faq ?|entry ?|document ?|doc ?|id:? ?)+#?\d*|\d{1,2})[\])](?!\()",
    re.IGNORECASE,
)
#: Joins a sentence to the one before; without that one it is taken off.
CONNECTOR = re.compile(
    r"^(?:however|therefore|thus|hence|so|also|additionally|in addition|furthermore|moreover|"
    r"besides|but|and|finally|similarly|likewise|as a result|consequently|for example|"
    r"for instance|on the other hand|nevertheless|that said|alternatively)\b,?\s+",
    re.IGNORECASE,
)
#: Means nothing without the sentence before.
LEANING = re.compile(
    r"^\W*(?:it(?! is (?:not |only )?(?:possible|recommended|required|necessary|allowed|important|"
    r"better|best|advised|mandatory|optional|enough|sufficient)\b)|its|this|that|these|those|they|them|their|otherwise|instead|then|in (?:that|this) case|"
    r"if (?:so|not)|afterwards?|after that|before that|he|she|such|the (?:former|latter)|both)\b",
    re.IGNORECASE,
)
OPENER = re.compile(r"^\W*(yes|no)\b(?:\s*[,.!:;—–-]+\s*|\s*$)", re.IGNORECASE)


def trim(text: str) -> str:
    """`text` without lead-ins and citation marks such as `[1]`."""
    trimmed = _CITATION.sub("", text)
    for _ in range(3):
        lead_in = LEAD_IN.match(trimmed)
        if not lead_in:
            break
        trimmed = trimmed[lead_in.end() :]
    return text if trimmed == text else capitalized(trimmed)


def is_chatter(text: str) -> bool:
    """Whether `text` is no statement about the matter."""
    return bool(_CHATTER.match(text)) or text.rstrip("*_ ").endswith("?")


def speaks_of_itself(text: str) -> bool:
    """Whether `text` is in the first person."""
    return bool(_FIRST_PERSON.search(text))


def capitalized(text: str) -> str:
    """`text` with its first letter in upper case, unless code or an address comes first."""
    first = text.split(maxsplit=1)[:1]
    if not first or not first[0].rstrip(".,:;!?").isalpha():
        return text
    return text[:1].upper() + text[1:]
