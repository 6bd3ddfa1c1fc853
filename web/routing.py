"""Ids in addresses."""

from __future__ import annotations

from urllib.parse import quote

from werkzeug.routing import PathConverter


class IdConverter(PathConverter):
    """Carry an id such as `feed:example.org:https://example.org/a/../b` in an address.

    Ids hold `:` and `/`. The slashes are written as `%2F`, or browsers would fold `..` and `//` and
    ask for another thread; both forms are read.
    """

    def to_url(self, value: str) -> str:
        """Return the id as one path segment."""
        return quote(value, safe=":@-_~.")
