"""What each field of the query language asks of a mention or of its thread (docs/decisions/0011)."""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from core.query import And, Between, Node, OneOf
from core.thread import Status
from store.authors import author_key
from store.codecs import micros, storable
from store.questions import THREAD_FIELDS, THREAD_WORDS
from store.sqlite import addresses
from store.sqlite.clause import FALSE, Clause, all_of, among, any_of
from store.verdict import CHURNS, INTENTS, SAID, TONES

if TYPE_CHECKING:
    from store.sqlite.compiling import Compiler


def one_of(compiler: Compiler, node: OneOf) -> Clause:
    """Return the condition of `field:a,b`."""
    if node.field in LABEL_BITS:
        return _labelled(compiler, node)
    if node.field in THREAD_FIELDS:
        return _in_thread(compiler, thread_condition(compiler, node))
    if node.field in THREAD_WORDS:
        return any_of([_word(compiler, node.field, value) for value in node.values])
    make = MENTION_FIELDS.get(node.field)
    # Stages and accounts are asked legally already; nobody has one yet.
    return make(compiler, [storable(value) for value in node.values]) if make else FALSE


def thread_condition(compiler: Compiler, node: OneOf) -> Clause:
    """Return the condition of a leaf about the thread, over `thread t`."""
    if node.field in THREAD_WORDS:
        return any_of([_thread_word(compiler, value) for value in node.values])
    return THREAD_MAKERS[node.field](compiler, [storable(value) for value in node.values])


def _in_thread(compiler: Compiler, condition: Clause) -> Clause:
    """Return a thread's condition as one of its mentions."""
    if compiler.few("thread t", condition):
        return Clause(f"m.thread IN (SELECT t.tid FROM thread t WHERE {condition.sql})", condition.values)
    return Clause(
        f"EXISTS (SELECT 1 FROM thread t WHERE t.tid = m.thread AND ({condition.sql}))", condition.values
    )


def _word(compiler: Compiler, name: str, value: str) -> Clause:
    if value in THREAD_WORDS[name]:
        return _in_thread(compiler, _thread_word(compiler, value))
    return MENTION_WORDS.get((name, value), FALSE)


MENTION_WORDS = {
    ("is", "unanswered"): Clause(
        "NOT m.own AND EXISTS (SELECT 1 FROM thread t WHERE t.tid = m.thread "
        "AND (t.own_last IS NULL OR m.published > t.own_last))"
    ),
    ("is", "duplicate"): Clause("m.duplicate_of IS NOT NULL"),
    ("is", "context"): Clause("m.context"),
    ("has", "reply"): Clause(
        "EXISTS (SELECT 1 FROM mention r JOIN body rb ON rb.docid = r.docid "
        "WHERE r.thread = m.thread AND NOT r.deleted AND rb.parent_id = m.id)"
    ),
    ("has", "link"): Clause("m.linked"),
    ("has", "rating"): Clause("m.rating IS NOT NULL"),
    ("has", "correction"): Clause("EXISTS (SELECT 1 FROM correction c WHERE c.docid = m.docid)"),
}


def _thread_word(compiler: Compiler, value: str) -> Clause:
    match value:
        case "mine":
            return among("t.assignee", compiler.search.mine)
        case "pinned":
            return Clause("t.pinned = 1")
        case "note":
            return Clause("EXISTS (SELECT 1 FROM note WHERE note.thread = t.tid)")
        case _:
            return _status(compiler, value)


def _status(compiler: Compiler, value: str) -> Clause:
    """Ask for a status; a snooze whose time has come counts as open."""
    now = micros(compiler.search.now)
    if value == Status.OPEN:
        return Clause("t.status = 'open' OR t.status = 'snoozed' AND t.snoozed_until <= ?", (now,))
    if value == Status.SNOOZED:
        return Clause("t.status = 'snoozed' AND (t.snoozed_until > ? OR t.snoozed_until IS NULL)", (now,))
    return Clause("t.status = ?", (value,))


def _statuses(compiler: Compiler, values: Sequence[str]) -> Clause:
    return any_of([_status(compiler, value) for value in values])


def _assignees(compiler: Compiler, values: Sequence[str]) -> Clause:
    asked = {value.casefold() for value in values}
    known = compiler.link.rows(str, "SELECT DISTINCT assignee FROM thread WHERE assignee IS NOT NULL")
    return among("t.assignee", [name for name in known if name.casefold() in asked])


def _tags(compiler: Compiler, values: Sequence[str]) -> Clause:
    asked = {value.casefold() for value in values}
    known = compiler.link.rows(str, "SELECT DISTINCT tag FROM thread_tag")
    inner = among("tag", [tag for tag in known if tag.casefold() in asked])
    return Clause(f"t.tid IN (SELECT thread FROM thread_tag WHERE {inner.sql})", inner.values)


def _threads(_: Compiler, values: Sequence[str]) -> Clause:
    return among("t.id", values)


THREAD_MAKERS: dict[str, Callable[[Compiler, Sequence[str]], Clause]] = {
    "status": _statuses,
    "assignee": _assignees,
    "tag": _tags,
    "thread": _threads,
}


def _authors(compiler: Compiler, values: Sequence[str]) -> Clause:
    keys = among("key", [author_key(value) for value in values])
    numbers = compiler.link.rows(
        int, f"SELECT DISTINCT author FROM author_key WHERE {keys.sql}", *keys.values
    )
    return among("m.author", numbers)


