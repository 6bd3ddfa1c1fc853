"""`earful dead-letters`: what an Elasticsearch server refused to store, and sending it once more."""

from __future__ import annotations

import click

from core.settings import Settings
from store import open_store


@click.command("dead-letters")
@click.option("--replay", is_flag=True, help="Send them once more, as after a mapping was mended.")
@click.pass_context
def command(ctx: click.Context, *, replay: bool) -> None:
    """List documents that the server refused, each with the reason; nothing of them is lost.

    Exit code 1 while there are any. A SQLite store refuses nothing, so it never has one.
    """
    settings: Settings = ctx.obj
    store = open_store(settings.database_url)
    try:
        if replay:
            click.echo(f"{store.replay()} taken", err=True)
        letters = store.dead_letters()
    finally:
        store.close()
    for letter in letters:
        click.echo(f"{letter.index}\t{letter.id}\t{letter.reason}")
    if letters:
        ctx.exit(1)
    click.echo("there are none", err=True)
