"""Alerts into a room: Slack's incoming webhooks and what takes the same (Mattermost, Discord …)."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import InputError, SendRefused
from engage.channel import Alert, AlertChannel, Connection, Field, Line, server_of
from engage.outbound import Outbound

#: What a room answers to a message without words, if its address is good.
NO_WORDS = frozenset({200, 400})
MAX_NAME = 40


class Slack(AlertChannel):
    """Tell a room."""

    name = "slack"
    title = "Slack"
    fields = (
        Field(name="room", label="Room", help="a name for it here, such as #support"),
        Field(name="url", label="Address of its incoming webhook", secret=True,
              help="https://hooks.slack.example/services/…; Discord: add /slack"),
    )  # fmt: skip

    def place(self, values: Mapping[str, str]) -> str:
        """Return the room's name."""
        return room_of(values.get("room", ""))

    def check(self, link: Connection, out: Outbound) -> str:
        """Post nothing at all: a good address answers that there are no words."""
        answer = out.send("POST", address_of(link), json={})
        if answer.status not in NO_WORDS:
            answer.accepted()
            raise SendRefused(f"{answer.host} answers {answer.status}; check the address")
        return link.place

    def deliver(self, link: Connection, out: Outbound, alert: Alert, target: str) -> str:
        """Post the message."""
        del target
        return f"{out.send('POST', address_of(link), json={'text': _text(alert)}).accepted().status}"


def address_of(link: Connection) -> str:
    """Return the address of a webhook.

    Raises:
        InputError: it is none.
    """
    server_of(link.value("url").partition("?")[0])
    return link.value("url")


def room_of(name: str) -> str:
    """Return a name that tells one webhook from another.

    Raises:
        InputError: it is none.
    """
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise InputError(f"give it a name of 1 to {MAX_NAME} characters")
    return name


def _text(alert: Alert) -> str:
    rest = alert.count - len(alert.lines)
    parts = [f"*<{alert.link}|{_safe(alert.title)}>*", _safe(alert.summary), *map(_line, alert.lines),
             *(f"• <{fact.link}|{_safe(fact.words)}>" for fact in alert.facts)]  # fmt: skip
    return "\n".join([part for part in parts if part] + ([f"and {rest:,} more"] if rest > 0 else []))


def _line(line: Line) -> str:
    labels = f" ({line.labels})" if line.labels else ""
    head = f"<{line.link}|{_safe(line.author or 'somebody')} on {_safe(line.source)}>{labels}"
    return f"• {head}: {_safe(line.text)}"


def _safe(text: str) -> str:
    """Return a text that calls nobody and links nowhere (`<!channel>`, `<@U…>`, `<http…>`)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


channel = Slack()
