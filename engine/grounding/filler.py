"""Recognises filler: what a model says of itself, the prompt or the reader, not of the matter."""

from __future__ import annotations

import re

from engine.untrusted import without_citations

_KIND = r"(?:provided |given |above |following |available |relevant |retrieved |course |official )*"
_SOURCE = (
    r"(?:faq|context|information|text|document(?:ation|s)?|entr(?:y|ies)|passage|excerpt|sources?|"
    r"answer|details|course materials?|knowledge base)"
)
_AFTER = r"(?: (?:provided|given|above|entries|entry))*"
_NAMED = rf"(?:the |this |these |your )?{_KIND}{_SOURCE}{_AFTER}"
_SAYS = r"(?:say|state|mention|note|explain|indicate|suggest)s?(?: that|:|,)\s*(?![\"“])"
_POLITE = r"(?:sure|certainly|of course|great question|good question|hello|hi|thanks?|thank you)"
_EMPTY = (
    r"(?:in (?:short|summary|conclusion)|to (?:summarize|sum up|answer your question)|basically|"
    r"overall|(?:please )?note(?: that|(?=[:,]))|remember that|keep in mind that)"
)
#: Stands before the statement itself: removed before the rest is checked.
LEAD_IN = re.compile(
    r"^[\s*_]*(?:"
    rf"(?:based on|according to|as (?:stated|mentioned|noted|described) in|as per|per|from|in) "
    rf"{_NAMED}\s*,\s*"
    rf"|(?:based on|according to) {_NAMED} (?=\w)"
    rf"|{_NAMED} {_SAYS}"
    r"|(?:final answer|answer|a|response|reply)\s*:[\s*_]*"
    rf"|{_POLITE}\b[^.:;\n]{{0,60}}?[,!.:]\s+"
    rf"|{_EMPTY}\s*[,:]?\s+"
    r")",
    re.IGNORECASE,
)
_CHATTER = re.compile(
    r"^[\s*_\W]*(?:"
    r"as an? (?:ai|language|large|assistant|artificial)"
    r"|i(?:['’]m| am) (?:an? (?:ai|language|assistant)|sorry|afraid|unable|not (?:able|sure))"
    r"|i (?:hope|think|believe|understand|apologi[sz]e|cannot|can['’]?t|don['’]?t|do not|would)\b"
    r"|i (?:will|can)\b|i['’](?:d|ll|ve)\b|sorry\b|unfortunately,? i\b"
    r"|(?:please )?(?:let me know|feel free|don['’]t hesitate|do not hesitate)"
    r"|if you (?:have|need) (?:any )?(?:other|more|further|additional)\b"
    r"|(?:good luck|happy (?:learning|coding)|have a (?:nice|great)|you['’]re welcome)"
    r"|(?:hope|glad) (?:this|that|to|i)\b"
    r"|(?:here|below) (?:is|are) (?:the|an?|my) (?:answer|response|summary)"
    r"|you (?:asked|want to know|are asking|would like to know)"
    r"|the (?:user|question|prompt|student asks|asker)\b"
    rf"|{_NAMED} (?:(?:do|does|did|is|are|has|have) not|(?:do|does|did|is|are)n['’]t"
    r"|(?:has|have|contains?) no)\b"
    r"|(?:question|q|user|human|system|assistant|instructions?)\s*:"
    r"|(?:so )?the answer is (?:yes|no|correct|incorrect|true|false)\b[\W_]*$"
    r"|no_answer"
    r")",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"(?<![\w`'’\"/.-])(?:I|I['’](?:m|d|ll|ve)|my|me|myself)(?![\w`/.-])")
#: What is left of "as described in [2]" and "(see [4])" without the mark.
_HANGING = re.compile(
    r"\s*\((?:see|source:?|cf\.?|entry|entries|faq)?[\s,;]*\)"
    r"|,?\s*\b(?:as (?:described|stated|mentioned|noted|said) in|according to|see|per|from|in)"
    r"(?:\s+and)?(?=\s*[,.;:]|$)",
    re.IGNORECASE,
)
#: Joins a sentence to the one before; without that one it is taken off.
CONNECTOR = re.compile(
    r"^(?:however|therefore|thus|hence|so|also|additionally|in addition|furthermore|moreover|"
    r"besides|but|and|finally|similarly|likewise|as a result|consequently|for example|"
    r"for instance|then|(?:this|that) means(?: that)?(?=\s)|on the other hand|nevertheless|"
    r"that said|alternatively)\b,?\s+",
    re.IGNORECASE,
)
#: `It is possible to…` refers to nothing.
_EMPTY_IT = (
    r"is (?:not |only )?(?:possible|recommended|required|necessary|allowed|important|better|best|"
    r"advised|mandatory|optional|enough|sufficient)\b"
)
_PRONOUN = re.compile(r"^\W*(?:it|they)\b(?!['’])", re.IGNORECASE)
#: What a sentence begins with, up to its verb.
_SUBJECT = re.compile(
    r"^(?:[\w'’./-]+ ){1,5}?(?=(?:is|are|was|were|has|have|can|must|may|will|should|needs?)\b)"
)
#: Means nothing without the sentence before.
LEANING = re.compile(
    rf"^\W*(?:it(?! {_EMPTY_IT})|its|this|that|these|those|they|them|their|otherwise|instead|then|"
    r"in (?:that|this) case|if (?:so|not)|afterwards?|after that|before that|he|she|such|"
    r"the (?:former|latter)|both (?:of|are|is|can|must|have|will))\b",
    re.IGNORECASE,
)
OPENER = re.compile(
    r"^\W*(yes|no|ja|nein|oui|non|sí|si|sim|não|sì|да|нет)\b(?:\s*[,.!:;—–-]+\s*|\s*$)",
    re.IGNORECASE,
)


def trim(text: str) -> str:
    """`text` without lead-ins and citation marks such as `[1]`."""
    trimmed = without_citations(text)
    if trimmed != text:
        trimmed = _HANGING.sub("", trimmed).lstrip(" ,;")
    for _ in range(3):
        lead_in = LEAD_IN.match(trimmed)
        if not lead_in:
            break
        trimmed = trimmed[lead_in.end() :]
    return text if trimmed == text else capitalized(trimmed)


def is_cited(text: str) -> bool:
    """Whether `text` names an entry that says it by a mark such as [1]."""
    return without_citations(text) != text


def is_talk(text: str) -> bool:
    """Whether `text` is no statement about the matter."""
    return bool(_CHATTER.match(text)) or text.rstrip("*_ ").endswith("?")


def speaks_of_itself(text: str) -> bool:
    """Whether `text` is in the first person."""
    return bool(_FIRST_PERSON.search(text))


def with_subject(text: str, previous: str) -> str:
    """`text` with what its first pronoun means, the beginning of the sentence before it; empty
    where it begins with none."""
    pronoun = _PRONOUN.match(text)
    subject = _SUBJECT.match(previous)
    return f"{subject[0].strip()} {text[pronoun.end() :]}" if pronoun and subject else ""


def capitalized(text: str) -> str:
    """`text` with its first letter in upper case, unless code or an address comes first."""
    first = text.split(maxsplit=1)[:1]
    if not first or not first[0].rstrip(".,:;!?").isalpha():
        return text
    return text[:1].upper() + text[1:]
