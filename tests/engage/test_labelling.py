"""What is not labelled yet becomes labelled, each (mention, brand) once, whatever happens between."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.clock import SetClock
from core.labels import Intent, Tone
from core.mention import Mention
from core.ports import Store
from core.settings import PriorityWeights
from core.work import Unlabelled
from engage.labelling import BATCH, EXPLAIN_BATCH, LEASE, Explainer, label_batch, request_for
from engage.ranking import rank
from tests.builders import NOW, a_mention, a_watch, found
from tests.engage.rules import WordLabeller


def put(store: Store, *mentions: Mention, own: bool = False, context: bool = False) -> None:
    if not store.watches():
        store.save_watch(a_watch(product="Acme", rivals=("Globex", "Initech")), actor="test", now=NOW)
    store.put([found(mention, own=own, context=context) for mention in mentions], now=NOW)


def work_off(store: Store, labeller: WordLabeller, clock: SetClock) -> int:
    done = 0
    while batch := label_batch(store, labeller, owner="w1", clock=clock):
        done += batch
    return done


def test_an_empty_store_asks_the_labeller_nothing(store: Store, clock: SetClock) -> None:
    labeller = WordLabeller()
    assert label_batch(store, labeller, owner="w1", clock=clock) == 0
    assert labeller.calls == []


def test_a_mention_is_labelled_toward_the_product(store: Store, clock: SetClock) -> None:
    mention = a_mention(text="I hate Acme. Why is it down?")
    put(store, mention)
    assert work_off(store, WordLabeller(), clock) == 1
    (labels,) = store.mention(mention.id).mention.labels
    assert (labels.brand, labels.model) == ("Acme", "words.v1")
    assert labels.sentiment is not None
    assert labels.sentiment.tone is Tone.NEGATIVE
    assert labels.intents[Intent.QUESTION] == pytest.approx(0.9)
    assert store.backlog("words.v1") == 0


def test_a_mention_that_names_a_rival_is_labelled_toward_both(store: Store, clock: SetClock) -> None:
    mention = a_mention(text="leaving Acme for Globex")
    put(store, mention)
    assert work_off(store, WordLabeller(), clock) == 2
    assert {labels.brand for labels in store.mention(mention.id).mention.labels} == {"Acme", "Globex"}


def test_what_is_labelled_is_not_labelled_again_until_the_model_changes(
    store: Store, clock: SetClock
) -> None:
    put(store, *(a_mention(text=f"Acme {number}") for number in range(5)))
    assert work_off(store, WordLabeller(), clock) == 5
    assert work_off(store, WordLabeller(), clock) == 0
    assert work_off(store, WordLabeller("words.v2"), clock) == 5


def test_old_labels_show_until_a_new_model_has_answered(store: Store, clock: SetClock) -> None:
    mention = a_mention(text="Acme")
    put(store, mention)
    work_off(store, WordLabeller(), clock)
    assert store.backlog("words.v2") == 1
    assert store.mention(mention.id).mention.labels[0].model == "words.v1"
    work_off(store, WordLabeller("words.v2"), clock)
    assert [labels.model for labels in store.mention(mention.id).mention.labels] == ["words.v2"]


def test_a_backlog_larger_than_a_batch_is_worked_off_whole(store: Store, clock: SetClock) -> None:
    put(store, *(a_mention(text=f"Acme {number}") for number in range(BATCH + 7)))
    assert label_batch(store, WordLabeller(), owner="w1", clock=clock) == BATCH
    assert label_batch(store, WordLabeller(), owner="w1", clock=clock) == 7
    assert store.backlog("words.v1") == 0


def test_a_text_in_another_language_is_answered_with_the_reason_and_never_asked_again(
    store: Store, clock: SetClock
) -> None:
    mention = a_mention(text="Acme no funciona mañana")
    put(store, mention)
    assert work_off(store, WordLabeller(), clock) == 1
    (labels,) = store.mention(mention.id).mention.labels
    assert (labels.not_labelled, labels.sentiment, labels.churn) == ("language", None, None)
    assert work_off(store, WordLabeller(), clock) == 0


def test_context_and_our_own_words_are_not_labelled(store: Store, clock: SetClock) -> None:
    put(store, a_mention(text="Acme says sorry"), own=True)
    put(store, a_mention(text="me too"), context=True)
    assert work_off(store, WordLabeller(), clock) == 0


def test_an_edit_is_labelled_anew(store: Store, clock: SetClock) -> None:
    mention = a_mention(native_id="1", text="I love Acme")
    put(store, mention)
    work_off(store, WordLabeller(), clock)
    put(store, a_mention(native_id="1", text="I hate Acme"))
    assert work_off(store, WordLabeller(), clock) == 1
    (labels,) = store.mention(mention.id).mention.labels
    assert labels.sentiment is not None
    assert labels.sentiment.tone is Tone.NEGATIVE


def test_work_of_a_labeller_that_died_is_taken_up_when_its_lease_is_over(
    store: Store, clock: SetClock
) -> None:
    put(store, a_mention(text="Acme"))
    assert store.lease_unlabelled("words.v1", limit=9, owner="dead", lease=LEASE, now=clock.now())
    assert label_batch(store, WordLabeller(), owner="w1", clock=clock) == 0
    clock.advance(LEASE + timedelta(seconds=1))
    assert label_batch(store, WordLabeller(), owner="w1", clock=clock) == 1


def test_the_labeller_is_told_the_target_and_only_the_other_brands_that_the_text_names() -> None:
    watch = a_watch(product="Acme", rivals=("Globex", "Initech"))
    item = Unlabelled(
        mention=a_mention(title="From Acme", text="to Globex"), revision=1, brand="Globex", watch_id="acme"
    )
    request = request_for(item, watch)
    assert request.text == "From Acme\n\nto Globex"
    assert request.brand == watch.rivals[0]
    assert request.others == (watch.product,)


def test_a_brand_whose_watch_is_gone_is_still_labelled() -> None:
    item = Unlabelled(mention=a_mention(text="Acme"), revision=1, brand="Acme", watch_id="gone")
    request = request_for(item, None)
    assert request.brand is not None
    assert (request.brand.name, request.others) == ("Acme", ())


def explain_all(store: Store, explainer: Explainer, labeller: WordLabeller, clock: SetClock) -> int:
    store.settle()
    done = 0
    while batch := explainer.explain_batch(store, labeller, clock=clock):
        done += batch
    return done


def test_only_what_somebody_will_ask_about_is_explained(store: Store, clock: SetClock) -> None:
    texts = ["Acme", "I hate Acme", "I love Acme", "leaving Acme"]
    mentions = [a_mention(text=text) for text in texts]
    put(store, *mentions)
    labeller = WordLabeller()
    work_off(store, labeller, clock)
    assert explain_all(store, Explainer(), labeller, clock) == 2
    labels = [store.mention(mention.id).mention.labels[0] for mention in mentions]
    assert [bool(each.churn_spans or each.sentiment_spans) for each in labels] == [False, True, False, True]
    span = labels[3].churn_spans[0]
    assert texts[3][span.start : span.end] == "leaving"


def test_what_was_explained_is_not_explained_again_and_stays_labelled(store: Store, clock: SetClock) -> None:
    put(store, *(a_mention(text=f"leaving Acme {number}") for number in range(EXPLAIN_BATCH + 3)))
    labeller, explainer = WordLabeller(), Explainer()
    work_off(store, labeller, clock)
    assert explain_all(store, explainer, labeller, clock) == EXPLAIN_BATCH + 3
    assert explain_all(store, Explainer(), labeller, clock) == 0
    assert work_off(store, labeller, clock) == 0
    assert store.backlog(labeller.model) == 0


def test_a_text_whose_words_explain_nothing_is_asked_about_once(store: Store, clock: SetClock) -> None:
    class Silent(WordLabeller):
        """Never tell why."""

        @staticmethod
        def _spans(text: str, word: str) -> tuple[()]:
            del text, word
            return ()

    put(store, a_mention(text="leaving Acme"))
    labeller, explainer = Silent(), Explainer()
    work_off(store, labeller, clock)
    assert explain_all(store, explainer, labeller, clock) == 1
    assert explain_all(store, explainer, labeller, clock) == 0


def test_explained_words_reach_the_reasons_of_the_thread(store: Store, clock: SetClock) -> None:
    mention = a_mention(title="Goodbye", text="leaving Acme for Globex")
    put(store, mention)
    labeller = WordLabeller()
    work_off(store, labeller, clock)
    rank(store, PriorityWeights(), now=clock.now())
    explain_all(store, Explainer(), labeller, clock)
    assert rank(store, PriorityWeights(), now=clock.now()) == 1
    span = store.thread(mention.thread_id).priority.reasons[0].span
    assert span is not None
    assert mention.said[span.start : span.end] == "leaving"
