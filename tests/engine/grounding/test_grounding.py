"""What a model says is shown as far as the entries say it, whole or while it is written."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.generation import FinishReason
from engine.grounding.check_result import Reason
from engine.grounding.grounded_text import GroundedText, is_thin
from engine.grounding.grounding import Grounding
from engine.grounding.splitter import split
from engine.grounding.support import LexicalSupport
from engine.types import Document
from tests.engine.grounding.grounding_cases import Case, cases, shown

WRITTEN = ("grounding_cases", "grounding_heldout", "grounding_sealed")
CASES = [case for name in WRITTEN for case in cases(name)]
ENTRIES = {document.id: document for case in CASES for document in case.documents}
#: Of the faithful cases; what falls short is listed by benchmarks/grounding.py.
LEAST_KEPT = 0.9
#: Invented, and shown all the same: they put words of two sentences together, or cut what is untrue
#: from what is true. Nothing else may be, and none of these need be.
KNOWN_TO_LEAK = (
    "You can submit a project to get a certificate, but you must also submit the homework.",
    "To remove the stopped containers, run:",
    "Each review takes three weeks.",
    "Yes, you must attend the office hours every Wednesday.",
    "Commit the `.env` file.",
    "The GPU server is free of charge.",
    "Yes, the lectures and the homework are free of charge.",
    "The default password is postgres.",
    "Restart Grafana every 5 minutes.",
)


def check(says: str, *about: str, question: str = "") -> GroundedText:
    grounded = GroundedText([ENTRIES[id_] for id_ in about], question)
    grounded.feed(says)
    grounded.finish()
    return grounded


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if not c.faithful and not c.says.startswith(KNOWN_TO_LEAK)],
    ids=lambda case: case.name,
)
def test_nothing_invented_is_shown(case: Case) -> None:
    grounded = shown(case)

    assert grounded.text == "", case.why
    assert grounded.document_ids == ()


def test_most_of_what_is_faithful_is_shown() -> None:
    faithful = [case for case in CASES if case.faithful]

    kept = [case for case in faithful if shown(case).text == case.becomes]

    assert len(kept) >= LEAST_KEPT * len(faithful)


def test_the_entry_of_what_is_shown_is_named() -> None:
    grounded = check("A T4 has 16 GiB of memory. Use Python 3.11.", "python", "gpu", "late")

    assert grounded.text == "A T4 has 16 GiB of memory. Use Python 3.11."
    assert set(grounded.document_ids) == {"gpu", "python"}


def test_the_entry_used_most_comes_first() -> None:
    grounded = check(
        "Use Python 3.11. Reviews are anonymous. You have seven days.", "python", "review"
    )

    assert grounded.document_ids == ("review", "python")


def test_the_invented_is_cut_out_of_the_middle() -> None:
    grounded = check(
        "Restart the kernel afterwards. This costs 5 euros. However, do not delete the folder "
        "while a model is loading.",
        "hfhome",
    )

    assert grounded.text == (
        "Restart the kernel afterwards. Do not delete the folder while a model is loading."
    )
    assert grounded.dropped == ("This costs 5 euros.",)
    assert len(grounded.reasons) == 1


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


def test_text_is_approved_while_it_arrives() -> None:
    grounded = GroundedText([ENTRIES["contact"]], "")

    first = grounded.feed("Search the FAQ first. Do not")
    second = grounded.feed(" send direct messages to the instructors. ")
    last = grounded.finish()

    assert first == "Search the FAQ first."
    assert first + second + last == grounded.text
    assert grounded.text.endswith("Do not send direct messages to the instructors.")


def test_a_verdict_names_the_entry_or_the_reason() -> None:
    grounding = Grounding([ENTRIES["gpu"]], "", LexicalSupport())

    kept = grounding.check(split("A T4 has 16 GiB of memory.")[0])
    dropped = grounding.check(split("A T4 has 24 GiB of memory.")[0])

    assert (kept.supported, kept.document_ids, kept.reason) == (True, ("gpu",), None)
    assert (dropped.supported, dropped.document_ids) == (False, ())
    assert dropped.reason is Reason.NUMBER


@pytest.mark.parametrize("text", ["", "Yes.", "You can do it.", "However,", "🎉", "**Note**"])
def test_too_little_is_thin(text: str) -> None:
    assert is_thin(text)


@pytest.mark.parametrize(
    "text",
    ["Restart the kernel afterwards.", "`make run`", "On 14 March.", "See https://a.example/b"],
)
def test_an_answer_with_a_fact_or_a_sentence_is_not_thin(text: str) -> None:
    assert not is_thin(text)


@pytest.mark.parametrize(
    "text",
    ["not " * 5000, "If you can, then not, but it is. " * 600, "[a](b " * 4000, "`" * 19_999,
     "“a " * 6000, "<!x " * 5000, "| a " * 5000, "- x\n" * 5000, "a/b.c_d " * 2500, "(" * 20_000,
     "run the following code:" * 800, "use this code " * 1400, "the code below " + ":" * 19_000],
)  # fmt: skip
def test_a_long_hostile_answer_is_checked(text: str) -> None:
    grounded = check(text, "docker", "dates", "late")

    assert len(grounded.text) <= len(text)


WORDS = sorted({word for entry in ENTRIES.values() for word in entry.answer.split()})
FOREIGN = ["https://evil.example/x", "`rm -rf /`", "999", "not", "cannot", "must", "before", "*",
           ":", "@mallory", "7,5", "<!channel>", "However,", "Yes,", "```", "\n\n", "\n- ",
           "\n1. ", "“", "🙃", "\u200d", "\ud7ff", "|", "##"]  # fmt: skip
SENTENCES = [unit.text + " " for entry in ENTRIES.values() for unit in split(entry.answer)]
ANSWERS = st.lists(
    st.one_of(
        st.sampled_from(SENTENCES),
        st.sampled_from(WORDS).map(lambda word: f"{word} "),
        st.sampled_from(FOREIGN).map(lambda word: f"{word} "),
        st.text(max_size=6),
    ),
    max_size=30,
).map("".join)
ABOUT = st.lists(st.sampled_from(sorted(ENTRIES)), min_size=1, max_size=3, unique=True)


def everything(about: Sequence[str]) -> str:
    return "\n".join(
        f"{ENTRIES[id_].question} {ENTRIES[id_].section} {ENTRIES[id_].answer}" for id_ in about
    )


@given(ANSWERS, ABOUT, st.text(max_size=30))
def test_every_address_number_and_mention_shown_stands_in_an_entry(
    answer: str, about: list[str], question: str
) -> None:
    text = check(answer, *about, question=question).text

    source = everything(about)
    prose = re.sub(r"(?m)^[\s>]*\d{1,4}[.)] ", "", text)
    assert all(
        address.rstrip(".,;:!?)*_`'\"") in source
        for address in re.findall(r"\w+://[^\s<>|]+", text)
    )
    assert all(mention in source for mention in re.findall(r"<[!@#]\w+>|@\w{3,}", text))
    assert all(number in source for number in re.findall(r"[0-9]{2,}", prose))


@given(ANSWERS, ABOUT, st.text(max_size=30))
def test_any_answer_gives_proper_markdown_and_names_its_entries(
    answer: str, about: list[str], question: str
) -> None:
    grounded = check(answer, *about, question=question)

    fences = [line for line in grounded.text.split("\n") if line.lstrip("> ").startswith("```")]
    assert len(fences) % 2 == 0
    assert set(grounded.document_ids) <= set(about)
    assert bool(grounded.document_ids) == bool(grounded.text)
    assert not grounded.text.rstrip("*_ ").endswith(":")


@given(ANSWERS, ABOUT, st.lists(st.integers(1, 9), max_size=80))
def test_an_answer_in_pieces_is_checked_like_the_whole(
    answer: str, about: list[str], sizes: list[int]
) -> None:
    grounded = GroundedText([ENTRIES[id_] for id_ in about], "")
    rest, added = answer, ""
    for size in sizes:
        added += grounded.feed(rest[:size])
        rest = rest[size:]
    added += grounded.feed(rest)
    added += grounded.finish()

    assert added == grounded.text == check(answer, *about).text


@given(st.sampled_from([id_ for id_ in sorted(ENTRIES) if id_ != "team"]))
def test_an_entry_repeated_word_for_word_is_mostly_shown(id_: str) -> None:
    units = split(ENTRIES[id_].answer)

    grounded = check(ENTRIES[id_].answer, id_)

    assert len(grounded.dropped) <= len(units) / 3


@pytest.mark.parametrize(
    ("question", "answer", "says"),
    [
        ("Is it a group project?", "No, the capstone is a solo project.",
         "The capstone is a solo project."),
        ("How do I make panko?", "Cut the bread. Spread the crumbs on a baking sheet.",
         "To make panko crumbs:\n\n1. Spread the crumbs on a baking sheet."),
        ("How do I clean jewelry?", "Pat the jewelry dry with a soft cloth.",
         "Pat it dry with a soft cloth."),
        ("What are twins?", "Twins occur when there are two offspring of one pregnancy.",
         "Twins are two offspring of one pregnancy."),
        ("Which dataset for Question 3?",
         "You must use the `dt_val` dataset to compute the metrics of Question 3 and onwards, "
         "as you did in Question 2.",
         "To compute the metrics for Question 3, you should use the `dt_val` dataset."),
        ("How do I build it?", "Run `make all` in the folder of the project.",
         "In the folder of the project, run `make all`."),
    ],
)  # fmt: skip
def test_what_the_entry_says_in_other_words_is_shown(question: str, answer: str, says: str) -> None:
    entry = Document(id="e", course="", section="", question=question, answer=answer)
    grounded = GroundedText([entry], question)

    grounded.feed(says)
    grounded.finish()

    assert grounded.text == says
    assert grounded.dropped == ()


@pytest.mark.parametrize(
    "says",
    [
        "I'm not able to provide a complete answer.",
        "The above FAQs are not applicable to the question.",
        "Refunds are not discussed here.",
        "No tengo información sobre eso.",
        "Dazu steht hier leider nichts.",
        "К сожалению, в базе знаний нет ответа.",
        "Désolé, je ne trouve pas cette information.",
        "Infelizmente não sei.",
        "Non lo so.",
    ],
)
def test_a_text_that_says_it_has_no_answer_is_not_about_the_entries(says: str) -> None:
    grounded = check(says, "late", "certificate", question="Can I get a refund?")

    assert grounded.text == ""
    assert not grounded.is_about_entries


@pytest.mark.parametrize(
    "says",
    [
        "Submit four projects and review the homework of the instructors.",
        "Register first and finish the project before the certificate.",
        "Pay 300 dollars.",
    ],
)
def test_a_wrong_answer_is_no_abstention(says: str) -> None:
    grounded = check(says, "late", "certificate", question="Can I still join?")

    assert grounded.text == ""
    assert grounded.is_about_entries


def test_the_numbers_in_the_text_are_those_of_the_entries_it_stands_on() -> None:
    grounded = check("You can join at any time [2]. Reviews are anonymous [2].", "late", "review")

    assert grounded.text == "You can join at any time. [1] Reviews are anonymous. [2]"
    assert grounded.cited_ids == ("late", "review")


def test_a_text_without_numbers_gets_none() -> None:
    grounded = check("You can join at any time. Reviews are anonymous.", "late", "review")

    assert "[" not in grounded.text
    assert grounded.cited_ids == ()


@pytest.mark.parametrize("finish", [FinishReason.LENGTH, FinishReason.DEADLINE])
@pytest.mark.parametrize(
    ("says", "left"),
    [
        ("Search the FAQ first. Show the error", "Search the FAQ first."),
        ("Search the FAQ first. Use Python 3.", "Search the FAQ first."),
        ("- Search the FAQ first\n- Show the error message", "- Search the FAQ first"),
        ("Search the FAQ first.", "Search the FAQ first."),
    ],
)
def test_the_unfinished_end_of_a_text_that_was_cut_off_goes(
    finish: FinishReason, says: str, left: str
) -> None:
    grounded = GroundedText([ENTRIES["contact"], ENTRIES["python"]], "")

    grounded.feed(says)
    grounded.finish(finish)

    assert grounded.text == left


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("| Homework | Due |\n|---|---|\n| Homework 1 | 12 May |\n| Homework 2 | 19 May |",
         "Homework 2 is due on 12 May."),
        ("| Plan | Users | Price |\n|---|---|---|\n| Team | 50 | 10 |",
         "| Plan | Price | Users |\n|---|---|---|\n| Team | 50 | 10 |"),
        ("You need Python 3.11 or newer.", "You need Python 3.11 or older."),
        ("Restart `docker compose restart grafana` if it stays empty.",
         "Restart it with `docker compose restart`."),
        ("Do not use sudo with pip.", "~~Do not use sudo with pip.~~"),
    ],
)  # fmt: skip
def test_what_a_reviewer_got_through_is_not_shown(entry: str, says: str) -> None:
    document = Document(id="e", course="", section="", question="How?", answer=entry)
    grounded = GroundedText([document], "")

    grounded.feed(says)
    grounded.finish()

    assert says not in grounded.text


@pytest.mark.parametrize(
    ("says", "left"),
    [
        ("Use `df[0]` to get the first row.", "Use `df[0]` to get the first row."),
        ("As described in [2], use `df[0]` to get the first row.",
         "As described, use `df[0]` to get the first row."),
        ("Choose option (2) in the menu.", "Choose option (2) in the menu."),
    ],
)  # fmt: skip
def test_only_the_mark_of_an_entry_is_taken_for_one(says: str, left: str) -> None:
    answer = "Use `df[0]` to get the first row. Choose option (2) in the menu."
    grounded = GroundedText(
        [Document(id="e", course="", section="", question="How?", answer=answer)], ""
    )

    grounded.feed(says)
    grounded.finish()

    assert grounded.text.removesuffix(" [1]") in (left, "Use `df[0]` to get the first row.")


@pytest.mark.parametrize("text", ["." * 20_000, "1 2 " * 5000, "!" * 20_000, "1. " * 6000])
def test_long_runs_of_marks_and_numbers_are_read(text: str) -> None:
    check(text, "docker", "dates")
