"""`earful crawl`: read the sources once."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Self

import click

from cli.children import PARENT_VARIABLE, end_with_parent
from cli.crawling import summary
from core.errors import ConfigError
from core.settings import Settings
from core.turns import Turns

if TYPE_CHECKING:
    from rich.status import Status

    from crawlers.health import Outcome

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "y": timedelta(days=365)}


class Depth(click.ParamType[timedelta]):
    """A length of time written like `30d`, `12h`, `8w` or `2y`."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the length of time.

        Raises:
            click.BadParameter: it is not written so.
        """
        match = re.fullmatch(r"(\d{1,4})([hdwy])", str(value).strip().lower())
        if match is None or not int(match[1]):
            self.fail(f"{value!r} is no length of time; write it like 30d, 12h, 8w or 2y", param, ctx)
        return int(match[1]) * UNITS[match[2]]


@click.command("crawl")
@click.option("--watch", "watches", multiple=True, metavar="W", help="Only this watch; may be repeated.")
@click.option("--source", "sources", multiple=True, metavar="S", help="Only this source; may be repeated.")
@click.option("--since", type=Depth(), metavar="TIME", help="How far back to read, such as 30d.")
@click.option(
    "--base-url", "bases", multiple=True, metavar="S=URL", help="Read source S from another address."
)
@click.option("--allow-proxy", is_flag=True, envvar="EARFUL_ALLOW_PROXY", help="Go through HTTP(S)_PROXY.")
@click.pass_obj
def command(
    settings: Settings,
    *,
    watches: Sequence[str],
    sources: Sequence[str],
    since: timedelta | None,
    bases: Sequence[str],
    allow_proxy: bool,
) -> None:
    """Read the sources of the watches once and say how each is doing."""
    from crawlers import runner  # noqa: PLC0415 - scrapy costs 0.5 s that --help need not pay
    from crawlers.keys import load_keys  # noqa: PLC0415 - the same

    keys = load_keys(settings.data_dir)
    base_urls = parse_bases(bases)
    end_with_parent()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, _stop)
    with Line() as line:
        states = runner.run(
            settings.database_url,
            settings,
            watch_ids=watches,
            sources=sources,
            since=since,
            base_urls=base_urls,
            allow_proxy=allow_proxy,
            progress=line.show,
            keys=keys,
            turns=_turns(settings),
        )
    for state in states:
        click.echo(summary(state))
    if not states:
        click.echo('nothing to read: no watch names a source. `earful up "Your Product"` makes one')


def _turns(settings: Settings) -> Turns | None:
    """Return what all crawls with the same broker share; None where there is no broker."""
    if not settings.broker:
        return None
    from cli.turns import RedisTurns  # noqa: PLC0415 - only where there is a broker

    return RedisTurns(settings.broker)


def parse_bases(bases: Sequence[str]) -> Mapping[str, str]:
    """Return source name → address.

    Raises:
        ConfigError: one is not written `S=URL`.
    """
    found = {}
    for base in bases:
        name, equals, url = base.partition("=")
        if not equals or not url.startswith(("http://", "https://")):
            raise ConfigError(f"--base-url is written SOURCE=http://ADDRESS, not {base!r}")
        found[name.strip()] = url.strip()
    return found


class Line:
    """The live line of a crawl on a terminal; nothing where standard error is none."""

    def __init__(self) -> None:
        self._status: Status | None = None
        self._outcomes: dict[tuple[str, str], Outcome] = {}

    def __enter__(self) -> Self:
        """Show the line."""
        # Under `earful up` the terminal's one live line is the parent's.
        if sys.stderr.isatty() and PARENT_VARIABLE not in os.environ:
            from rich.console import Console  # noqa: PLC0415 - only a terminal needs rich

            self._status = Console(stderr=True).status("crawling …")
            self._status.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Take the line away."""
        if self._status is not None:
            self._status.stop()

    def show(self, outcome: Outcome) -> None:
        """Show the figures so far."""
        if self._status is None:
            return
        self._outcomes[outcome.watch_id, outcome.source] = outcome
        parts = [
            f"{found.source} {found.requests} requests, {found.items} items"
            for found in self._outcomes.values()
        ]
        self._status.update("crawling: " + "; ".join(parts))


def _stop(number: int, _frame: object) -> None:
    """End at once: what was read is stored act by act, and the cursor tells where to go on."""
    # The second part shows the terminal's cursor again, which rich hides.
    os.write(2, b"\nstopped; the next crawl goes on from here\n" + b"\x1b[?25h" * sys.stderr.isatty())
    os._exit(128 + number)
