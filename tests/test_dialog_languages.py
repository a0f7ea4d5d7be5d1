"""People write in six languages: the frame of a reply is in theirs, the entry in its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.delivery.texts import say, texts
from bot.messages import Press, Reply, ReplyState
from config.settings import LimitsSettings, Settings
from engine.errors import GenerationError
from engine.prompt import NO_ANSWER
from engine.protocol import GenerationRequest
from engine.types import Decision, Document, Tier
from tests.fakes import ScriptedGenerator
from tests.harness import FAQ, FakeAdapter, ListCorpus, message, running_desk
from tests.waits import within


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What somebody writes in one language, and an entry that answers it."""

    question: str
    answer: str
    off_topic: str
    courtesy: str
    vague: str


SPOKEN = {
    "en": Spoken(
        question="When is the homework of the first week due?",
        answer="The homework is due on Sunday at midnight.",
        off_topic="Who won the football match yesterday?",
        courtesy="thanks a lot!",
        vague="help me pls",
    ),
    "de": Spoken(
        question="Bis wann muss ich die Hausaufgabe der ersten Woche abgeben?",
        answer="Die Abgabe endet am Sonntag um Mitternacht.",
        off_topic="Wer hat gestern das Fußballspiel gewonnen?",
        courtesy="danke!",
        vague="geht nicht",
    ),
    "es": Spoken(
        question="¿Hasta cuándo puedo entregar la tarea de la primera semana?",
        answer="El plazo termina el domingo a medianoche.",
        off_topic="¿Quién ganó el partido de fútbol ayer?",
        courtesy="muchas gracias",
        vague="no funciona",
    ),
    "pt": Spoken(
        question="Até quando posso entregar a tarefa da primeira semana?",
        answer="O prazo termina no domingo à meia-noite.",
        off_topic="Quem ganhou o jogo de futebol ontem?",
        courtesy="muito obrigado!",
        vague="não funciona",
    ),
    "fr": Spoken(
        question="Jusqu'à quand puis-je rendre le devoir de la première semaine ?",
        answer="Il faut le rendre avant dimanche minuit.",
        off_topic="Qui a gagné le match de football hier ?",
        courtesy="merci beaucoup",
        vague="ça ne marche pas",
    ),
    "ru": Spoken(
        question="До какого числа нужно сдать домашнее задание первой недели?",
        answer="Сдать нужно до полуночи воскресенья.",
        off_topic="Кто вчера выиграл футбольный матч?",
        courtesy="спасибо большое",
        vague="ничего не работает",
    ),
}
TIERS = {
    Tier.ANSWER: "question",
    Tier.CLOSEST: "question",
    Tier.NONE: "off_topic",
    Tier.COURTESY: "courtesy",
    Tier.CLARIFY: "vague",
}
#: The language of a client that is not the one people write in.
OTHER = dict(zip(SPOKEN, [*list(SPOKEN)[1:], "en"], strict=True))


def corpus(language: str) -> ListCorpus:
    """An English FAQ of which one entry is in `language`."""
    one = SPOKEN[language]
    entry = Document(
        id="due", course="course-a", section="Homework", question=one.question, answer=one.answer
    )
    return ListCorpus((*FAQ, entry))


def writer(tier: Tier) -> ScriptedGenerator:
    """Says what the best entry says, or that there is no answer."""

    def write(request: GenerationRequest) -> str:
        return NO_ANSWER if tier is Tier.CLOSEST else request.documents[0].answer

    return ScriptedGenerator(write)


def frame(reply: Reply) -> str:
    """Everything in the last version of a message that is ours."""
    return "\n".join(
        [
            reply.text,
            reply.notice,
            reply.sources_title,
            reply.related_title,
            *(action.label for action in reply.actions),
        ]
    )


