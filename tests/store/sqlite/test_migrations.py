"""A database of a former version is brought to the newest, and nothing that it knew is lost."""

from __future__ import annotations

import random
import re
from datetime import timedelta
from pathlib import Path

import apsw

from core.clock import SetClock
from core.thread import Status, Triage
from store.sqlite import SqliteStore
from store.sqlite.migrate import shipped
from tests.builders import NOW, a_mention, a_watch, found
from tests.store.contract.asking import ask, ids

WORDS = [f"word{number}" for number in range(500)]
#: A hash under its four bands, as version 9 kept the fresh ones.
BANDS = """
INSERT INTO near_fresh
SELECT b.value << 16 | (simhash >> 16 * b.value & 65535), simhash, docid
FROM mention, json_each('[0, 1, 2, 3]') AS b WHERE simhash IS NOT NULL AND duplicate_of IS NULL
"""


def made_older(path: Path) -> None:
    """Give a database the tables and triggers that it had at version 9."""
    steps = shipped()
    (fresh,) = re.findall(r"CREATE TABLE near_fresh .*?;", steps[3], re.DOTALL)
    (view,) = re.findall(r"CREATE VIEW near .*?;", steps[9], re.DOTALL)
    triggers = re.findall(r"CREATE TRIGGER tally_(?:added|changed) .*?END;", steps[7], re.DOTALL)
    with apsw.Connection(str(path)) as connection:
        for sql in (
            *("DROP VIEW near", "DROP TABLE near_fresh", fresh, view, BANDS),
            *("DROP TRIGGER tally_changed", *triggers, "DELETE FROM tally WHERE threads = 0"),
            "PRAGMA user_version = 9",
        ):
            connection.execute(sql)


def test_a_database_of_version_9_knows_its_copies_and_counts_its_queue(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    store = SqliteStore.open(path, clock=SetClock(NOW))
    store.save_watch(a_watch(), actor="ada", now=NOW)
    rnd = random.Random(5)
    told = [
        a_mention(native_id=f"n{n}", text="Acme " + " ".join(rnd.choices(WORDS, k=12))) for n in range(20)
    ]
    store.put([found(mention) for mention in told], now=NOW)
    unlike = sorted(ids(store, "-is:duplicate"))
    assert len(unlike) == len(told)
    store.close()
    made_older(path)

    store = SqliteStore.open(path, clock=SetClock(NOW))
    assert store.check() == []
    later = NOW + timedelta(hours=1)
    copied = [a_mention(native_id=f"c{n}", text=one.text, published_at=later) for n, one in enumerate(told)]
    store.put([found(mention) for mention in copied], now=later)
    assert sorted(ids(store, "-is:duplicate")) == unlike
    thread = store.thread(copied[0].thread_id)
    store.triage(
        thread.id, Triage(status=Status.RESOLVED, version=0), actor="ada", action="triage.resolve", now=later
    )
    counts = store.queue_counts([ask("is:open"), ask("is:resolved")])
    assert [count.value for count in counts] == [39, 1]
    assert store.check() == []
