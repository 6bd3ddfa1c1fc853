"""`earful search`: the query language on the store."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TextIO

import click

from core.cells import guarded
from core.clock import SystemClock, iso
from core.mention import Mention, mention_to_json
from core.ports import Store
from core.query import Query
from core.query_parser import parse
from core.search import Hit, Search, Sort
from core.settings import Settings
from store import open_store

COLUMNS = ("published_at", "source", "author", "sentiment", "churn", "text", "url")
PAGE = 200


@click.command("search")
@click.argument("query", nargs=-1)
@click.option(
    "--sort",
    type=click.Choice([sort.value for sort in Sort]),
    default="new",
    show_default=True,
    help="Order.",
)
@click.option(
    "--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True, help="Most to show."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "jsonl", "csv"]),
    default="table",
    show_default=True,
    help="Form to write.",
)
@click.pass_obj
def command(settings: Settings, query: tuple[str, ...], sort: str, limit: int, form: str) -> None:
    """Search the stored mentions, for example `earful search 'churn:>0.7 last:7d'`."""
    read = parse(" ".join(query))
    show_problems(read)
    store = open_store(settings.database_url)
    try:
        hits = islice(hits_of(store, read, Sort(sort)), limit)
        if form == "jsonl":
            for hit in hits:
                click.echo(json.dumps(mention_to_json(hit.stored.mention), ensure_ascii=False))
        elif form == "csv":
            write_csv((hit.stored.mention for hit in hits), sys.stdout)
        else:
            _table(hits, limit)
    finally:
        store.close()


def show_problems(read: Query) -> None:
    """Say on standard error which part of a query was not read as written, and how it was read."""
    for problem in read.problems:
        click.echo(
            f"  {read.written}\n  {' ' * problem.start}{'^' * max(1, problem.end - problem.start)}", err=True
        )
        click.echo(f"  {problem.message}", err=True)
    if read.problems:
        click.echo(f"read as: {read.read_as or 'everything'}", err=True)


def hits_of(store: Store, read: Query, sort: Sort) -> Iterator[Hit]:
    """Yield everything that a query finds, page by page."""
    search = Search(node=read.node, now=SystemClock().now())
    after: str | None = None
    while True:
        page = store.search(search, sort=sort, limit=PAGE, after=after)
        yield from page.hits
        after = page.next
        if after is None:
            return


def write_csv(mentions: Iterable[Mention], out: TextIO) -> None:
    """Write mentions as RFC 4180 CSV that no spreadsheet runs as formulas."""
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for mention in mentions:
        writer.writerow(guarded(cell) for cell in _cells(mention))


def _table(hits: Iterable[Hit], limit: int) -> None:
    found = 0
    for hit in hits:
        found += 1
        click.echo(_line(hit.stored.mention))
    click.echo(f"{found} shown; --limit shows more" if found == limit else f"{found} found", err=True)


def _cells(mention: Mention) -> tuple[str, ...]:
    labels = next((labels for labels in mention.labels if labels.sentiment or labels.churn), None)
    tone = labels.sentiment.tone.value if labels and labels.sentiment else ""
    churn = f"{labels.churn.p:.2f}" if labels and labels.churn else ""
    return (
        iso(mention.published_at),
        mention.source,
        mention.author.handle or mention.author.name or "",
        tone,
        churn,
        " ".join(mention.said.split()),
        mention.url or "",
    )


def _line(mention: Mention) -> str:
    at, source, author, tone, churn, text, _ = _cells(mention)
    return f"{at[:16]}  {source:<13} {author[:18]:<18} {tone:<8} {churn:<4}  {text[:100]}"
