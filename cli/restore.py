"""`earful restore`: put a backup in the place of the store."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cli.backup import show
from core.clock import SystemClock
from core.errors import StoreError
from core.records import Record
from core.settings import Settings
from engage.erasing import apply_again, carried
from store import open_store, restore


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def command(settings: Settings, file: Path) -> None:
    """Put the backup FILE in the place of the store, which is kept aside under today's date.

    Earful must not be running. FILE is verified before anything is replaced, and stays where it is.
    """
    from cli.up import only_one  # noqa: PLC0415 - it imports the model's runtime, which --help need not

    with only_one(settings.data_dir):
        erasures = _erasures(settings)
        aside = restore(settings.database_url, file, now=SystemClock().now(), progress=show)
        again = _forget_again(settings, erasures)
    if sys.stderr.isatty():
        click.echo("\r", nl=False, err=True)
    click.echo(f"restored {file}", err=True)
    if again:
        click.echo(f"{again} people who asked to be forgotten were in it, and are forgotten again", err=True)
    if aside is not None:
        click.echo(f"the database that was there before is kept as {aside}", err=True)


def _erasures(settings: Settings) -> list[Record]:
    """Return who was forgotten in the store that is replaced; nobody where it cannot be read."""
    try:
        store = open_store(settings.database_url)
    except StoreError:
        return []
    try:
        return carried(store)
    finally:
        store.close()


def _forget_again(settings: Settings, erasures: list[Record]) -> int:
    """Forget again whom the replaced store, or what is left of the restored one, knows to be forgotten."""
    store = open_store(settings.database_url)
    try:
        known = erasures or carried(store)
        return apply_again(store, known, now=SystemClock().now()) if known else 0
    finally:
        store.close()
