"""Which parts of a Markdown text are questions, what answers them, and what is none of it."""

from __future__ import annotations

from pathlib import PurePath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.corpus.formats.text.markdown import entries_of_markdown
from engine.corpus.formats.topics import without_topics
from engine.errors import CorpusError, NotAnFaq


def pairs(text: str) -> list[tuple[str, str]]:
    return [(entry.question, entry.answer) for entry in entries_of_markdown(text).entries]


def questions(text: str, name: str = "notes.md") -> list[str]:
    parsed = without_topics(entries_of_markdown(text), PurePath(name))
    return [entry.question for entry in parsed.entries]


@pytest.mark.parametrize(
    ("heading", "question", "anchor"),
    [
        ("## Can I join?", "Can I join?", "can-i-join"),
        ("## Can I join? ##", "Can I join?", "can-i-join"),
        ("Can I join?\n---", "Can I join?", "can-i-join"),
        ("## Can I join? {#join}", "Can I join?", "join"),
        ("## Can I join? {: #join .big }", "Can I join?", "join"),
        ('## <a name="join"></a>Can I join?', "Can I join?", "join"),
        ('<a id="join"></a>\n\n## Can I join?', "Can I join?", "join"),
        ('<h2 id="join">Can I <i>join</i>?</h2>', "Can I join?", "join"),
        ("## 3. Can I join?", "Can I join?", "3-can-i-join"),
        ("## Q: Can I join?", "Can I join?", "q-can-i-join"),
        ("## 🎓 Can I `join`? 🎉", "Can I join?", "-can-i-join-"),
        ("## [Can I join?](https://example.org)", "Can I join?", "can-i-join"),
        (
            "## Can I join my_team & yours?",
            "Can I join my_team & yours?",
            "can-i-join-my_team--yours",
        ),
        ("## 3.12 or 3.11?", "3.12 or 3.11?", "312-or-311"),
        ("## Question 6: wrong result?", "Question 6: wrong result?", "question-6-wrong-result"),
        ("## ¿Puedo entrar?", "¿Puedo entrar?", "puedo-entrar"),
        ("## Kann ich kommen", "Kann ich kommen", "kann-ich-kommen"),
    ],
)
def test_a_heading_gives_the_question_and_its_place(
    heading: str, question: str, anchor: str
) -> None:
    (entry,) = entries_of_markdown(f"{heading}\n\nYes.").entries

    assert (entry.question, entry.answer, entry.anchor) == (question, "Yes.", anchor)


def test_headings_that_repeat_get_numbers_as_on_the_page() -> None:
    text = "# A\n## Why?\nSo.\n# B\n## Why?\nThus.\n## Why?\nOr so."

    anchors = [entry.anchor for entry in entries_of_markdown(text).entries]

    assert anchors == ["why", "why-1", "why-2"]


