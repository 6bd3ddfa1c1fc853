"""The benchmark of the store runs, and its figures are there."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.benches.all import command as everything
from cli.benches.corpora import PLANTED, Corpus
from cli.benches.customers import command as customers
from cli.benches.measures.asks import SEARCHES
from cli.benches.measures.filled import Filled
from cli.benches.store import command


def test_a_corpus_is_the_same_every_time_and_holds_what_was_planted() -> None:
    one, other = (list(Corpus(12_000).founds()) for _ in range(2))
    assert one == other
    assert len({found.mention.id for found in one}) == 12_000
    for count in PLANTED:
        assert sum(f"zqhit{count}" in found.mention.text.rstrip(".").split() for found in one) == count
    sizes = Corpus(12_000)
    list(islice(sizes.founds(), 12_000))
    assert max(sizes.threads.values()) > 12


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the corpora stay; every benchmark but the first finds them there."""
    return tmp_path_factory.mktemp("bench")


def test_the_benchmark_of_the_store_tells_figures_and_ratios(work: Path) -> None:
    for _ in range(2):
        done = CliRunner().invoke(command, ["--quick", "--work", str(work)], catch_exceptions=False)
        assert done.exit_code == 0
        (corpus,) = json.loads(done.stdout)["corpora"]
        assert corpus["mentions"] == 2_000
        assert corpus["ingest"]["ratio"] > 0
        assert corpus["bytes_per_mention"]["store"] > 500
        assert [search["query"] for search in corpus["searches"]] == [ask.query for ask in SEARCHES]
        assert len(SEARCHES) == 20
        for part in ("queue_page", "thread_page", "triage_write", "count", "first_page_few_hits"):
            assert corpus[part]["p95_ms"] > 0
            assert (
                corpus[part]["ratio_p95_low"] <= corpus[part]["ratio_p95"] <= corpus[part]["ratio_p95_high"]
            )


def test_the_benchmark_of_customers_tells_every_part(work: Path) -> None:
    arguments = ["--quick", "--accounts", "20", "--work", str(work)]
    done = CliRunner().invoke(customers, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert (found["accounts"], found["mentions"]) == (20, 2_000)
    assert found["people"] > 100
    assert min(part["cpu_s"] for part in (*found["nightly"].values(), *found["forget"].values())) > 0
    assert found["one_mention"]["p50_cpu_ms"] > 0
    assert len(found["pages"]) > 20


def test_people_at_their_desks_are_answered(work: Path) -> None:
    done = CliRunner().invoke(everything, ["--quick", "--work", str(work)], catch_exceptions=False)
    assert done.exit_code == 0
    found = json.loads(done.stdout)["web"]
    assert found["users"] == 4
    assert found["pages"] >= 4
    assert found["failures"] == []
    assert found["p95_low_ms"] <= found["p95_ms"] <= found["p95_high_ms"]


def test_both_sides_find_the_same(work: Path) -> None:
    filled = Filled(work / "corpus-2000", 2_000)
    try:
        for ask in SEARCHES:
            ((by_hand,),) = filled.raw.count(ask.match, ask.where)
            assert filled.store.count(ask.search).value == by_hand, ask.query
            mine = [hit.stored.mention.id for hit in filled.store.search(ask.search).hits]
            assert mine == [row[0] for row in filled.raw.page(ask.match, ask.where)][:50], ask.query
    finally:
        filled.close()


def test_measuring_again_asks_for_the_store_that_was_filled() -> None:
    refused = CliRunner().invoke(command, ["--quick", "--again"])
    assert refused.exit_code != 0
    assert "--url" in str(refused.exception)
