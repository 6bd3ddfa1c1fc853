"""`earful worker`: label what is not labelled yet, until told to stop."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

import click

from cli.children import end_with_parent
from core.clock import SystemClock
from core.errors import StoreUnavailable
from core.settings import Settings
from engage.labelling import Explainer, label_batch
from engage.relevance import RelevanceTeacher
from nlp import open_labeller
from store import open_store

#: Pause when nothing is left to label.
IDLE_SECONDS = 1.0
#: Pause when the store does not answer.
AWAY_SECONDS = 5.0


@click.command("worker")
@click.option("--once", is_flag=True, help="Stop when nothing is left to label.")
@click.pass_obj
def command(settings: Settings, *, once: bool) -> None:
    """Label stored mentions. Any number may run at once, on any machine that reaches the store."""
    end_with_parent()
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    model = Path(settings.model_dir) if settings.model_dir else None
    labeller = open_labeller(model, threads=settings.label_threads)
    store = open_store(settings.database_url)
    owner = f"{socket.gethostname()}:{os.getpid()}"
    explainer, teacher = Explainer(), RelevanceTeacher()
    try:
        while not stop.is_set():
            try:
                teacher.teach(store, labeller, clock=SystemClock())
                done = label_batch(store, labeller, owner=owner, clock=SystemClock())
                done = done or explainer.explain_batch(store, labeller, clock=SystemClock())
            except StoreUnavailable as error:
                click.echo(f"earful worker: {error}; trying again", err=True)
                stop.wait(AWAY_SECONDS)
                continue
            if not done and once:
                return
            if not done:
                stop.wait(IDLE_SECONDS)
    finally:
        store.close()
