"""`earful account undo`: take an import back."""

from __future__ import annotations

import click

from core.clock import SystemClock
from core.settings import Settings
from engage.accounts import undo_import
from store import open_store


@click.command("undo")
@click.argument("key")
@click.pass_obj
def command(settings: Settings, key: str) -> None:
    """Put back what stood before the import KEY; accounts that changed since are left and named."""
    store = open_store(settings.database_url)
    try:
        left = undo_import(store, key, actor="earful", now=SystemClock().now())
    finally:
        store.close()
    for account in left:
        click.echo(f"{account} changed since and is left as it is", err=True)
    click.echo("taken back", err=True)
