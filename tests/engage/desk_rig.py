"""A desk over a store that real crawls fill: pages, crawls and the sender, at the real time and later."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.clock import Clock, SetClock, SystemClock
from core.ports import Store
from core.settings import Settings
from core.thread import Thread
from core.user import Role, User
from core.work import OutboxItem
from engage.outbound import Outbound
from engage.replying import CHANNEL, GRACE, Replier
from engage.sending import LEASE, send_due
from store import open_store
from tests.crawlers.crawl_rig import Bench
from tests.web.browser import Browser
from web import create_app


@dataclass
class Desk:
    """One installation on this machine, which may dial loopback."""

    directory: Path
    base_urls: Mapping[str, str]
    clock: Clock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        self.bench = Bench(self.directory)
        self.store: Store = open_store(self.bench.url)
        self.store.save_user(User(name="admin", role=Role.ADMIN, created_at=self.clock.now()))
        settings = Settings(data_dir=self.directory, allow_networks=("127.0.0.0/8",))
        self.settings = settings
        app = create_app(self.store, settings, clock=self.clock)
        self.browser = Browser(app, self.store, now=self.clock.now()).sign_in("admin")

    def crawl(self, **plan: Any) -> None:
        """Read the sources once."""
        told = self.bench.crawl(base_urls=dict(self.base_urls), **plan)
        assert not any(told.failures.values()), told.failures

    def thread(self, saying: str) -> Thread:
        """Return the thread in which a mention says this."""
        found = [one.mention for one in self.store.mentions() if saying in one.mention.text]
        assert found, [one.mention.text for one in self.store.mentions()]
        return self.store.thread(found[0].thread_id)

    def connect(self, channel: str, status: int = 303, **values: str) -> str:
        """Connect an account through the settings page."""
        return self.browser.post("/settings/connections", status, channel=channel, **values).text

    def answer(self, thread: Thread, text: str, *, answer_id: str = "one", status: int = 303) -> str:
        """Send an answer from the thread's page, as its form does."""
        page = self.browser.get(f"/threads/{thread.id}").text
        to = re.search(r'name="to" value="([^"]+)"', page)
        assert to, "the page offers no way to send"
        on = f"{thread.triage.version}|{thread.id}"
        return self.browser.post(
            "/triage/answer", status, on=on, to=to[1], text=text, how="send", answer_id=answer_id
        ).text

    def send(self, *, after: timedelta = GRACE) -> list[OutboxItem]:
        """Let the sender run once at a later time."""
        out = Outbound.made(self.settings.allow_networks)
        senders = {CHANNEL: Replier(self.store, self.directory, out)}
        clock = SetClock(self.clock.now() + after + timedelta(seconds=1))
        return list(send_due(self.store, senders, owner="test", clock=clock))

    def send_after_a_kill(self) -> list[OutboxItem]:
        """Let another sender run when the dead one's lease is over."""
        return self.send(after=LEASE + GRACE)

    def item(self) -> OutboxItem:
        """Return the one item of the outbox."""
        (item,) = self.store.outbox()
        return item