def _sources(compiler: Compiler, values: Sequence[str]) -> Clause:
    names = among("name", values)
    numbers = compiler.link.rows(int, f"SELECT id FROM source WHERE {names.sql}", *names.values)
    # Several sources are met while walking through time: their joined index rows would have to be sorted.
    # And whoever writes, a source holds many times more: of the two indices the author's is the one to read.
    by_index = len(numbers) == 1 and not _of_author(compiler.search.node)
    return among("m.source" if by_index else "+m.source", numbers)


def _of_author(node: Node) -> bool:
    """Tell whether all that a query finds was written by one of the authors that it names."""
    if isinstance(node, And):
        return any(map(_of_author, node.nodes))
    return isinstance(node, OneOf) and node.field == "author"


def _languages(_: Compiler, values: Sequence[str]) -> Clause:
    """`en` finds `en-us` too; `en-us` only itself."""
    asked = [value.replace("_", "-").lower() for value in values]
    return any_of(
        [Clause("m.lang = ? OR substr(m.lang, 1, ?) = ?", (one, len(one) + 1, f"{one}-")) for one in asked]
    )


def _watches(_: Compiler, values: Sequence[str]) -> Clause:
    inner = among("k.watch", values)
    return Clause(
        f"EXISTS (SELECT 1 FROM mention_watch k WHERE k.docid = m.docid AND {inner.sql})", inner.values
    )


def _urls(compiler: Compiler, values: Sequence[str]) -> Clause:
    return any_of([addresses.holds(compiler, value) for value in values])


def _products(compiler: Compiler, values: Sequence[str]) -> Clause:
    return _named(compiler, values, "p.names_product = 1")


def _rivals(compiler: Compiler, values: Sequence[str]) -> Clause:
    return _named(compiler, values, "p.names_rival = 1")


def _named(compiler: Compiler, values: Sequence[str], flag: str) -> Clause:
    found = {number for value in values for number in brand_numbers(compiler, value)}
    return _paired(compiler, sorted(found), Clause(flag))


def brand_numbers(compiler: Compiler, name: str) -> list[int]:
    """Return the brands that a name means: those called so, and those that a watch calls so."""
    asked = storable(name).casefold()
    meant = {
        brand.name
        for watch in compiler.watches.values()
        for brand in watch.brands
        if asked in (one.casefold() for one in brand.names)
    }
    known = compiler.link.connection.execute("SELECT id, name FROM brand")
    return [number for number, brand in known if brand in meant or brand.casefold() == asked]


def _paired(compiler: Compiler, numbers: Sequence[int], condition: Clause) -> Clause:
    """Return what holds where a mention's pair with one of these brands meets `condition`."""
    brand = among("p.brand", numbers)
    if brand == FALSE:
        return FALSE
    where = all_of([brand, condition])
    if compiler.few("pair p", brand):
        return Clause(f"m.docid IN (SELECT p.docid FROM pair p WHERE {where.sql})", where.values)
    return Clause(f"EXISTS (SELECT 1 FROM pair p WHERE p.docid = m.docid AND ({where.sql}))", where.values)


MENTION_FIELDS: dict[str, Callable[[Compiler, Sequence[str]], Clause]] = {
    "author": _authors,
    "source": _sources,
    "lang": _languages,
    "watch": _watches,
    "url": _urls,
    "product": _products,
    "rival": _rivals,
}

LABEL_BITS = {"sentiment": ("tones", TONES), "churn": ("churns", CHURNS), "intent": ("intents", INTENTS)}


def _labelled(compiler: Compiler, node: OneOf) -> Clause:
    column, known = LABEL_BITS[node.field]
    bits = 0
    for value in node.values:
        bits |= known.get(value, 0)
    if node.brand is not None:
        said = Clause(f"p.{column} & ? <> 0", (bits,))
        return _paired(compiler, brand_numbers(compiler, node.brand), said)
    said = Clause(f"m.{column} & ? <> 0", (bits,))
    likely = bits & ~CHURNS["no"]
    if node.field == "churn" and likely == bits and compiler.few("mention", Clause("risk >= ?", (SAID,))):
        return all_of([Clause("m.risk >= ?", (SAID,)), said])
    return said


def between(compiler: Compiler, node: Between) -> Clause:
    """Return the condition of `churn:>0.7`, toward a brand or toward any product of the mention's watches."""
    low = 0.0 if node.low is None else node.low
    parts = [Clause(f"p.risk {'>=' if node.low_counts or node.low is None else '>'} ?", (low,))]
    if node.high is not None:
        parts.append(Clause(f"p.risk {'<=' if node.high_counts else '<'} ?", (node.high,)))
    inside = all_of(parts)
    if node.brand is not None:
        return _paired(compiler, brand_numbers(compiler, node.brand), inside)
    exists = Clause(
        f"EXISTS (SELECT 1 FROM pair p WHERE p.docid = m.docid AND p.product = 1 AND ({inside.sql}))",
        inside.values,
    )
    # The highest of a mention's products is on the mention itself; its index pays only where it finds few.
    indexed = compiler.few("mention", Clause("risk >= ?", (low,)))
    return all_of([Clause("m.risk >= ?" if indexed else "+m.risk >= ?", (low,)), exists])
