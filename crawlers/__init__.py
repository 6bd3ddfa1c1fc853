"""Reads public places: the only package that imports scrapy.

`catalog` says which sources there are, `runner` crawls them, `spiders/<source>.py` is one source each.
What is here imports scrapy only when it is called: it costs 0.5 s and 40 MB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from core.settings import Settings
from core.source import SourceState
from core.watch import Brand, SourceSettings


def default_sources(product: Brand) -> dict[str, SourceSettings]:
    """Return what a watch made from a bare product name reads: every source that needs no key."""
    from crawlers import catalog  # noqa: PLC0415 - see above

    return catalog.default_sources(product.name)


def run(
    store_url: str,
    settings: Settings,
    *,
    watch_ids: Sequence[str] = (),
    sources: Sequence[str] = (),
    since: timedelta | None = None,
    base_urls: Mapping[str, str] | None = None,
) -> list[SourceState]:
    """Crawl once, in this process, and return how each source is doing for each watch; see `runner.run`."""
    from crawlers import runner  # noqa: PLC0415 - see above

    return runner.run(
        store_url, settings, watch_ids=watch_ids, sources=sources, since=since, base_urls=base_urls
    )
