"""Floods: many near-copies by one author in a short time. The first few count, the others stand apart.

What stands apart is stored as context, like the rest of a conversation: it is in no queue and no count,
and `is:context author:NAME` finds it. Short texts are alike without being copies and never a flood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.clock import from_iso, iso
from core.mention import Mention
from store import simhash

#: Near-copies of one author that count as mentions; more within `SPAN` are a flood.
COUNTED = 3
SPAN = timedelta(hours=24)
#: Posts remembered between crawls.
REMEMBERED = 1_000
#: The cursor's name, beside those of the streams.
STREAM = "floods"

#: What is put in anew in each copy: addresses, numbers, names of whom it is sent to.
_VARIES = re.compile(r"https?://\S+|@\S+|\d+")


@dataclass(frozen=True, slots=True)
class _Post:
    author: str
    simhash: int
    at: datetime
    flood: bool


@dataclass
class Floods:
    """What the authors of one source said lately."""

    #: By mention id, in the order of reading.
    posts: dict[str, _Post] = field(default_factory=dict)
    #: True where something came since the last save.
    changed: bool = False

    def takes(self, mention: Mention) -> bool:
        """Take a matched mention in; tell whether it belongs to a flood, the same one always the same."""
        known = self.posts.get(mention.id)
        if known:
            return known.flood
        author = mention.author.id or mention.author.handle
        value = simhash.simhash(re.findall(r"\w+", _VARIES.sub(" ", mention.said.casefold())))
        if author is None or value is None:
            return False
        copies = sum(
            1
            for other in self.posts.values()
            if other.author == author
            and abs(other.at - mention.published_at) <= SPAN
            and simhash.close(other.simhash, value)
        )
        post = _Post(author, value, mention.published_at, copies >= COUNTED)
        self.posts[mention.id] = post
        self.changed = True
        return post.flood

    def to_json(self) -> dict[str, object]:
        """Return plain JSON values of the latest."""
        latest = list(self.posts.items())[-REMEMBERED:]
        return {"posts": [[one, p.author, p.simhash, iso(p.at), p.flood] for one, p in latest]}

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Floods:
        """Return what a cursor tells; nothing where it is of another form."""
        posts = value.get("posts")
        try:
            rows = [tuple(row) for row in posts] if isinstance(posts, list) else []
            found = {
                str(one): _Post(str(author), int(value), from_iso(str(at)), bool(flood))
                for one, author, value, at, flood in rows
            }
        except (TypeError, ValueError):
            return cls()
        return cls(found)
