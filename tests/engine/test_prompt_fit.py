"""A prompt fits the window of its model: the best entries first, whole where they can be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.excerpt import balanced, longest_excerpt
from engine.models.catalog import PromptStyle
from engine.types import Turn
from tests.engine.prompt_cases import STYLES, count_words, document, fitted, request, text_of

# Fitting


def test_entries_are_kept_best_first_while_they_fit() -> None:
    documents = [document(n, " ".join(["word"] * 100)) for n in range(5)]
    two_fit = fitted(request(*documents[:2])).num_tokens

    result = fitted(request(*documents), budget=two_fit + 50)

    assert result.document_ids == ("d0", "d1")


def test_an_entry_that_does_not_fit_leaves_room_for_a_shorter_one() -> None:
    documents = (document(0, "short"), document(1, "word " * 500), document(2, "short too"))

    result = fitted(request(*documents), budget=200)

    assert result.document_ids == ("d0", "d2")


def test_the_best_entry_is_cut_at_a_sentence_when_it_alone_is_too_long() -> None:
    sentences = " ".join(f"Sentence number {n} ends here." for n in range(200))

    result = fitted(request(document(0, sentences)), budget=150)

    entry = text_of(result.prompt).split("<entry>")[1].split("</entry>")[0].strip()
    assert result.document_ids == ("d0",)
    assert entry.endswith("ends here.")
    assert result.num_tokens > 130


def test_a_question_that_found_no_answer_is_no_turn_of_the_prompt() -> None:
    turns = (
        Turn(question="Is there a fee?", answer="No fee."),
        Turn(question="Who won?", answer=""),
    )

    text = text_of(fitted(request(document(1, "Yes."), history=turns)).prompt)

    assert "Is there a fee?" in text
    assert "Who won?" not in text


def test_the_newest_turns_are_kept() -> None:
    turns = tuple(Turn(question=f"q{n}", answer=f"a{n}") for n in range(5))

    text = text_of(fitted(request(document(1, "Yes."), history=turns)).prompt)

    assert "q4" in text
    assert "q3" in text
    assert "q2" not in text


def test_entries_come_before_turns_when_not_both_fit() -> None:
    turn = Turn(question="word " * 70, answer="word " * 70)
    needed = fitted(request(document(1, "Yes."))).num_tokens

    result = fitted(request(document(1, "Yes."), history=(turn,)), budget=needed + 10)

    assert result.document_ids == ("d1",)
    assert len(result.prompt.messages) == 2


def test_a_huge_question_is_shortened() -> None:
    result = fitted(request(document(1, "Yes."), question="why " * 300_000), budget=300)

    assert result.num_tokens <= 300


markdown = st.lists(
    st.one_of(
        st.text(alphabet="abc .!?\n", max_size=60),
        st.sampled_from(
            [
                "```",
                "```bash\nls -l\n```",
                "~~~\na\n\nb\n~~~",
                "  ```\n  x. y\n  ```",
                "\n\n",
                "word",
            ]
        ),
    ),
    max_size=12,
).map("\n".join)


@given(
    answers=st.lists(markdown, max_size=5),
    question=st.text(max_size=60),
    turns=st.lists(st.tuples(st.text(max_size=30), markdown), max_size=3),
    room=st.integers(0, 80),
    style=st.sampled_from(STYLES),
    cites=st.booleans(),
)
def test_a_prompt_never_exceeds_the_window(
    answers: list[str],
    question: str,
    turns: list[tuple[str, str]],
    room: int,
    style: PromptStyle,
    cites: bool,
) -> None:
    budget = count_words(fitted(request(question=""), style, cites=cites).prompt) + room
    history = tuple(Turn(question=q, answer=a) for q, a in turns)
    asked = request(
        *(document(n, a) for n, a in enumerate(answers)), question=question, history=history
    )

    result = fitted(asked, style, budget, cites=cites)

    assert result.num_tokens <= budget
    assert result.num_tokens == count_words(result.prompt)


@given(answers=st.lists(markdown, min_size=1, max_size=5), room=st.integers(0, 80))
def test_entries_are_whole_unless_it_is_the_best_alone(answers: list[str], room: int) -> None:
    budget = count_words(fitted(request()).prompt) + room
    asked = request(*(document(n, a) for n, a in enumerate(answers)))

    result = fitted(asked, budget=budget)

    entries = text_of(result.prompt).split("<entry>\n")[1:]
    whole = [f"Why?\n{balanced(a).strip()}\n</entry>" in text_of(result.prompt) for a in answers]
    kept = [int(name[1:]) for name in result.document_ids]
    assert len(entries) == len(kept)
    assert all(whole[number] for number in kept) or kept == [0]


@given(text=markdown, room=st.integers(0, 40))
def test_code_blocks_are_kept_or_dropped_whole(text: str, room: int) -> None:
    excerpt = longest_excerpt(text, lambda candidate: len(candidate.split()) <= room)

    assert balanced(excerpt) == excerpt
    assert len(excerpt.split()) <= room


def test_a_code_block_that_is_too_long_is_left_out_and_the_text_goes_on() -> None:
    text = "Do this.\n\n```\n" + "line of code\n" * 50 + "```\n\nThen that."

    excerpt = longest_excerpt(text, lambda candidate: len(candidate.split()) <= 20)

    assert excerpt.split() == ["Do", "this.", "Then", "that."]


def test_blank_lines_inside_a_code_block_do_not_cut_it() -> None:
    code = "```python\nfirst()\n\n\nsecond()\n```"

    excerpt = longest_excerpt(f"Run.\n\n{code}\n\n" + "More. " * 50, lambda t: len(t) < 60)

    assert code in excerpt
