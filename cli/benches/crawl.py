"""How fast sources are read."""

from __future__ import annotations

import json

import click


@click.command("crawl")
def command() -> None:
    """Measure how fast answers are read, and what a crawl costs beside plain Scrapy with `json.loads`.

    Mentions a second and core for each source that answers in JSON, from invented pages; the seconds of
    the same crawl by plain Scrapy and by Earful over a local server, in turns; memory for a long thread.
    """
    from crawlers import speed  # noqa: PLC0415 - scrapy costs 0.5 s that --help need not pay

    reading = {name: round(found) for name, found in speed.sources_per_second()}
    told = {
        "mentions_per_second": reading,
        "slowest": min(reading.values()),
        "crawl": speed.overhead(),
        "thread": speed.thread_memory(),
    }
    click.echo(json.dumps(told, indent=1))
