"""What an entailment model must keep to, shown by tiny random ones that are read from their files,
and what comes of what it says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import AnswerSettings
from engine.answer.judges import running_support
from engine.errors import EmbedderUnavailable, ModelLoadError
from engine.grounding.entailment import (
    MAX_PREMISE_CHARS,
    NUM_ENTRIES,
    EntailmentSupport,
    premises_of,
)
from engine.grounding.evidence import Evidence
from engine.grounding.grounded_text import GroundedText
from engine.grounding.sentence import read
from engine.grounding.support import LexicalSupport, Support
from engine.retrieval.embedder import CrossEncoderScorer, EntailmentCrossEncoder
from engine.types import Document
from tests.engine.worker.tiny_models import save_cross_encoder

PREMISES = ["join late with the form", "docker does not start", "the homework is due on monday"]
SAID = "join the course late"
NLI = ("contradiction", "entailment", "neutral")


async def started(folder: Path) -> EntailmentCrossEncoder:
    model = EntailmentCrossEncoder(str(folder))
    await model.start()
    model.close()
    return model


# The model


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_cross_encoder(tmp_path_factory.mktemp("entailment") / "nli", labels=NLI)


async def test_each_premise_has_a_probability(saved: Path) -> None:
    found = (await started(saved)).entails(PREMISES, SAID)

    assert len(set(found)) == 3
    assert all(0 < probability < 1 for probability in found)


async def test_the_output_is_found_by_its_name(tmp_path: Path) -> None:
    orders = [
        ("entailment", "neutral", "contradiction"),
        ("CONTRADICTION", "ENTAILMENT", "NEUTRAL"),
        ("contradiction", "neutral", "Entails"),
    ]
    # The same weights: each order takes another output for entailment, and all three are all.
    models = [
        await started(save_cross_encoder(tmp_path / str(number), labels=labels))
        for number, labels in enumerate(orders)
    ]

    found = [model.entails(PREMISES, SAID) for model in models]

    assert [sum(shares) for shares in zip(*found, strict=True)] == pytest.approx([1, 1, 1])
    assert len({shares[0] for shares in found}) == 3


async def test_two_outputs_are_shares_of_one(tmp_path: Path) -> None:
    one = await started(save_cross_encoder(tmp_path / "a", labels=("entailment", "not_entailment")))
    other = await started(
        save_cross_encoder(tmp_path / "b", labels=("not_entailment", "entailment"))
    )

    found = zip(one.entails(PREMISES, SAID), other.entails(PREMISES, SAID), strict=True)

    assert [sum(shares) for shares in found] == pytest.approx([1, 1, 1])


async def test_a_single_output_is_a_score_whatever_its_name(tmp_path: Path) -> None:
    folder = save_cross_encoder(tmp_path / "one")
    scorer = CrossEncoderScorer(str(folder))
    await scorer.start()

    found = (await started(folder)).entails(PREMISES, SAID)

    assert found == pytest.approx(
        [float((await scorer.score(premise, [SAID]))[0]) for premise in PREMISES], abs=1e-6
    )
    scorer.close()


async def test_probabilities_come_in_the_order_of_the_premises(saved: Path) -> None:
    model = await started(saved)
    # Of different lengths: batches are often sorted by them.
    premises = ["homework", "docker " * 60, "join late", "the form " * 20]

    alone = [model.entails([premise], SAID)[0] for premise in premises]

    assert model.entails(premises, SAID) == pytest.approx(alone, abs=1e-4)
    assert model.entails(premises[::-1], SAID) == pytest.approx(alone[::-1], abs=1e-4)


async def test_which_text_is_the_premise_counts(saved: Path) -> None:
    model = await started(saved)

    one, other = model.entails(["join late"], "docker"), model.entails(["docker"], "join late")

    assert one != pytest.approx(other, abs=1e-6)


@pytest.mark.parametrize("text", ["", "🙏", "word " * 5000, "\ud800", "\x00", "join\ud800 late"])
async def test_odd_texts_have_a_probability(saved: Path, text: str) -> None:
    found = (await started(saved)).entails([text, "join"], text)

    assert [0 <= probability <= 1 for probability in found] == [True, True]


async def test_nothing_to_read_is_no_error(saved: Path) -> None:
    assert (await started(saved)).entails([], SAID) == []


async def test_threads_at_the_same_time_each_get_their_own(saved: Path) -> None:
    model = await started(saved)
    # Batches of different lengths: the tokenizer is set anew for each.
    texts = [f"{'join ' * length}late" for length in range(1, 25)]
    expected = [model.entails([text, "docker"], text) for text in texts]

    found = await asyncio.gather(
        *(asyncio.to_thread(model.entails, [text, "docker"], text) for text in texts)
    )

    assert found == [pytest.approx(one, abs=1e-4) for one in expected]


async def test_a_model_saved_with_half_the_bits_is_read(tmp_path: Path) -> None:
    from transformers import BertForSequenceClassification

    folder = save_cross_encoder(tmp_path / "nli", labels=NLI)
    whole = (await started(folder)).entails(PREMISES, SAID)
    BertForSequenceClassification.from_pretrained(folder).half().save_pretrained(folder)

    assert (await started(folder)).entails(PREMISES, SAID) == pytest.approx(whole, abs=1e-2)


async def test_one_that_is_not_loaded_says_so(saved: Path) -> None:
    with pytest.raises(EmbedderUnavailable, match=r"nli is not loaded$"):
        EntailmentCrossEncoder(str(saved)).entails(PREMISES, SAID)


async def test_one_that_gives_no_number_says_so(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    folder = save_cross_encoder(tmp_path / "nli", labels=NLI)
    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"] = torch.full((3,), float("nan"))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(EmbedderUnavailable, match=r"nli failed \(it gave no number\)$"):
        (await started(folder)).entails(PREMISES, SAID)


async def test_one_without_an_output_of_that_name_is_refused(tmp_path: Path) -> None:
    folder = save_cross_encoder(tmp_path / "mood", labels=("bad", "not_entailment", "good"))

    with pytest.raises(EmbedderUnavailable) as refused:
        await started(folder)

    assert str(refused.value) == (
        f"the entailment model {folder} has the labels bad, not_entailment, good; one of them "
        "must begin with “entail”"
    )


async def test_weights_that_are_pickled_are_refused(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    folder = save_cross_encoder(tmp_path / "pickled", labels=NLI)
    weights = folder / "model.safetensors"
    torch.save(load_file(weights), folder / "pytorch_model.bin")
    weights.unlink()

    with pytest.raises(EmbedderUnavailable, match=r"could not be loaded \("):
        await started(folder)


# What it is given to read


def entry(title: str, answer: str) -> Document:
    return Document(id=title, course="a", section="", question=title, answer=answer)


RECORDING = entry(
    "What if I miss a session?",
    "Every session is recorded. Videos are published on the playlist within 2 days. "
    "You cannot submit the homework after the deadline.",
)
PEERS = entry("How do I get a certificate?", "Finish the project and review 3 projects of peers.")
DOCKER = entry("Docker does not start", "Restart the service.")


def held_against(text: str, *documents: Document) -> list[str]:
    return premises_of(Evidence(documents, "?"), read(text, "en"))


def test_the_entries_that_hold_most_are_read_whole_where_they_are_short() -> None:
    premises = held_against("Videos of the session are published.", DOCKER, RECORDING, PEERS)

    assert premises == [
        "What if I miss a session?\nEvery session is recorded.\nVideos are published on the "
        "playlist within 2 days.\nYou cannot submit the homework after the deadline."
    ]


def test_of_many_entries_few_are_read() -> None:
    many = [entry(f"Project {number}", "Finish the project.") for number in range(10)]

    assert len(held_against("Finish the project.", *many)) == NUM_ENTRIES


def test_what_shares_no_word_is_held_against_the_best_match() -> None:
    (premise,) = held_against("Reboot it.", RECORDING, PEERS)

    assert premise.startswith("What if I miss a session?")


def test_nothing_is_held_against_no_entry() -> None:
    assert held_against("Videos are published.") == []


def test_of_a_long_entry_what_says_the_same_is_read_and_what_is_around_it() -> None:
    filler = [f"Sentence {number} tells of something else entirely." for number in range(200)]
    filler[100] = "The exam takes place in June."
    filler[180] = "Bring your passport to the exam room."
    (premise,) = held_against(
        "Bring a passport to the exam in June.", entry("Exams", " ".join(filler))
    )

    lines = premise.split("\n")
    assert lines[0] == "Exams"
    assert lines[1:] == [one for one in filler if one in lines]
    assert {*filler[99:102], *filler[179:182]} <= set(lines)
    assert MAX_PREMISE_CHARS - 100 < len(premise) <= MAX_PREMISE_CHARS


def test_an_item_is_read_with_what_stands_above_its_list() -> None:
    items = "\n".join(f"- item number {number} of a list of mistakes" for number in range(200))
    answer = f"Never do any of this:\n\n{items}\n- share a password"
    (premise,) = held_against("Share a password.", entry("Rules", answer))

    assert "Never do any of this:" in premise
    assert "share a password" in premise


def test_emphasis_is_left_out() -> None:
    (premise,) = held_against("Run the tool.", entry("Tools", "Run **the tool** `faq`."))

    assert premise == "Tools\nRun the tool faq."


@given(st.lists(st.text(max_size=3000), max_size=4), st.text(max_size=200))
def test_no_premise_is_longer_than_it_may_be(texts: list[str], text: str) -> None:
    premises = held_against(text, *(entry(one[:50], one) for one in texts))

    assert len(premises) <= NUM_ENTRIES
    assert all(len(premise) <= MAX_PREMISE_CHARS for premise in premises)


# What comes of what it says


class FakeEntailment:
    """An EntailmentModel that says what it is told to of every premise."""

    name = "nobody/nli"

    def __init__(self, *probabilities: float, fails: bool = False) -> None:
        self._probabilities = probabilities
        self._fails = fails
        self.read: list[str] = []

    def entails(self, premises: Sequence[str], hypothesis: str) -> Sequence[float]:
        self.read.append(hypothesis)
        if self._fails:
            raise EmbedderUnavailable("the entailment model nobody/nli failed (out of memory)")
        given = self._probabilities
        return [given[place % len(given)] for place in range(len(premises))]


def shown(text: str, support: Support) -> str:
    grounded = GroundedText([RECORDING, PEERS], "What if I miss a session?", support)
    grounded.feed(text)
    grounded.finish()
    return grounded.text


PARAPHRASE = "Anyone absent is able to catch up later by watching the tape."


def test_a_paraphrase_in_other_words_is_shown_where_the_model_says_that_it_follows() -> None:
    model = FakeEntailment(0.9)

    assert shown(PARAPHRASE, LexicalSupport()) == ""
    assert shown(PARAPHRASE, EntailmentSupport(model)) == PARAPHRASE
    assert model.read == [PARAPHRASE]


def test_the_words_of_an_entry_go_where_the_model_says_that_nothing_follows() -> None:
    said = "Videos of the project are recorded."

    assert shown(said, EntailmentSupport(FakeEntailment(0.49))) == ""


@pytest.mark.parametrize(
    "text",
    [
        "You can submit the homework after the deadline.",
        "Videos are published on the playlist within 3 days.",
        "Videos are not published on the playlist.",
        "Run `pip install tape` to watch it.",
        "The videos are at https://example.org/tape.",
        "Review 2 projects of peers.",
    ],
)
def test_what_contradicts_an_entry_or_brings_a_fact_goes_whatever_the_model_says(
    text: str,
) -> None:
    assert shown(text, EntailmentSupport(FakeEntailment(1.0))) == ""


def test_the_premise_that_it_follows_from_most_counts() -> None:
    support = EntailmentSupport(FakeEntailment(0.1, 0.8))
    evidence = Evidence([RECORDING, PEERS], "?")
    said = read("Finish the session and review the recorded videos.", "en")

    assert support.supports(evidence, said) == 0.8
    assert support.name == "nobody/nli"


def test_without_entries_nothing_follows() -> None:
    support = EntailmentSupport(FakeEntailment(0.9))

    assert support.supports(Evidence([], "?"), read("Videos are recorded.", "en")) == 0


@pytest.mark.parametrize(
    ("text", "left"), [("Sessions are recorded.", "Sessions are recorded."), (PARAPHRASE, "")]
)
def test_where_the_model_fails_words_decide(
    text: str, left: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found = shown(text, EntailmentSupport(FakeEntailment(fails=True)))

    assert found == left == shown(text, LexicalSupport())
    assert "checking by words alone: the entailment model nobody/nli failed" in caplog.text


# Who checks


async def test_the_settings_say_that_words_are_enough() -> None:
    async with running_support(AnswerSettings(), None) as support:
        assert isinstance(support, LexicalSupport)


async def test_the_settings_start_a_model_from_its_folder(saved: Path) -> None:
    async with running_support(AnswerSettings(support=str(saved)), None) as support:
        probability = support.supports(Evidence([PEERS], "?"), read("Finish the project.", "en"))

    assert support.name == str(saved)
    assert 0 < probability < 1


async def test_a_model_that_cannot_be_had_is_one_sentence(tmp_path: Path) -> None:
    settings = AnswerSettings(support=str(tmp_path / "nowhere"))

    with pytest.raises(ModelLoadError) as refused:
        async with running_support(settings, None):
            raise AssertionError("it started")

    assert str(refused.value).startswith(f"answer.support: the entailment model {tmp_path}/nowhere")
    assert str(refused.value).endswith(
        ". Set it to lexical, an entailment model of the hub as owner/name, or the folder of a "
        "saved one."
    )
