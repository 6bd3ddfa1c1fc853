"""Whether a store holds what the demo's replay server served, and all of it is answered."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from core.labels import Labels
from core.ports import Store
from crawlers.replay.corpus import load_corpus, shift_to
from crawlers.replay.ledger import id_of, ledger
from nlp import model_name


def wait_until_answered(store: Store, seconds: float = 180) -> None:
    """Wait until every source was read, every pair labelled and every thread ranked."""
    expected = len(ledger(load_corpus()))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        long_ago = datetime.now(UTC) - timedelta(days=1)
        done = sum(1 for _ in store.mentions()) >= expected and not store.backlog(model_name())
        if done and not store.threads_to_rank(limit=1, older_than=long_ago):
            return
        time.sleep(0.5)
    raise AssertionError(f"not answered: {sum(1 for _ in store.mentions())} of {expected} mentions")


def assert_equals_the_ledger(store: Store) -> None:
    """The store holds what the replay server served: nothing lost, nothing doubled, all answered."""
    corpus = load_corpus()
    shift = int(store.remember("demo.shift_days", str(shift_to(corpus, datetime.now(UTC)))))
    expected = {id_of(corpus, post): post for post in ledger(corpus.shifted(shift))}
    found = {stored.mention.id: stored for stored in store.mentions()}
    assert sorted(found) == sorted(expected)
    for mention_id, post in expected.items():
        assert found[mention_id].mention.published_at == post.at
        assert found[mention_id].revision == 1
        assert found[mention_id].own == post.own
    assert store.backlog(model_name()) == 0
    product = store.watches()[0].product.name
    for stored in found.values():
        answers: tuple[Labels, ...] = stored.mention.labels
        assert len({labels.brand for labels in answers}) == len(answers)
        if not stored.context and not stored.own:
            assert product in {labels.brand for labels in answers}
    assert store.check() == []
