"""`earful check`: is all that was stored still sound?"""

from __future__ import annotations

import click

from core.settings import Settings
from store import open_store


@click.command("check")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Check the store: files, index, orphans, audit chain. Exit code 1 when something is wrong."""
    settings: Settings = ctx.obj
    store = open_store(settings.database_url)
    try:
        problems = store.check()
    finally:
        store.close()
    for problem in problems:
        click.echo(problem)
    if problems:
        click.echo(
            f"{len(problems)} problems; restore the last backup, or ask for help with these lines", err=True
        )
        ctx.exit(1)
    click.echo("the store is sound")
