"""A mention: one public utterance, and what stands around it."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter

from core.clock import as_utc, from_iso, iso
from core.errors import InputError
from core.labels import Labels
from core.restored import Restored

#: Longest text kept of one mention, in characters; longer ones are cut at this length and end in an ellipsis.
MAX_TEXT = 200_000

#: Highest rating a review can carry.
MAX_RATING = 5

#: Largest figure believed: what JSON numbers hold exactly, and far within what a store's column holds.
MAX_FIGURE = 2**53


class Kind(enum.StrEnum):
    """Name what sort of utterance a mention is."""

    POST = "post"
    COMMENT = "comment"
    REVIEW = "review"
    QUESTION = "question"
    ANSWER = "answer"
    ISSUE = "issue"
    ARTICLE = "article"


@dataclass(frozen=True, kw_only=True, slots=True)
class Author(Restored):
    """One handle on one source."""

    #: The service's own id of the account, where it tells one.
    id: str | None = None
    #: The name others address it by, without `@`; null where the service does not tell it.
    handle: str | None = None
    #: The name it shows.
    name: str | None = None
    #: Its public page.
    url: str | None = None
    #: How many follow it, where the service tells.
    followers: int | None = None

    def __post_init__(self) -> None:
        """Make what a service told fit to be stored; a figure that cannot be is taken as not told."""
        for name in ("id", "handle", "name", "url"):
            text = getattr(self, name)
            object.__setattr__(self, name, clean_text(text) or None if text is not None else None)
        if self.followers is not None and not 0 <= self.followers <= MAX_FIGURE:
            object.__setattr__(self, "followers", None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Engagement(Restored):
    """How others reacted, each number null where the service does not tell it."""

    score: int | None = None
    replies: int | None = None
    shares: int | None = None
    views: int | None = None

    def __post_init__(self) -> None:
        """Take figures beyond any real one as not told; a score may be negative."""
        for name in ("score", "replies", "shares", "views"):
            figure = getattr(self, name)
            if figure is not None and not -MAX_FIGURE <= figure <= MAX_FIGURE:
                object.__setattr__(self, name, None)

    @property
    def total(self) -> int:
        """Score, replies and shares together; views are too cheap to count."""
        return sum(max(0, n) for n in (self.score, self.replies, self.shares) if n is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention(Restored):
    """One public utterance that matched a watch, or belongs to a thread that did."""

    #: `source:native`, with the home host between them where ids are per server; see `mention_id`.
    id: str
    #: The source's name, such as `hackernews`.
    source: str
    #: The service's own id.
    native_id: str
    kind: Kind
    #: Where a person can read it.
    url: str | None
    #: Id of the conversation: the mention id of its first utterance.
    thread_id: str
    #: Mention id of what it answers.
    parent_id: str | None = None
    author: Author = field(default_factory=Author)
    title: str | None = None
    #: Plain text, markup removed; empty only where it was deleted or there is only a title.
    text: str = ""
    #: BCP 47 as the source says it; the labeller decides for itself.
    language: str | None = None
    published_at: datetime
    #: False where `published_at` is the time of first sight because the source tells none.
    published_known: bool = True
    edited_at: datetime | None = None
    deleted: bool = False
    engagement: Engagement = field(default_factory=Engagement)
    #: 1 to 5, for reviews.
    rating: int | None = None
    labels: tuple[Labels, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: an id is empty, a time has no zone, a rating is out of range, or nothing was said.
        """
        for name in ("id", "source", "native_id", "thread_id"):
            object.__setattr__(self, name, clean_text(getattr(self, name)))
            if not getattr(self, name):
                raise ValueError(f"a mention needs a {name}")
        for name in ("url", "parent_id", "language"):
            text = getattr(self, name)
            object.__setattr__(self, name, clean_text(text) or None if text is not None else None)
        object.__setattr__(self, "published_at", as_utc(self.published_at))
        if self.edited_at is not None:
            object.__setattr__(self, "edited_at", as_utc(self.edited_at))
        if self.rating is not None and not 1 <= self.rating <= MAX_RATING:
            raise ValueError(f"a rating lies between 1 and {MAX_RATING}, not {self.rating}")
        object.__setattr__(self, "text", clean_text(self.text))
        if self.title is not None:
            object.__setattr__(self, "title", clean_text(self.title) or None)
        if self.deleted:
            object.__setattr__(self, "text", "")
            object.__setattr__(self, "title", None)
        elif not self.text and not self.title:
            raise ValueError(f"mention {self.id} says nothing: neither title nor text")

    @property
    def said(self) -> str:
        """Title and text as one passage, the way a person reads it."""
        return "\n\n".join(part for part in (self.title, self.text) if part)

    @property
    def content_hash(self) -> str:
        """A digest of what was said; two revisions differ exactly when it differs."""
        parts = (self.title or "", self.text, "deleted" if self.deleted else "", str(self.rating or ""))
        return hashlib.blake2b("\x00".join(parts).encode(), digest_size=16).hexdigest()

    def with_labels(self, labels: tuple[Labels, ...]) -> Mention:
        """Return the same mention carrying these labels."""
        return Mention.restored(*_BUT_LABELS(self), labels)