async def told(
    folder: Path,
    language: str,
    tier: Tier,
    *,
    client: str | None = None,
    generator: ScriptedGenerator | None = None,
) -> list[Reply]:
    """Every version of the reply to what somebody writes in `language`."""
    adapter = FakeAdapter()
    text = getattr(SPOKEN[language], TIERS[tier])
    entries = ListCorpus() if tier is Tier.NONE else corpus(language)
    async with running_desk(
        folder, generator or writer(tier), {"fake": adapter}, corpus=entries
    ) as desk:
        await desk.desk.receive(message(text, language=client))
        await adapter.wait_for_finals(1)
    return adapter.messages["m1"]


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("language", SPOKEN)
async def test_the_frame_is_in_the_language_of_the_question_whatever_the_client_speaks(
    language: str, tier: Tier, tmp_path: Path
) -> None:
    for number, client in enumerate((None, OTHER[language])):
        folder = tmp_path / str(number)
        folder.mkdir()
        reply = (await told(folder, language, tier, client=client))[-1]

        assert reply.answer is not None
        assert (reply.answer.tier, reply.language) == (tier, language)
        match tier:
            case Tier.ANSWER:
                assert reply.text == SPOKEN[language].answer
                assert reply.sources_title == say("sources", language)
            case Tier.CLOSEST:
                assert reply.text.endswith(say("closest", language))
                assert say("button.staff", language) in frame(reply)
            case Tier.NONE:
                contact = say("contact", language)
                name = texts().name_of("en", language)
                words = "not_found" if language == "en" else "not_found.language"
                assert reply.text == say(words, language, contact=contact, name=name)
                assert say("button.staff", language) in frame(reply)
            case Tier.COURTESY:
                assert reply.text == say("thanked", language)
            case Tier.CLARIFY:
                assert reply.text.startswith(say("vague", language))


@pytest.mark.parametrize("language", SPOKEN)
async def test_a_quotation_is_introduced_in_the_language_of_the_question(
    language: str, tmp_path: Path
) -> None:
    def fail(_: GenerationRequest) -> str:
        raise GenerationError

    generator = ScriptedGenerator(fail)
    reply = (await told(tmp_path, language, Tier.ANSWER, generator=generator))[-1]

    assert reply.notice == say("quoted.no_model", language)
    assert reply.text == f"**{SPOKEN[language].question}**\n\n{SPOKEN[language].answer}"


@pytest.mark.parametrize("language", SPOKEN)
async def test_who_waits_and_who_stops_is_spoken_to_in_the_language_of_the_question(
    language: str, tmp_path: Path
) -> None:
    adapter, slow = FakeAdapter(), writer(Tier.ANSWER)
    slow.gate.clear()
    asked = SPOKEN[language].question
    async with running_desk(tmp_path, slow, {"fake": adapter}, corpus=corpus(language)) as desk:
        await desk.desk.receive(message(asked, language=OTHER[language]))
        await within(slow.waiting.wait())
        await desk.desk.receive(message(asked, number=2, language=OTHER[language]))
        async with adapter.changed:
            await adapter.changed.wait_for(lambda: "m2" in adapter.messages)
        waiting = adapter.messages["m2"][0]
        await desk.desk.press(pressed("stop:2"))
        await adapter.wait_for_finals(1)
        again = await desk.desk.press(pressed("stop:2"))
        slow.gate.set()
        await adapter.wait_for_finals(2)

    assert waiting.state is ReplyState.WAITING
    assert waiting.notice == say("waiting.next", language)
    assert waiting.sources_title == say("waiting.matches", language)
    assert waiting.actions[0].label == say("button.stop", language)
    assert adapter.messages["m2"][-1].text == say("stopped", language)
    assert again is not None
    assert again.text == say("nothing_to_stop", language)


def pressed(value: str) -> Press:
    """A button pressed by whom the platform says nothing of."""
    return Press(platform="fake", user_id="student", value=value, reply_to="x", message_id="m1")


