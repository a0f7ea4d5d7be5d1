"""Switches models and looks at cards through the offline Telegram, and writes down what staff see.

`python -m benchmarks.transcript_engine` writes docs/transcripts/engine.md. It needs the weights of
smollm2-135m in the data folder and a C compiler.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import psutil
import yaml

from benchmarks.transcript import MODEL, PAGES, RUN, Page, data_folder, followed, running, until
from benchmarks.transcript_telegram import ADMIN, Chats, environment, is_answered
from tests.nvml_twin import NvmlTwin, TwinGpu
from tests.telegram_server import Json
from tests.telegram_twin import TelegramTwin, telegram_twin

INTRO = """\
Written by `.venv/bin/python -m benchmarks.transcript_engine`: `main.py run` as a process of its
own, talking to the offline Telegram of `tests/telegram_twin.py`; no card, no hub. The models
are SmolLM2-135M as it is (`smollm2-135m`), in float32 (`smollm2-float32`) and with a longer
window (`smollm2-long`), a copy whose weights break off (`smollm2-damaged`), and a folder with
the configuration of Llama-3.1-70B (`llama-70b`). An answer is by a model, or by the FAQ itself
where nothing the model wrote stood the check. Times count from the beginning of each part;
buttons are shown in [brackets]."""
SMALL, WIDE, LONG = "smollm2-135m", "smollm2-float32", "smollm2-long"
DAMAGED, HUGE = "smollm2-damaged", "llama-70b"
ADA = 7
#: Students whose messages are counted and not shown.
OTHERS = range(101, 108)
QUESTIONS = (
    "Can I still join the course?",
    "How do I get a certificate?",
    "How much does the course cost?",
    "How do I submit my homework?",
    "What computer do I need?",
    "How do I join Slack?",
    "When will I receive the certificate?",
)
GB = 10**9
#: The program, told that besides what its model gives back hardly any memory is free.
TIGHT = (
    "-c",
    "import dataclasses; from bot.cli.app import app; from engine.models.hardware import Machine;"
    "read = Machine.read_device_memory;"
    "Machine.read_device_memory = lambda *a: dataclasses.replace(read(*a), free=450_000_000);"
    "app(['run'])",
)


async def main() -> None:
    page = Page("Switching models, and the card in sight", INTRO)
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        models = _shelf(where)
        async with telegram_twin() as twin:
            scene = Scene(twin, page, where, models)
            await _switching(scene)
            await _exchanging(scene)
            await _gpus(scene, NvmlTwin(where))
    page.write(PAGES / "engine.md", private=where)


class Scene:
    """The people, and the program that they talk to."""

    def __init__(self, twin: TelegramTwin, page: Page, where: Path, models: dict[str, str]) -> None:
        self.twin = twin
        self.page = page
        self.chats = Chats(twin, page, unseen=OTHERS)
        self.ada = twin.person(ADA)
        self.staff = twin.person(ADMIN, "Staff")
        self._where = where
        self._env = environment(twin, **models)
        self._asked: Counter[int] = Counter()
        self._program = 0

    @asynccontextmanager
    async def running(self, command: Sequence[str] = RUN, **env: str) -> AsyncIterator[None]:
        """The program runs, and what it says is written down."""
        env = self._env | env
        async with (
            running(self._where / "data", self._where / "log", command=command, **env) as program,
            followed(self.twin.changed, self.chats.look),
        ):
            self._program = program.pid
            yield

    async def ask(self, user: Json, text: str = "Can I still join?") -> None:
        """The person asks and waits for the answer."""
        before = len(self._authors())
        await self._say(user, text)
        await self._answered(user["id"])
        self.page.fact(f"the answer is by: {self._authors()[before]}")

    async def ask_together(self) -> None:
        """Seven students and Ada ask; returns at once."""
        for number, text in zip(OTHERS, QUESTIONS, strict=True):
            self._asked[number] += 1
            await self.twin.private(self.twin.person(number, f"Student{number}"), text)
        await self._say(self.ada, "Where do I create a token?")

    async def all_answered(self) -> None:
        """Wait until those eight have their answers."""
        for number in (*OTHERS, ADA):
            await self._answered(number)
        authors = ", ".join(self._authors()[-len(OTHERS) - 1 :])
        self.page.fact(f"all eight have their answers, in this order by: {authors}")

    async def switch(self, alias: str, outcome: str, *, killed: bool = False) -> None:
        """Staff change the model; with `killed` the process that loads it does not get far."""
        told, engines = len(self.twin.shown(ADMIN)), self.engines()
        await self.chats.say(self.staff, f"/model {alias}")
        if killed:
            await until(lambda: self.engines() - engines, "the second process")
            for process in self.engines() - engines:
                process.kill()
                self.page.fact("killed (SIGKILL): the process that loads it")
        await until(
            lambda: any(outcome in shown.text for shown in self.twin.shown(ADMIN)[told:]), outcome
        )

    def engines(self) -> set[psutil.Process]:
        """The engine processes of the program."""
        children = psutil.Process(self._program).children()
        return {child for child in children if "engine.worker.process" in child.cmdline()}

    async def _say(self, user: Json, text: str) -> None:
        self._asked[user["id"]] += 1
        await self.chats.say(user, text)

    async def _answered(self, number: int) -> None:
        await until(lambda: is_answered(self.twin, number, self._asked[number]), "the answer")

    def _authors(self) -> list[str]:
        """Who wrote the answers, in the order in which they came: a model, or the FAQ itself."""
        address = f"file:{self._where}/data/questions.sqlite3?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as database:
            rows = database.execute(
                "SELECT json_extract(answer, '$.model') FROM jobs WHERE answer IS NOT NULL "
                "ORDER BY updated_at"
            )
            return [model or "FAQ" for (model,) in rows]


def _shelf(where: Path) -> dict[str, str]:
    """A data folder with the models; returns the settings that name it and its catalogue."""
    models = data_folder(where) / "models"
    for alias in (WIDE, LONG):
        (models / alias).symlink_to(MODEL)
    (models / DAMAGED).mkdir()
    for file in MODEL.iterdir():
        if file.suffix != ".safetensors":
            (models / DAMAGED / file.name).symlink_to(file)
    with (MODEL / "model.safetensors").open("rb") as whole:
        (models / DAMAGED / "model.safetensors").write_bytes(whole.read(100_000_000))
    (models / HUGE).mkdir()
    (models / HUGE / "config.json").write_text(json.dumps(_LLAMA_70B))
    (models / HUGE / "model.safetensors").touch()
    common = {"task": "causal", "prompt": "chat", "context_window": 2048, "memory_gb": 1.2}
    entry = common | {"hub_id": "HuggingFaceTB/SmolLM2-135M-Instruct", "licence": "Apache-2.0"}
    catalogue = {
        SMALL: entry,
        WIDE: entry | {"dtype": "float32"},
        LONG: entry | {"context_window": 8192},
        DAMAGED: entry,
        HUGE: common | {"hub_id": "meta-llama/Llama-3.1-70B-Instruct", "licence": "Llama 3.1"},
    }
    (where / "models.yaml").write_text(yaml.safe_dump(catalogue, sort_keys=False))
    return {
        "FAQ_ENGINE__CATALOG": str(where / "models.yaml"),
        "FAQ_ENGINE__MODEL": SMALL,
        "FAQ_ENGINE__MAX_BATCH": "2",
    }


_LLAMA_70B = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 8192,
    "intermediate_size": 28672,
    "num_hidden_layers": 80,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
}


async def _switching(scene: Scene) -> None:
    twin, page = scene.twin, scene.page
    students = iter(["Bob", "Cleo", "Dan", "Eve", "Finn", "Gil"])
    numbers = iter(range(201, 210))

    async def somebody_asks() -> None:
        await scene.ask(twin.person(next(numbers), next(students)))

    async with scene.running():
        page.part("A student wants another model")
        await scene.chats.say(scene.ada, "/model")
        await twin.wait_shown(ADA, "Models:", 60)
        await scene.chats.say(scene.ada, f"/model {WIDE}")
        await twin.wait_shown(ADA, "Only the course staff", 60)
        await somebody_asks()

        page.part("A switch with room for both: the old model answers until the new one is ready")
        await scene.ask_together()
        await scene.switch(WIDE, f"{WIDE} answers now")
        await scene.all_answered()
        await somebody_asks()

        page.part("A model whose weights are damaged")
        await scene.switch(DAMAGED, "could not be loaded")
        await somebody_asks()

        page.part("A model that does not fit")
        await scene.switch(HUGE, "does not fit into memory")
        await somebody_asks()

        page.part("A model whose process is killed while it loads")
        await scene.switch(LONG, "The engine process ended", killed=True)
        await somebody_asks()

        page.part("A model that is in no catalogue")
        await scene.switch("gpt-5", "There is no model")

        page.part("And back")
        await scene.switch(SMALL, f"{SMALL} answers now")
        await somebody_asks()


async def _exchanging(scene: Scene) -> None:
    page = scene.page
    async with scene.running(TIGHT):
        page.part("A switch without room for both: the old model goes first, questions wait")
        page.fact("The program is told that 0.45 GB are free besides what its model gives back.")
        await scene.ask(scene.twin.person(301, "Hal"))
        await scene.ask_together()
        await scene.switch(WIDE, f"{WIDE} answers now")
        await scene.all_answered()

        page.part("The same, and the new model turns out to be damaged: the old one comes back")
        await scene.ask_together()
        await scene.switch(DAMAGED, "could not be loaded")
        await scene.all_answered()
        await scene.ask(scene.twin.person(302, "Ida"))


async def _gpus(scene: Scene, nvml: NvmlTwin) -> None:
    twin, page = scene.twin, scene.page
    async with scene.running():
        page.part("/gpu without a card")
        await scene.chats.say(scene.ada, "/gpu")
        await until(lambda: "Only the course staff" in twin.shown(ADA)[-1].text, "the refusal")
        await scene.ask(scene.ada, "What computer do I need?")
        await scene.chats.say(scene.staff, "/gpu")
        await twin.wait_shown(ADMIN, "No NVIDIA card here", 60)
    async with scene.running(**nvml.environment):
        page.part("/gpu with two cards")
        page.fact("The cards are a twin of NVML's library; the model computes on the CPU still.")
        await scene.ask(scene.ada, "How do I get a certificate?")
        (engine,) = scene.engines()
        nvml.show(_two_gpus(engine.pid, busy=False))
        await scene.chats.say(scene.staff, "/gpu")
        shown = await twin.wait_shown(ADMIN, "Card 1", 60)
        nvml.show(_two_gpus(engine.pid, busy=True))
        scene.chats.look()
        page.line("Staff", "presses ↻")
        await twin.press(scene.staff, shown, "↻")
        await twin.wait_shown(ADMIN, "97 % busy", 60)


def _two_gpus(pid: int, *, busy: bool) -> list[TwinGpu]:
    """One with our process on it, and one of somebody else's that tells little."""
    return [
        TwinGpu(
            memory_used=9_400_000_000,
            utilisation=97 if busy else 0,
            temperature=71 if busy else 48,
            milliwatts=68_900 if busy else 27_400,
            pid=pid,
            memory_of_pid=8_300_000_000,
        ),
        TwinGpu(name="NVIDIA A10G", memory_total=24 * GB, memory_used=20 * GB, temperature=None),
    ]


if __name__ == "__main__":
    asyncio.run(main())
