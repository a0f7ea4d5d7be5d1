"""What `check` finds: the stored questions, who is staff, a GPU that lies idle."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from bot.findings import Finding
from bot.operations.checkup import MOST_LEFT_OUT, examine, gpu_finding
from config.settings import (
    AdminsSettings,
    CourseSettings,
    EngineSettings,
    RetrievalSettings,
    Secrets,
    Settings,
)
from engine.answer.relevance import EmbeddedRelevance
from engine.corpus.corpus import Corpus, Problem
from engine.grounding.support import LexicalSupport
from engine.models.catalog import load_catalog
from engine.models.gpu import Gpu
from engine.retrieval.retriever import Retriever
from engine.serving.status import EngineState, EngineStatus
from engine.serving.supervisor import EngineSupervisor
from engine.store.jobs import STORE, JobStore
from tests.harness import ListCorpus


class MarkedCorpus(ListCorpus):
    """An FAQ that also held placeholders and images."""

    def __init__(self, num_left_out: int, num_taken_out: int = 0) -> None:
        super().__init__()
        self._left_out = tuple(
            Problem(source="faq.json", reason=f"“Title {n}” is left out.")
            for n in range(num_left_out)
        )
        self._taken_out = tuple(
            Problem(source=f"{n}.json", reason="7 entries had image marks, which were taken out.")
            for n in range(num_taken_out)
        )

    async def load(self) -> Corpus:
        return replace(await super().load(), left_out=self._left_out, taken_out=self._taken_out)


@asynccontextmanager
async def retriever(folder: Path, corpus: ListCorpus) -> AsyncIterator[Retriever]:
    one = Retriever(
        corpus,
        RetrievalSettings(embedder="none"),
        refresh_s=3600,
        embedder_factory=None,
        cache_dir=folder,
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(one.run(stop))
        try:
            yield one
        finally:
            stop.set()


async def findings(
    data_dir: Path,
    subject: str = "stored questions",
    *,
    admins: AdminsSettings = AdminsSettings(),  # noqa: B008 - it is frozen
    courses: Mapping[str, CourseSettings] = MappingProxyType({}),
    corpus: ListCorpus | None = None,
    **tokens: str,
) -> list[Finding]:
    """What is found of the subject."""
    engine_settings = EngineSettings(model="no-such-model")
    settings = Settings(
        data_dir=data_dir, engine=engine_settings, admins=admins, courses=dict(courses)
    )
    secrets = Secrets(_env_file=None, **tokens)  # type: ignore[call-arg, arg-type]
    engine = EngineSupervisor(
        engine_settings,
        catalog=load_catalog(engine_settings.catalog),
        models_dir=data_dir / "models",
        hf_token=None,
    )
    stop = asyncio.Event()
    async with retriever(data_dir, corpus or ListCorpus()) as one, asyncio.TaskGroup() as group:
        group.create_task(engine.run(stop))
        try:
            readers = (EmbeddedRelevance(), LexicalSupport())
            found = await examine(settings, secrets, one, engine, *readers)
        finally:
            stop.set()
    return [finding for finding in found if finding.subject == subject]


@pytest.mark.parametrize("content", [b"no database " * 500, b"SQLite format 3\0" + b"\xff" * 9000])
async def test_damaged_questions_are_found(tmp_path: Path, content: bytes) -> None:
    (tmp_path / STORE).write_bytes(content)

    (finding,) = await findings(tmp_path)

    assert not finding.good
    assert f"{tmp_path / STORE} is damaged" in finding.sentence


async def test_questions_of_a_running_assistant_are_no_problem(tmp_path: Path) -> None:
    async with JobStore(tmp_path / STORE):
        assert await findings(tmp_path) == []


async def test_an_unused_folder_is_no_problem_and_gets_no_questions(tmp_path: Path) -> None:
    assert await findings(tmp_path) == []
    assert not (tmp_path / STORE).exists()


async def test_each_platform_without_staff_is_named(tmp_path: Path) -> None:
    found = await findings(
        tmp_path,
        "admins",
        telegram_bot_token="1:a",
        slack_bot_token="xoxb-1",
        slack_app_token="xapp-1",
    )

    telegram, slack = (finding.sentence for finding in found)
    assert "no Telegram admin is set" in telegram
    assert "FAQ_ADMINS__TELEGRAM" in telegram
    assert "no Slack admin is set" in slack
    assert "FAQ_ADMINS__SLACK" in slack


async def test_platforms_that_are_off_or_have_staff_lack_nobody(tmp_path: Path) -> None:
    staff = AdminsSettings(slack=("U012AB3CD",))

    found = await findings(
        tmp_path, "admins", admins=staff, slack_bot_token="xoxb-1", slack_app_token="xapp-1"
    )

    assert found == []


async def test_space_is_told_in_the_unit_of_everything_else(tmp_path: Path) -> None:
    (finding,) = await findings(tmp_path, "data folder")

    assert re.fullmatch(r".*, \d+\.\d GB free\.", finding.sentence)


async def test_who_judges_the_entries_is_told(tmp_path: Path) -> None:
    (finding,) = await findings(tmp_path, "relevance")

    assert finding == Finding(subject="relevance", good=True, sentence="judged by embedded.")


async def test_who_checks_statements_is_told(tmp_path: Path) -> None:
    (finding,) = await findings(tmp_path, "statements")

    assert finding == Finding(subject="statements", good=True, sentence="checked by lexical.")


async def test_a_course_that_includes_an_unknown_one_is_a_problem(tmp_path: Path) -> None:
    found = await findings(
        tmp_path,
        "courses",
        courses={"course-a": CourseSettings(includes=("course-b", "course-z"))},
    )

    assert found == [
        Finding(
            subject="courses",
            good=False,
            sentence="courses.course-a.includes names course-z, which the FAQ does not have. "
            "Known: course-a, course-b.",
        )
    ]


CARD = Gpu(
    index=0,
    name="Tesla T4",
    driver="570.133.20",
    memory_total=16 * 10**9,
    memory_used=0,
    memory_ours=0,
    utilisation=0,
    temperature=None,
    power=None,
)


@pytest.mark.parametrize(
    ("wanted", "device", "good"),
    [
        ("auto", "CPU, 4 threads", False),
        ("cuda", "CPU, 4 threads", False),
        ("cpu", "CPU, 4 threads", True),
        ("auto", "Tesla T4", True),
        ("auto", "", True),
    ],
    ids=["not used", "not used though asked for", "not wanted", "used", "no model"],
)
@pytest.mark.parametrize("problem", ["", "the driver is too old"])
def test_a_gpu_that_lies_idle_is_found(wanted: str, device: str, good: bool, problem: str) -> None:
    status = EngineStatus(state=EngineState.READY, model="tiny", device=device)

    finding = gpu_finding([CARD], status, wanted=wanted, problem=problem)

    assert finding.good is good
    assert finding.sentence.startswith("Tesla T4 with 16.0 GB")
    if not good:
        assert "tiny computes on the CPU" in finding.sentence
        assert (problem or "driver is 570.133.20") in finding.sentence


def test_no_gpu_is_no_problem() -> None:
    status = EngineStatus(state=EngineState.READY, model="tiny", device="CPU, 4 threads")

    assert gpu_finding([], status, wanted="auto", problem="").good


async def test_what_was_left_out_is_told_and_is_no_problem(tmp_path: Path) -> None:
    found = await findings(tmp_path, "FAQ", corpus=MarkedCorpus(2, num_taken_out=1))

    assert [finding.sentence for finding in found[1:]] == [
        "faq.json: “Title 0” is left out.",
        "faq.json: “Title 1” is left out.",
        "0.json: 7 entries had image marks, which were taken out.",
    ]
    assert all(finding.good for finding in found)


async def test_files_that_are_not_read_are_told_and_are_no_problem(tmp_path: Path) -> None:
    class Beside(ListCorpus):
        async def load(self) -> Corpus:
            told = Problem(source="faq", reason="2 files of kinds that are not read (.png).")
            return replace(await super().load(), passed_over=(told,))

    found = await findings(tmp_path, "FAQ", corpus=Beside())

    assert found[-1].good
    assert found[-1].sentence == "faq: 2 files of kinds that are not read (.png)."


async def test_a_variable_of_another_program_is_told_and_is_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_URL", "https://elsewhere.example")

    (finding,) = await findings(tmp_path, "environment")

    assert finding.good
    assert "FAQ_URL" in finding.sentence
    assert "elsewhere" not in finding.sentence


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (1, "1 more entry is a placeholder like these."),
        (30, "30 more entries are placeholders like these."),
    ],
)
async def test_many_that_were_left_out_are_counted(
    tmp_path: Path, more: int, sentence: str
) -> None:
    found = await findings(
        tmp_path, "FAQ", corpus=MarkedCorpus(MOST_LEFT_OUT + more, num_taken_out=2)
    )

    assert len(found) == 1 + MOST_LEFT_OUT + 1 + 2
    assert found[1 + MOST_LEFT_OUT].sentence == sentence
    assert all(finding.good for finding in found)
