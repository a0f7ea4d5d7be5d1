"""Talks to the real program through the offline Slack and writes down what people see.

`python -m benchmarks.transcript_slack` writes docs/transcripts/slack.md.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from benchmarks.transcript import (
    PAGES,
    Page,
    data_folder,
    followed,
    running,
    store_long_answer,
    stored,
    until,
)
from bot.slack.parse import ReplyTo
from tests.slack_twin import APP_TOKEN, BOT_TOKEN, TEAM, Fault, SlackTwin
from tests.slack_workspace import Json, pressable, shown

INTRO = """\
Written by `.venv/bin/python -m benchmarks.transcript_slack`: `main.py run` as a process of its own
with the smallest model on the CPU, talking to the offline Slack of `tests/slack_twin.py` in Socket
Mode. Times count from the beginning of each part; what can be pressed is shown in [brackets]."""
STAFF = "USTAFF"
FREE = "How much does the course cost?"


class Chats:
    """Writes every new state of every message of the bot onto the page."""

    def __init__(self, slack: SlackTwin, page: Page) -> None:
        self._slack = slack
        self._page = page
        self._seen: dict[str, str] = {}

    def look(self) -> None:
        """Write down what is new."""
        for channel in list(self._slack.channels):
            for message in self._slack.ours(channel):
                where = f"in the thread of {message['thread_ts']}" if thread(message) else "there"
                self._note(f"{channel} {message['ts']}", message, f"{channel}, {where}")
        for number, message in enumerate(self._slack.ephemerals):
            who = f"{message['channel']}, only {message['user']} sees it"
            self._note(f"ephemeral {number}", message, who)

    def _note(self, key: str, message: Json, where: str) -> None:
        buttons = " ".join(f"[{value}]" for value in pressable(message))
        text = shown(message)
        text = text if len(text) < 1500 else text[:1500] + " …"
        whole = f"{text}\n\n{buttons}" if buttons else text
        if self._seen.get(key) != whole:
            verb = "changes it to" if key in self._seen else "writes"
            self._seen[key] = whole
            self._page.line(f"FAQ Desk ({where}) {verb}", whole)


def thread(message: Json) -> str:
    """The thread a message is in."""
    return str(message.get("thread_ts") or "")


async def main() -> None:
    page = Page("Slack", INTRO)
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        for part in (_dialogs, _restart, _long):
            async with SlackTwin() as slack:
                slack.stamp = slack.now()  # type: ignore[method-assign]
                slack.ack_s = 5.0
                await part(slack, page, where)
    page.write(PAGES / "slack.md", private=where)


def _env(slack: SlackTwin) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "FAQ_SLACK__BASE_URL": slack.base_url,
        "FAQ_ADMINS__SLACK": STAFF,
    }


def _finals(slack: SlackTwin, channel: str) -> list[Json]:
    return [m for m in slack.ours(channel) if any("vote:" in value for value in pressable(m))]


async def _dialogs(slack: SlackTwin, page: Page, where: Path) -> None:
    chats = Chats(slack, page)
    async with (
        running(data_folder(where / "a"), where / "log", **_env(slack)),
        followed(slack.changed, chats.look),
    ):

        async def whispered(text: str) -> Json:
            await until(lambda: any(text in shown(m) for m in slack.ephemerals), text)
            return next(m for m in slack.ephemerals if text in shown(m))

        page.part("A question, a follow-up, a vote (channel and thread)")
        page.line("Ada", "@FAQ Desk How do I save a model locally?")
        root = await slack.mention("C1", "UADA", "How do I save a model locally?")
        await until(lambda: len(_finals(slack, "C1")) == 1, "the answer")
        page.fact(f"reactions to the question: {[name for *_, name in slack.reactions]}")
        page.line("Bob in the same thread", "Thanks, that was mine, too.")
        await slack.thread_reply("C1", root, "UBOB", "Thanks, that was mine, too.")
        page.line("Ada in the same thread, without a mention", "and where does it go on the disk?")
        await slack.thread_reply("C1", root, "UADA", "and where does it go on the disk?")
        await until(lambda: len(_finals(slack, "C1")) == 2, "the follow-up's answer")
        answer = _finals(slack, "C1")[-1]
        down = next(value for value in pressable(answer) if value.endswith(":down"))
        page.line("Ada", "presses 👎")
        await slack.press(answer, down, "UADA")
        await until(lambda: slack.views, "the window that asks why")
        reasons = slack.views[-1]["blocks"][0]["element"]["options"]
        names = [option["text"]["text"] for option in reasons]
        page.fact(f"a window asks “{slack.views[-1]['blocks'][0]['label']['text']}”: {names}")
        picked = {"kind": {"selected_option": {"value": "outdated"}}}
        await slack.submit(slack.views[-1], "UADA", picked)
        await whispered("Thank you!")
        page.line("Ada", "changes her mind and presses 👍")
        await slack.press(answer, down.replace("down", "up"), "UADA")

        page.part("/faq, /model and /gpu")
        page.line("Ada", f"/faq {FREE}")
        await slack.slash("/faq", FREE, "C1", "UADA")
        await until(lambda: len(_finals(slack, "C1")) == 3, "the answer to /faq")
        page.line("Ada", "/gpu")
        await slack.slash("/gpu", "", "C1", "UADA")
        await whispered("Only the course staff")
        page.line("Staff", "/model")
        await slack.slash("/model", "", "C1", STAFF)
        models = await whispered("Models:")
        page.line("Staff", "chooses smollm2-135m in the menu")
        await slack.press(models, "model:smollm2-135m", STAFF)
        await until(lambda: "answers now" in shown(slack.ours("C1")[-1]), "the switch")
        page.line("Staff", "/gpu")
        await slack.slash("/gpu", "", "C1", STAFF)
        card = await whispered("tokens/s")
        page.line("Staff", "presses ↻")
        await slack.press(card, "gpu:refresh", STAFF)
        await asyncio.sleep(1)

        page.part("The same message delivered six times")
        before = slack.posted
        page.line("Ada", "@FAQ Desk Can I still join?")
        ts = await slack.mention("C2", "UADA", "Can I still join?")
        again = {**slack.message("C2", ts), "channel": "C2", "channel_type": "channel"}
        await asyncio.gather(
            *(slack.event({**again, "type": t}) for t in ("app_mention", "message") * 2)
        )
        await until(lambda: len(_finals(slack, "C2")) == 1, "the answer")
        await asyncio.sleep(3)
        seen = len(slack.ours("C2"))
        page.fact(f"messages of the bot that stand there: {seen}, posted: {slack.posted - before}")

        page.part("429 with Retry-After 3 in one channel")
        slack.fail(
            "chat.postMessage", Fault(status=429, error="ratelimited", headers={"Retry-After": "3"})
        )
        before = len(slack.called("chat.postMessage"))
        page.line("Cleo", f"@FAQ Desk {FREE}")
        await slack.mention("C2", "UCLEO", FREE)
        await until(lambda: len(slack.called("chat.postMessage")) > before, "the first attempt")
        page.line("Ada, directly", "/status")
        await slack.dm("UADA", "/status")
        await until(lambda: slack.ours("DADA"), "the other conversation")
        await until(lambda: len(_finals(slack, "C2")) == 2, "the answer after the pause")
        page.fact(f"messages about it in the channel: {len(slack.ours('C2')) - 1}")


async def _restart(slack: SlackTwin, page: Page, where: Path) -> None:
    page.part("Killed with 20 questions waiting")
    data = data_folder(where / "b")
    async with running(data, where / "log", **_env(slack)) as process:
        for number in range(1, 21):
            await slack.dm(f"U{number}", "Can I still join the course?")
        await until(lambda: stored(data, "1") == 20, "all 20 on the disk")
        await until(lambda: stored(data, "placeholder IS NOT NULL") > 5, "some placeholders")
        process.kill()
        waiting = stored(data, "status IN ('queued', 'running')")
        page.fact(f"killed (SIGKILL) with {waiting} of 20 questions unanswered")
    sample = {shown(m).splitlines()[0] for c in list(slack.channels) for m in slack.ours(c)}
    page.fact(f"what people read then: {sorted(sample)}")
    channels = [f"D{number}" for number in range(1, 21)]
    async with running(data, where / "log", **_env(slack)):
        await until(lambda: all(_finals(slack, channel) for channel in channels), "all answers")
    counts = sorted({len(slack.ours(channel)) for channel in channels})
    page.fact(f"after the restart: everybody has an answer; messages a person: {counts}")


async def _long(slack: SlackTwin, page: Page, where: Path) -> None:
    page.part("An answer of 20,000 characters with code and a table")
    data = data_folder(where / "c")
    root = slack.add("C1", user="UADA", text="<@UBOT> How does the whole manual read?")["ts"]
    to = ReplyTo(channel="C1", user="UADA", team=TEAM, thread=root, message=root)
    await store_long_answer(data, "slack", f"{TEAM}:C1:{root}", to.dump())
    async with running(data, where / "log", **_env(slack)):
        await until(lambda: _finals(slack, "C1"), "the answer")
    messages = slack.ours("C1")
    whole = "\n".join(shown(message) for message in messages)
    sizes = [len(shown(message)) for message in messages]
    page.fact(f"messages, all in the thread: {len(messages)}, characters in each: {sizes}")
    page.fact(f"in the question's thread: {all(thread(m) == root for m in messages)}")
    page.fact(f"the table's last row is there: {'step 20' in whole}")
    page.fact(f"the code's last line is there: {'line 120 of' in whole}")
    page.fact(f"the last words are there: {'last words of the manual' in whole}")
    page.fact(f"live calls of everybody in it: {whole.count('<!')}")
    page.line("FAQ Desk, the first message begins", shown(messages[0])[:600])


if __name__ == "__main__":
    asyncio.run(main())
