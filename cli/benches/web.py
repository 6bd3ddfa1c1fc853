"""How long people wait for a page while many work at once."""

from __future__ import annotations

import json
import os
import socket
from http import HTTPStatus
from pathlib import Path

import click

from cli.benches.measures import keys, machine, users
from cli.benches.measures.asks import SEARCHES
from cli.benches.measures.filled import copied
from cli.benches.store import kept
from cli.children import Child
from core.errors import ConfigError, EarfulError
from store import open_store

USERS, SECONDS = 50, 120.0
QUICK_USERS, QUICK_SECONDS, QUICK_PAUSE = 4, 3.0, 0.5
SIZE, QUICK_SIZE = 100_000, 2_000
#: Rounds by keys through the queue, of 24 presses each.
ROUNDS, QUICK_ROUNDS = 10, 1
#: Seconds for the server to come up.
START = 120.0


@click.command("web")
@click.option("--size", type=click.IntRange(1_000), help="Mentions in the corpus.")
@click.option("--users", "people", type=click.IntRange(0), help="People who work at once.")
@click.option("--seconds", type=click.FloatRange(1), help="How long they work.")
@click.option("--quick", is_flag=True, help="A small corpus, few people: whether it runs, not how fast.")
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where `earful bench store --work` kept its corpora, or where to keep one.",
)
def command(
    size: int | None, people: int | None, seconds: float | None, work: Path | None, *, quick: bool
) -> None:
    """Measure 50 people who open one page each 5 s, over a server as `earful serve` runs it, as JSON.

    Pages are drawn as from somebody who works the queue: the queue, threads out of it, searches, the next
    page. The people are threads of this process on the same machine, so their own work is in the figures.
    Then one person in a real Chromium works the queue by keys alone: from each key to what it paints. With
    --users 0 only that is measured.
    """
    found = measured(
        size or (QUICK_SIZE if quick else SIZE),
        people if people is not None else (QUICK_USERS if quick else USERS),
        seconds or (QUICK_SECONDS if quick else SECONDS),
        work,
        pause=QUICK_PAUSE if quick else 5.0,
        rounds=QUICK_ROUNDS if quick else ROUNDS,
    )
    click.echo(json.dumps(found, indent=1))


def measured(
    size: int, people: int, seconds: float, work: Path | None, *, pause: float, rounds: int
) -> dict[str, object]:
    """Return how long people waited for their pages over a corpus of `size` mentions."""
    with kept(work) as place, copied(place, size) as data:
        return {"machine": machine.described(), "mentions": size} | _served(
            data, people, seconds, pause, rounds
        )


def _served(data: Path, people: int, seconds: float, pause: float, rounds: int) -> dict[str, object]:
    store = open_store(f"sqlite:///{data / 'earful.db'}")
    *tokens, typist = users.signed_in(store, people + 1)
    store.close()
    port = _free_port()
    server = Child("web server", ("cli", "serve", "--data", str(data), "--port", str(port)), quiet=True)
    server.start()
    try:
        if not users.until(lambda: _answers(port), START):
            raise EarfulError(f"the web server did not come up within {START:.0f} s")
        threads, after = users.first_threads(port, typist)
        office = users.Office(port, tokens, SEARCHES, threads, after, pause=pause)
        spent = _cpu(server)
        office.work(seconds)
        spent = _cpu(server) - spent
        found = {"load": machine.load()} | office.told() | {"server_cpu_seconds": round(spent, 2)}
        return found | {"keys": _keys(port, typist, rounds)}
    finally:
        server.stop()
        server.wait()


def _keys(port: int, token: str, rounds: int) -> dict[str, object]:
    try:
        return {"load": machine.load()} | keys.measured(port, token, rounds)
    except ConfigError as error:
        return {"missing": str(error)}


def _answers(port: int) -> bool:
    try:
        return users.fetch(port, "/healthz", "")[0] == HTTPStatus.OK
    except OSError:
        return False


def _cpu(server: Child) -> float:
    """Return the CPU seconds that the server and its workers have used, where the system tells."""
    if server.process is None or not Path("/proc").is_dir():
        return 0.0
    family = {server.process.pid}
    ticks = 0
    for stat in sorted(Path("/proc").glob("[0-9]*/stat"), key=lambda path: int(path.parent.name)):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile
        pid, parent = int(stat.parent.name), int(fields[1])
        if pid in family or parent in family:
            family.add(pid)
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
