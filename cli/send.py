"""`earful send`: deliver replies and alerts, until told to stop."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time

import click

from cli.children import end_with_parent
from core.clock import SystemClock
from core.errors import ConfigError, StoreUnavailable
from core.settings import Settings
from engage import alerting, replying, report_mail
from engage.outbound import Outbound
from engage.sending import Sender, send_due
from store import open_store

#: Pause when nothing is due; a reply leaves this long after its moment at most.
IDLE_SECONDS = 1.0
#: Between two looks at what the rules find.
RULES_SECONDS = 20.0
#: Pause when the store does not answer.
AWAY_SECONDS = 5.0


@click.command("send")
@click.option("--once", is_flag=True, help="Send what is due now, then stop.")
@click.option("--base-url", "base_urls", multiple=True, metavar="CHANNEL=URL", help="Another address.")
@click.pass_obj
def command(settings: Settings, *, once: bool, base_urls: tuple[str, ...]) -> None:
    """Deliver replies, alerts and reports. Any number may run at once; each item goes out under one id."""
    end_with_parent()
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    out = Outbound.made(settings.allow_networks, dict(map(_pair, base_urls)))
    store = open_store(settings.database_url)
    senders: dict[str, Sender] = {
        replying.CHANNEL: replying.Replier(store, settings.data_dir, out),
        alerting.CHANNEL: alerting.Alerter(store, settings.data_dir, out, address=settings.address),
        report_mail.CHANNEL: report_mail.Reporter(store, settings.data_dir, out, address=settings.address),
    }
    owner = f"{socket.gethostname()}:{os.getpid()}"
    rules_at = 0.0
    try:
        while not stop.is_set():
            try:
                if time.monotonic() >= rules_at:
                    alerting.write_alerts(store, now=SystemClock().now())
                    report_mail.write_reports(store, now=SystemClock().now())
                    rules_at = time.monotonic() + RULES_SECONDS
                busy = bool(send_due(store, senders, owner=owner, clock=SystemClock()))
            except StoreUnavailable as error:
                click.echo(f"earful send: {error}; trying again", err=True)
                stop.wait(AWAY_SECONDS)
                continue
            if once and not busy:
                return
            if not busy:
                stop.wait(IDLE_SECONDS)
    finally:
        store.close()


def _pair(written: str) -> tuple[str, str]:
    channel, equals, url = written.partition("=")
    if not equals:
        raise ConfigError(f"--base-url is written CHANNEL=URL, not {written!r}")
    return channel, url
