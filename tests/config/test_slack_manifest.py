"""The Slack app asks for what the adapter uses, and for nothing more."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = yaml.safe_load((ROOT / "config" / "slack_manifest.yaml").read_text(encoding="utf-8"))
SLACK = sorted((ROOT / "bot" / "slack").glob("*.py"))
SOURCE = "\n".join(path.read_text("utf-8") for path in SLACK)
#: Web API method → bot scopes it needs; an empty one needs none, or the scopes of the events do.
NEEDS = {
    "auth.test": set(),
    "apps.connections.open": set(),
    "assistant.threads.setStatus": {"chat:write"},
    "chat.appendStream": {"chat:write"},
    "chat.delete": {"chat:write"},
    "chat.postEphemeral": {"chat:write"},
    "chat.postMessage": {"chat:write"},
    "chat.startStream": {"chat:write"},
    "chat.stopStream": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.history": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "conversations.open": {"im:write"},
    "conversations.replies": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "reactions.add": {"reactions:write"},
    "users.info": {"users:read"},
    "views.open": set(),
    "views.publish": set(),
}
EVENTS = {
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "message.mpim": {"mpim:history"},
    "reaction_added": {"reactions:read"},
}


def test_every_scope_is_needed_and_every_needed_scope_is_there() -> None:
    called = set(re.findall(r'"((?:\w+\.)+\w+)"', SOURCE)) & set(NEEDS)
    wanted = {"commands"}.union(*(NEEDS[method] for method in called), *EVENTS.values())

    assert called == set(NEEDS)
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == wanted


def test_every_event_is_handled_and_every_handled_event_is_subscribed() -> None:
    handled = {name for name in EVENTS if f'"{name.split(".")[0]}"' in SOURCE}

    assert set(MANIFEST["settings"]["event_subscriptions"]["bot_events"]) == handled == set(EVENTS)


def test_the_commands_and_the_shortcut_are_there() -> None:
    features = MANIFEST["features"]

    commands = [command["command"] for command in features["slash_commands"]]
    assert commands == ["/faq", "/course", "/model", "/gpu"]
    assert [shortcut["type"] for shortcut in features["shortcuts"]] == ["message"]
    assert MANIFEST["settings"]["socket_mode_enabled"] is True
    assert features["app_home"]["home_tab_enabled"] is True
