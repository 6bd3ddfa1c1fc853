"""`earful source docs`: write the page of all sources."""

from __future__ import annotations

from pathlib import Path

import click

from core.errors import ConfigError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sources.md"


@click.command("docs")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where the page is out of date.")
def command(*, check: bool) -> None:
    """Write docs/sources.md from the sources themselves."""
    from crawlers.handbook import handbook  # noqa: PLC0415 - scrapy costs 0.5 s that --help need not pay

    fresh = handbook()
    if check:
        if not PAGE.is_file() or PAGE.read_text("utf-8") != fresh:
            click.echo("docs/sources.md is out of date; run: ./earful source docs", err=True)
            raise SystemExit(1)
        return
    if not PAGE.parent.is_dir():
        raise ConfigError("there is no docs folder here; run this in a checkout")
    PAGE.write_text(fresh, "utf-8")
    click.echo(f"wrote {PAGE}")
