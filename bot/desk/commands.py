"""What the commands answer: /help, /course, /model, /gpu, /status."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Protocol

from bot.delivery.replies import private_reply
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

    def pids(self) -> frozenset[int]:
        """The engine's processes."""

    async def switch(self, alias: str) -> None:
        """Serve with another model. Raises ModelError; the old model keeps serving then, or is
        being started again if it had to go first."""

    async def settled(self) -> None:
        """Return as soon as it is known whether the engine can be used."""


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


@dataclass(eq=False, slots=True)
class Commands:
    """Answers commands; asks nothing of the GPU and so never waits for it."""

    store: JobStore
    retriever: Retriever
    engine: ModelHost
    catalogue: Callable[[], Sequence[ModelChoice]]
    _: KW_ONLY
    relevance: Relevance
    support: Support
    is_admin: Callable[[str, str], bool]
    hardware: Hardware = field(default_factory=Machine)

    def is_staff(self, asker: Asker) -> bool:
        """Whether this person may switch models and look behind answers."""
        return self.is_admin(asker.platform, asker.user_id)

    def help(self, asker: Asker) -> Reply:
        names = commands_on(asker.platform, staff=self.is_staff(asker))
        lines = "\n".join(
            f"- {_spoken(asker.platform, name)}: {say(f'command.{name}', asker.language)}"
            for name in names
        )
        return Reply(text=say("help", asker.language, commands=lines), ephemeral=True)

    # /course

    async def course(self, asker: Asker, wanted: str) -> Reply:
        """Show the course in force, or choose another one."""
        await self.retriever.ready()
        corpus = self.retriever.corpus
        courses = corpus.courses if corpus else {}
        wanted = wanted.strip().lower()
        if not wanted:
            return _course_menu(courses, await self.chosen_course(asker), asker.language)
        chosen = "" if wanted == "all" else wanted
        if chosen and chosen not in courses:
            known = ", ".join(sorted(courses))
            return private_reply(
                "course.unknown", asker.language, name=f"`{wanted}`", courses=known
            )
        await self.store.set_value(course_key(asker.platform, asker.user_id), chosen)
        return Reply(text=_current_course(courses, chosen or None, asker.language), ephemeral=True)

    async def chosen_course(self, asker: Asker) -> str | None:
        """The course this person chose; one that has left the FAQ counts as none."""
        chosen = await self.store.get_value(course_key(asker.platform, asker.user_id))
        corpus = self.retriever.corpus
        if not chosen or (corpus is not None and chosen not in corpus.courses):
            return None
        return chosen

    # /model

    async def models(self, asker: Asker) -> Reply:
        """The catalogue with the model in force marked; admins get buttons."""
        status = self.engine.status()
        choices = await self._choices()
        lines = "\n".join(
            f"- {'✅ ' if choice.alias == status.model else ''}`{choice.alias}`: {choice.summary}"
            + (f"; {say('model.idle', asker.language)}" if choice.alias in status.idle else "")
            for choice in choices
        )
        text = f"{say('model.list', asker.language)}\n{lines}"
        if not self.is_staff(asker):
            return Reply(text=text, ephemeral=True)
        buttons = tuple(
            Action(
                label=choice.alias,
                value=f"model:{choice.alias}",
                current=choice.alias == status.model,
            )
            for choice in choices
        )
        how = say("model.how", asker.language)
        return Reply(text=f"{text}\n\n{how}", actions=buttons, ephemeral=True)

    async def _choices(self) -> Sequence[ModelChoice]:
        """Looks at the disk and, the first time, imports the hub's library: not on the loop."""
        return await asyncio.to_thread(self.catalogue)

    async def refuse_switch(self, asker: Asker, alias: str) -> Reply | None:
        """Why this person cannot switch to `alias`, or None when they can."""
        if not self.is_staff(asker):
            return private_reply("admins_only", asker.language)
        known = [choice.alias for choice in await self._choices()]
        if alias not in known:
            models = ", ".join(known)
            return private_reply("model.unknown", asker.language, name=f"`{alias}`", models=models)
        return None

    async def switch(self, alias: str) -> None:
        """Load another model, now and after a restart. Raises ModelError."""
        await self.engine.switch(alias)
        await self.store.set_value(MODEL_KEY, alias)

    def progress_towards(self, alias: str) -> str:
        """How far the engine is with a change to that model; empty unless it is at that."""
        status = self.engine.status()
        return status.detail if status.changing_to == alias else ""

    # /gpu and /status

    async def gpu(self, asker: Asker) -> Reply:
        if not self.is_staff(asker):
            return private_reply("admins_only", asker.language)
        status = self.engine.status()
        if not asker.private and asker.platform not in WHISPERING:
            # What went wrong may name folders of the server.
            status = replace(status, detail="", last_error="")
        text = describe_devices(
            self.hardware,
            status,
            our_pids=self.engine.pids(),
            num_queued=await self.store.queue_length(),
        )
        refresh = Action(label="↻", value="gpu:refresh")
        return Reply(text=text, actions=(refresh,), ephemeral=True)

    async def status(self, *, staff: bool = False) -> Reply:
        """Model, queue and FAQ in three lines; staff are told as well who judges entries and
        checks statements."""
        status = self.engine.status()
        waiting = await self.store.queue_length()
        corpus = self.retriever.corpus
        age = f", read {corpus.loaded_at:%Y-%m-%d %H:%M} UTC" if corpus else ""
        readers = (
            f"\n- Entries are judged by: {self.relevance.name}"
            f"\n- Statements are checked by: {self.support.name}"
        )
        return Reply(
            text=(
                f"- Model: {status.model or 'none'} ({status.state.value})\n"
                f"- Waiting questions: {waiting}\n"
                f"- FAQ: {len(corpus.documents) if corpus else 0} entries{age}. "
                f"{self.retriever.detail}" + (readers if staff else "")
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
