"""A team that is told by alerts and reports, and a real mail server for it."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from core.clock import SetClock
from core.ports import Store
from core.settings import Settings
from core.user import Role, User
from core.work import OutboxItem
from engage.alerting import CHANNEL, Alerter, write_alerts
from engage.outbound import Outbound
from engage.report_mail import CHANNEL as REPORT
from engage.report_mail import Reporter, write_reports
from engage.rules import GROUP_WAIT
from engage.sending import Sender, send_due
from tests.builders import NOW, a_mention, a_watch, found
from tests.web.browser import Browser
from web import create_app


class Mailbox:
    """What a real SMTP server took."""

    def __init__(self) -> None:
        self.mail: list[EmailMessage] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.mail.append(message)
        return "250 OK"


class Team:
    """A team with a store, pages and a sender at times of the test's own."""

    def __init__(self, store: Store, directory: Path, clock: SetClock) -> None:
        self.store, self.directory, self.clock = store, directory, clock
        store.save_watch(a_watch(), actor="earful", now=NOW)
        store.save_user(User(name="admin", role=Role.ADMIN, created_at=NOW))
        settings = Settings(
            data_dir=directory, allow_networks=("127.0.0.0/8",), public_url="https://earful.example"
        )
        self.browser = Browser(create_app(store, settings, clock=clock), store).sign_in("admin")
        out = Outbound.made(settings.allow_networks)
        self.senders: dict[str, Sender] = {
            CHANNEL: Alerter(store, directory, out, address=settings.address),
            REPORT: Reporter(store, directory, out, address=settings.address),
        }

    def connect(self, channel: str, status: int = 303, **values: str) -> str:
        return self.browser.post("/settings/connections", status, channel=channel, **values).text

    def rule(self, status: int = 303, **values: str) -> str:
        form = {
            "key": "r", "name": "Leaving", "query": "acme", "way": "webhook@robot", "every": "1h",
            "on": "yes", "hour": "08:00", "zone": "UTC",
        }  # fmt: skip
        return self.browser.post("/settings/alerts/save", status, **form | values).text

    def said(self, *texts: str) -> None:
        """Let mentions come in at the present moment."""
        mentions = [found(a_mention(text=text, published_at=self.clock.now())) for text in texts]
        self.store.put(mentions, now=self.clock.now())
        self.store.settle()

    def pass_time(self, span: timedelta = GROUP_WAIT) -> list[OutboxItem]:
        """Let time pass, then let the sender do all that is due."""
        self.clock.advance(span)
        write_alerts(self.store, now=self.clock.now())
        write_reports(self.store, now=self.clock.now())
        return list(send_due(self.store, self.senders, owner="test", clock=self.clock, limit=50))


def mail(team: Team, port: int, status: int = 303, **values: str) -> str:
    form = {"server": "127.0.0.1", "port": str(port), "security": "none", "from": "earful@acme.example",
            "username": "acme", "password": "pw"}  # fmt: skip
    return team.connect("email", status, **form | values)