def test_numbers_that_count_the_headings_go() -> None:
    text = "## Q1: Is it?\nYes.\n## Q2: Does it?\nNo.\n## 1.1 Will it?\nYes.\n## 1.2 Can it?\nNo."

    assert questions(text) == ["Is it?", "Does it?", "Will it?", "Can it?"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("**Can I?**\n\nYes.\n\n**May I?**\n\nNo.", 2, id="bold lines"),
        pytest.param("**Can I?** Yes.\n\n__May I?__ No.", 2, id="bold beginnings"),
        pytest.param("**1. Can I?**\nYes.\n\n**2. May I?**\nNo.", 2, id="numbered bold lines"),
        pytest.param("**Q:** Can I?\n**A:** Yes.\n\n**Q:** May I?\n**A:** No.", 2, id="labels"),
        pytest.param("Q: Can I?\nA: Yes.\nQ: May I?\nA: No.", 2, id="labels without blank lines"),
        pytest.param("**Q: Can I?**\n\nYes.\n\n**Q: May I?**\n\nNo.", 2, id="no answer label"),
        pytest.param("Question:\nCan I?\nAnswer:\nYes.", 1, id="labels on their own lines"),
        pytest.param("Q1) Can I?\n\nA1) Yes.\n\nQ2) May I?\n\nA2) No.", 2, id="numbered labels"),
        pytest.param("- **Can I?** Yes.\n- **May I?** No.", 2, id="bold items"),
        pytest.param("- Can I?\n  - Yes.\n- May I?\n  - No.", 2, id="items within items"),
        pytest.param("- Can I?\n    \n    Yes.\n    \n- May I?\n    \n    No.", 2, id="toggles"),
        pytest.param("1. Can I come? Yes.\n2. May I come? No.", 2, id="items of one line"),
        pytest.param("1. Can I?\n\nYes.\n\n2. May I?\n\nNo.", 2, id="items parted by answers"),
        pytest.param("Can I?\nYes.\n\nMay I?\nNo.", 2, id="bare lines"),
        pytest.param("Can I?\n: Yes.\n\nMay I?\n: No.", 2, id="definitions"),
        pytest.param("> [!question]- Can I?\n> Yes.\n\n> [!faq] May I?\n> No.", 2, id="callouts"),
        pytest.param(
            "::: details Can I?\nYes.\n:::\n\n::: details May I?\nNo.\n:::", 2, id="colons"
        ),
        pytest.param(
            "<details><summary>Can I?</summary>Yes.</details>\n"
            "<details>\n<summary>\n\n<b>May I?</b></summary>\nNo.\n</details>",
            2,
            id="details",
        ),
        pytest.param("| Q | A |\n|---|---|\n| Can I? | Yes. |\n| May I? | No. |", 2, id="table"),
    ],
)
def test_questions_in_running_text(text: str, expected: int) -> None:
    wanted = [("Can I?", "Yes."), ("May I?", "No.")][:expected]

    found = [(q.replace(" come", ""), a.removeprefix("- ")) for q, a in pairs(f"# FAQ\n\n{text}")]

    assert found == wanted


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("# Install\n\n## Linux\n\nRun it.\n\n## macOS\n\nRun it too.", id="guide"),
        pytest.param("Just a note.", id="note"),
        pytest.param("", id="empty"),
        pytest.param("# FAQ\n\n- [Can I?](#can-i)\n- [May I?](#may-i)", id="contents only"),
        pytest.param("Dear all,\n\n**Ready?** Then come on Monday.\n\nBo", id="a figure of speech"),
        pytest.param("## Changes\n\n- Fix: why did it stop?\n- Add colours", id="changes"),
        pytest.param("```\n# Can I?\nYes.\n```", id="code"),
        pytest.param("<!--\n## Can I?\n\nYes.\n-->", id="comment"),
        pytest.param("## Question 1. Load the data\n\nUse the file.", id="exercise"),
        pytest.param("- [ ] Who buys the cake?\n- [x] Who invites Ada?", id="to do"),
    ],
)
def test_what_asks_nothing_is_no_faq(text: str) -> None:
    with pytest.raises(NotAnFaq, match="“\\?”"):
        questions(text)


@pytest.mark.parametrize(
    "name",
    ["faq.md", "Shop-FAQ.md", "common_questions.md", "q-and-a.md", "faq/money.md", "help.md"],
)
def test_topics_are_questions_where_the_name_says_so(name: str) -> None:
    assert questions("## Refunds\n\nIn May.\n\n## Prices\n\nLow.", name) == ["Refunds", "Prices"]


@pytest.mark.parametrize("name", ["install.md", "faq-desk/install.md", "helpers.md"])
def test_topics_of_other_files_are_none(name: str) -> None:
    with pytest.raises(NotAnFaq, match="2 with text"):
        questions("## Refunds\n\nIn May.\n\n## Prices\n\nLow.", name)


def test_only_what_asks_is_read_of_a_guide() -> None:
    text = "## Setup\nA.\n## Use\nB.\n## Limits\nC.\n## Does it run offline?\nYes."

    assert questions(text) == ["Does it run offline?"]


def test_an_introduction_is_no_entry() -> None:
    text = "# FAQ\nHi.\n## About\nWe.\n## Joining\nIn short.\n### Can I?\nYes.\n### May I?\nNo."

    assert [(e.section, e.question) for e in entries_of_markdown(text).entries] == [
        ("Joining", "Can I?"),
        ("Joining", "May I?"),
    ]


def test_headings_below_a_question_stay_in_its_answer_as_they_are() -> None:
    text = "## Can I?\n\n### Linux\n\nYes.\n\n### macOS\n\nNo.\n\n## May I?\n\n### Answer\n\nYes."

    assert pairs(text) == [
        ("Can I?", "### Linux\n\nYes.\n\n### macOS\n\nNo."),
        ("May I?", "Yes."),
    ]


def test_choices_and_code_that_look_like_marks_stay() -> None:
    answer = "One of:\n\n- A: red\n- B: blue\n\nUse `<summary>` in `<details>`, `<!-- so -->`."

    assert pairs(f"## Can I?\n{answer}") == [("Can I?", answer)]


def test_a_question_below_a_question_is_one_of_its_own() -> None:
    assert pairs("## Can I?\nYes.\n### And twice?\nNo.") == [
        ("Can I?", "Yes."),
        ("And twice?", "No."),
    ]


