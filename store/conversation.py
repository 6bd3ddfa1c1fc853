"""What a thread shows that its mentions tell: its first mention, its title, its order."""

from __future__ import annotations

from collections.abc import Iterable

from core.thread import StoredMention

#: Longest title made from a text, in characters.
TITLE = 120


def head_of(thread_id: str, mentions: Iterable[StoredMention]) -> StoredMention:
    """Return the mention that began a thread, or the oldest that is known."""
    found = list(mentions)
    return next((stored for stored in found if stored.mention.id == thread_id), found[0])


def title_of(title: str | None, text: str) -> str:
    """Return a thread's title: its first mention's, or the beginning of its text."""
    return title or shortened(text, TITLE)


def shortened(text: str, length: int) -> str:
    """Return the beginning of `text` on one line, at most `length` characters."""
    # A text is at most a few hundred thousand characters; only its beginning is worth splitting.
    line = " ".join(text[: length * 8].split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def in_order(mentions: Iterable[StoredMention]) -> list[StoredMention]:
    """Return mentions oldest first, yet no answer before what it answers."""
    by_age = sorted(mentions, key=lambda stored: (stored.mention.published_at, stored.mention.id))
    waiting = {stored.mention.id: stored for stored in by_age}
    placed: list[StoredMention] = []
    for stored in by_age:
        chain: list[StoredMention] = []
        step: StoredMention | None = waiting.get(stored.mention.id)
        while step is not None:
            # Taken out at once, so that a ring of parents ends.
            chain.append(waiting.pop(step.mention.id))
            step = waiting.get(step.mention.parent_id or "")
        placed.extend(reversed(chain))
    return placed
