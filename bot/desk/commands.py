"""What the commands answer: /help, /course, /model, /gpu, /status."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from bot.delivery.texts import say
from bot.desk.devices import describe_devices
from bot.desk.model_library import ModelChoice
from bot.messages import Action, Asker, Reply
from engine.answer.relevance import Relevance
from engine.grounding.support import Support
from engine.models.hardware import Hardware, Machine
from engine.retrieval.retriever import Retriever
from engine.serving.status import EngineStatus
from engine.store.jobs import JobStore

log = logging.getLogger(__name__)

#: Where the store keeps the model that staff chose, which survives a restart.
MODEL_KEY = "model"
#: Every command, in the order in which people are shown them.
COMMANDS = ("ask", "course", "new", "cancel", "model", "status", "gpu", "explain", "help", "quit")
STAFF_ONLY = frozenset({"gpu", "explain"})
#: What is a command of its own on one platform only.
ONLY_ON = {"ask": "telegram", "quit": "console"}
#: Where an ephemeral reply in a channel is seen by one person.
WHISPERING = frozenset({"slack"})


class ModelHost(Protocol):
    """What the commands need of the engine process."""

    def status(self) -> EngineStatus:
        """What the engine is doing now."""
        ...

    def pids(self) -> frozenset[int]:
        """The engine's processes."""
        ...

    async def switch(self, alias: str) -> None:
        """Serve with another model. Raises ModelError; the old model keeps serving then, or is
        being started again if it had to go first."""
        ...

    async def settled(self) -> None:
        """Return as soon as it is known whether the engine can be used."""
        ...


def commands_on(platform: str, *, staff: bool) -> tuple[str, ...]:
    """The commands that a person is shown there."""
    return tuple(
        name
        for name in COMMANDS
        if ONLY_ON.get(name, platform) == platform and (staff or name not in STAFF_ONLY)
    )


def command_of(text: str) -> tuple[str, str] | None:
    """`/name rest` as (name, rest); None when `text` is no command."""
    head, _, rest = text.strip().partition(" ")
    if len(head) < 2 or head[0] != "/" or not head[1].isalpha():
        return None
    return head[1:].split("@")[0].lower(), rest.strip()


