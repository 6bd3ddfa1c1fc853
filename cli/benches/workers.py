"""How much faster two label workers are than one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import click

from core.mention import Author, Kind, Mention
from core.ports import Store
from core.source import Found
from core.watch import Brand, Watch
from crawlers.replay.corpus import load_corpus
from store import open_store

#: Between two looks at what is left.
LOOK_SECONDS = 0.05


@click.command("workers")
@click.option(
    "--size", default=4_000, show_default=True, type=click.IntRange(min=500), help="Mentions to label."
)
@click.option("--store", "store_url", help="Measure on this (empty) store instead of a SQLite file.")
def command(size: int, store_url: str | None) -> None:
    """Label the texts of the demo, over and over, with one worker, then with two, each with one thread.

    Counted from the first answers to the last, so that the start of a process is left out. Where other
    programs use the cores the second ratio tells: what two workers do with a second of CPU each.
    """
    from nlp import model_name  # noqa: PLC0415 - takes time that --help need not pay

    model = model_name()
    rates = {}
    with tempfile.TemporaryDirectory(prefix="earful-workers-") as directory:
        for count in (1, 2):
            url = f"{store_url}-{count}" if store_url else f"sqlite:///{Path(directory) / f'{count}.db'}"
            store = open_store(url)
            _fill(store, size)
            rates[count] = _rate(store, url, Path(directory), count, model)
            store.close()
    result = {
        "mentions": size,
        "texts_per_second_one_worker": round(rates[1].wall, 1),
        "texts_per_second_two_workers": round(rates[2].wall, 1),
        "ratio": round(rates[2].wall / rates[1].wall, 2),
        "texts_per_cpu_second_one_worker": round(rates[1].cpu, 1),
        "texts_per_cpu_second_two_workers": round(rates[2].cpu, 1),
        "ratio_by_cpu": round(2 * rates[2].cpu / rates[1].cpu, 2),
        "load_average": round(os.getloadavg()[0], 1),
        "cores": os.cpu_count(),
    }
    click.echo(json.dumps(result, indent=1))


def _fill(store: Store, size: int) -> None:
    texts, now = [post.text for post in load_corpus().posts if post.text], datetime.now(UTC)
    store.save_watch(Watch(id="acme", product=Brand(name="Acme"), sources={}), actor="bench", now=now)
    for start in range(0, size, 1_000):
        found = [
            Found(mention=_mention(texts[number % len(texts)], number, now), watch_id="acme")
            for number in range(start, min(start + 1_000, size))
        ]
        store.put(found, now=now)


def _mention(text: str, number: int, now: datetime) -> Mention:
    return Mention(
        id=f"bench:{number}",
        source="bench",
        native_id=str(number),
        kind=Kind.POST,
        url=None,
        thread_id=f"bench:{number}",
        author=Author(handle=f"user{number % 997}"),
        text=f"Acme, case {number}: {text}",
        published_at=now - timedelta(seconds=number),
    )


class _Rate(NamedTuple):
    """Texts a second, and a second of CPU."""

    wall: float
    cpu: float


def _cpu(workers: Sequence[subprocess.Popen[bytes]]) -> float:
    """Return the seconds of CPU that processes have used."""
    used = 0
    for worker in workers:
        # The name in brackets may hold spaces; user and system time are the 12th and 13th field after it.
        fields = Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK")


def _rate(store: Store, url: str, directory: Path, count: int, model: str) -> _Rate:
    """Return how fast some workers label."""
    environment = {**os.environ, "EARFUL_STORE_URL": url, "EARFUL_BROKER": "", "EARFUL_LABEL_THREADS": "1"}
    command = [sys.executable, "-m", "cli", "worker", "--data", str(directory)]
    workers = [subprocess.Popen(command, env=environment) for _ in range(count)]  # noqa: S603 - our own modules
    try:
        whole = left = store.backlog(model)
        # Both must be at work before the clock starts.
        while left > whole * 0.9:
            time.sleep(LOOK_SECONDS)
            left = store.backlog(model)
        first, began, used = left, time.monotonic(), _cpu(workers)
        while left:
            time.sleep(LOOK_SECONDS)
            left = store.backlog(model)
        return _Rate(first / (time.monotonic() - began), first / (_cpu(workers) - used))
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait()
