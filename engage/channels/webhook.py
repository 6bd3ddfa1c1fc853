"""Alerts to a program: signed as Standard Webhooks asks."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import asdict

from core.clock import iso
from core.errors import InputError, SendRefused
from engage.channel import Alert, AlertChannel, Connection, Field
from engage.channels.slack import address_of, room_of
from engage.outbound import GONE, Answered, Outbound

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64


class Webhook(AlertChannel):
    """Tell a program."""

    name = "webhook"
    title = "Webhook"
    fields = (
        Field(name="room", label="Name", help="a name for it here, such as ticket-robot"),
        Field(name="url", label="Address", secret=True, help="https://robot.example/earful"),
        Field(name="secret", label="Signing secret", secret=True,
              help="whsec_ and 24 to 64 random bytes in base64; the receiver checks the signature with it"),
    )  # fmt: skip

    def place(self, values: Mapping[str, str]) -> str:
        """Return the name."""
        return room_of(values.get("room", ""))

    def check(self, link: Connection, out: Outbound) -> str:
        """Send a signed ping."""
        self._post(link, out, f"ping:{time.time_ns()}", {"type": "ping"}).accepted()
        return link.place

    def deliver(self, link: Connection, out: Outbound, alert: Alert, target: str) -> str:
        """Send the alert under its id."""
        del target
        data = {
            "rule": alert.rule,
            "title": alert.title,
            "count": alert.count,
            "summary": alert.summary,
            "link": alert.link,
            "mentions": [asdict(line) for line in alert.lines],
            **({"facts": [asdict(fact) for fact in alert.facts]} if alert.facts else {}),
        }
        kind = "alert.test" if alert.test else "alert"
        answer = self._post(link, out, alert.id, {"type": kind, "timestamp": iso(alert.at), "data": data})
        if answer.status == GONE:
            raise SendRefused(f"{answer.host} wants no more of this (410)")
        return str(answer.accepted().status)

    @staticmethod
    def _post(link: Connection, out: Outbound, message_id: str, body: object) -> Answered:
        payload = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        at = str(int(time.time()))
        signed = f"{message_id}.{at}.".encode() + payload
        signature = base64.b64encode(hmac.digest(_key(link), signed, hashlib.sha256)).decode()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": at,
            "webhook-signature": f"v1,{signature}",
        }
        return out.send("POST", address_of(link), headers=headers, body=payload)


def _key(link: Connection) -> bytes:
    try:
        key = base64.b64decode(link.value("secret").removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not SHORTEST <= len(key) <= LONGEST:
        raise InputError(f"the secret is {PREFIX} and {SHORTEST} to {LONGEST} bytes in base64")
    return key


channel = Webhook()
