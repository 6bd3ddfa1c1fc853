"""How fast the store takes mentions in and finds them, beside statements written by hand."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from cli.benches.measures import machine
from cli.benches.measures.filled import Filled
from cli.benches.measures.sqlite import Measured
from core.errors import ConfigError

#: How often each thing is done; the store and the baseline take turns.
TIMES, QUICK_TIMES = 9, 2
SIZES, QUICK_SIZES, MILLION = (10_000, 100_000), (2_000,), 1_000_000


@click.command("store")
@click.option("--size", "sizes", type=click.IntRange(1_000), multiple=True, help="Mentions in the corpus.")
@click.option("--million", is_flag=True, help="Also a corpus of a million mentions; takes half an hour.")
@click.option("--quick", is_flag=True, help="One small corpus, few repeats: whether it runs, not how fast.")
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the corpora in this directory, so that the next run need not make them.",
)
@click.option(
    "--url", help="Measure an empty store on Elasticsearch instead, beside the client used by hand."
)
@click.option("--again", is_flag=True, help="The store at --url is as an earlier run left it: only measure.")
def command(
    sizes: tuple[int, ...], work: Path | None, url: str | None, *, again: bool, million: bool, quick: bool
) -> None:
    """Measure the SQLite store on invented corpora of 10,000 and 100,000 mentions, as JSON.

    Every figure stands beside that of statements written by hand on FTS5 (store/sqlite/raw.py), taken by
    turns in the same run. Ratios are of CPU time, because other programs on the machine disturb it least.
    """
    if again and not url:
        raise ConfigError("--again measures the store at --url; name it")
    sizes = sizes or (QUICK_SIZES if quick else (*SIZES, *((MILLION,) if million else ())))
    if url:
        from cli.benches.measures import elastic  # noqa: PLC0415 - needs the extra

        times = QUICK_TIMES if quick else TIMES
        told = elastic.measured_again(url, times) if again else elastic.measured(url, sizes[0], times)
        found = {"machine": machine.described(), "load": machine.load()} | told
    else:
        found = measured(sizes, work, quick=quick)
    click.echo(json.dumps(found, indent=1))


def measured(sizes: tuple[int, ...], work: Path | None, *, quick: bool) -> dict[str, object]:
    """Return the figures of every size, and how they grow from the smallest to the largest."""
    found = []
    with kept(work) as place:
        for size in sorted(sizes):
            filled = Filled(place / f"corpus-{size}", size)
            try:
                figures = Measured(filled, QUICK_TIMES if quick else TIMES).run()
            finally:
                filled.close()
            found.append({"load": machine.load()} | figures)
    result: dict[str, object] = {"machine": machine.described(), "corpora": found}
    if len(found) > 1:
        result["growth_of_page_p95"] = _growth(found[0], found[-1])
    return result


@contextlib.contextmanager
def kept(work: Path | None) -> Iterator[Path]:
    """Give the directory of the corpora: the one asked for, or one that goes away."""
    if work is not None:
        work.mkdir(parents=True, exist_ok=True)
        yield work
        return
    with tempfile.TemporaryDirectory(prefix="earful-bench-") as place:
        yield Path(place)


def _growth(small: dict[str, object], large: dict[str, object]) -> float:
    """Return how much slower the first page of the same hits is in the largest corpus."""
    first, last = small["equal_hits_page"], large["equal_hits_page"]
    if not isinstance(first, dict) or not isinstance(last, dict):
        raise TypeError("the pages of planted words were not measured")
    return round(float(last["p95_cpu_ms"]) / float(first["p95_cpu_ms"]), 2)
