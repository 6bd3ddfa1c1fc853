"""`earful restore`: put a backup in the place of the store."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cli.backup import show
from core.clock import SystemClock
from core.erasure import SECRET
from core.errors import StoreError
from core.records import Record
from core.settings import Settings
from engage.erasing import apply_again, carried
from store import is_there, open_store, restore, salvaged

#: Said where the store that was there could not tell as it should who was forgotten.
FROM_BYTES = (
    "the store that was there cannot be opened; who was forgotten was read out of its bytes and stays "
    "forgotten. Pages that are lost may have held more"
)
NOBODY = (
    "nothing tells who was forgotten after this backup was written, and they may be back: "
    "say `earful forget SOURCE:HANDLE` once more for each who asked"
)


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def command(settings: Settings, file: Path) -> None:
    """Put the backup FILE in the place of the store, which is kept aside under today's date.

    Earful must not be running. FILE is verified before anything is replaced, and stays where it is.
    """
    from cli.up import only_one  # noqa: PLC0415 - it imports the model's runtime, which --help need not

    with only_one(settings.data_dir):
        erasures, whole = _erasures(settings)
        aside = restore(settings.database_url, file, now=SystemClock().now(), progress=show)
        again, known = _forget_again(settings, erasures)
    if sys.stderr.isatty():
        click.echo("\r", nl=False, err=True)
    click.echo(f"restored {file}", err=True)
    if again:
        click.echo(f"{again} people who asked to be forgotten were in it, and are forgotten again", err=True)
    if not whole:
        click.echo(FROM_BYTES if known else NOBODY, err=True)
    if aside is not None:
        click.echo(f"the database that was there before is kept as {aside}", err=True)


def _erasures(settings: Settings) -> tuple[list[Record], bool]:
    """Return who was forgotten in the store that is replaced, and whether it told so itself."""
    url = settings.database_url
    if is_there(url):
        try:
            store = open_store(url)
            try:
                return carried(store), True
            finally:
                store.close()
        except (StoreError, ValueError):
            # Damaged, also in the middle of a text.
            pass
    return salvaged(url, now=SystemClock().now()), False


def _forget_again(settings: Settings, erasures: list[Record]) -> tuple[int, bool]:
    """Forget again whom the replaced store, or what is left of the restored one, knows to be forgotten.

    Returns how many people were in it, and whether the replaced store's digests could be used: without
    their secret they tell nobody, unless the backup has the same.
    """
    store = open_store(settings.database_url)
    try:
        own = carried(store)
        usable = any(record.key == SECRET for record in (*erasures, *own))
        known = (erasures if usable else []) or own
        again = apply_again(store, known, now=SystemClock().now()) if known else 0
        return again, bool(erasures) and usable
    finally:
        store.close()
