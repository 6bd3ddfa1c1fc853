"""The benchmark of the cluster runs, and its figures are there."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from cli.benches.corpora import END, SPAN, WATCH, Corpus
from cli.benches.measures.asks import DAY, SEARCHES, searched
from cli.benches.measures.byhand import CLAUSES
from cli.benches.measures.filled import batches
from cli.benches.store import command
from core.clock import SetClock
from store import open_store
from store.elastic.raw import Raw
from tests.elasticsearch_server import fresh_url

pytestmark = [pytest.mark.elasticsearch, pytest.mark.timeout(600)]


def test_the_benchmark_of_the_cluster_tells_figures_and_ratios() -> None:
    url = fresh_url()
    asked = ["--quick", "--size", "1000", "--url", url]
    done = CliRunner().invoke(command, asked, catch_exceptions=False)
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert found["mentions"] == 1_000
    assert found["bulk"]["speed_against_helper"] > 0
    assert [search["query"] for search in found["searches"]] == [ask.query for ask in SEARCHES]
    for part in (
        "first_page",
        "first_page_few_hits",
        "facets_and_histogram",
        "count",
        "queue_page",
        "thread_page",
        "triage_write",
    ):
        assert found[part]["ratio_p95_low"] <= found[part]["ratio_p95"] <= found[part]["ratio_p95_high"]
    refused = CliRunner().invoke(command, asked)
    assert "holds something already" in str(refused.exception)
    again = CliRunner().invoke(command, [*asked, "--again"], catch_exceptions=False)
    measured = json.loads(again.stdout)
    assert measured["mentions"] == 1_000
    assert set(found) - set(measured) == {"ingest_per_second"}
    empty = CliRunner().invoke(command, ["--again", "--url", fresh_url()])
    assert "is empty" in str(empty.exception)


def test_the_store_and_the_client_by_hand_find_the_same() -> None:
    store = open_store(fresh_url(), clock=SetClock(END))
    store.save_watch(WATCH, actor="bench", now=END)
    for batch in batches(Corpus(1_000)):
        store.put(batch, now=END)
    store.settle()
    raw = Raw(store)
    try:
        assert 40 < raw.count(CLAUSES["zqhit50"]) <= 50, "some of these are context"
        for ask in SEARCHES:
            by_hand = CLAUSES[ask.query]
            mine = [hit.stored.mention.id for hit in store.search(ask.search).hits]
            asked = [hit["_source"]["body"]["mention"]["id"] for hit in raw.page(by_hand)]
            assert mine == asked[:50], ask.query
            assert store.count(ask.search).value == raw.count(by_hand), ask.query
        everything = searched("")
        facet = store.facets(everything, ["source"])["source"]
        buckets = raw.facets(CLAUSES[""], ["source"])["source"]["buckets"]
        assert {one.value: one.count for one in facet} == {one["key"]: one["doc_count"] for one in buckets}
        bars = store.histogram(everything, step=DAY, start=END - SPAN, end=END)
        by_hand_bars = raw.histogram(CLAUSES[""], int(DAY.total_seconds() * 1e6))
        assert sum(bar.count for bar in bars) == sum(bar["doc_count"] for bar in by_hand_bars)
        page = store.queue(searched("is:open"))
        bodies, _, total = raw.queue()
        assert [row.id for row in page.rows] == [body["id"] for body in bodies][:50]
        assert page.total.value == total
        largest = raw.threads(3)
        for thread_id in largest:
            ours = [one.mention.id for one in store.thread(thread_id).mentions]
            assert sorted(ours) == sorted(one["mention"]["id"] for one in raw.thread(thread_id)[1])
        raw.copy(largest)
        assert [raw.triage(one, 0, "resolved", 0) for one in largest] == [1, 2, 3]
        with pytest.raises(ValueError, match="changed this thread first"):
            raw.triage(largest[0], 0, "resolved", 0)
    finally:
        raw.close()
        store.close()
