from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import NotFound
from core.labels import Churn, ChurnReason, Intent, Labels, Sentiment, Span
from core.ports import Store
from core.thread import Correction
from core.watch import Brand
from core.work import Answer
from tests.builders import NOW, a_mention, a_watch, found, some_labels
from tests.store.contract.asking import ids

MINUTE = timedelta(minutes=1)


def lease(
    store: Store, model: str = "test.v1", *, owner: str = "a", limit: int = 100, at: int = 0
) -> list[tuple[str, str]]:
    due = store.lease_unlabelled(model, limit=limit, owner=owner, lease=5 * MINUTE, now=NOW + at * MINUTE)
    return [(item.mention.text, item.brand) for item in due]


def answer(store: Store, mention_id: str, labels: Labels | None = None, revision: int = 1) -> int:
    labels = labels or some_labels()
    return store.put_labels([Answer(mention_id=mention_id, revision=revision, labels=labels)], now=NOW)


def test_the_product_and_each_named_rival_want_labels_newest_first(store: Store) -> None:
    store.put(
        [
            found(a_mention(text="Acme is slow", published_at=NOW - MINUTE)),
            found(a_mention(text="Globex or Acme?")),
            found(a_mention(text="same here"), context=True),
            found(a_mention(text="sorry, from Acme"), own=True),
        ],
        now=NOW,
    )
    assert store.backlog("test.v1") == 3
    assert lease(store) == [
        ("Globex or Acme?", "Acme"),
        ("Globex or Acme?", "Globex"),
        ("Acme is slow", "Acme"),
    ]


def test_a_lease_keeps_others_away_until_it_runs_out(store: Store) -> None:
    store.put([found(a_mention(text=f"Acme {n}", published_at=NOW - n * MINUTE)) for n in range(3)], now=NOW)
    assert len(lease(store, owner="a", limit=2)) == 2
    assert lease(store, owner="b", at=1) == [("Acme 2", "Acme")]
    assert len(lease(store, owner="c", at=5)) == 2
    assert store.backlog("test.v1") == 3


def test_an_answer_ends_the_work_until_another_model_comes(store: Store) -> None:
    mention = a_mention()
    store.put([found(mention)], now=NOW)
    lease(store)
    assert answer(store, mention.id) == 1
    assert (lease(store, at=60), store.backlog("test.v1")) == ([], 0)
    assert store.backlog("test.v2") == 1
    assert len(lease(store, "test.v2")) == 1
    assert store.mention(mention.id).mention.labels == (some_labels(),)
    other = some_labels(model="test.v2", negative=0.9, positive=0.0)
    answer(store, mention.id, other)
    assert store.mention(mention.id).mention.labels == (other,)
    assert store.backlog("test.v2") == 0


def test_a_refusal_is_an_answer(store: Store) -> None:
    mention = a_mention()
    store.put([found(mention)], now=NOW)
    lease(store)
    refusal = Labels(brand="Acme", model="language-rule.v1", not_labelled="language")
    assert answer(store, mention.id, refusal) == 1
    assert lease(store, at=60) == []
    assert store.mention(mention.id).mention.labels == (refusal,)
    assert ids(store, "sentiment:neutral") == []


def test_an_answer_to_an_older_revision_is_dropped_and_old_labels_show_until_replaced(store: Store) -> None:
    mention = a_mention(text="Acme is fine")
    store.put([found(mention)], now=NOW)
    answer(store, mention.id)
    store.put([found(replace(mention, text="Acme is broken"))], now=NOW)
    assert store.mention(mention.id).mention.labels == (some_labels(),)
    assert answer(store, mention.id, some_labels(negative=0.9, positive=0.0), revision=1) == 0
    assert store.backlog("test.v1") == 1
    newest = some_labels(negative=0.8, positive=0.0)
    assert answer(store, mention.id, newest, revision=2) == 1
    assert store.mention(mention.id).mention.labels == (newest,)


def test_labels_of_nobody_are_dropped(store: Store) -> None:
    assert answer(store, "hackernews:nobody") == 0


def test_labels_come_back_whole(store: Store) -> None:
    labels = Labels(
        brand="Acme",
        model="test.v1",
        sentiment=Sentiment(negative=0.7, neutral=0.2, positive=0.1),
        churn=Churn(p=0.9, reasons={ChurnReason.SWITCHING: 0.8, ChurnReason.PRICE_OR_RENEWAL: 0.1}),
        intents={Intent.BUG: 0.6, Intent.PRAISE: 0.01},
        language="pt-BR",
        churn_spans=(Span(start=0, end=4, weight=0.5),),
        sentiment_spans=(Span(start=5, end=9, weight=-0.25),),
    )
    mention = a_mention()
    store.put([found(mention)], now=NOW)
    answer(store, mention.id, labels)
    assert store.mention(mention.id).mention.labels == (labels,)
    headless = replace(labels, churn=None, intents={}, churn_spans=())
    answer(store, mention.id, headless)
    assert store.mention(mention.id).mention.labels == (headless,)