def test_lists_tables_and_code_stay_byte_for_byte() -> None:
    answer = (
        "1. one\n   ```python\n   # two\n\n\n   x = [1,  2]\n   ```\n2. three\n"
        "\n| a  |  b |\n|----|:--:|\n| \\| | `|` |\n\n~~~\n## Is this code?\n~~~\n\n    # three"
    )

    assert pairs(f"## Can I?\n{answer}\n\n## May I?\nNo.")[0] == ("Can I?", answer)


def test_what_only_leads_about_the_page_goes() -> None:
    text = "## Can I?\nYes.\n\n**[⬆ Back to top](#faq)**\n\n---\n\n## May I?\nNo.\n\n***"

    assert pairs(text) == [("Can I?", "Yes."), ("May I?", "No.")]


def test_an_answer_with_a_rule_right_below_it_is_no_heading() -> None:
    assert pairs("## Can I?\nYes, you can.\n---\n## May I?\nNo.\n---") == [
        ("Can I?", "Yes, you can."),
        ("May I?", "No."),
    ]


def test_links_that_are_defined_below_are_put_in_place() -> None:
    text = (
        "## Can I?\nSee [the rules][1], [Page] and `[1]`.\n\n## May I?\nNo.\n\n"
        '[1]: https://e.org/a "Rules"\n[page]: <https://e.org/b_(c)>\n'
    )

    assert pairs(text) == [
        (
            "Can I?",
            "See [the rules](https://e.org/a), [Page](<https://e.org/b_(c)>) and `[1]`.",
        ),
        ("May I?", "No."),
    ]


def test_a_question_without_answer_is_named() -> None:
    parsed = entries_of_markdown("## Can I?\n\n## May I?\nNo.")

    assert parsed.problems == ("Entry 1 (“Can I?”) has no answer; write one or delete the entry.",)


@pytest.mark.parametrize("mark", ["draft: true", "published: false"])
@pytest.mark.parametrize("body", ["## Can I?\nYes.", "Yes."])
def test_a_page_that_is_a_draft_is_left_out(mark: str, body: str) -> None:
    parsed = entries_of_markdown(f"---\ntitle: Can I?\n{mark}\n---\n{body}")

    assert (parsed.entries, parsed.problems) == ((), ())
    assert len(parsed.left_out) == 1


@pytest.mark.parametrize(
    "matter",
    [
        "---\ntitle: Joining\nweight: 4\n---\n",
        "---\r\ntitle: Joining\r\nweight: 4\r\n---\r\n",
        '+++\ntitle = "Joining"\nweight = 4\ndate = 2026-01-01\n+++\n',
    ],
)
def test_the_front_matter_of_a_page_holds_for_all_its_questions(matter: str) -> None:
    first, second = entries_of_markdown(f"{matter}## Can I?\nYes.\n## May I?\nNo.").entries

    assert (first.section, first.sort_order) == (second.section, second.sort_order)
    assert (first.section, first.sort_order) == ("Joining", 4)


def test_a_title_is_the_question_of_a_page_that_asks_nothing_else() -> None:
    assert pairs("---\ntitle: Can I?\n---\nYes.\n\n## Later\n\nNo.") == [
        ("Can I?", "Yes.\n\n## Later\n\nNo.")
    ]
    assert pairs("---\ntitle: Joining late\n---\nUntil May.") == [("Joining late", "Until May.")]


def test_a_page_may_put_its_question_in_several_ways() -> None:
    (entry,) = entries_of_markdown("---\nquestion:\n- Can I?\n- May I?\n---\nYes.").entries

    assert (entry.question, entry.phrasings, entry.answer) == ("Can I?", ("May I?",), "Yes.")


def test_questions_that_a_theme_shows_are_read_from_the_front_matter() -> None:
    text = "---\ntitle: FAQ\nlayout: faq\nfaqs:\n- question: Can I?\n  answer: Yes.\n---\n"

    assert pairs(text) == [("Can I?", "Yes.")]


@pytest.mark.parametrize(
    ("matter", "problem"),
    [("---\na: b: c\n---\n", "not valid YAML"), ("+++\na b\n+++\n", "not valid TOML")],
)
def test_malformed_front_matter_is_refused(matter: str, problem: str) -> None:
    with pytest.raises(CorpusError, match=problem):
        entries_of_markdown(f"{matter}## Can I?\nYes.")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("abcd efg", min_size=1).filter(str.strip),
            st.text("xyz é日", min_size=1).filter(str.strip),
        ),
        min_size=1,
        unique_by=lambda pair: pair[0].split()[0],
    )
)
def test_what_is_written_below_headings_is_read_back(rows: list[tuple[str, str]]) -> None:
    text = "\n\n".join(
        f"## Is {question.strip()}?\n\n{answer.strip()}" for question, answer in rows
    )
    expected = [(f"Is {' '.join(q.split())}?", a.strip()) for q, a in rows]

    assert pairs(text) == expected
