"""`earful account imports`: what was brought in."""

from __future__ import annotations

import click

from core.clock import iso
from core.settings import Settings
from engage.accounts import imports
from store import open_store


@click.command("imports")
@click.pass_obj
def command(settings: Settings) -> None:
    """List the imports, newest first, each with the key that takes it back."""
    store = open_store(settings.database_url)
    try:
        for done in imports(store):
            state = "taken back" if done.undone else f"{done.new} new, {done.changed} changed"
            click.echo(f"{done.key}  {iso(done.at)}  {done.by}  {done.file}  {state}")
    finally:
        store.close()
