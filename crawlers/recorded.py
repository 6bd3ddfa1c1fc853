"""Recorded answers: read by a source without network and store."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator

from scrapy.http import TextResponse

from core.errors import SourceChanged
from core.mention import Mention
from crawlers.source import Source

#: Most that is read of any answer.
MAX_BYTES = 16 * 1024 * 1024
#: Stands in for the address of a recording that came without one; the name can never exist (RFC 6761).
NOWHERE = "https://feed.invalid/"


def unpacked(body: bytes) -> bytes:
    """Return what a body packed by gzip holds, up to the most that is read of any answer; else the body.

    Raises:
        SourceChanged: it is packed and broken.
    """
    if body[:2] != b"\x1f\x8b":
        return body
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as packed:
            return packed.read(MAX_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceChanged(f"a packed answer that is broken ({error}); expected gzip") from None


def read_file(found: type[Source], body: bytes, url: str | None = None) -> Iterator[Mention]:
    """Yield what a source makes of a recorded answer.

    Raises:
        SourceChanged: it has not the shape that the source knows.
        SourceError: it is an error body or a block page.
    """
    page = TextResponse(url=url or found.home or NOWHERE, body=unpacked(body))
    yield from found().read(page)
