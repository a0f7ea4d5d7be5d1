"""The Bot API server of the offline Telegram: its methods and its rules."""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from aiohttp import web

from tests.telegram_faults import CONFLICT, Fault
from tests.telegram_html import MAX_UNITS, Entity, ParseError, parse, units
from tests.waits import within

TOKEN = "424242:AAtwin-of-telegram_for-tests-0123456789"
BOT = {"id": 424242, "is_bot": True, "first_name": "FAQ", "username": "faq_twin_bot"}

Json = dict[str, Any]
#: What `getWebhookInfo` tells of a webhook.
_TOLD = ("url", "last_error_message")


class RefusedError(Exception):
    """The server answers 4xx."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request of the bot."""

    method: str
    args: Json
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message of the bot as people see it now."""

    chat: int
    id: int
    text: str
    entities: tuple[Entity, ...]
    #: Label → callback data, in reading order.
    buttons: dict[str, str]
    reply_to: int | None
    topic: int | None
    preview: bool
    raw: Json

    def styled(self, kind: str) -> list[str]:
        """The stretches of one style."""
        encoded = self.text.encode("utf-16-le")
        return [
            encoded[2 * e.offset : 2 * (e.offset + e.length)].decode("utf-16-le")
            for e in self.entities
            if e.type == kind
        ]

    @property
    def links(self) -> list[str]:
        return [entity.url or "" for entity in self.entities if entity.type == "text_link"]


class TelegramServer:
    """State and rules; faults are scripted with `fail`."""

    def __init__(self, *, without: frozenset[str] = frozenset(), strict: bool = False) -> None:
        self.without = without
        #: Whether it refuses what an older or smaller server does not know.
        self.strict = strict
        #: Whether what it sent comes back with its number alone.
        self.minimal = False
        self.base_url = ""
        self.calls: list[Call] = []
        #: Every version of every message of the bot: (chat, id) → versions.
        self.versions: dict[tuple[int, int], list[Shown]] = {}
        self.deleted: set[tuple[int, int]] = set()
        self.drafts: dict[tuple[int, int], list[str]] = defaultdict(list)
        self.reactions: dict[tuple[int, int], list[str]] = {}
        self.commands: dict[tuple[str, str], list[str]] = {}
        self.toasts: dict[str, str] = {}
        self.inline_answers: dict[str, list[Json]] = {}
        self.webhook: Json = {}
        self.chats: dict[int, Json] = {}
        self.topics: set[tuple[int, int]] = set()
        self.blocked: set[int] = set()
        self.pending: list[Json] = []
        self._said: dict[tuple[int, int], Json] = {}
        self._faults: dict[str, list[Fault]] = defaultdict(list)
        self._next_update = 1000
        self._next_message = 1
        self._next_query = 1
        self.changed = asyncio.Condition()
        self._polls = 0
        self._closing = asyncio.Event()

    def fail(self, method: str, fault: Fault, *, times: int = 1) -> None:
        """Let the next `times` calls of `method` go wrong."""
        self._faults[method] += [fault] * times

    def heal(self) -> None:
        """From now on everything works."""
        self._faults.clear()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Any method of the Bot API."""
        token, method = request.match_info["token"], request.match_info["method"]
        args = await _arguments(request)
        self.calls.append(Call(method=method, args=args, at=monotonic()))
        fault = self._faults[method].pop(0) if self._faults[method] else None
        try:
            if token != TOKEN:
                raise RefusedError(401, "Unauthorized")
            if fault is not None and not fault.after:
                return await self._go_wrong(request, fault)
            result = await self._do(method, args)
            if fault is not None:
                return await self._go_wrong(request, fault)
            if self.minimal and isinstance(result, dict) and "message_id" in result:
                result = {"message_id": result["message_id"]}
            return web.json_response({"ok": True, "result": result})
        except RefusedError as refused:
            return _error(refused.status, str(refused))
        finally:
            await self.poke()

    async def _go_wrong(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.hang:
            with suppress(TimeoutError):
                await within(self._closing.wait(), 30)
        if fault.cut or fault.hang:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if fault.body is not None:
            return web.Response(status=fault.status, text=fault.body, content_type="text/html")
        return _error(fault.status, fault.description, fault.parameters)

    async def _do(self, method: str, args: Json) -> Any:
        do = getattr(self, f"_{method}", None)
        if do is None or method in self.without:
            raise RefusedError(404, "Not Found")
        if self.strict:
            _refuse_news(args)
        return await do(args)

    async def _getMe(self, args: Json) -> Json:
        return BOT | {"can_join_groups": True, "supports_inline_queries": True}

    async def _getUpdates(self, args: Json) -> list[Json]:
        if self.webhook.get("url"):
            raise RefusedError(409, "Conflict: can't use getUpdates method while webhook is active")
        self._polls += 1
        mine = self._polls
        await self.poke()
        offset = int(args.get("offset") or 0)
        self.pending = [update for update in self.pending if update["update_id"] >= offset]

        def ready() -> bool:
            return bool(self.pending) or self._polls != mine or self._closing.is_set()

        with suppress(TimeoutError):
            async with asyncio.timeout(float(args.get("timeout") or 0)), self.changed:
                await self.changed.wait_for(ready)
        if self._polls != mine:
            raise RefusedError(409, CONFLICT.description)
        return self.pending[: int(args.get("limit") or 100)]

    async def _setWebhook(self, args: Json) -> bool:
        self.webhook = args
        return True

    async def _getWebhookInfo(self, args: Json) -> Json:
        hook = {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
        return hook | {key: self.webhook[key] for key in _TOLD if key in self.webhook}

    async def _deleteWebhook(self, args: Json) -> bool:
        self.webhook = {}
        return True

    async def _sendMessage(self, args: Json) -> Json:
        chat = self._chat(args)
        topic = args.get("message_thread_id")
        if topic is not None and (chat["id"], int(topic)) not in self.topics:
            raise RefusedError(400, "Bad Request: message thread not found")
        reply = args.get("reply_parameters") or {}
        target = (chat["id"], reply.get("message_id"))
        if reply and target not in self._said and target not in self.versions:
            if not reply.get("allow_sending_without_reply"):
                raise RefusedError(400, "Bad Request: message to be replied not found")
            reply = {}
        message: Json = {
            "message_id": self._number(),
            "date": 1_790_000_000,
            "chat": chat,
            "from": BOT,
        }
        if topic is not None:
            message |= {"message_thread_id": int(topic), "is_topic_message": True}
        shown = self._shown(message, args, reply.get("message_id"))
        self.versions[shown.chat, shown.id] = [shown]
        return shown.raw

    async def _editMessageText(self, args: Json) -> Json:
        old = self._editable(args)
        new = self._shown(old.raw, args, old.reply_to)
        return self._replace(old, new)

    async def _editMessageReplyMarkup(self, args: Json) -> Json:
        old = self._editable(args)
        markup = args.get("reply_markup") or {}
        raw = {**old.raw, "reply_markup": markup}
        return self._replace(old, replace(old, buttons=_buttons(markup), raw=raw))

    def _replace(self, old: Shown, new: Shown) -> Json:
        if (old.text, old.entities, old.buttons) == (new.text, new.entities, new.buttons):
            raise RefusedError(
                400,
                "Bad Request: message is not modified: specified new message content and reply "
                "markup are exactly the same as a current content and reply markup of the message",
            )
        self.versions[new.chat, new.id].append(new)
        return new.raw

    async def _deleteMessage(self, args: Json) -> bool:
        old = self._editable(args)
        self.deleted.add((old.chat, old.id))
        return True

    async def _sendMessageDraft(self, args: Json) -> bool:
        chat = self._chat(args)
        if chat["type"] != "private":
            raise RefusedError(400, "Bad Request: method is available only in private chats")
        if not int(args.get("draft_id") or 0):
            raise RefusedError(400, "Bad Request: draft_id must be non-zero")
        text, _ = _checked(args)
        self.drafts[chat["id"], int(args["draft_id"])].append(text)
        return True

    async def _setMessageReaction(self, args: Json) -> bool:
        chat = self._chat(args)
        reaction = args.get("reaction") or []
        emoji = [entry["emoji"] if isinstance(entry, dict) else entry for entry in reaction]
        if any(one not in "👍👎❤🔥👀🤔👌🎉" for one in emoji):
            raise RefusedError(400, "Bad Request: REACTION_INVALID")
        self.reactions[chat["id"], int(args["message_id"])] = emoji
        return True

    async def _sendChatAction(self, args: Json) -> bool:
        self._chat(args)
        return True

    async def _answerCallbackQuery(self, args: Json) -> bool:
        self.toasts[str(args["callback_query_id"])] = str(args.get("text") or "")
        if len(str(args.get("text") or "")) > 200:
            raise RefusedError(400, "Bad Request: MESSAGE_TOO_LONG")
        return True

    async def _answerInlineQuery(self, args: Json) -> bool:
        results = args["results"]
        if len(results) > 50:
            raise RefusedError(400, "Bad Request: RESULTS_TOO_MUCH")
        if len({result["id"] for result in results}) != len(results):
            raise RefusedError(400, "Bad Request: RESULT_ID_DUPLICATE")
        for result in results:
            _checked(
                result["input_message_content"]
                | {"text": result["input_message_content"]["message_text"]}
            )
        self.inline_answers[str(args["inline_query_id"])] = results
        return True

    async def _setMyCommands(self, args: Json) -> bool:
        scope = args.get("scope") or {"type": "default"}
        if scope["type"] == "chat" and scope["chat_id"] not in self.chats:
            raise RefusedError(400, "Bad Request: chat not found")
        name = scope["type"] + (f":{scope['chat_id']}" if "chat_id" in scope else "")
        commands = [command["command"] for command in args["commands"]]
        if not all(re.fullmatch(r"[a-z0-9_]{1,32}", command) for command in commands):
            raise RefusedError(400, "Bad Request: BOT_COMMAND_INVALID")
        self.commands[name, args.get("language_code") or ""] = commands
        return True

    def _number(self) -> int:
        self._next_message += 1
        return self._next_message

    def _chat(self, args: Json) -> Json:
        chat = self.chats.get(int(args["chat_id"]))
        if chat is None:
            raise RefusedError(400, "Bad Request: chat not found")
        if chat["id"] in self.blocked:
            raise RefusedError(403, "Forbidden: bot was blocked by the user")
        return chat

    def _editable(self, args: Json) -> Shown:
        chat = self._chat(args)
        key = (chat["id"], int(args["message_id"]))
        if key not in self.versions or key in self.deleted:
            raise RefusedError(400, "Bad Request: message to edit not found")
        return self.versions[key][-1]

    def _shown(self, message: Json, args: Json, reply_to: int | None) -> Shown:
        text, entities = _checked(args)
        if not text.strip():
            raise RefusedError(400, "Bad Request: message text is empty")
        markup = args.get("reply_markup") or {}
        preview = not (args.get("link_preview_options") or {}).get("is_disabled", False)
        raw = {**message, "text": text, "reply_markup": markup}
        if not markup:
            raw.pop("reply_markup")
        return Shown(
            chat=message["chat"]["id"],
            id=message["message_id"],
            text=text,
            entities=tuple(entities),
            buttons=_buttons(markup),
            reply_to=reply_to,
            topic=message.get("message_thread_id"),
            preview=preview,
            raw=raw,
        )

    async def close(self) -> None:
        self._closing.set()
        await self.poke()

    async def poke(self) -> None:
        """Let waiting people and polls look again."""
        async with self.changed:
            self.changed.notify_all()


async def _arguments(request: web.Request) -> Json:
    if request.content_type == "application/json":
        return dict(await request.json())
    args: Json = dict(request.query)
    for key, value in (await request.post()).items():
        args[key] = value
        if isinstance(value, str) and key not in ("text", "offset") and value[:1] in "{[tf":
            with suppress(ValueError):
                args[key] = json.loads(value)
    return args


def _refuse_news(args: Json) -> None:
    if "link_preview_options" in args:
        raise RefusedError(400, "Bad Request: link_preview_options is not supported yet")
    if "stopped_message_generation" in args.get("allowed_updates", ()):
        raise RefusedError(400, "Bad Request: invalid allowed_updates")
    for row in (args.get("reply_markup") or {}).get("inline_keyboard", ()):
        if any("style" in button for button in row):
            raise RefusedError(400, "Bad Request: invalid reply_markup")


def _error(status: int, description: str, parameters: Json | None = None) -> web.Response:
    body: Json = {"ok": False, "error_code": status, "description": description}
    return web.json_response(
        body | ({"parameters": parameters} if parameters else {}), status=status
    )


def _checked(args: Json) -> tuple[str, list[Entity]]:
    """Text and entities as the server reads them; RefusedError when it would."""
    text = str(args.get("text") or "")
    entities: list[Entity] = []
    if args.get("parse_mode") == "HTML":
        try:
            text, entities = parse(text)
        except ParseError as error:
            raise RefusedError(400, f"Bad Request: can't parse entities: {error}") from None
    elif args.get("parse_mode"):
        raise RefusedError(400, "Bad Request: unsupported parse_mode")
    if units(text) > MAX_UNITS:
        raise RefusedError(400, "Bad Request: message is too long")
    return text, entities


def _buttons(markup: Json) -> dict[str, str]:
    buttons: dict[str, str] = {}
    for row in markup.get("inline_keyboard", []):
        for button in row:
            data = button.get("callback_data", "")
            if len(data.encode()) > 64:
                raise RefusedError(400, "Bad Request: BUTTON_DATA_INVALID")
            buttons[button["text"]] = data
    return buttons
