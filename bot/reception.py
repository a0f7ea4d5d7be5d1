"""Puts together what people reach the assistant through, and runs it until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.adapter import ChatAdapter
from bot.delivery.delivery import RETRY_S, Delivery
from bot.desk.commands import Commands
from bot.desk.desk import WATCH_S, FaqDesk
from bot.operations.heartbeat import ALIVE, beat
from bot.operations.published import STATUS, publish
from config.settings import Settings
from engine.answer.answering import Answerer
from engine.answer.assessment import Assessments
from engine.answer.dispatcher import Dispatcher, WaitEstimate
from engine.serving.admission import Admission


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """The desk with the platforms before it and what delivers its answers behind it."""

    adapters: Mapping[str, ChatAdapter]
    desk: FaqDesk
    dispatcher: Dispatcher
    delivery: Delivery

    async def run(self, stop: asyncio.Event, folder: Path) -> None:
        """Take in, answer and deliver until `stop`, then deliver what was answered by then.

        Files in `folder` tell other processes how it goes.
        """
        drained, engine = asyncio.Event(), self.desk.commands.engine
        async with asyncio.TaskGroup() as background:
            background.create_task(self.delivery.run(drained), name="delivery")
            try:
                async with asyncio.TaskGroup() as incoming:
                    tasks = [incoming.create_task(self.dispatcher.run(stop), name="dispatcher")]
                    tasks += [
                        incoming.create_task(adapter.run(self.desk, stop), name=name)
                        for name, adapter in self.adapters.items()
                    ]
                    background.create_task(
                        beat(folder / ALIVE, stop, tasks=tasks, engine_status=engine.status)
                    )
                    background.create_task(
                        publish(
                            folder / STATUS,
                            stop,
                            engine=engine,
                            queue_length=self.desk.store.queue_length,
                        )
                    )
            finally:
                drained.set()


def reception_of(
    settings: Settings,
    answerer: Answerer,
    commands: Commands,
    adapters: Mapping[str, ChatAdapter],
    admission: Admission,
    *,
    retry_s: tuple[float, float] = RETRY_S,
    watch_s: tuple[float, float] = WATCH_S,
) -> Reception:
    """The parts, each with what it needs of the settings; nothing runs yet."""
    store, engine = commands.store, commands.engine
    assessments = Assessments(answerer.assess)
    estimate = WaitEstimate(admission)
    delivery = Delivery(
        store,
        assessments,
        adapters,
        eta_s=estimate.eta_s,
        engine_status=engine.status,
        contact=settings.contact,
        # The console has no buttons.
        explains=lambda job: (
            job.platform != "console" and commands.is_admin(job.platform, job.user_id)
        ),
        retry_s=retry_s,
    )
    dispatcher = Dispatcher(store, answerer, assessments, delivery, admission, estimate)
    desk = FaqDesk(
        store,
        dispatcher,
        delivery,
        commands,
        adapters,
        limits=settings.limits,
        courses=settings.courses,
        contact=settings.contact,
        eta_s=estimate.eta_s,
        retry_s=retry_s,
        watch_s=watch_s,
    )
    return Reception(adapters=adapters, desk=desk, dispatcher=dispatcher, delivery=delivery)
