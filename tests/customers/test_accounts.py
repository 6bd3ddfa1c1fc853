"""Accounts from tables: good, malformed and hostile; stored as one act, taken back as one act."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from core.customers import Contract, Outcome
from core.errors import InputError
from core.kept import Sought
from core.ports import Store
from core.revenue import value_at
from engage.accounts import Change, plan_import, save_import, undo_import
from engage.customers import ACCOUNT, account_of, find_account
from engage.reporting import scorecard
from engage.table import read_table
from tests.builders import NOW

GOOD = """Account name;Website;Plan;CSM;ARR;Customer since;Renewal date;Outcome;Mood
Müller GmbH;https://www.mueller.example/en;gold;ada;€12.000,50;2021-05-01;31.03.2026;;sunny
Initech;initech.example, initech.co.example;;bob;1,200;;2026-09-30;renewed;
"Umbrella, Inc.";;;;;;;churned;
"""


def bring(store: Store, *text: str | bytes) -> list[tuple[int, Change, str]]:
    """Plan and store a table; return what each row did."""
    chunks = [each.encode() if isinstance(each, str) else each for each in text]
    plan = plan_import(store, chunks)
    if plan.count(Change.NEW) + plan.count(Change.CHANGED):
        save_import(store, plan, file="t.csv", actor="ada", now=NOW)
        store.settle()
    return [(row.line, row.change, row.what) for row in plan.rows]


def contracts(store: Store) -> dict[str, Contract]:
    found = [account_of(item).account.contract for item in store.kept(ACCOUNT)]
    return {contract.name: contract for contract in found}


def test_a_table_under_its_own_names_comes_in_and_again_changes_nothing(empty: Store) -> None:
    assert [row[:2] for row in bring(empty, GOOD)] == [(2, Change.NEW), (3, Change.NEW), (4, Change.NEW)]
    assert contracts(empty) == {
        "Müller GmbH": Contract(
            name="Müller GmbH", domains=("mueller.example",), tier="gold", owner="ada", value=12000.5,
            start=date(2021, 5, 1), renewal=date(2026, 3, 31),
        ),
        "Initech": Contract(
            name="Initech", domains=("initech.example", "initech.co.example"), owner="bob", value=1200,
            renewal=date(2026, 9, 30), outcome=Outcome.RENEWED,
        ),
        "Umbrella, Inc.": Contract(name="Umbrella, Inc.", outcome=Outcome.LOST),
    }  # fmt: skip
    assert empty.kept_counts(Sought(kind=ACCOUNT)) == {"unknown": 2, "former": 1}
    assert [row[1] for row in bring(empty, GOOD)] == [Change.SAME] * 3
    assert [record.action for record in empty.audit()] == ["account.import"]


def test_a_known_domain_changes_its_account_and_columns_that_are_not_there_stay(empty: Store) -> None:
    bring(empty, GOOD)
    assert bring(empty, "name,domain,value\nInitech Corp,initech.example,2000\n") == [
        (
            2,
            Change.CHANGED,
            (
                "name: Initech → Initech Corp; domains: initech.example, initech.co.example → "
                "initech.example; value: 1200.0 → 2000.0"
            ),
        ),
    ]
    assert contracts(empty)["Initech Corp"].renewal == date(2026, 9, 30)


def test_an_import_is_taken_back_whole_but_what_changed_since_is_left(empty: Store) -> None:
    bring(empty, GOOD)
    plan = plan_import(empty, [b"name,tier\nInitech,gold\nUmbrella\nNew One,x\nOther,y\n"])
    assert [row.change for row in plan.rows] == [Change.CHANGED, Change.BAD, Change.NEW, Change.NEW]
    done = save_import(empty, plan, file="t.csv", actor="ada", now=NOW)
    bring(empty, "name,tier\nOther,z\n")
    left = undo_import(empty, done.key, actor="bob", now=NOW)
    assert [find_account(empty, key).account.contract.name for key in left] == ["Other"]
    found = contracts(empty)
    assert "New One" not in found
    assert found["Initech"].tier == ""
    with pytest.raises(InputError, match="already"):
        undo_import(empty, done.key, actor="bob", now=NOW)
    assert next(record.action for record in empty.audit()) == "account.undo_import"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("A,,,,,1900-01-01", "renewal 1900-01-01 lies outside the years 1990 to 2100"),
        ("A,,,,2027-01-01,2026-01-01", "before the start"),
        ("A,,,,,soon", "renewal 'soon' cannot be read"),
        ("A,,lots,,,", "value 'lots' cannot be read"),
        ("A,,-5,,,", "value begins like a formula"),
        ("A,,9999999999999999,,,", "a value a year lies between"),
        ('"=HYPERLINK(""x"")",,,,,', "name begins like a formula"),
        ("A,gmail.com,,,,", "everybody uses"),
        ("A,not a domain,,,,", "'not' is no domain"),
        ("A,,,great,,", "outcome is open"),
        (",,,,,", ""),
        (",a.example,,,,", "an account needs a name"),
        ("A,a.example,1", "3 cells where the first line names 6 columns"),
        ("A,a.example,1,,,,,", "8 cells"),
        ("A\x00B,,,,,", "NUL"),
        ("A\x1b]0;B\x07,,,,,", "control character"),
        ("A\ufffdB,,,,,", "no text"),
        ("\uff1dcmd,,,,,", "name begins like a formula"),
        ('A,"x"y,,,,', "no CSV"),
        (f"{'A' * 201},,,,,", "name has at most 200"),
    ],
)
def test_a_bad_row_is_told_by_its_line_and_nothing_of_it_is_taken(empty: Store, row: str, said: str) -> None:
    table = f"name,domains,value,outcome,start,renewal\nGood One,,,,,\n{row}\n"
    plan = plan_import(empty, [table.encode()])
    bad = [(each.line, each.what) for each in plan.rows if each.change is Change.BAD]
    assert len(plan.contracts) == 1
    assert [line for line, _ in bad] == ([3] if said else [])
    assert all(said in what for _, what in bad)
    assert empty.kept(ACCOUNT) == []


def test_two_rows_do_not_share_a_domain_or_a_key(empty: Store) -> None:
    bring(empty, "key,name,domains\nk1,One,one.example\n")
    rows = bring(
        empty,
        "key,name,domains\nk2,Two,one.example\nk3,Three,three.example\nk3,Again,\nk4,Four,three.example\n",
    )
    assert [(change, what) for _, change, what in rows] == [
        (Change.BAD, "one.example belongs to the account k1 already"),
        (Change.NEW, ""),
        (Change.BAD, "the account k3 stands in this table twice"),
        (Change.BAD, "three.example belongs to the account k3 already"),
    ]


def test_lines_of_mixed_encodings_are_each_read_as_what_they_are(empty: Store) -> None:
    bring(empty, "name\nZürich\n", "Köln\n".encode("cp1252"), b"\x93Quoted\x94\n")
    assert set(contracts(empty)) == {"Zürich", "Köln", "“Quoted”"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_table_is_read_in_any_encoding_and_in_any_pieces(empty: Store, encoding: str, step: int) -> None:
    data = 'name,tier\r\nŽluťoučký ਊ kůň,x\r\n"two\nlines",y\r\n'.encode(encoding)
    plan = plan_import(empty, (data[at : at + step] for at in range(0, len(data), step)))
    assert [contract.name for contract in plan.contracts.values()] == ["Žluťoučký ਊ kůň", "two lines"]


def endless(piece: bytes) -> Iterator[bytes]:
    """A gigabyte that nobody has to hold."""
    yield b"name\n"
    for _ in range(1024 * 1024 * 1024 // len(piece)):
        yield piece


@pytest.mark.parametrize(
    ("piece", "said"),
    [
        (b"x" * 65536, "longer than 100,000"),
        (b"\n" * 65536, "more than 200,000 lines"),
        (b"same\n" * 13107, "more than 50,000 rows"),
        (b"y" * 65535 + b"\n", "larger than 64 MB"),
    ],
)
def test_a_gigabyte_is_refused_before_it_is_read(piece: bytes, said: str) -> None:
    _, rows = read_table(endless(piece))
    with pytest.raises(InputError, match=said):
        list(rows)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "empty"),
        (b"name\n", "no row"),
        (b"colour,taste\nred,sweet\n", "no column is called name"),
        (b"name,name\na,b\n", "two columns have the same name"),
        (bytes(range(256)) * 4, "no column is called name"),
    ],
)
def test_what_is_no_table_of_customers_is_refused_as_a_whole(empty: Store, data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        plan_import(empty, [data])


def test_what_an_account_was_worth_is_kept_over_time_and_the_net_retention_follows(empty: Store) -> None:
    bring(
        empty,
        "key,name,value,start,renewal,outcome,value before,value since\n"
        "up,Up,150,2020-01-01,2026-02-01,expanded,100,\n"
        "down,Down,60,2020-01-01,2026-12-01,,100,2026-02-10\n"
        "gone,Gone,100,2020-01-01,2026-02-20,lost,,\n"
        "mute,Mute,100,2020-01-01,2026-12-01,,,\n",
    )
    card = scorecard(empty, [], NOW - timedelta(days=60), now=NOW)
    assert {row.account.key: (row.then, row.now, row.assumed) for row in card.revenue} == {
        "up": (100, 150, False), "down": (100, 60, False), "gone": (100, 0, False), "mute": (100, 100, True),
    }  # fmt: skip
    assert (card.gross_revenue, card.net_revenue) == (260 / 400, 310 / 400)
    assert [[one.key for one in group] for group in (card.grown, card.shrunk, card.assumed)] == [
        ["up"], ["down"], ["mute"],
    ]  # fmt: skip
    # A later import is told beside what was told before, and taking it back does not unsay it.
    later = NOW + timedelta(days=30)
    plan = plan_import(empty, [b"key,name,value\nmute,Mute,130\n"])
    done = save_import(empty, plan, file="t.csv", actor="ada", now=later)
    account = find_account(empty, "mute").account
    assert [value_at(account, day.date()) for day in (NOW, later)] == [100, 130]
    assert scorecard(empty, [], NOW, now=later).net_revenue == (150 + 60 + 130) / 310
    undo_import(empty, done.key, actor="ada", now=later + timedelta(days=3))
    account = find_account(empty, "mute").account
    assert [one.value for one in account.values] == [100, 130, 100]
    assert value_at(account, later.date()) == 100


def test_without_any_value_of_that_time_net_retention_is_not_told(empty: Store) -> None:
    bring(empty, "key,name,value,renewal,outcome\na,A,100,2026-12-01,\nb,B,50,2026-02-20,lost\n")
    card = scorecard(empty, [], NOW - timedelta(days=60), now=NOW)
    assert (card.gross_revenue, card.net_revenue) == (100 / 150, None)


def test_a_value_before_needs_the_day_on_which_it_changed(empty: Store) -> None:
    rows = bring(empty, "key,name,value,value before\na,A,2,1\n")
    assert rows == [(2, Change.BAD, "value_before needs value_since, the day on which the value changed")]