#: Every field before the last, which holds the labels.
_BUT_LABELS = attrgetter(*(each.name for each in fields(Mention)[:-1]))


def mention_id(source: str, native_id: str, host: str | None = None) -> str:
    """Build a mention's id; `host` is the home server where ids are per server."""
    return f"{source}:{host}:{native_id}" if host else f"{source}:{native_id}"


def clean_text(text: str) -> str:
    r"""Return `text` as it can be stored anywhere: no NUL, no lone surrogate, at most `MAX_TEXT` characters.

    A NUL becomes a space and a lone surrogate U+FFFD; line ends become `\n`; white space around the text
    goes. Every other character stays as it is, and cleaning twice is cleaning once.
    """
    text = text.replace("\x00", " ").replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():  # most texts are: this runs for every field of every mention
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = text.strip()
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def mention_to_json(mention: Mention) -> dict[str, object]:
    """Return the mention in the shape of the JSON contract (DESIGN §8)."""
    return {
        "id": mention.id,
        "source": mention.source,
        "native_id": mention.native_id,
        "kind": mention.kind.value,
        "url": mention.url,
        "thread_id": mention.thread_id,
        "parent_id": mention.parent_id,
        "author": {
            name: getattr(mention.author, name) for name in ("id", "handle", "name", "url", "followers")
        },
        "title": mention.title,
        "text": mention.text,
        "language": mention.language,
        "published_at": iso(mention.published_at),
        "edited_at": iso(mention.edited_at) if mention.edited_at else None,
        "deleted": mention.deleted,
        "engagement": {
            name: getattr(mention.engagement, name) for name in ("score", "replies", "shares", "views")
        },
        "rating": mention.rating,
        "labels": [labels.to_json() for labels in mention.labels],
        # Only where it says something: every other mention keeps to the fields of the contract.
        **({} if mention.published_known else {"published_known": False}),
    }


def mention_from_json(data: Mapping[str, object]) -> Mention:
    """Read a mention back from the JSON contract.

    Raises:
        InputError: a field is missing or is not of its type; the message names it.
    """
    author, engagement = _mapping(data, "author"), _mapping(data, "engagement")
    try:
        return Mention(
            id=_text(data, "id"),
            source=_text(data, "source"),
            native_id=_text(data, "native_id"),
            kind=Kind(_text(data, "kind")),
            url=_optional_text(data, "url"),
            thread_id=_optional_text(data, "thread_id") or _text(data, "id"),
            parent_id=_optional_text(data, "parent_id"),
            author=Author(
                id=_optional_text(author, "id"),
                handle=_optional_text(author, "handle"),
                name=_optional_text(author, "name"),
                url=_optional_text(author, "url"),
                followers=_optional_int(author, "followers"),
            ),
            title=_optional_text(data, "title"),
            text=_optional_text(data, "text") or "",
            language=_optional_text(data, "language"),
            published_at=from_iso(_text(data, "published_at")),
            published_known=data.get("published_known") is not False,
            edited_at=from_iso(edited) if (edited := _optional_text(data, "edited_at")) else None,
            deleted=data.get("deleted") is True,
            engagement=Engagement(
                **{name: _optional_int(engagement, name) for name in ("score", "replies", "shares", "views")}
            ),
            rating=_optional_int(data, "rating"),
            labels=tuple(Labels.from_json(item) for item in _list(data, "labels")),
        )
    except ValueError as error:
        raise InputError(f"not a mention: {error}") from error


def _text(data: Mapping[str, object], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise InputError(f"{name!r} must be a text that is not empty")
    return value


def _optional_text(data: Mapping[str, object], name: str) -> str | None:
    value = data.get(name)
    if value is not None and not isinstance(value, str):
        raise InputError(f"{name!r} must be a text or null")
    return value


def _optional_int(data: Mapping[str, object], name: str) -> int | None:
    value = data.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise InputError(f"{name!r} must be a whole number or null")
    return value


def _mapping(data: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = data.get(name) or {}
    if not isinstance(value, Mapping):
        raise InputError(f"{name!r} must be an object")
    return value


def _list(data: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    value = data.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise InputError(f"{name!r} must be a list of objects")
    return value