class Commands:
    """Answers commands; asks nothing of the GPU and so never waits for it."""

    def __init__(
        self,
        store: JobStore,
        retriever: Retriever,
        engine: ModelHost,
        models: Callable[[], Sequence[ModelChoice]],
        *,
        relevance: Relevance,
        support: Support,
        is_admin: Callable[[str, str], bool],
        hardware: Hardware | None = None,
    ) -> None:
        self._store = store
        self._retriever = retriever
        self._engine = engine
        self._models = models
        self._relevance = relevance
        self._support = support
        self._is_admin = is_admin
        self._hardware = hardware or Machine()

    @property
    def faq_language(self) -> str:
        """The language of the FAQ (ISO 639-1)."""
        return self._retriever.language

    async def ready(self) -> None:
        """Return when the FAQ was read."""
        await self._retriever.ready()

    def help(self, asker: Asker) -> Reply:
        """What can be done, as this person may do it."""
        names = commands_on(asker.platform, staff=self._is_admin(asker.platform, asker.user_id))
        lines = "\n".join(
            f"- {_spoken(asker.platform, name)}: {say(f'command.{name}', asker.language)}"
            for name in names
        )
        return Reply(text=say("help", asker.language, commands=lines), ephemeral=True)

    # /course

    async def course(self, asker: Asker, wanted: str) -> Reply:
        """Show the course in force, or choose another one."""
        await self._retriever.ready()
        corpus = self._retriever.corpus
        courses = corpus.courses if corpus else {}
        wanted = wanted.strip().lower()
        if not wanted:
            return _course_menu(courses, await self.chosen_course(asker), asker.language)
        chosen = "" if wanted == "all" else wanted
        if chosen and chosen not in courses:
            return Reply(
                text=say(
                    "course.unknown",
                    asker.language,
                    name=f"`{wanted}`",
                    courses=", ".join(sorted(courses)),
                ),
                ephemeral=True,
            )
        await self._store.set_value(course_key(asker.platform, asker.user_id), chosen)
        return Reply(text=_current_course(courses, chosen or None, asker.language), ephemeral=True)

    async def chosen_course(self, asker: Asker) -> str | None:
        """The course this person chose; one that has left the FAQ counts as none."""
        chosen = await self._store.get_value(course_key(asker.platform, asker.user_id))
        corpus = self._retriever.corpus
        if not chosen or (corpus is not None and chosen not in corpus.courses):
            return None
        return chosen

    # /model

    async def models(self, asker: Asker) -> Reply:
        """The catalogue with the model in force marked; admins get buttons."""
        status = self._engine.status()
        current = status.model
        choices = await self._choices()
        lines = "\n".join(
            f"- {'✅ ' if choice.alias == current else ''}`{choice.alias}`: {choice.summary}"
            + (f"; {say('model.idle', asker.language)}" if choice.alias in status.idle else "")
            for choice in choices
        )
        text = f"{say('model.list', asker.language)}\n{lines}"
        if not self._is_admin(asker.platform, asker.user_id):
            return Reply(text=text, ephemeral=True)
        buttons = tuple(
            Action(
                label=choice.alias,
                value=f"model:{choice.alias}",
                current=choice.alias == current,
            )
            for choice in choices
        )
        how = say("model.how", asker.language)
        return Reply(text=f"{text}\n\n{how}", actions=buttons, ephemeral=True)

    async def _choices(self) -> Sequence[ModelChoice]:
        """Looks at the disk and, the first time, imports the hub's library: not on the loop."""
        return await asyncio.to_thread(self._models)

    async def refuse_switch(self, asker: Asker, alias: str) -> Reply | None:
        """Why this person cannot switch to `alias`, or None when they can."""
        if not self._is_admin(asker.platform, asker.user_id):
            return Reply(text=say("admins_only", asker.language), ephemeral=True)
        known = [choice.alias for choice in await self._choices()]
        if alias not in known:
            return Reply(
                text=say(
                    "model.unknown", asker.language, name=f"`{alias}`", models=", ".join(known)
                ),
                ephemeral=True,
            )
        return None

    async def switch(self, alias: str) -> None:
        """Load another model, now and after a restart. Raises ModelError."""
        await self._engine.switch(alias)
        await self._store.set_value(MODEL_KEY, alias)

    def engine_status(self) -> EngineStatus:
        """What the engine is doing now."""
        return self._engine.status()

    async def settled(self) -> None:
        """Return as soon as it is known whether a model serves."""
        await self._engine.settled()

    def progress_towards(self, alias: str) -> str:
        """How far the engine is with a change to that model; empty unless it is at that."""
        status = self._engine.status()
        return status.detail if status.changing_to == alias else ""

    # /gpu and /status

    async def gpu(self, asker: Asker) -> Reply:
        """The GPU, for admins."""
        if not self._is_admin(asker.platform, asker.user_id):
            return Reply(text=say("admins_only", asker.language), ephemeral=True)
        status = self._engine.status()
        if not asker.private and asker.platform not in WHISPERING:
            # What went wrong may name folders of the server.
            status = replace(status, detail="", last_error="")
        text = describe_devices(
            self._hardware,
            status,
            our_pids=self._engine.pids(),
            num_queued=await self._store.queue_length(),
        )
        return Reply(
            text=text,
            actions=(Action(label="↻", value="gpu:refresh"),),
            ephemeral=True,
        )

    async def status(self, *, staff: bool = False) -> Reply:
        """Model, queue and FAQ in three lines; staff are told as well who judges entries and
        checks statements."""
        status = self._engine.status()
        waiting = await self._store.queue_length()
        corpus = self._retriever.corpus
        age = f", read {corpus.loaded_at:%Y-%m-%d %H:%M} UTC" if corpus else ""
        readers = (
            f"\n- Entries are judged by: {self._relevance.name}"
            f"\n- Statements are checked by: {self._support.name}"
        )
        return Reply(
            text=(
                f"- Model: {status.model or 'none'} ({status.state.value})\n"
                f"- Waiting questions: {waiting}\n"
                f"- FAQ: {len(corpus.documents) if corpus else 0} entries{age}. "
                f"{self._retriever.detail}" + (readers if staff else "")
            ),
            ephemeral=True,
        )


def _spoken(platform: str, name: str) -> str:
    """How a command is written: in Slack most are a word after /faq."""
    word = platform == "slack" and name in ("help", "new", "cancel", "status")
    return f"/faq {name}" if word else f"/{name}"


def course_key(platform: str, user_id: str) -> str:
    """Where in the store a person's chosen course is."""
    return f"course:{platform}:{user_id}"


def _course_menu(courses: dict[str, str], current: str | None, language: str | None) -> Reply:
    lines = "\n".join(f"- `{name}`: {title}" for name, title in sorted(courses.items()))
    named = tuple(
        Action(label=title, value=f"course:{name}"[:64], current=name == current)
        for name, title in sorted(courses.items())
    )
    everything = Action(
        label=say("course.everything", language), value="course:all", current=current is None
    )
    return Reply(
        text=f"{_current_course(courses, current, language)}\n\n"
        f"{say('course.choose', language)}\n{lines}",
        actions=(*named, everything),
        ephemeral=True,
    )


def _current_course(courses: dict[str, str], current: str | None, language: str | None) -> str:
    if current is None:
        return say("course.all", language)
    return say("course.current", language, course=courses.get(current, current))
