"""`earful move`: everything into another store, while the pages can be read."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

import click

from core.errors import StoreUnavailable
from core.records import KINDS
from core.settings import Settings
from store import move, open_store
from store.moving import PASSES, Pass

#: Pause when one of the stores does not answer, and how often that may happen in a row.
AWAY_SECONDS = 5.0
PATIENCE = 60
#: Between two lines where the output is no terminal.
PLAIN_SECONDS = 5.0


@click.command("move")
@click.option("--to", "target_url", required=True, metavar="URL", help="Address of the store to move to.")
@click.pass_context
def command(ctx: click.Context, target_url: str) -> None:
    """Copy everything into the store at URL: sqlite:///PATH or elasticsearch+http(s)://HOST:PORT/PREFIX.

    Each record is compared with its copy; what is missing, differs or went away is brought up to date, and
    the last pass proves that nothing differs. The pages can be read and worked in meanwhile. Killed or cut
    off, run it again: it goes on from there. The store moved from stays as it is. Exit code 1 when the
    store kept changing until the end.
    """
    settings: Settings = ctx.obj
    source, target = open_store(settings.database_url), open_store(target_url)
    try:
        with Bar() as bar:
            for left in reversed(range(PATIENCE)):
                try:
                    passes = move(source, target, progress=bar.show)
                    break
                except StoreUnavailable as error:
                    if not left:
                        raise
                    bar.say(f"{error}; going on in {AWAY_SECONDS:.0f} s")
                    time.sleep(AWAY_SECONDS)
    finally:
        source.close()
        target.close()
    _report(passes)
    if passes[-1].changes:
        click.echo(
            f"the store kept changing ({passes[-1].changes} records in pass {PASSES}); stop Earful and run "
            "the same command once more",
            err=True,
        )
        ctx.exit(1)
    click.echo(
        "nothing differs; if Earful runs, stop it and run the same command once more: it copies what came in "
        "since. Then start it with this address as EARFUL_STORE_URL, or as store_url in earful.toml",
        err=True,
    )


def _report(passes: list[Pass]) -> None:
    for kind, name in KINDS.items():
        copied = sum(one.loaded[kind] for one in passes)
        click.echo(f"{name}: {passes[-1].compared[kind]} compared and equal, {copied} copied")


class Bar:
    """How far a move is, with the time left: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 — costs 0.1 s that --help need not pay
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._console = Console(stderr=True, highlight=False)
        self._bar = Progress(*columns, console=self._console, disable=not sys.stderr.isatty())
        self._task = self._bar.add_task("moving", total=None)
        self._kind, self._since, self._told = "", 0.0, 0.0

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        self._bar.stop()

    def show(self, kind: str, done: int, total: int) -> None:
        """Show how many records of a kind are compared."""
        now = time.monotonic()
        if kind != self._kind:
            self._bar.reset(self._task, total=total, description=KINDS[kind])
            self._kind, self._since = kind, now
        self._bar.update(self._task, completed=done, total=total)
        if self._bar.disable and now - self._told >= PLAIN_SECONDS and 0 < done < total:
            left = (now - self._since) / done * (total - done)
            self.say(f"{KINDS[kind]}: {done} of {total}, about {left:.0f} s left")
            self._told = now

    def say(self, line: str) -> None:
        """Tell one line beside the bar."""
        self._console.print(f"earful move: {line}", markup=False, soft_wrap=True)
