"""`earful forget`: a person who asked for it, for good."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click

from core.clock import SystemClock
from core.erasure import Eraser
from core.said import Said
from core.settings import Settings
from engage.erasing import about, eraser_of, forget
from engage.scrubbing import scrubbed
from store import open_store

#: Files beside the store that may name somebody: logs and what was exported there.
WRITTEN = ("*.log", "*.log.*", "*.jsonl", "*.csv")


@click.command("forget")
@click.argument("person")
@click.option("--export", "show", is_flag=True, help="Write what is kept of them; forget nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def command(settings: Settings, person: str, show: bool, yes: bool) -> None:  # noqa: FBT001 — click's form
    """Forget PERSON (SOURCE:HANDLE, or the id of their page): their texts, their handle, and every trace.

    The handle is blotted out of what others wrote, of notes, logs and exports in the data directory, and of
    the audit. A keyed digest keeps them from being read again. Backups that lie elsewhere still hold them
    until they expire; what is restored from one is cleaned at once. This cannot be undone.
    """
    store = open_store(settings.database_url)
    try:
        if show:
            for line in about(store, person, now=SystemClock().now()):
                click.echo(json.dumps(line, ensure_ascii=False))
            return
        if not yes:
            click.confirm(f"forget {person} for good?", abort=True, err=True)
        done = forget(store, person, actor="earful", now=SystemClock().now())
        files = _scrub_files(settings.data_dir, eraser_of(store), done.said)
        under_way = store.under_way()
    finally:
        store.close()
    click.echo(
        f"forgotten: {done.mentions} mentions; the name taken out of {done.texts} texts of others, "
        f"{done.records} records and {files} files",
        err=True,
    )
    for told in under_way:
        # What was copied before is taken out of the new index at its end alone.
        click.echo(f"{told}. Say the same once more when that is done", err=True)


def _scrub_files(directory: Path, theirs: Eraser, said: Said) -> int:
    """Write the files anew that hold something of somebody forgotten; return how many."""
    found = {path for pattern in WRITTEN for path in directory.rglob(pattern) if path.is_file()}
    return sum(_scrub(path, theirs, said) for path in sorted(found) if not path.is_symlink())


def _scrub(path: Path, theirs: Eraser, said: Said) -> bool:
    fresh = path.with_name(f"{path.name}.clean")
    changed = False
    with (
        path.open(encoding="utf-8", errors="surrogateescape", newline="") as lines,
        fresh.open("w", encoding="utf-8", errors="surrogateescape", newline="") as out,
    ):
        for record, clean in scrubbed(lines, theirs, said, table=path.suffix == ".csv"):
            changed |= clean != record
            out.write(clean)
    if changed:
        shutil.copymode(path, fresh)
        fresh.replace(path)
    else:
        fresh.unlink()
    return changed
