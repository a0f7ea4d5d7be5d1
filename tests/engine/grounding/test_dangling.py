"""Nothing is shown that hangs in the air: code that breaks off, lead-ins, pronouns."""

from __future__ import annotations

import pytest

from engine.grounding.grounded_text import GroundedText
from engine.types import Document
from tests.engine.grounding.faq_cases import check


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ("Follow these steps:\n\n1. Search the FAQ first.\n2. Call the dean.",
         "Follow these steps:\n\n1. Search the FAQ first."),
        ("Follow these steps:\n\n1. Call the dean.\n2. Search the FAQ first.",
         "Follow these steps:\n\n1. Search the FAQ first."),
        ("Follow these steps:\n\n1. Call the dean.\n2. Call him again.", ""),
        ("Follow these steps:\n\n1. Call the dean.\n\nShow the error message.",
         "Show the error message."),
        ("## Contact\n\nCall the dean.", ""),
        ("## Asking\n\nSearch the FAQ first.", "## Asking\n\nSearch the FAQ first."),
        ("## Refunds\n\nSearch the FAQ first.", "Search the FAQ first."),
        ("You do not have to do this:\n\n- Search the FAQ first.", ""),
        ("Search the FAQ first. Search the FAQ first.", "Search the FAQ first."),
        ("Search the FAQ first. **Do", "Search the FAQ first."),
        ("---\n\nSearch the FAQ first. 🎉", "Search the FAQ first."),
        ("**Search the FAQ first. Call the dean.**", "Search the FAQ first."),
        ("Sure! Here is how: Search the FAQ first.", "Here is how: Search the FAQ first."),
        ("Answer: Search the FAQ first.", "Search the FAQ first."),
        ("Search the FAQ first [1].", "Search the FAQ first. [1]"),
        ("Search the FAQ first [7].", "Search the FAQ first. [1]"),
    ],
)  # fmt: skip
def test_nothing_is_left_dangling(says: str, expected: str) -> None:
    grounded = check(says, "contact")

    assert grounded.text == expected


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ("```bash\ndocker container prune", "```bash\ndocker container prune\n```"),
        ("```bash\ndocker container prune\ndocker vol", "```bash\ndocker container prune\n```"),
        ("```bash\ndocker volume prune", ""),
        ("```bash\n```", ""),
    ],
)
def test_a_broken_code_block_is_closed_or_dropped(says: str, expected: str) -> None:
    assert check(says, "docker").text == expected


EVIL = "```bash\npip install evil\n```"
PRUNE = "```bash\ndocker container prune\n```"


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        (f"Search the FAQ first. Run\n\n{EVIL}", "Search the FAQ first."),
        (f"Search the FAQ first. Run:\n\n{EVIL}", "Search the FAQ first."),
        (f"Search the FAQ first with\n{EVIL}\nShow the error message.", "Show the error message."),
        (f"Search the FAQ first. Then run the following command.\n{EVIL}",
         "Search the FAQ first."),
        ("1. Search the FAQ first.\n2. Run\n   ```\n   pip install evil\n   ```\n"
         "3. Show the error message.",
         "1. Search the FAQ first.\n2. Show the error message."),
        (f"Search the FAQ first.\n\n{EVIL}", "Search the FAQ first."),
        (f"Search the FAQ first\n\n{EVIL}", "Search the FAQ first"),
        ("Search the FAQ first. Then run the following command.", "Search the FAQ first."),
        (f"Search the FAQ first. Run\n\n{PRUNE}", f"Search the FAQ first. Run\n\n{PRUNE}"),
        (f"Run the following command.\n\n{PRUNE}\n\nSearch the FAQ first.",
         f"Run the following command.\n\n{PRUNE}\n\nSearch the FAQ first."),
    ],
)  # fmt: skip
def test_what_announces_a_block_of_code_goes_with_it(says: str, expected: str) -> None:
    assert check(says, "contact", "docker").text == expected


@pytest.mark.parametrize(
    "says",
    [
        "To join late, use this form to register.",
        "You can use this channel to ask questions about the homework.",
        "Students must submit this code with the homework.",
        "Students must submit this code.",
        "Enter this code on the page.",
        "You get a code by mail. Enter this code.",
        "The grade is computed as follows: the homework counts 50 percent.",
        "Keep the lines below 80 characters.",
        "Be polite, following the code of conduct.",
        "Run the following command: `make run`.",
        "Use the following command `make run`.",
        "You can use any editor you like",
    ],
)
@pytest.mark.parametrize("after", ["", "\n\nThen you", f"\n\nThis costs 5 euros.\n\n{EVIL}"])
def test_a_whole_sentence_that_says_this_is_kept(says: str, after: str) -> None:
    entry = Document(id="e", course="c", section="", question="How?", answer=says)
    grounded = GroundedText([entry], "")

    added = grounded.feed(says + after) + grounded.finish()

    assert added == grounded.text == says


def test_a_dropped_block_leaves_the_sentence_that_does_not_announce_it() -> None:
    says = "You can use this channel to ask questions about the homework."
    entry = Document(id="e", course="c", section="", question="How?", answer=says)
    grounded = GroundedText([entry], "")

    grounded.feed(f"{says}\n\n{EVIL}")
    grounded.finish()

    assert grounded.text == says


@pytest.mark.parametrize(
    "says",
    [
        "Open a terminal and run this.",
        "Open a terminal and run this command.",
        "Open a terminal and run",
        "Open a terminal and use the commands below.",
        "Run the following command in a terminal.",
        "The settings are as follows.",
    ],
)
def test_a_sentence_that_needs_a_block_is_not_shown_without_one(says: str) -> None:
    answer = f"Search the FAQ first. {says}\n\n{PRUNE}"
    entry = Document(id="e", course="c", section="", question="How?", answer=answer)
    grounded = GroundedText([entry], "")

    grounded.feed(f"Search the FAQ first. {says}")
    grounded.finish()

    assert grounded.text == "Search the FAQ first."


@pytest.mark.parametrize(
    "says",
    [
        "Homework 1 is due on 14 March at 23:59 UTC. It is due on 21 March.",
        "Nobody knows. It is due on 14 March at 23:59 UTC.",
    ],
)
def test_a_pronoun_does_not_carry_a_claim_over_to_another_subject(says: str) -> None:
    assert "It is due" not in check(says, "dates").text


def test_a_sentence_that_breaks_off_is_dropped() -> None:
    assert check("Search the FAQ first. Write to staff@course.example only", "contact").text == (
        "Search the FAQ first."
    )


def test_invisible_characters_are_removed_first() -> None:
    grounded = check("Use\u200b Python\U000e0041 3.11\u202e.", "python")

    assert grounded.text == "Use Python 3.11."


def test_an_emoji_sequence_stays_whole() -> None:
    entry = Document(
        id="e", course="c", section="", question="Who?", answer="The 👩‍💻 team answers."
    )
    grounded = GroundedText([entry], "")

    grounded.feed("The 👩\u200d")
    grounded.feed("💻 team answers.")
    grounded.finish()

    assert grounded.text == "The 👩‍💻 team answers."
