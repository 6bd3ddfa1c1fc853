"""`earful account import`: the list of customers from a table."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from core.clock import SystemClock
from core.errors import ConfigError
from core.settings import Settings
from engage.accounts import Change, Plan, file_chunks, plan_import, save_import
from store import open_store

#: Most rows told one by one.
MAX_TOLD = 50


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--preview", is_flag=True, help="Say what the file would do, and store nothing.")
@click.option("--leave-out", is_flag=True, help="Leave bad rows out and store the others.")
@click.pass_context
def command(ctx: click.Context, file: Path, preview: bool, leave_out: bool) -> None:  # noqa: FBT001 — click's form
    """Bring in accounts from FILE, a CSV whose first line names the columns.

    Columns: key, name (required), domains, tier, owner, value (a year), start, renewal (2026-03-31) and
    outcome (open, renewed, expanded, shrunk, lost). A row with a known key, or a known domain, changes that
    account; what the file has no column for stays as it was. With a bad row nothing at all is stored, unless
    --leave-out is given. `earful account undo` takes an import back as a whole.
    """
    settings: Settings = ctx.obj
    store = open_store(settings.database_url)
    try:
        with _opened(file) as handle:
            plan = plan_import(store, file_chunks(handle.read))
        _tell(plan)
        if preview:
            return
        if plan.count(Change.BAD) and not leave_out:
            click.echo("nothing was stored; correct these rows, or leave them out with --leave-out", err=True)
            ctx.exit(1)
        if not plan.count(Change.NEW) and not plan.count(Change.CHANGED):
            return
        done = save_import(store, plan, file=file.name, actor="earful", now=SystemClock().now())
        click.echo(f"stored; `earful account undo {done.key}` takes it back", err=True)
        ctx.exit(1 if plan.count(Change.BAD) else 0)
    finally:
        store.close()


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise ConfigError(f"cannot read {file} ({(error.strerror or str(error)).lower()})") from error


def _tell(plan: Plan) -> None:
    """Say row by row what the plan does, and its sums."""
    if plan.ignored:
        click.echo(f"columns that are not read: {', '.join(plan.ignored)}", err=True)
    told = [row for row in plan.rows if row.change is not Change.SAME]
    for row in told[:MAX_TOLD]:
        what = f": {row.what}" if row.what else ""
        click.echo(f"line {row.line}: {row.change.value} {row.name or row.key}{what}", err=True)
    if len(told) > MAX_TOLD:
        click.echo(f"and {len(told) - MAX_TOLD} more rows", err=True)
    click.echo(", ".join(f"{plan.count(change)} {change.value}" for change in Change), err=True)
