"""Recorded answers: read by a source without network and store."""

from __future__ import annotations

from collections.abc import Iterator

from scrapy.http import TextResponse

from core.mention import Mention
from crawlers.source import Source

#: Stands in for the address of a recording that came without one; the name can never exist (RFC 6761).
NOWHERE = "https://feed.invalid/"


def read_file(found: type[Source], body: bytes, url: str | None = None) -> Iterator[Mention]:
    """Yield what a source makes of a recorded answer.

    Raises:
        SourceChanged: it has not the shape that the source knows.
        SourceError: it is an error body or a block page.
    """
    page = TextResponse(url=url or found.home or NOWHERE, body=body)
    yield from found().read(page)
