"""Values for tests: whatever a test does not care about has a sensible default."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

from core.labels import Churn, ChurnReason, Intent, Labels, Sentiment
from core.mention import Author, Engagement, Kind, Mention
from core.source import Found
from core.watch import Brand, Watch

#: When tests take place.
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

_numbers = itertools.count(1)


def a_mention(
    *,
    text: str = "Acme is down again",
    native_id: str | None = None,
    source: str = "hackernews",
    id: str | None = None,  # noqa: A002 — the field's name
    thread_id: str | None = None,
    parent_id: str | None = None,
    author: Author | str | None = "ada",
    title: str | None = None,
    published_at: datetime = NOW,
    kind: Kind = Kind.COMMENT,
    url: str | None = None,
    language: str | None = None,
    edited_at: datetime | None = None,
    deleted: bool = False,
    engagement: Engagement | None = None,
    rating: int | None = None,
    published_known: bool = True,
    labels: tuple[Labels, ...] = (),
) -> Mention:
    """A mention that starts its own thread unless told otherwise."""
    native = native_id or str(next(_numbers))
    own_id = id or f"{source}:{native}"
    return Mention(
        id=own_id,
        source=source,
        native_id=native,
        kind=kind,
        url=url or f"https://{source}.example/item/{native}",
        thread_id=thread_id or own_id,
        parent_id=parent_id,
        author=author if isinstance(author, Author) else Author(handle=author),
        title=title,
        text=text,
        language=language,
        published_at=published_at,
        published_known=published_known,
        edited_at=edited_at,
        deleted=deleted,
        engagement=engagement or Engagement(),
        rating=rating,
        labels=labels,
    )


def a_watch(
    *,
    id: str = "acme",  # noqa: A002 — the field's name
    product: Brand | str = "Acme",
    rivals: tuple[Brand | str, ...] = ("Globex",),
    own_handles: tuple[str, ...] = (),
    version: int = 0,
) -> Watch:
    """A watch for Acme, whose rival is Globex."""
    return Watch(
        id=id,
        product=_brand(product),
        rivals=tuple(_brand(rival) for rival in rivals),
        own_handles=own_handles,
        version=version,
    )


def _brand(brand: Brand | str) -> Brand:
    return brand if isinstance(brand, Brand) else Brand(name=brand)


def found(
    mention: Mention | None = None, *, watch_id: str = "acme", context: bool = False, own: bool = False
) -> Found:
    """A mention on its way to the store."""
    return Found(mention=mention or a_mention(), watch_id=watch_id, context=context, own=own)


def some_labels(
    *,
    brand: str = "Acme",
    model: str = "test.v1",
    negative: float = 0.1,
    positive: float = 0.1,
    churn: float | None = 0.1,
    reason: ChurnReason | None = None,
    intents: dict[Intent, float] | None = None,
    language: str = "en",
) -> Labels:
    """Labels of an indifferent text unless told otherwise; `churn=None` is a model without that head."""
    return Labels(
        brand=brand,
        model=model,
        sentiment=Sentiment(negative=negative, positive=positive, neutral=round(1 - negative - positive, 4)),
        churn=None if churn is None else Churn(p=churn, reasons={reason: 0.9} if reason else {}),
        intents=intents or {},
        language=language,
    )
