"""A thread as a conversation: what answers what, how deep, and which words moved the labels. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.labels import Labels, Span
from core.thread import Correction, StoredMention, Thread
from core.watch import Watch
from web.marks import Mark, Piece, pieces, shifted

#: Deeper replies are drawn at this depth, or a phone has no room for words.
MAX_DEPTH = 6
#: Longer texts and titles are cut on the page; a text with a link to the whole.
MAX_SHOWN, MAX_TITLE = 1_000, 300
#: A text's most telling words; more would underline everything.
MAX_WHY = 8
SEPARATOR = "\n\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One mention in its place in the conversation."""

    stored: StoredMention
    depth: int
    #: Handle of whom it answers, where that is known.
    answers: str | None
    title: list[Piece]
    text: list[Piece]
    cut: bool
    #: False where the title only repeats the thread's, as `Re:` does.
    own_title: bool
    #: The brands that it names.
    names: tuple[str, ...]
    labels: Sequence[Labels]
    #: The newest correction by brand.
    corrections: Mapping[str, Correction]


def turns(thread: Thread, watches: Sequence[Watch], *, whole: str | None = None) -> list[Turn]:
    """Return the conversation in reading order; the mention whose id is `whole` is not cut."""
    ours = [watch for watch in watches if watch.id in thread.watches]
    names = {stored.mention.id: stored.mention.author.handle for stored in thread.mentions}
    return [
        _turn(thread, stored, depth, ours, names, full=stored.mention.id == whole)
        for stored, depth in ordered(thread.mentions)
    ]


def ordered(mentions: Sequence[StoredMention]) -> Iterator[tuple[StoredMention, int]]:
    """Yield each mention after what it answers, replies oldest first, with its depth.

    What answers something that is not here begins a branch of its own; a circle of answers, which only
    a broken source can make, is cut open.
    """
    here = {stored.mention.id for stored in mentions}
    children: dict[str | None, list[StoredMention]] = defaultdict(list)
    for stored in sorted(mentions, key=lambda stored: (stored.mention.published_at, stored.mention.id)):
        parent = stored.mention.parent_id
        known = parent in here and parent != stored.mention.id
        children[parent if known else None].append(stored)
    seen: set[str] = set()
    # A stack and no recursion: a thread of 10,000 answers in a row must not end in a stack overflow.
    stack = [(stored, 0) for stored in reversed(children[None])]
    rest = iter(mentions)
    while True:
        if not stack:
            left = next((stored for stored in rest if stored.mention.id not in seen), None)
            if left is None:
                return
            stack.append((left, 0))
        stored, depth = stack.pop()
        if stored.mention.id in seen:
            continue
        seen.add(stored.mention.id)
        yield stored, min(depth, MAX_DEPTH)
        stack += [(child, depth + 1) for child in reversed(children[stored.mention.id])]


def product_labels(labels: Sequence[Labels], products: set[str]) -> Labels | None:
    """Return the labels toward a product of ours; where there are none, the first."""
    return next((found for found in labels if found.brand in products), labels[0] if labels else None)


def why_marks(labels: Labels | None) -> list[Mark]:
    """Return the words that moved the labels, as places in `Mention.said`."""
    if labels is None:
        return []
    return [
        *_marks(labels.churn_spans, "churn", "moved the churn label"),
        *_marks(labels.sentiment_spans, "tone", "moved the sentiment label"),
    ]


def _marks(spans: Sequence[Span], kind: str, title: str) -> list[Mark]:
    return [Mark(span.start, span.end, kind, title) for span in spans[:MAX_WHY] if span.weight > 0]


def _bare(title: str) -> str:
    """Return a title without `Re:`, case and trailing dots."""
    return re.sub(r"^(re|aw|fwd?)\s*:\s*", "", title.strip(), flags=re.IGNORECASE).rstrip(".… ").casefold()


def _turn(
    thread: Thread,
    stored: StoredMention,
    depth: int,
    watches: Sequence[Watch],
    names: Mapping[str, str | None],
    *,
    full: bool,
) -> Turn:
    mention = stored.mention
    products = {watch.product.name for watch in watches}
    labels = sorted(mention.labels, key=lambda found: (found.brand not in products, found.brand))
    marks = why_marks(product_labels(labels, products))
    title = mention.title or ""
    shift = len(title) + len(SEPARATOR) if title and mention.text else 0
    text = mention.text if full else mention.text[:MAX_SHOWN]
    return Turn(
        stored=stored,
        depth=depth,
        answers=names.get(mention.parent_id or ""),
        title=pieces(title if full else title[:MAX_TITLE], marks),
        text=pieces(text, shifted(marks, -shift)),
        cut=len(text) < len(mention.text),
        own_title=_bare(title) != _bare(thread.title),
        names=tuple(dict.fromkeys(b.name for watch in watches for b in watch.brands_in(mention.said))),
        labels=labels,
        corrections={c.brand: c for c in thread.corrections if c.mention_id == mention.id},
    )
