"""Mentions on their way in, as both engines take them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.mention import Mention
from core.source import Found
from store import analysis, simhash
from store.codecs import micros


class Arrival:
    """A mention on its way in, and every watch that found it."""

    __slots__ = (
        "id",
        "matched",
        "mention",
        "native_id",
        "own",
        "parent_id",
        "published",
        "thread_id",
        "url",
        "watches",
    )

    def __init__(self, found: Found) -> None:
        # Texts of a mention are storable as they are: `core.mention.clean_text` made them so.
        self.mention: Mention = found.mention
        self.id = self.mention.id
        self.published = micros(self.mention.published_at)
        self.own = found.own
        #: True for the watches that it matched.
        self.watches = {found.watch_id: not found.context}
        #: Whether any watch asked for it.
        self.matched = not found.context
        self.native_id = self.mention.native_id
        self.thread_id = self.mention.thread_id
        self.url = self.mention.url
        self.parent_id = self.mention.parent_id

    def joins(self, other: Arrival) -> bool:
        """Take in the same copy found by another watch; False where the copies differ."""
        if other.mention is not self.mention and other.mention != self.mention:
            return False
        self.own = self.own or other.own
        for watch, matched in other.watches.items():
            self.watches[watch] = self.watches.get(watch, False) or matched
        self.matched = self.matched or other.matched
        return True


def rounds(found: Sequence[Found]) -> list[dict[str, Arrival]]:
    """Split a batch so that no id stands twice in a round; the same copy for two watches is one arrival."""
    groups: list[dict[str, Arrival]] = []
    for item in found:
        arrival = Arrival(item)
        for group in groups:
            there = group.get(arrival.id)
            if there is None:
                group[arrival.id] = arrival
                break
            if there.joins(arrival):
                break
        else:
            groups.append({arrival.id: arrival})
    return groups


def text_hash(mention: Mention) -> int | None:
    """Return the SimHash of what was said, where it is long enough for one."""
    return text_hashes([mention])[0]


def text_hashes(mentions: Iterable[Mention]) -> list[int | None]:
    """Return the SimHash of each mention."""
    return simhash.simhashes(
        [analysis.words(mention.title) + analysis.words(mention.text) for mention in mentions]
    )


def linked(mention: Mention) -> bool:
    """Tell whether a text holds a web address."""
    said = mention.said
    if "://" not in said:
        return False
    said = said.lower()
    return "http://" in said or "https://" in said
