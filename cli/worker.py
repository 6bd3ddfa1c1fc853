"""`earful worker`: do what the store says is to be done, until told to stop."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from cli.children import end_with_parent
from cli.opening import AWAY_SECONDS, open_patiently
from core.clock import SystemClock
from core.errors import StoreUnavailable
from core.labelling import Labeller
from core.ports import Store
from core.settings import Settings
from engage.labelling import Explainer, label_batch
from engage.relevance import RelevanceTeacher

#: Pause when nothing is left to do.
IDLE_SECONDS = 1.0
#: A hint is worked on this long; what is left then has hints of its own.
HINT_SECONDS = 20.0
#: Crawls of one worker at once: each is a process that mostly waits for its host.
CRAWLS = 4


class Labelling:
    """Label what is not labelled yet, then explain what is on top of the queue."""

    def __init__(self, store: Store, labeller: Labeller) -> None:
        self.store = store
        self.labeller = labeller
        self.owner = f"{socket.gethostname()}:{os.getpid()}"
        self._explainer, self._teacher = Explainer(), RelevanceTeacher()

    def work(self) -> int:
        """Do one batch; return how many pairs it had."""
        self._teacher.teach(self.store, self.labeller, clock=SystemClock())
        done = label_batch(self.store, self.labeller, owner=self.owner, clock=SystemClock())
        return done or self._explainer.explain_batch(self.store, self.labeller, clock=SystemClock())


@click.command("worker")
@click.option(
    "--queue",
    type=click.Choice(["label", "crawl"]),
    default="label",
    show_default=True,
    help="What to do: label mentions, or read sources that are due.",
)
@click.option("--once", is_flag=True, help="Stop when nothing is left to do.")
@click.option(
    "--base-url", "bases", multiple=True, metavar="S=URL", help="Read source S from another address."
)
@click.pass_obj
def command(settings: Settings, *, queue: str, once: bool, bases: Sequence[str]) -> None:
    """Label stored mentions, or read sources. Any number may run at once, on any machine.

    With a broker (EARFUL_BROKER=redis://…) hints of the scheduler say when to look; without one the worker
    looks by itself. What is to be done stands in the store either way. Without a broker the scheduler reads
    sources too.
    """
    end_with_parent()
    store = open_patiently(settings, _say)
    try:
        if queue == "label":
            _label(settings, store, once=once)
        else:
            _crawl(settings, store, bases, once=once)
    finally:
        store.close()


def _label(settings: Settings, store: Store, *, once: bool) -> None:
    from nlp import open_labeller  # noqa: PLC0415 - costs 0.5 s that a crawl worker need not pay

    model = Path(settings.model_dir) if settings.model_dir else None
    labelling = Labelling(store, open_labeller(model, threads=settings.label_threads))
    if settings.broker and not once:
        _serve(settings, "label", lambda: _drain(labelling.work), at_once=1)
    else:
        _loop(labelling.work, once=once)


def _crawl(settings: Settings, store: Store, bases: Sequence[str], *, once: bool) -> None:
    from cli.crawl import parse_bases  # noqa: PLC0415 - only this queue needs it
    from cli.crawling import Crawling  # noqa: PLC0415 - the same

    crawling = Crawling(store, settings, SystemClock(), _say, parse_bases(bases))
    if settings.broker and not once:
        _serve(settings, "crawl", crawling.read, at_once=CRAWLS)
    else:
        _loop(crawling.work, once=once)


def _serve(settings: Settings, queue: str, begin: Callable[..., object], *, at_once: int) -> None:
    from cli.listening import serve  # noqa: PLC0415 - celery costs 0.4 s where there is no broker

    def task(*arguments: str) -> None:
        try:
            begin(*arguments)
        except StoreUnavailable as error:
            _say(f"{error}; the next hint tries again")

    serve(settings, queue, {queue: task}, at_once=at_once)


def _drain(work: Callable[[], int]) -> None:
    """Work until nothing is left, or until a while has passed."""
    end = time.monotonic() + HINT_SECONDS
    while work() and time.monotonic() < end:
        pass


def _loop(work: Callable[[], int], *, once: bool) -> None:
    """Work whenever there is something to do, until a signal says stop."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    while not stop.is_set():
        try:
            done = work()
        except StoreUnavailable as error:
            _say(f"{error}; trying again")
            stop.wait(AWAY_SECONDS)
            continue
        if not done and once:
            return
        if not done:
            stop.wait(IDLE_SECONDS)


def _say(line: str) -> None:
    click.echo(f"earful worker: {line}", err=True)
