"""`earful backup`: a copy of everything, taken while Earful runs."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from core.clock import SystemClock
from core.errors import ConfigError
from core.settings import Settings
from store import back_up, suffix

#: In the data directory, where none is named.
DIRECTORY = "backups"
DATED = re.compile(r"earful-(\d{8}T\d{6}Z)\.(?:db|jsonl\.gz)")
STAMP = "%Y%m%dT%H%M%SZ"


@click.command("backup")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="Keep only the newest N dated backups there.")
@click.pass_obj
def command(settings: Settings, file: Path | None, keep: int | None) -> None:
    """Copy everything into FILE while Earful runs; without FILE into a dated file in DATA/backups.

    A SQLite store becomes a database of one moment, Elasticsearch a compressed file of records. FILE may
    be a directory. A file that is there is never overwritten. The copy appears when it is whole and
    verified; its path goes to standard output.
    """
    target = file or settings.data_dir / DIRECTORY
    if file is None or file.is_dir():
        target = free(target, suffix(settings.database_url), now=SystemClock().now())
    elif keep is not None:
        raise ConfigError("--keep counts dated backups in a directory; leave FILE out or name a directory")
    back_up(settings.database_url, target, progress=show)
    if sys.stderr.isatty():
        click.echo("\r", nl=False, err=True)
    size = target.stat().st_size
    click.echo(f"backed up and verified, {size / 1e6:.1f} MB", err=True)
    click.echo(target)
    if keep is not None:
        for old in prune(target.parent, keep):
            click.echo(f"removed {old}", err=True)


def free(directory: Path, ending: str, *, now: datetime) -> Path:
    """Return a dated path that nothing has: where one of this second is there, that of the next."""
    while (path := directory / f"earful-{now.strftime(STAMP)}{ending}").exists():
        now += timedelta(seconds=1)
    return path


def is_due(directory: Path, *, every: timedelta, since: datetime, now: datetime) -> bool:
    """Tell whether the newest dated backup is older than `every`; the first is due `every` after `since`."""
    newest = max((at for at, _ in dated(directory)), default=since)
    return now - max(newest, since) >= every


def dated(directory: Path) -> list[tuple[datetime, Path]]:
    """Return the dated backups of a directory with their times."""
    if not directory.is_dir():
        return []
    named = ((DATED.fullmatch(path.name), path) for path in directory.iterdir())
    return sorted(
        (datetime.strptime(match.group(1), STAMP).replace(tzinfo=UTC), path) for match, path in named if match
    )


def prune(directory: Path, keep: int) -> list[Path]:
    """Remove all dated backups but the newest `keep`; return those removed. Other files stay."""
    old = [path for _, path in dated(directory)[:-keep]]
    for path in old:
        path.unlink(missing_ok=True)
    return old


def show(done: int, total: int) -> None:
    """Tell a person at a terminal how far the copy is."""
    if sys.stderr.isatty():
        click.echo(f"\rcopied {100 * done // max(total, 1)} % ", nl=False, err=True)
