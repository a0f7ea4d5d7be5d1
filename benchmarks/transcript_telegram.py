"""Talks to the real program through the offline Telegram and writes down what people see.

`python -m benchmarks.transcript_telegram` writes docs/transcripts/telegram.md.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Container
from pathlib import Path
from typing import Any

from benchmarks.transcript import (
    KINDS,
    PAGES,
    Page,
    data_folder,
    followed,
    running,
    store_long_answer,
    stored,
    until,
)
from tests.telegram_faults import flood
from tests.telegram_server import TOKEN, Json, Shown
from tests.telegram_twin import TelegramTwin, telegram_twin

INTRO = """\
Written by `.venv/bin/python -m benchmarks.transcript_telegram`: `main.py run` as a process of its
own with the smallest model on the CPU, talking to the offline Telegram of `tests/telegram_twin.py`.
Times count from the beginning of each part; buttons are shown in [brackets]."""
ADMIN = 900
GROUP = -100500


class Chats:
    """Writes onto the page what people say, and every new version of every message of the bot."""

    def __init__(
        self, twin: TelegramTwin, page: Page, *, unseen: Container[int] = frozenset()
    ) -> None:
        """Nothing is written down of the chats `unseen`."""
        self._twin = twin
        self._page = page
        self._unseen = unseen
        self._seen: dict[Any, int] = {}

    async def say(
        self, user: Json, text: str, *, chat: Json | None = None, reply_to: Shown | None = None
    ) -> Json:
        """The person writes into the chat, their private one unless another is given."""
        self.look()
        self._page.line(user["first_name"], text)
        chat = chat or self._twin.chats[user["id"]]
        return await self._twin.say(chat, user, text, reply_to=reply_to)

    def look(self) -> None:
        """Write down what is new."""
        for key, versions in self._twin.versions.items():
            if key[0] in self._unseen:
                continue
            for shown in versions[self._seen.get(key, 0) :]:
                verb = "edits" if self._seen.get(key) else "posts"
                self._seen[key] = self._seen.get(key, 0) + 1
                who = f"FAQ bot {verb} message {shown.id} for {self._name(shown.chat)}"
                self._page.line(who, _as_text(shown))
        for draft, texts in self._twin.drafts.items():
            if draft[0] in self._unseen:
                continue
            done = self._seen.get(draft, 0)
            for text in texts[done:]:
                self._page.line(f"FAQ bot drafts for {self._name(draft[0])}", text)
            self._seen[draft] = len(texts)

    def _name(self, chat: int) -> str:
        return str(self._twin.chats[chat].get("first_name") or "the group")


def _as_text(shown: Shown) -> str:
    buttons = " ".join(f"[{label}]" for label in shown.buttons)
    text = shown.text if len(shown.text) < 1500 else shown.text[:1500] + " …"
    return f"{text}\n\n{buttons}" if buttons else text


async def main() -> None:
    page = Page("Telegram", INTRO)
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        async with telegram_twin() as twin:
            await _dialogs(twin, page, where)
        async with telegram_twin() as twin:
            await _restart(twin, page, where)
        async with telegram_twin() as twin:
            await _long(twin, page, where)
    page.write(PAGES / "telegram.md", private=where)


def environment(twin: TelegramTwin, **more: str) -> dict[str, str]:
    """What the program needs to find the twin."""
    return {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "FAQ_TELEGRAM__BASE_URL": twin.base_url,
        "FAQ_ADMINS__TELEGRAM": str(ADMIN),
    } | more


def is_answered(twin: TelegramTwin, chat: int, count: int = 1) -> bool:
    """Whether so many answers stand in the chat."""
    return sum("👍" in shown.buttons for shown in twin.shown(chat)) >= count


def is_told(twin: TelegramTwin, chat: int, count: int) -> bool:
    """Whether so many messages stand in the chat and the last one is final."""
    shown = twin.shown(chat)
    return len(shown) >= count and "Stop" not in shown[-1].buttons


async def _dialogs(twin: TelegramTwin, page: Page, where: Path) -> None:
    ada, staff = twin.person(7), twin.person(ADMIN, "Staff")
    group = twin.group(GROUP)
    chats = Chats(twin, page)
    async with (
        running(data_folder(where / "a"), where / "log", **environment(twin)),
        followed(twin.changed, chats.look),
    ):
        say = chats.say
        page.part("A question, a follow-up, a vote (private chat)")
        asked = await say(ada, "How do I save a model locally?")
        await until(lambda: is_answered(twin, 7), "the answer")
        page.fact(f"reactions to the question: {twin.reactions.get((7, asked['message_id']))}")
        await say(ada, "and where does it go on the disk?")
        await until(lambda: is_answered(twin, 7, 2), "the follow-up's answer")
        answer = twin.shown(7)[-1]
        page.line("Ada", "presses 👎")
        press = await twin.press(ada, answer, "👎")
        await until(lambda: press in twin.toasts, "the toast")
        page.fact(f"the toast: “{twin.toasts[press]}”")
        await until(lambda: "out of date" in twin.shown(7)[-1].buttons, "the reasons")
        press = await twin.press(ada, twin.shown(7)[-1], "out of date")
        await until(lambda: press in twin.toasts, "the toast")
        page.fact(f"Ada gives the reason “out of date”; the toast: “{twin.toasts[press]}”")
        press = await twin.press(ada, twin.shown(7)[-1], "👍")
        await until(lambda: press in twin.toasts, "the toast")
        page.fact("Ada changes her mind and presses 👍; one vote is stored")

        page.part("Each kind of reply")
        dora = twin.person(10, "Dora")
        for count, text in enumerate(KINDS, 1):
            await say(dora, text)
            await until(lambda count=count: is_told(twin, 10, count), f"a reply to {text!r}")
        page.line("Dora", "presses Ask staff")
        press = await twin.press(dora, twin.shown(10)[-1], "Ask staff")
        await until(lambda: press in twin.toasts, "the toast")
        page.fact(f"the toast: “{twin.toasts[press]}”")

        page.part("A group: mention, and a reply to the answer")
        await say(ada, "Did somebody see the lecture?", chat=group)
        await say(ada, "@faq_twin_bot How do I get a certificate?", chat=group)
        await until(lambda: is_answered(twin, GROUP), "the answer in the group")
        bob = twin.person(8, "Bob")
        await say(bob, "and when?", chat=group, reply_to=twin.shown(GROUP)[-1])
        await until(lambda: is_answered(twin, GROUP, 2), "the follow-up in the group")

        page.part("/model and /gpu")
        await say(ada, "/gpu")
        await twin.wait_shown(7, "Only the course staff", 60)
        await say(staff, "/model")
        await twin.wait_shown(ADMIN, "Models:", 60)
        await say(staff, "/model smollm2-135m")
        await twin.wait_shown(ADMIN, "answers now", 120)
        await say(staff, "/gpu")
        gpu = await twin.wait_shown(ADMIN, "smollm2-135m in", 60)
        page.line("Staff", "presses ↻")
        await twin.press(staff, gpu, "↻")

        page.part("The same update delivered three times")
        before = len(twin.shown(7))
        message = await say(ada, "Can I still join?")
        update = {"message": message}
        await twin.again({"update_id": twin._next_update - 1} | update)
        await twin.again({"update_id": twin._next_update - 1} | update)
        await twin.push(update)
        await until(lambda: is_answered(twin, 7, 3), "the answer")
        await asyncio.sleep(3)
        page.fact(f"messages of the bot for it: {len(twin.shown(7)) - before}")

        page.part("429 with Retry-After 3 in one chat")
        cleo = twin.person(9, "Cleo")
        twin.fail("sendMessage", flood(3))
        sent = len(twin.called("sendMessage"))
        await say(cleo, "How much does the course cost?")
        await until(lambda: len(twin.called("sendMessage")) > sent, "the first attempt")
        await say(ada, "/status")
        await until(lambda: "Waiting questions" in twin.shown(7)[-1].text, "the other chat")
        await until(lambda: is_answered(twin, 9), "the answer after the pause")
        times = [call.at for call in twin.called("sendMessage", chat_id="9")]
        times = times or [c.at for c in twin.called("sendMessage") if str(c.args["chat_id"]) == "9"]
        page.fact(
            f"calls of sendMessage to Cleo's chat: {len(times)}, the second "
            f"{times[1] - times[0]:.1f} s after the first; messages she sees: {len(twin.shown(9))}"
        )


async def _restart(twin: TelegramTwin, page: Page, where: Path) -> None:
    page.part("Killed with 20 questions waiting")
    people = [twin.person(number, f"Student{number}") for number in range(1, 21)]
    data = data_folder(where / "b")
    async with running(data, where / "log", **environment(twin)) as process:
        for user in people:
            await twin.private(user, f"Can I still join the course? I am number {user['id']}.")
        await until(lambda: stored(data, "1") == 20, "all 20 on the disk")
        await until(lambda: stored(data, "placeholder IS NOT NULL") > 5, "some placeholders")
        process.kill()
        waiting = stored(data, "status IN ('queued', 'running')")
        page.fact(f"killed (SIGKILL) with {waiting} of 20 questions unanswered")
    sample = [shown.text.splitlines()[0] for shown in twin.shown()]
    page.fact(f"what some of them read then: {sorted(set(sample))[:6]}")
    async with running(data, where / "log", **environment(twin)):
        await until(lambda: all(is_answered(twin, user["id"]) for user in people), "all answers")
    counts = sorted({len(twin.shown(user["id"])) for user in people})
    page.fact(f"after the restart: everybody has an answer; messages a person: {counts}")
    versions = [v.text.splitlines()[0] for v in twin.versions[(20, twin.shown(20)[0].id)]]
    page.fact(f"the versions of number 20's message: {versions}")


async def _long(twin: TelegramTwin, page: Page, where: Path) -> None:
    page.part("An answer of 20,000 characters with code and a table")
    twin.person(7)
    data = data_folder(where / "c")
    await store_long_answer(data, "telegram", "7", "7//")
    async with running(data, where / "log", **environment(twin)):
        await until(lambda: is_answered(twin, 7), "the answer")
    shown = twin.shown(7)
    sizes = [len(each.text.encode("utf-16-le")) // 2 for each in shown]
    page.fact(f"messages: {len(shown)}, UTF-16 units in each: {sizes}")
    whole = "\n".join(each.text for each in shown)
    page.fact(f"the table's last row is there: {'step 20' in whole}")
    page.fact(f"the code's last line is there: {'line 120 of' in whole}")
    page.fact(f"the last words are there: {'last words of the manual' in whole}")
    languages = {entity.language for each in shown for entity in each.entities}
    page.fact(f"code keeps its language: {'python' in languages}")
    page.line("FAQ bot, the first message begins", shown[0].text[:600])


if __name__ == "__main__":
    asyncio.run(main())