@pytest.mark.parametrize("language", SPOKEN)
async def test_a_press_is_answered_in_the_language_of_the_answer(
    language: str, tmp_path: Path
) -> None:
    adapter = FakeAdapter()
    generator = writer(Tier.CLOSEST)
    async with running_desk(
        tmp_path, generator, {"fake": adapter}, corpus=corpus(language)
    ) as desk:
        await desk.desk.receive(message(SPOKEN[language].question))
        await adapter.wait_for_finals(1)
        up = await desk.desk.press(pressed("vote:1:up"))
        down = await desk.desk.press(pressed("vote:1:down"))
        staff = await desk.desk.press(pressed("staff:1"))

    contact = say("contact", language)
    assert up is not None
    assert down is not None
    assert staff is not None
    assert up.text == say("vote.thanks", language)
    assert (down.text, down.language) == (say("vote.reason", language), language)
    assert staff.text == say("staff.contact", language, contact=contact)


@pytest.mark.parametrize("language", SPOKEN)
async def test_a_refusal_is_in_the_language_of_the_question(language: str, tmp_path: Path) -> None:
    adapter, slow = FakeAdapter(), writer(Tier.ANSWER)
    slow.gate.clear()
    settings = Settings(data_dir=tmp_path, limits=LimitsSettings(max_waiting_per_user=1))
    asked = SPOKEN[language].question
    async with running_desk(
        tmp_path, slow, {"fake": adapter}, corpus=corpus(language), settings=settings
    ) as desk:
        await desk.desk.receive(message(asked))
        await desk.desk.receive(message(asked, number=2))
        (refused,) = await adapter.wait_for_finals(1)
        slow.gate.set()
        await adapter.wait_for_finals(2)

    assert refused.text == say("refused.waiting", language, count=1)


@pytest.mark.parametrize(
    ("text", "client", "language"),
    [
        ("CUDA OOM?", "de", "de"),
        ("CUDA OOM?", None, "en"),
        ("certificate?", "pt-BR", "pt"),
        ("RuntimeError: CUDA out of memory", "ru", "ru"),
        ("Quando inizia il corso e come posso iscrivermi?", "es-MX", "es"),
        ("Quando inizia il corso e come posso iscrivermi?", "it", "en"),
        ("Quando inizia il corso e come posso iscrivermi?", None, "en"),
        ("👍", "fr", "fr"),
    ],
    ids=str,
)
async def test_where_the_question_does_not_tell_the_client_does(
    text: str, client: str | None, language: str, tmp_path: Path
) -> None:
    adapter = FakeAdapter()
    async with running_desk(tmp_path, writer(Tier.ANSWER), {"fake": adapter}) as desk:
        await desk.desk.receive(message(text, language=client))
        (reply,) = await adapter.wait_for_finals(1)

    assert reply.language == language


async def test_of_whom_nothing_is_known_is_spoken_to_in_the_language_of_the_faq(
    tmp_path: Path,
) -> None:
    adapter = FakeAdapter()
    russian = SPOKEN["ru"]
    entry = Document(
        id="due", course="a", section="", question=russian.question, answer=russian.answer
    )
    async with running_desk(
        tmp_path, writer(Tier.ANSWER), {"fake": adapter}, corpus=ListCorpus((entry,))
    ) as desk:
        await desk.desk.receive(message("👍"))
        (reply,) = await adapter.wait_for_finals(1)

    assert reply.text == say("thanked", "ru")


async def test_the_model_and_the_entry_stay_as_they_are(tmp_path: Path) -> None:
    adapter = FakeAdapter()
    async with running_desk(tmp_path, writer(Tier.ANSWER), {"fake": adapter}) as desk:
        await desk.desk.receive(message("Can I still join after the start?", language="de"))
        await desk.desk.receive(message("join after the start", number=2, language="de"))
        english, german = await adapter.wait_for_finals(2)

    assert (english.language, german.language) == ("en", "de")
    assert english.text == german.text
    assert "ou can join at any time." in german.text
    assert german.answer is not None
    assert german.answer.decision is Decision.ANSWERED
    assert (english.sources_title, german.sources_title) == ("Sources", "Quellen")


def test_every_language_of_the_interface_is_tried_here() -> None:
    assert set(SPOKEN) == set(texts().languages)
