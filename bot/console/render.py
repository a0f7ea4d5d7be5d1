"""Turns a Reply into what a terminal shows."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.spinner import Spinner
from rich.text import Text

from bot.delivery.render import entry_lists, source_line
from bot.messages import Reply, ReplyState


def render(reply: Reply) -> RenderableType:
    parts: list[RenderableType] = []
    if reply.notice:
        waiting = reply.state is not ReplyState.FINAL
        line = Text(reply.notice, style="dim")
        parts.append(Spinner("dots", text=line) if waiting else line)
    if reply.matches:
        parts.append(Text(reply.sources_title, style="dim"))
        parts += [Text(f"  • {match.document.question}", style="dim") for match in reply.matches]
    if reply.text:
        parts.append(Markdown(reply.text))
    for title, sources in entry_lists(reply):
        parts.append(Text(f"\n{title}:" if title else "", style="bold"))
        for source in sources:
            parts.append(Text(f"  • {source_line(source)}"))
            if source.excerpt:
                parts.append(Padding(Text(source.excerpt, style="dim"), (0, 0, 0, 4)))
    return Padding(Group(*parts), (0, 0, 1, 2))
