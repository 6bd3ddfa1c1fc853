"""The bundled corpus as typed values, and the shift of its dates."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from importlib.resources import files

from core.clock import as_utc, from_iso
from core.errors import InputError
from crawlers.replay import PRODUCT, RIVALS

#: The sources that the corpus has posts of.
SOURCES = ("hackernews", "mastodon", "feeds")
#: How long before the anchor the newest post stands at least, so that nothing lies in the future.
HEADROOM = timedelta(hours=1)
PAST = "past.jsonl"

_BRANDS = (PRODUCT, *RIVALS)
_BRAND = re.compile(rf"(?<!\w)(?:{'|'.join(_BRANDS)})(?!\w)", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_HASHTAG = re.compile(r"(?<![\w/&#])#(\w+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """What the authors of the corpus hold to be right about one post and one brand."""

    sentiment: str
    churn: bool = False
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """One handle of an invented person on one source; `author` is the same for all handles of a person."""

    author: str
    source: str
    handle: str
    name: str
    #: Home server of a Mastodon account, else empty.
    server: str = ""
    followers: int = 0
    #: Who they are in the story.
    note: str = ""
    #: Key of the account they belong to, their part in it, and where the authors say that they stand.
    account: str = ""
    seat: str = ""
    stage: str = ""


@dataclass(frozen=True, kw_only=True)
class Post:
    """One invented utterance."""

    id: str
    source: str
    #: Name of the feed it stands in, else empty.
    feed: str = ""
    #: Id of the first post of its conversation.
    thread: str
    parent: str | None = None
    author: str
    at: datetime
    edited_at: datetime | None = None
    #: Headline; the content warning on Mastodon.
    title: str = ""
    text: str = ""
    lang: str = "en"
    score: int = 0
    shares: int = 0
    #: The page an entry stands on, or the link that a story submits.
    url: str = ""
    #: True where our own team wrote it.
    own: bool = False
    #: True where it was taken away and only its place is left.
    gone: bool = False
    truth: Mapping[str, Truth] = field(default_factory=dict)
    intents: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """Title and text as one passage."""
        return "\n\n".join(part for part in (self.title, self.text) if part)

    @property
    def brands(self) -> frozenset[str]:
        """The brands that it names."""
        found = {match.group().casefold() for match in _BRAND.finditer(self.said)}
        return frozenset(brand for brand in _BRANDS if brand.casefold() in found)

    @property
    def hashtags(self) -> tuple[str, ...]:
        """Its hashtags without `#`, as written."""
        return tuple(_HASHTAG.findall(self.text))

    def moved(self, by: timedelta) -> Post:
        """Return the same post, said `by` later."""
        edited = self.edited_at + by if self.edited_at else None
        return replace(self, at=self.at + by, edited_at=edited)


@dataclass(frozen=True)
class Corpus:
    """All posts, oldest first, and the people who wrote them."""

    posts: tuple[Post, ...]
    people: tuple[Person, ...]

    @functools.cached_property
    def by_id(self) -> Mapping[tuple[str, str], Post]:
        """Posts by source and id."""
        return {(post.source, post.id): post for post in self.posts}

    @functools.cached_property
    def children(self) -> Mapping[tuple[str, str], tuple[Post, ...]]:
        """Answers, oldest first, by source and id of what they answer."""
        found: dict[tuple[str, str], list[Post]] = {}
        for post in self.posts:
            if post.parent is not None:
                found.setdefault((post.source, post.parent), []).append(post)
        return {key: tuple(posts) for key, posts in found.items()}

    @functools.cached_property
    def threads(self) -> Mapping[tuple[str, str], tuple[Post, ...]]:
        """Posts, oldest first, by source and thread."""
        found: dict[tuple[str, str], list[Post]] = {}
        for post in self.posts:
            found.setdefault((post.source, post.thread), []).append(post)
        return {key: tuple(posts) for key, posts in found.items()}

    @functools.cached_property
    def _people(self) -> Mapping[tuple[str, str], Person]:
        return {(person.source, person.author): person for person in self.people}

    def of(self, source: str) -> tuple[Post, ...]:
        """Return the posts of one source, oldest first."""
        return tuple(post for post in self.posts if post.source == source)

    def person(self, post: Post) -> Person:
        """Return who wrote `post`, under the handle used there."""
        return self._people[post.source, post.author]

    def replies(self, post: Post) -> tuple[Post, ...]:
        """Return the direct answers to `post`."""
        return self.children.get((post.source, post.id), ())

    def below(self, post: Post) -> Iterator[Post]:
        """Yield everything under `post`, parents before children."""
        for reply in self.replies(post):
            yield reply
            yield from self.below(reply)

    def edited(self, source: str, native: str, text: str, at: datetime) -> Corpus:
        """Return the corpus with other words in one post.

        Raises:
            InputError: there is no such post.
        """
        post = self._known(source, native)
        fresh = replace(post, text=text, edited_at=at)
        return Corpus(tuple(fresh if one is post else one for one in self.posts), self.people)

    def without(self, source: str, native: str) -> Corpus:
        """Return the corpus with one post taken away; what answers it loses sight of it, as services do.

        An answered post leaves an empty place; see `Post.gone`.

        Raises:
            InputError: there is no such post.
        """
        post = self._known(source, native)
        answered = bool(self.replies(post)) and source == "hackernews"
        fresh = replace(post, gone=True, text="", title="")
        left = [one if one is not post else fresh for one in self.posts if one is not post or answered]
        if not answered:
            orphaned = (source, native)
            left = [
                replace(one, parent=None) if (one.source, one.parent) == orphaned else one for one in left
            ]
        return Corpus(tuple(left), self.people)

    def _known(self, source: str, native: str) -> Post:
        post = self.by_id.get((source, native))
        if post is None:
            raise InputError(f"there is no post {native!r} on {source}")
        return post

    def shifted(self, days: int) -> Corpus:
        """Return the same corpus with every date moved by whole days; ids stay as they are."""
        by = timedelta(days=days)
        return Corpus(tuple(post.moved(by) for post in self.posts), self.people)


def load_corpus(*, past: bool = False) -> Corpus:
    """Read the corpus that ships with Earful, dates as they were written.

    Args:
        past: with the two years before and beside the written half year; else that half year alone.
    """
    names = ("", "past_") if past else ("",)
    posts = [_post(row) for name in names for row in _rows(PAST if name else "corpus.jsonl")]
    people = tuple(_person(row) for name in names for row in _rows(f"{name}people.jsonl"))
    return Corpus(tuple(sorted(posts, key=lambda post: (post.at, post.id))), people)


def accounts_table(days: int) -> str:
    """Return the accounts of the story as a CSV table, every date moved by whole days."""
    table = (files(__package__ or "crawlers.replay") / "accounts.csv").read_text("utf-8")
    return _DAY.sub(lambda day: str(date.fromisoformat(day.group()) + timedelta(days=days)), table)


def shift_to(corpus: Corpus, anchor: datetime) -> int:
    """Return how many whole days to shift so that the newest post stands 1 to 25 hours before `anchor`."""
    newest = max(post.at for post in corpus.posts)
    return (as_utc(anchor) - HEADROOM - newest).days


def _rows(name: str) -> Iterator[Mapping[str, object]]:
    with (files(__package__ or "crawlers.replay") / name).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            row = json.loads(line)
            if not isinstance(row, dict):
                raise InputError(f"{name} holds one object per line", line=number)
            yield row


def _post(row: Mapping[str, object]) -> Post:
    edited, parent = row.get("edited_at"), row.get("parent")
    return Post(
        id=str(row["id"]),
        source=str(row["source"]),
        feed=str(row.get("feed") or ""),
        thread=str(row["thread"]),
        parent=str(parent) if parent else None,
        author=str(row["author"]),
        at=from_iso(str(row["at"])),
        edited_at=from_iso(str(edited)) if edited else None,
        title=str(row.get("title") or ""),
        text=str(row.get("text") or ""),
        lang=str(row.get("lang") or "en"),
        score=_int(row.get("score")),
        shares=_int(row.get("shares")),
        url=str(row.get("url") or ""),
        own=row.get("own") is True,
        truth=_truths(row.get("truth")),
        intents=tuple(_texts(row.get("intents"))),
    )


def _truths(value: object) -> Mapping[str, Truth]:
    found: dict[str, Truth] = {}
    if isinstance(value, dict):
        for brand, said in value.items():
            found[str(brand)] = Truth(
                sentiment=str(said["sentiment"]),
                churn=said["churn"] == 1,
                reason=str(said.get("reason") or ""),
            )
    return found


def _person(row: Mapping[str, object]) -> Person:
    return Person(
        author=str(row["author"]),
        source=str(row["source"]),
        handle=str(row["handle"]),
        name=str(row["name"]),
        server=str(row.get("server") or ""),
        followers=_int(row.get("followers")),
        note=str(row.get("note") or ""),
        account=str(row.get("account") or ""),
        seat=str(row.get("seat") or ""),
        stage=str(row.get("stage") or ""),
    )


def _texts(value: object) -> Iterable[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
