"""`earful schedule`: the scheduler alone, for one process per container."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence

import click

from cli.children import end_with_parent
from cli.crawl import parse_bases
from cli.opening import open_patiently
from cli.scheduling import Scheduler, hints
from cli.up import TICK_SECONDS, only_one
from core.clock import SystemClock
from core.errors import StoreUnavailable
from core.settings import Settings
from engage.access import sign_in_link


@click.command("schedule")
@click.option(
    "--base-url", "bases", multiple=True, metavar="S=URL", help="Read source S from another address."
)
@click.pass_obj
def command(settings: Settings, *, bases: Sequence[str]) -> None:
    """Read sources when they are due and keep the queue in order, until told to stop.

    With a broker (EARFUL_BROKER=redis://…) workers read and label, and this sends them hints.
    """
    end_with_parent()
    with only_one(settings.data_dir):
        store = open_patiently(settings, _say)
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        scheduler = Scheduler(
            store=store,
            settings=settings,
            clock=SystemClock(),
            say=_say,
            base_urls=parse_bases(bases),
            hints=hints(settings, _say),
        )
        try:
            token = sign_in_link(store, now=SystemClock().now())
            _say("open this path on your server to sign in; it works once, the next start prints a new one")
            click.echo(f"/sign-in/{token}")
            while not stop.is_set():
                try:
                    busy = scheduler.tick()
                except StoreUnavailable as error:
                    _say(f"the store does not answer ({error}); trying again")
                    busy = False
                stop.wait(0.05 if busy else TICK_SECONDS)
        finally:
            scheduler.stop()
            store.close()


def _say(line: str) -> None:
    click.echo(f"earful: {line}", err=True)
