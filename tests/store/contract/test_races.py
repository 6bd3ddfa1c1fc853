"""Many at once: one winner, nothing lost, nothing done twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

from core.errors import Conflict
from core.ports import Store
from core.thread import Triage
from core.work import Work
from tests.builders import NOW, a_mention, found

RACES = 500
RACERS = 2


def test_two_people_who_triage_the_same_thread_never_lose_a_change(store: Store) -> None:
    mention = a_mention()
    store.put([found(mention)], now=NOW)
    together = Barrier(RACERS)

    def race(user: str) -> list[bool]:
        won = []
        for number in range(RACES):
            together.wait()
            mine = Triage(assignee=user, tags=(f"{user}{number}",), version=number)
            together.wait()
            try:
                saved, _ = store.triage(mention.id, mine, actor=user, action="triage.race", now=NOW)
                won.append(True)
                assert saved.version == number + 1
            except Conflict as conflict:
                won.append(False)
                fresh = conflict.fresh
                assert isinstance(fresh, Triage)
                assert fresh.version == number + 1
                assert fresh.assignee != user
        return won

    with ThreadPoolExecutor(RACERS) as pool:
        results = list(pool.map(race, ("ada", "bob")))
    assert all(first is not second for first, second in zip(*results, strict=True))
    assert store.thread(mention.id).triage.version == RACES
    records = store.audit(target=f"thread:{mention.id}", limit=2 * RACES)
    assert [record.after["version"] for record in records] == list(range(RACES, 0, -1))
    assert store.check() == []


def test_each_pair_and_each_request_goes_to_one_worker(store: Store) -> None:
    store.put([found() for _ in range(200)], now=NOW)
    for number in range(40):
        store.request_work(Work(id=str(number), kind="crawl", requested_by="ada", at=NOW))

    def worker(owner: str) -> tuple[list[str], list[str]]:
        pairs: list[str] = []
        requests: list[str] = []
        while due := store.lease_unlabelled("m", limit=7, owner=owner, lease=timedelta(hours=1), now=NOW):
            if len(due) + len(pairs) == len(set(pairs) | {one.mention.id for one in due}):
                pairs += [one.mention.id for one in due]
            else:
                break
        while work := store.claim_work(owner=owner, lease=timedelta(hours=1), now=NOW):
            requests.append(work.id)
        return pairs, requests

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(worker, "abcd"))
    leased = [one for pairs, _ in results for one in pairs]
    claimed = [one for _, requests in results for one in requests]
    assert len(leased) == len(set(leased))
    assert len(claimed) == len(set(claimed)) == 40


def test_two_spiders_that_find_the_same_store_it_once(store: Store) -> None:
    mentions = [a_mention(native_id=str(n)) for n in range(300)]

    def crawl(part: int) -> int:
        ordered = mentions[part * 60 :] + mentions[: part * 60]
        count = 0
        for start in range(0, 300, 20):
            batch = [found(replace(mention)) for mention in ordered[start : start + 20]]
            count += store.put(batch, now=NOW).new
        return count

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(crawl, range(4))) == 300
    assert len(list(store.mentions())) == 300
    assert store.check() == []
