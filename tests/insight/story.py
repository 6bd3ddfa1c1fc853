"""The demo's story in a store, with the labels that its authors hold to be right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cli.demo_story import tell_story
from core.labels import Churn, ChurnReason, Intent, Labels, Sentiment
from core.mention import Author, Kind, Mention
from core.ports import Store
from core.source import Found
from core.work import Answer
from crawlers.replay import DEMO_WATCH
from crawlers.replay.corpus import Corpus, Post, load_corpus
from crawlers.replay.ledger import id_of, ledger
from engage.standing import rebuild, sweep

#: Nothing of the story lies after this moment; its dates are not moved.
STORY_NOW = datetime.fromisoformat("2026-11-19T12:00:00+00:00")
MODEL = "authors.v1"
#: What a planted tone is worth as a probability: believed, but no delight.
LIKELY = 0.85


def tell(store: Store) -> Corpus:
    """Put the whole story into a store, and bring every person and account up to it."""
    corpus = load_corpus(past=True)
    watch = store.save_watch(DEMO_WATCH, actor="test", now=STORY_NOW)
    tell_story(store, days=0, now=STORY_NOW)
    posts = ledger(corpus)
    for start in range(0, len(posts), 500):
        store.put([_found(corpus, post) for post in posts[start : start + 500]], now=STORY_NOW)
    answers = [answer for post in posts if not post.own for answer in _answers(corpus, post)]
    for start in range(0, len(answers), 500):
        store.put_labels(answers[start : start + 500], now=STORY_NOW)
    store.settle()
    assert watch.version
    rebuild(store, now=STORY_NOW)
    sweep(store, now=STORY_NOW)
    store.settle()
    return corpus


def _found(corpus: Corpus, post: Post) -> Found:
    parent = corpus.by_id[post.source, post.parent] if post.parent else None
    source = "feed" if post.source == "feeds" else post.source
    own_id = id_of(corpus, post)
    mention = Mention(
        id=own_id,
        source=source,
        native_id=post.id,
        kind=Kind.COMMENT if parent else Kind.POST,
        url=post.url or f"https://{source}.example/{post.id}",
        thread_id=id_of(corpus, corpus.by_id[post.source, post.thread]),
        parent_id=id_of(corpus, parent) if parent else None,
        author=Author(handle=corpus.person(post).handle),
        title=post.title or None,
        text=post.text,
        language=post.lang,
        published_at=post.at,
    )
    return Found(
        mention=mention, watch_id=DEMO_WATCH.id, context=not post.brands and not post.own, own=post.own
    )


def _answers(corpus: Corpus, post: Post) -> Iterator[Answer]:
    for brand in sorted(post.brands & post.truth.keys()):
        truth = post.truth[brand]
        rest = (1 - LIKELY) / 2
        tones = dict.fromkeys(("negative", "neutral", "positive"), rest) | {truth.sentiment: LIKELY}
        labels = Labels(
            brand=brand,
            model=MODEL,
            sentiment=Sentiment(**tones),
            churn=Churn(
                p=0.9 if truth.churn else 0.05,
                reasons={ChurnReason(truth.reason): 0.9} if truth.churn else {},
            ),
            intents={Intent(name): 0.9 for name in post.intents} if brand == "Plinthly" else {},
            language=post.lang,
        )
        yield Answer(mention_id=id_of(corpus, post), revision=1, labels=labels)
