"""`earful export`: everything that was stored, or what a query finds, as JSON Lines or CSV."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import click

from cli.search import hits_of, show_problems, write_csv
from core.mention import Mention, mention_to_json
from core.query import Everything
from core.query_parser import parse
from core.search import Sort
from core.settings import Settings
from store import open_store


@click.command("export")
@click.argument("query", nargs=-1)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help="Form to write.",
)
@click.pass_obj
def command(settings: Settings, query: tuple[str, ...], form: str) -> None:
    """Write mentions to standard output; without QUERY all of them, thread context included.

    JSON Lines can be read back with `earful import`.
    """
    read = parse(" ".join(query))
    show_problems(read)
    store = open_store(settings.database_url)
    try:
        if isinstance(read.node, Everything):
            found: Iterator[Mention] = (stored.mention for stored in store.mentions())
        else:
            found = (hit.stored.mention for hit in hits_of(store, read, Sort.OLD))
        if form == "csv":
            write_csv(found, sys.stdout)
        else:
            for mention in found:
                click.echo(json.dumps(mention_to_json(mention), ensure_ascii=False))
    finally:
        store.close()
