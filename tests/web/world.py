"""Three threads that look like life: an unhappy customer, a question already answered, praise."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.clock import iso
from core.customers import Account, Contract
from core.labels import ChurnReason, Intent, Labels, Span
from core.ports import Store
from core.settings import PriorityWeights
from core.source import SourceState, SourceStatus
from core.work import Answer, OutboxItem
from engage import advocates
from engage.customers import account_item
from engage.ranking import rank
from engage.rules import Rule, save_rule
from engage.saved_searches import SavedSearch, save_search
from tests.builders import NOW, a_mention, found, some_labels

ANGRY = "hackernews:1"
ANSWERED = "mastodon:town.example:7"
#: Key of a saved search.
SEARCH = "leaving"
#: Key of an alert that has told something once.
RULE = "r"
PRAISE = "feed:blog.example:https://blog.example/a/../b.json"


def fill(store: Store) -> None:
    """Put three threads with labels and priorities into a store."""
    hour = timedelta(hours=1)
    angry = a_mention(
        native_id="1", title="Acme doubled its price", text="I cancel Acme and move to Globex.", author="ada",
        published_at=NOW - 30 * hour,
    )  # fmt: skip
    store.put(
        [
            found(angry),
            found(
                a_mention(native_id="2", thread_id=ANGRY, parent_id=ANGRY, text="Same here.", author="carl",
                          published_at=NOW - 29 * hour),
                context=True,
            ),
            found(a_mention(source="mastodon", native_id="7", id=ANSWERED, text="How do I export from Acme?",
                            author="dora", published_at=NOW - 5 * hour)),
            found(
                a_mention(source="mastodon", native_id="8", id="mastodon:town.example:8", thread_id=ANSWERED,
                          parent_id=ANSWERED, text="Settings, then Export.", author="acme_team",
                          published_at=NOW - 4 * hour),
                own=True,
            ),
            found(a_mention(source="feed", native_id="b", id=PRAISE, text="Acme is lovely", author="eve",
                            published_at=NOW - 60 * 24 * hour)),
        ],
        now=NOW,
    )  # fmt: skip
    label(store, ANGRY, replace(
        some_labels(negative=0.9, positive=0.02, churn=0.93, reason=ChurnReason.SWITCHING),
        churn_spans=(Span(start=26, end=32, weight=0.8),),
    ))  # fmt: skip
    label(store, ANSWERED, some_labels(intents={Intent.QUESTION: 0.9}))
    label(store, PRAISE, some_labels(negative=0.01, positive=0.9, churn=0.02))
    store.save_source_state(
        SourceState(
            watch_id="acme", source="hackernews", status=SourceStatus.OK, last_success_at=NOW - hour, new=3
        )
    )
    store.save_source_state(
        SourceState(
            watch_id="acme", source="mastodon", status=SourceStatus.BLOCKED, reason="it answers 403", errors=1
        )
    )
    save_search(
        store,
        SavedSearch(key=SEARCH, title="Leaving", query="cancel", owner=None, must=("I cancelled Acme",)),
        actor="admin",
        now=NOW,
    )
    rule = Rule(key=RULE, name="Leaving", query="cancel", way="webhook@robot", since=NOW)
    save_rule(store, rule, actor="admin", now=NOW)
    payload = {"at": iso(NOW), "ids": [ANGRY], "told": []}
    store.post([OutboxItem(id=f"alert:{RULE}:1", channel="alert", payload=payload, due_at=NOW)])
    store.sent(f"alert:{RULE}:1", now=NOW, outcome="200")
    rank(store, PriorityWeights(), now=NOW)
    account = Account(key="acme", contract=Contract(name="A customer"))
    store.keep_all([account_item(account, version=0, by="ada", now=NOW)])
    advocates.find(store, "hackernews:ada", actor="ada", now=NOW)
    store.settle()


def label(store: Store, mention_id: str, labels: Labels) -> None:
    """Answer one mention."""
    revision = store.mention(mention_id).revision
    store.put_labels([Answer(mention_id=mention_id, revision=revision, labels=labels)], now=NOW)
