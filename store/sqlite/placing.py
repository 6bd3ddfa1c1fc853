"""What the tables hold of a mention beyond what its source said."""

from __future__ import annotations

from core.errors import StoreError
from core.mention import Mention
from store import analysis, simhash
from store.sqlite.codecs import first_docid, last_docid
from store.sqlite.connection import Link


def next_docid(link: Link, published: int) -> int:
    """Return the lowest free docid after all others of the same second."""
    first, last = first_docid(published), last_docid(published)
    highest = link.number("SELECT max(docid) FROM mention WHERE docid BETWEEN ? AND ?", first, last)
    if highest == last:
        raise StoreError(
            "more than a million mentions carry the very same second; import them with their own times"
        )
    return highest + 1 if highest else first


def text_hash(mention: Mention) -> int | None:
    """Return the SimHash of what was said, where it is long enough for one."""
    if len(mention.said) < 2 * simhash.MIN_TOKENS - 1:
        return None
    return simhash.simhash(analysis.words(mention.title) + analysis.words(mention.text))


def linked(mention: Mention) -> bool:
    """Tell whether a text holds a web address."""
    said = mention.said.lower()
    return "http://" in said or "https://" in said