def test_a_brand_added_later_makes_work(store: Store) -> None:
    mentions = [a_mention(text="Acme or Initech?"), a_mention(text="Acme only")]
    store.put([found(mention) for mention in mentions], now=NOW)
    for mention in mentions:
        answer(store, mention.id)
    assert store.backlog("test.v1") == 0
    watch = store.watch("acme")
    store.save_watch(replace(watch, rivals=(*watch.rivals, Brand(name="Initech"))), actor="ada", now=NOW)
    assert lease(store) == [("Acme or Initech?", "Initech")]
    assert ids(store, "rival:initech") == [mentions[0].id]


def test_a_new_alias_finds_its_brand_in_what_is_stored(store: Store) -> None:
    mention = a_mention(text="Acme or GX?")
    store.put([found(mention)], now=NOW)
    assert ids(store, "rival:globex") == []
    watch = store.watch("acme")
    store.save_watch(replace(watch, rivals=(Brand(name="Globex", aliases=("GX",)),)), actor="ada", now=NOW)
    assert ids(store, "rival:globex") == ids(store, "rival:gx") == [mention.id]


def test_a_changed_product_wants_labels_toward_itself(store: Store) -> None:
    mention = a_mention(text="Acme is slow")
    store.put([found(mention)], now=NOW)
    answer(store, mention.id, some_labels(negative=0.9, positive=0.0))
    assert ids(store, "sentiment:negative") == [mention.id]
    store.save_watch(replace(store.watch("acme"), product=Brand(name="Acme Cloud")), actor="ada", now=NOW)
    assert ids(store, "sentiment:negative") == []
    assert ids(store, "sentiment@acme:negative") == [mention.id]
    assert lease(store) == [("Acme is slow", "Acme Cloud")]


def test_work_names_the_watch_that_asks(store: Store) -> None:
    store.save_watch(a_watch(id="globex", product="Globex", rivals=()), actor="ada", now=NOW)
    mention = a_mention(text="Acme or Globex?")
    store.put([found(mention), found(mention, watch_id="globex")], now=NOW)
    due = store.lease_unlabelled("m", limit=9, owner="a", lease=MINUTE, now=NOW)
    assert {(item.brand, item.watch_id) for item in due} == {("Acme", "acme"), ("Globex", "globex")}
    assert all(item.revision == 1 for item in due)


def a_correction(
    mention_id: str, *, minutes: int = 0, tone: str | None = None, churn: bool | None = None
) -> Correction:
    return Correction(
        mention_id=mention_id, brand="Acme", by="ada", at=NOW + minutes * MINUTE, tone=tone, churn=churn
    )


def test_the_newest_correction_counts_and_what_it_leaves_out_stands(store: Store) -> None:
    mention = a_mention()
    store.put([found(mention)], now=NOW)
    answer(store, mention.id, some_labels(negative=0.9, positive=0.0, churn=0.8))
    store.correct(a_correction(mention.id, tone="positive"))
    assert ids(store, "sentiment:positive churn:yes has:correction") == [mention.id]
    store.correct(a_correction(mention.id, minutes=1, churn=False))
    assert ids(store, "sentiment:negative churn:no") == [mention.id]
    store.correct(a_correction(mention.id, minutes=-1, tone="neutral"))
    assert ids(store, "sentiment:negative churn:<=0") == [mention.id]
    thread = store.thread(mention.id)
    assert [correction.at for correction in thread.corrections] == [NOW + n * MINUTE for n in (-1, 0, 1)]
    assert [record.action for record in store.audit(target=f"mention:{mention.id}")] == ["label.correct"] * 3


def test_the_same_correction_twice_is_one(store: Store) -> None:
    mention = a_mention()
    store.put([found(mention)], now=NOW)
    for _ in range(2):
        store.correct(a_correction(mention.id, tone="positive"))
    assert len(store.thread(mention.id).corrections) == 1
    assert len(store.audit(target=f"mention:{mention.id}")) == 1
    with pytest.raises(NotFound):
        store.correct(a_correction("hackernews:nobody", tone="positive"))


def test_labels_and_corrections_call_for_ranking(store: Store) -> None:
    mention = a_mention()
    store.put([found(mention)], now=NOW)
    before = store.thread(mention.id).sequence
    answer(store, mention.id)
    between = store.thread(mention.id).sequence
    store.correct(a_correction(mention.id, tone="positive"))
    assert before < between < store.thread(mention.id).sequence


def test_the_recognised_language_counts_for_words_and_for_lang(store: Store) -> None:
    mention = a_mention(text="Wir haben Acme gekündigt und die Häuser verkauft")
    store.put([found(mention)], now=NOW)
    assert ids(store, "lang:und") == [mention.id]
    assert ids(store, "haus") == []
    answer(store, mention.id, some_labels(language="de"))
    assert ids(store, "lang:de") == ids(store, "haus") == [mention.id]
    assert store.check() == []
