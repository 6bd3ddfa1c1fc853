"""Each kind of thing is kept as long as was decided for it. On both stores."""

from __future__ import annotations

from datetime import timedelta

from core.ports import Store
from core.stages import Stage
from engage import advocates
from engage.accounts import plan_import, save_import
from engage.customers import PERSON, find_person, person_of
from engage.matching import place
from engage.retention import Notice, empty_audit, forget_silent, save_notice
from engage.standing import override
from engage.upserting import upsert
from tests.builders import NOW, a_watch
from tests.customers.saying import PRAISE, say


def test_people_long_silent_are_let_go_and_our_own_relations_stay(empty: Store) -> None:
    empty.save_watch(a_watch(), actor="ada", now=NOW)
    for name, days in (("old", 200), ("ours", 200), ("placed", 200), ("speaker", 200), ("young", 5)):
        say(empty, name, PRAISE, days=days)
    save_import(empty, plan_import(empty, [b"key,name\na,A\n"]), file="t", actor="ada", now=NOW)
    names = ("ours", "placed", "speaker")
    keys = {name: find_person(empty, f"hackernews:{name}").person.key for name in names}
    place(empty, keys["ours"], "a", actor="ada", now=NOW)
    override(empty, PERSON, keys["placed"], Stage.LOYAL, reason="Met her.", actor="ada", now=NOW)
    advocates.find(empty, keys["speaker"], actor="ada", now=NOW)
    assert forget_silent(empty, days=0, now=NOW) == 0
    assert forget_silent(empty, days=100, now=NOW) == 1
    assert forget_silent(empty, days=100, now=NOW) == 0
    left = {person_of(item).person.shown for item in empty.kept(PERSON)}
    assert left == {"ours", "placed", "speaker", "young"}
    assert all("old" not in str(item.body) for item in empty.kept("move"))
    say(empty, "old", PRAISE, days=1)
    assert find_person(empty, "hackernews:old").person.standing.stage is Stage.SATISFIED


def test_old_audit_records_stop_telling_what_was_and_the_chain_holds(empty: Store) -> None:
    for days, tier in ((40, "x"), (10, "y")):
        upsert(empty, "a", {"name": "A", "tier": tier}, actor="ada", now=NOW - timedelta(days=days))
    assert empty_audit(empty, now=NOW) == 0
    save_notice(empty, Notice(audit_days=30), version=0, actor="ada", now=NOW)
    assert empty_audit(empty, now=NOW) == 1
    assert empty_audit(empty, now=NOW) == 0
    newer, older = empty.audit(target="account:a")
    assert (bool(newer.after), dict(older.after), older.actor) == (True, {}, "ada")
    assert empty.check() == []
