"""What a correct crawl must end up with: the measure of "nothing lost, nothing twice"."""

from __future__ import annotations

from collections.abc import Iterator

from core.clock import iso
from core.mention import mention_id
from crawlers.replay import HASHTAGS
from crawlers.replay.corpus import Corpus, Post
from crawlers.replay.exchange import Json
from crawlers.replay.feeds import BY_NAME


def ledger(corpus: Corpus) -> list[Post]:
    """Return the posts that a crawl for the product and its rivals ends up with, oldest first.

    Hacker News: each whole thread in which some post names a brand. Mastodon: each whole thread in
    which some post carries a brand's hashtag. Feeds: each entry that names a brand.
    """
    return sorted(_kept(corpus), key=lambda post: (post.at, post.source, post.id))


def id_of(corpus: Corpus, post: Post) -> str:
    """Return the mention id that `post` has in the store."""
    if post.source == "mastodon":
        return mention_id("mastodon", post.id, corpus.person(post).server)
    if post.source == "feeds":
        return mention_id("feed", post.id, BY_NAME[post.feed].host)
    return mention_id(post.source, post.id)


def to_json(corpus: Corpus) -> Json:
    """Return the ledger as the server gives it out."""
    return [_row(corpus, post) for post in ledger(corpus)]


def _kept(corpus: Corpus) -> Iterator[Post]:
    for (source, _), posts in corpus.threads.items():
        if source == "feeds":
            yield from (post for post in posts if post.brands)
        elif any(_found_by_search(post) for post in posts):
            yield from posts


def _found_by_search(post: Post) -> bool:
    if post.source == "mastodon":
        return any(tag.casefold() in HASHTAGS for tag in post.hashtags)
    return bool(post.brands)


def _row(corpus: Corpus, post: Post) -> Json:
    parent = corpus.by_id[post.source, post.parent] if post.parent else None
    return {
        "id": id_of(corpus, post),
        "source": "feed" if post.source == "feeds" else post.source,
        "thread_id": id_of(corpus, corpus.by_id[post.source, post.thread]),
        "parent_id": id_of(corpus, parent) if parent else None,
        "author": corpus.person(post).handle,
        "published_at": iso(post.at),
        "edited_at": iso(post.edited_at) if post.edited_at else None,
        "title": post.title,
        "text": post.text,
        "own": post.own,
    }
