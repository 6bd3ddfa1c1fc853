"""The statements behind the pages people wait for read along an index, never through a whole table."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.clock import SetClock
from core.ports import Store
from core.search import QueueSort, Sort
from store.sqlite import SqliteStore
from tests.builders import NOW
from tests.store.contract.asking import ask
from tests.store.contract.world import build


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SqliteStore:
    store = SqliteStore.open(tmp_path_factory.mktemp("plans") / "earful.db", clock=SetClock(NOW))
    build(store)
    return store


def plans(store: SqliteStore, act: Callable[[], object]) -> dict[str, list[str]]:
    """What SQLite says it does for each statement that `act` runs."""
    connection = store.database.link().connection
    statements: list[tuple[str, object]] = []

    def trace(_: object, sql: str, bindings: object) -> bool:
        if sql.lstrip().upper().startswith(("SELECT", "WITH")):
            statements.append((sql, bindings))
        return True

    connection.exec_trace = trace
    act()
    connection.exec_trace = None
    return {
        sql: [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", bindings)]
        for sql, bindings in statements
    }


#: Tables that stay small, a page of rows found already, or tables whose index alone is walked in its order.
SMALL = ("hit", "asked", "page", "tally", "watch", "brand", "source", "stem_language", "json_each")
SMALL += ("CONSTANT", "author", "k", "model")


def whole_tables(found: dict[str, list[str]]) -> list[str]:
    return [
        step
        for steps in found.values()
        for step in steps
        if step.startswith("SCAN")
        and " INDEX " not in step
        and step.split()[1] not in SMALL
        # FTS5 and the walk through docids end at the page's last row.
        and not step.startswith(("SCAN word VIRTUAL TABLE", "SCAN m"))
    ]


def is_sorted_afterwards(found: dict[str, list[str]], beginning: str) -> bool:
    (steps,) = [steps for sql, steps in found.items() if sql.startswith(beginning) and "ORDER BY" in sql]
    return any("TEMP B-TREE FOR ORDER BY" in step for step in steps)


@pytest.mark.parametrize("sort", QueueSort)
@pytest.mark.parametrize("query", ["", "is:open", "is:open is:unanswered", "is:mine", "is:pinned"])
def test_the_queue_reads_along_an_index(store: SqliteStore, query: str, sort: QueueSort) -> None:
    found = plans(store, lambda: store.queue(ask(query, user="ada"), sort=sort, limit=5))
    assert whole_tables(found) == []
    if query in ("", "is:open", "is:pinned"):
        assert not is_sorted_afterwards(found, "SELECT t.tid, t.pinned")


@pytest.mark.parametrize("query", ["is:open", "is:unanswered", "is:open is:unanswered", "-is:pinned"])
def test_what_is_muted_makes_the_queue_read_no_other_mentions(store: SqliteStore, query: str) -> None:
    muted = ask(f'{query} -"my plan" -author:ada -source:mastodon')
    found = plans(store, lambda: (store.queue(muted, limit=5), store.queue_counts([muted, muted])))
    assert whole_tables(found) == []
    assert not [step for steps in found.values() for step in steps if step.startswith("SCAN m")]
    assert not is_sorted_afterwards(found, "SELECT t.tid, t.pinned")


@pytest.mark.parametrize(
    "query", ["", "acme", "acme price", "acme -price", "source:reddit", "author:ada", "acme last:7d"]
)
def test_the_newest_hits_are_read_in_order(store: SqliteStore, query: str) -> None:
    found = plans(store, lambda: store.search(ask(query), sort=Sort.NEW, limit=5))
    assert whole_tables(found) == []
    if query != "author:ada":
        assert not is_sorted_afterwards(found, "SELECT m.docid, m.id")


def test_a_thread_and_the_work_list_are_read_along_indices(store: Store) -> None:
    assert isinstance(store, SqliteStore)
    thread_id = next(store.mentions()).mention.thread_id
    assert whole_tables(plans(store, lambda: store.thread(thread_id))) == []
    assert whole_tables(plans(store, lambda: store.threads_to_rank(limit=5, older_than=NOW))) == []
    assert whole_tables(plans(store, lambda: store.backlog("test.v1"))) == []
