"""`earful count`: how many mentions a query finds."""

from __future__ import annotations

import click

from cli.search import show_problems
from core.clock import SystemClock
from core.query_parser import parse
from core.search import Search
from core.settings import Settings
from store import open_store


@click.command("count")
@click.argument("query", nargs=-1)
@click.pass_obj
def command(settings: Settings, query: tuple[str, ...]) -> None:
    """Count the stored mentions that a query finds."""
    read = parse(" ".join(query))
    show_problems(read)
    store = open_store(settings.database_url)
    try:
        count = store.count(Search(node=read.node, now=SystemClock().now()))
    finally:
        store.close()
    click.echo(f"{'' if count.exact else 'more than '}{count.value}")
