"""Count the corpus, and find what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from core.labels import ChurnReason, Intent, Tone
from crawlers.replay import HASHTAGS, PRODUCT, RIVALS
from crawlers.replay.corpus import SOURCES, Corpus, Post
from crawlers.replay.feeds import BY_NAME
from crawlers.replay.ledger import id_of, ledger
from crawlers.replay.mastodon import MAX_ANCESTORS, MAX_DESCENDANTS

_BRANDS = (PRODUCT, *RIVALS)
_REASONS = {reason.value for reason in ChurnReason}
_INTENTS = {intent.value for intent in Intent}
_TONES = {tone.value for tone in Tone}


def counts(corpus: Corpus) -> list[str]:
    """Return the figures of the corpus, a line each."""
    kept = ledger(corpus)
    people = {post.author for post in kept}
    threads = {(post.source, post.thread) for post in kept}
    truths = [truth for post in kept for truth in post.truth.values()]
    return [
        f"posts {len(corpus.posts)}, in the ledger {len(kept)}, threads {len(threads)}, people {len(people)}",
        f"from {corpus.posts[0].at:%Y-%m-%d} to {corpus.posts[-1].at:%Y-%m-%d}",
        _tally("sources", Counter(post.source for post in kept)),
        _tally("languages", Counter(post.lang for post in kept)),
        _tally("brands", Counter(brand for post in kept for brand in post.brands)),
        _tally("sentiment", Counter(truth.sentiment for truth in truths)),
        _tally("churn", Counter(truth.reason for truth in truths if truth.churn)),
        _tally("intents", Counter(intent for post in kept for intent in post.intents)),
        f"own {sum(post.own for post in kept)}, deepest {max(_depth(corpus, post) for post in kept)}",
    ]


def faults(corpus: Corpus) -> list[str]:
    """Return what is wrong with the corpus; empty where nothing is."""
    doubled = [
        f"{key} stands twice"
        for key, n in Counter((post.source, post.id) for post in corpus.posts).items()
        if n > 1
    ]
    ids = Counter(id_of(corpus, post) for post in corpus.posts)
    doubled += [f"{key} stands twice" for key, n in ids.items() if n > 1]
    wrong = [f"{post.source} {post.id}: {fault}" for post in corpus.posts for fault in _faults(corpus, post)]
    return doubled + wrong + list(_unreachable(corpus))


def _tally(name: str, counter: Counter[str]) -> str:
    return f"{name}: " + ", ".join(f"{key} {n}" for key, n in counter.most_common())


def _depth(corpus: Corpus, post: Post) -> int:
    return 1 + _depth(corpus, corpus.by_id[post.source, post.parent]) if post.parent else 0


def _faults(corpus: Corpus, post: Post) -> Iterator[str]:
    root = corpus.by_id.get((post.source, post.thread))
    parent = corpus.by_id.get((post.source, post.parent)) if post.parent else None
    if post.source not in SOURCES or (post.source == "feeds") != (post.feed in BY_NAME):
        yield "unknown source or feed"
    if root is None or (root.id != post.id) != bool(post.parent):
        yield "its thread has no first post, or it stands beside it"
    if post.parent and (parent is None or parent.at >= post.at or parent.thread != post.thread):
        yield "what it answers is missing, later or elsewhere"
    if not post.said or (post.source == "mastodon" and not post.text):
        yield "says nothing"
    yield from _wrong_truth(post)


def _wrong_truth(post: Post) -> Iterator[str]:
    for brand, truth in post.truth.items():
        if brand not in _BRANDS or truth.sentiment not in _TONES:
            yield f"no such brand or sentiment: {brand} {truth.sentiment}"
        if truth.churn != (truth.reason in _REASONS):
            yield f"churn and its reason disagree for {brand}"
    if post.brands - set(post.truth):
        yield f"names {', '.join(sorted(post.brands - set(post.truth)))} without a truth"
    if set(post.intents) - _INTENTS:
        yield "unknown intent"


def _unreachable(corpus: Corpus) -> Iterator[str]:
    """Find statuses that no context of a tagged status shows: the ledger would ask for the impossible."""
    for (source, thread), posts in corpus.threads.items():
        tagged = [post for post in posts if {tag.casefold() for tag in post.hashtags} & set(HASHTAGS)]
        if source != "mastodon" or not tagged:
            continue
        shown = {post.id for hit in tagged for post in (hit, *corpus.below(hit), *_above(corpus, hit))}
        if shown != {post.id for post in posts}:
            yield f"thread {thread}: part of it is in no context of a tagged status"
        if len(posts) > min(MAX_ANCESTORS, MAX_DESCENDANTS):
            yield f"thread {thread}: too long for one context"


def _above(corpus: Corpus, post: Post) -> Iterator[Post]:
    while post.parent:
        post = corpus.by_id[post.source, post.parent]
        yield post
