"""What a message reads like once it is decided: for every decision, in every language."""

from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter

from bot.delivery.replies import final
from bot.delivery.texts import say, texts
from config.settings import Settings
from engine.store.job import json_of
from engine.types import Answer, Decision, Source, Tier, Timings
from tests.harness import FAQ

LANGUAGES = texts().languages
SOURCES = tuple(
    Source(
        id=entry.id,
        title=entry.question,
        section=entry.section,
        course=entry.course,
        url=entry.url,
        score=1.0,
        excerpt="It begins so.",
    )
    for entry in FAQ
)


def decided(decision: Decision, **changes: object) -> Answer:
    given: dict[str, object] = {
        "text": "The text of the answer.",
        "decision": decision,
        "reason": "",
        "timings": Timings(retrieve_s=0.0, total_s=0.0),
    }
    return Answer(**(given | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("decision", Decision)
def test_every_decision_is_told_in_the_language_of_the_asker(
    decision: Decision, language: str
) -> None:
    answer = decided(decision)

    reply = final(None, answer, language=language, contact="Ada")

    assert reply.text.strip()
    assert "{" not in reply.text
    assert (reply.text == answer.text) is (answer.tier is Tier.ANSWER), "our words, or the answer"
    if answer.tier is Tier.NONE and decision is not Decision.FAILED:
        assert "Ada" in reply.text


@pytest.mark.parametrize("decision", [Decision.QUOTED_NO_MODEL, Decision.QUOTED_UNSUPPORTED])
def test_a_quotation_stands_under_the_question_of_its_entry(decision: Decision) -> None:
    answer = decided(decision, sources=SOURCES[:1])

    reply = final(None, answer, language=None, contact="Ada")

    assert reply.text == (
        "**Can I still join after the course has started?**\n\nThe text of the answer."
    )
    assert reply.notice


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["The text of the answer.", ""])
def test_whoever_reads_a_part_of_an_entry_is_told_that_it_goes_on(text: str, language: str) -> None:
    answer = decided(Decision.QUOTED_WHOLE, text=text, shortened=True, sources=SOURCES[:1])

    reply = final(None, answer, language=language, contact="Ada")

    parts = (f"**{SOURCES[0].title}**", text, say("quoted.part", language))
    assert reply.text == "\n\n".join(filter(None, parts))


def test_an_answer_that_an_earlier_version_stored_is_shown_as_it_was() -> None:
    cut = "Run this.\n\n…\n\n*The entry goes on; open the source below to read the rest.*"
    stored = json.loads(json_of(decided(Decision.QUOTED_WHOLE, text=cut)))
    del stored["shortened"]

    answer = TypeAdapter(Answer).validate_json(json.dumps(stored))

    assert final(None, answer, language="de", contact=None).text == cut


def test_the_sentence_that_an_earlier_version_stored_is_said_in_our_words() -> None:
    stored = decided(Decision.NOT_COVERED, text="The FAQ has no answer to this. Please ask Bob.")

    reply = final(None, stored, language="de", contact=None)

    assert reply.text == "Darauf haben die FAQ keine Antwort. Bitte frag das Kursteam."


def test_an_answer_of_the_model_stands_for_itself() -> None:
    answer = decided(Decision.ANSWERED, sources=SOURCES[:1], related=SOURCES[1:2])

    reply = final(None, answer, language=None, contact="Ada")

    assert reply.text == "The text of the answer."
    assert reply.notice == ""
    assert (reply.sources, reply.sources_title) == (SOURCES[:1], "Sources")
    assert (reply.related, reply.related_title) == (SOURCES[1:2], "Also close")


@pytest.mark.parametrize(
    "decision", [Decision.NOT_SURE, Decision.MODEL_ABSTAINED, Decision.OTHER_COURSES]
)
def test_the_closest_entries_follow_the_sentence_that_introduces_them(decision: Decision) -> None:
    reply = final(None, decided(decision, related=SOURCES), language=None, contact="Ada")

    assert reply.text.endswith(":")
    assert (reply.sources, reply.sources_title) == (SOURCES, "")
    assert reply.related == ()


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (
            Decision.NOT_SURE,
            "Die FAQ sind auf Russisch. "
            "Ich bin nicht sicher, ob die FAQ das beantworten. "
            "Am nächsten kommen diese Einträge:",
        ),
        (Decision.ANSWERED, "The text of the answer."),
        (Decision.THANKED, "Gern geschehen! 🙂"),
    ],
)
def test_the_language_of_the_faq_is_told_where_it_may_be_why_there_is_no_answer(
    decision: Decision, said: str
) -> None:
    answer = decided(decision, languages=("de", "ru"), related=SOURCES[:1])

    assert final(None, answer, language="de", contact="Ada").text == said


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_without_a_name_is_not_told(language: str) -> None:
    answer = decided(Decision.NOT_COVERED, languages=(language, "tlh"))

    reply = final(None, answer, language=language, contact="Ada")

    assert reply.text == say("not_found", language, contact="Ada")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_contact_of_the_defaults_is_named_in_the_language_of_the_asker(language: str) -> None:
    contact = Settings().contact(None)

    reply = final(None, decided(Decision.NOT_COVERED), language=language, contact=contact)

    assert reply.text == say("not_found", language, contact=say("contact", language))
    assert reply.language == language


def test_without_a_stored_question_there_is_nothing_to_press() -> None:
    assert final(None, decided(Decision.NOT_SURE), language=None, contact="Ada").actions == ()
