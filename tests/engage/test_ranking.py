"""The queue's order stays true: what is out of date is worked out again, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.clock import SetClock
from core.ports import Store
from core.query import Everything
from core.search import Search
from core.settings import PriorityWeights
from core.thread import Correction, Status, Thread
from core.watch import Watch
from engage.labelling import label_batch
from engage.ranking import RANK_AGAIN, rank
from tests.builders import NOW, a_mention, a_watch, found
from tests.engage.rules import WordLabeller

WEIGHTS = PriorityWeights()
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def watch(store: Store) -> Watch:
    return store.save_watch(a_watch(product="Acme", rivals=("Globex",)), actor="test", now=NOW)


def hear(
    store: Store,
    clock: SetClock,
    text: str,
    *,
    native_id: str,
    ago: timedelta = HOUR,
    own: bool = False,
    thread: str = "",
) -> str:
    """Store one mention and label it; return its thread's id."""
    mention = a_mention(
        text=text,
        native_id=native_id,
        thread_id=thread or None,
        parent_id=thread or None,
        published_at=clock.now() - ago,
        author="us" if own else "ada",
    )
    store.put([found(mention, own=own)], now=clock.now())
    label_batch(store, WordLabeller(), owner="w1", clock=clock)
    return mention.thread_id


def queue(store: Store, clock: SetClock) -> list[str]:
    store.settle()
    return [row.id for row in store.queue(Search(node=Everything(), now=clock.now())).rows]


def ranked(store: Store, clock: SetClock, thread_id: str) -> Thread:
    rank(store, WEIGHTS, now=clock.now())
    return store.thread(thread_id)


def test_an_empty_store_has_nothing_to_rank(store: Store) -> None:
    assert rank(store, WEIGHTS, now=NOW) == 0


def test_who_is_leaving_comes_before_who_is_unhappy_before_who_asks_before_who_praises(
    store: Store, clock: SetClock
) -> None:
    praise = hear(store, clock, "I love Acme", native_id="1")
    question = hear(store, clock, "how do I use Acme?", native_id="2")
    unhappy = hear(store, clock, "I hate Acme", native_id="3")
    leaving = hear(store, clock, "I am leaving Acme for Globex", native_id="4")
    assert rank(store, WEIGHTS, now=clock.now()) == 4
    assert queue(store, clock) == [leaving, unhappy, question, praise]


def test_every_row_of_the_queue_says_why_it_stands_there(store: Store, clock: SetClock) -> None:
    thread = ranked(store, clock, hear(store, clock, "I am leaving Acme for Globex", native_id="1"))
    whys = [reason.why for reason in thread.priority.reasons]
    assert whys[0] == "may be leaving (switching): 90%"
    assert "names Globex" in whys
    assert thread.priority.points == pytest.approx(sum(reason.points for reason in thread.priority.reasons))


def test_what_is_up_to_date_is_not_ranked_again_until_waiting_has_moved_it(
    store: Store, clock: SetClock
) -> None:
    hear(store, clock, "Acme?", native_id="1")
    assert rank(store, WEIGHTS, now=clock.now()) == 1
    assert rank(store, WEIGHTS, now=clock.now()) == 0
    clock.advance(RANK_AGAIN + timedelta(seconds=1))
    assert rank(store, WEIGHTS, now=clock.now()) == 1


def test_waiting_lifts_a_thread_and_our_answer_lowers_it(store: Store, clock: SetClock) -> None:
    thread_id = hear(store, clock, "how do I use Acme?", native_id="1")
    young = ranked(store, clock, thread_id).priority.points
    clock.advance(12 * HOUR)
    old = ranked(store, clock, thread_id).priority.points
    assert old > young
    hear(store, clock, "like this", native_id="2", own=True, thread=thread_id, ago=timedelta(0))
    assert ranked(store, clock, thread_id).priority.points < young


def test_a_new_word_makes_its_thread_out_of_date_and_no_other(store: Store, clock: SetClock) -> None:
    thread_id = hear(store, clock, "Acme?", native_id="1")
    hear(store, clock, "Acme again", native_id="2")
    rank(store, WEIGHTS, now=clock.now())
    hear(store, clock, "leaving Acme", native_id="3", thread=thread_id)
    assert rank(store, WEIGHTS, now=clock.now()) == 1
    assert "leaving" in store.thread(thread_id).priority.reasons[0].why


def test_a_correction_makes_its_thread_out_of_date_and_counts(store: Store, clock: SetClock) -> None:
    thread_id = hear(store, clock, "leaving Acme", native_id="1")
    assert ranked(store, clock, thread_id).priority.points > 30
    store.correct(Correction(mention_id=thread_id, brand="Acme", by="bob", at=clock.now(), churn=False))
    assert rank(store, WEIGHTS, now=clock.now()) == 1
    assert store.thread(thread_id).priority.points < 10


def test_a_thread_that_is_not_about_us_falls_to_nothing(store: Store, clock: SetClock) -> None:
    thread = ranked(store, clock, hear(store, clock, "leaving Acme", native_id="1"))
    change = type(thread.triage)(status=Status.IGNORED, not_about_us=True, version=thread.triage.version)
    store.triage(thread.id, change, actor="bob", action="triage.not_about_us", now=clock.now())
    assert ranked(store, clock, thread.id).priority.points == 0


def test_a_priority_made_from_an_older_thread_is_dropped(store: Store, clock: SetClock) -> None:
    thread_id = hear(store, clock, "Acme?", native_id="1")
    stale = store.thread(thread_id)
    hear(store, clock, "leaving Acme", native_id="2", thread=thread_id)
    fresh = ranked(store, clock, thread_id).priority
    store.save_priority(thread_id, stale.priority, sequence=stale.sequence, now=clock.now())
    assert store.thread(thread_id).priority == fresh


def test_ranking_goes_batch_by_batch_until_all_is_up_to_date(store: Store, clock: SetClock) -> None:
    for number in range(7):
        hear(store, clock, f"Acme {number}", native_id=str(number))
    assert [rank(store, WEIGHTS, now=clock.now(), limit=3) for _ in range(4)] == [3, 3, 1, 0]


def test_a_thread_whose_mentions_were_all_deleted_has_no_points(store: Store, clock: SetClock) -> None:
    thread_id = hear(store, clock, "leaving Acme", native_id="1")
    rank(store, WEIGHTS, now=clock.now())
    gone = a_mention(text="", native_id="1", published_at=clock.now() - HOUR, deleted=True)
    store.put([found(gone)], now=clock.now())
    assert ranked(store, clock, thread_id).priority.points == 0


@pytest.mark.parametrize("jump", [-timedelta(days=1), -HOUR, HOUR, timedelta(days=1)])
def test_a_clock_that_jumps_leaves_the_order_as_it_was(
    store: Store, clock: SetClock, jump: timedelta
) -> None:
    for number, text in enumerate(["I love Acme", "Acme?", "I hate Acme", "leaving Acme"]):
        hear(store, clock, text, native_id=str(number), ago=2 * HOUR)
    rank(store, WEIGHTS, now=clock.now())
    before = queue(store, clock)
    clock.advance(jump)
    rank(store, WEIGHTS, now=clock.now())
    assert queue(store, clock) == before


def test_other_weights_give_another_order(store: Store, clock: SetClock) -> None:
    question = hear(store, clock, "how do I use Acme?", native_id="1")
    hear(store, clock, "leaving Acme", native_id="2")
    rank(store, PriorityWeights(churn=0, question=50), now=clock.now())
    assert queue(store, clock)[0] == question
