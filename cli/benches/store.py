"""How fast the store takes mentions in and finds them, beside statements written by hand."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path

import click

from cli.benches.corpora import END, MODEL, PHRASE, PRODUCT, SPAN, WATCH, Corpus, labels_for, word
from core.clock import SetClock
from core.ports import Store
from core.query_parser import parse
from core.search import Search
from core.source import Found
from core.thread import Priority, Reason, Status, Triage
from core.work import Answer
from store import open_store
from store.sqlite.raw import Raw, Row

BATCH = 500
#: Threads that get a priority; each is a commit of its own.
RANKED = 1_000
#: How often each thing is done; the store and the baseline take turns.
TIMES, QUICK_TIMES = 9, 2
FACETS = ("source", "lang", "author", "sentiment")
RAW_FACETS = ("source", "lang", "author", "tone")
DAY = timedelta(days=1)
#: Hits up to which facets and the first page have figures to meet; broader words count by ratio.
FEW = 5_000
LAST_WEEK = f" AND d.published >= {int((END - 7 * DAY).timestamp() * 1e6)}"


@dataclass(frozen=True)
class _Ask:
    """A search in the query language, and the same by hand."""

    query: str
    match: str | None
    where: str = ""


#: Of rising difficulty. The words `zqhit…` stand in exactly so many mentions of every corpus.
SEARCHES = (
    _Ask("zqhit5", "zqhit5"),
    _Ask("zqhit50", "zqhit50"),
    _Ask(f'"{PHRASE}"', f'"{PHRASE}"'),
    _Ask("zqhit500", "zqhit500"),
    _Ask("zqhit50 OR zqhit500", "zqhit50 OR zqhit500"),
    _Ask("zqhit5000", "zqhit5000"),
    _Ask("zqhit5000 -zqhit500", "zqhit5000 NOT zqhit500"),
    _Ask("zqhit5000 source:reddit", "zqhit5000", " AND d.source = 'reddit'"),
    _Ask("zqhit5000 sentiment:negative", "zqhit5000", " AND d.tone = 'negative'"),
    _Ask("zqhit5000 churn:>0.9", "zqhit5000", " AND d.risk > 0.9"),
    _Ask("author:person7", None, " AND d.author = 'person7'"),
    _Ask(f"{word(3000)} {word(20)}", f"{word(3000)} {word(20)}"),
    _Ask(f"{word(300)[:4]}*", f"{word(300)[:4]}*"),
    _Ask(f"{word(5)} last:7d", word(5), LAST_WEEK),
    _Ask(f"{word(5)} author:person7", word(5), " AND d.author = 'person7'"),
    _Ask(f"{word(5)}", word(5)),
    _Ask(f"{word(5)} {word(6)} sentiment:negative", f"{word(5)} {word(6)}", " AND d.tone = 'negative'"),
    _Ask("source:reddit", None, " AND d.source = 'reddit'"),
    _Ask("url:item/777", None, " AND d.url LIKE '%item/777%'"),
    _Ask("", None),
)


@click.command("store")
@click.option("--size", "sizes", type=click.IntRange(1_000), multiple=True, help="Mentions in the corpus.")
@click.option("--million", is_flag=True, help="Also a corpus of a million mentions; takes half an hour.")
@click.option("--quick", is_flag=True, help="One small corpus, few repeats: whether it runs, not how fast.")
@click.option(
    "--dir", "directory", type=click.Path(path_type=Path, file_okay=False), help="Where the files go."
)
def command(sizes: tuple[int, ...], directory: Path | None, *, million: bool, quick: bool) -> None:
    """Measure the SQLite store on invented corpora of 10,000 and 100,000 mentions, as JSON.

    Every figure stands beside that of statements written by hand on FTS5 (store/sqlite/raw.py), taken by
    turns in the same run. Ratios are of CPU time, because other programs on the machine disturb it least.
    """
    sizes = sizes or ((2_000,) if quick else (10_000, 100_000, *((1_000_000,) if million else ())))
    found = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="earful-bench-", dir=directory) as place:
            found.append(_Bench(Path(place), size, QUICK_TIMES if quick else TIMES).run())
    result: dict[str, object] = {"corpora": found}
    if len(found) > 1:
        result["growth_of_page_p95"] = _growth(found[0], found[-1])
    click.echo(json.dumps(result, indent=1))


def _growth(small: dict[str, object], large: dict[str, object]) -> float:
    """Return how much slower the first page of planted words is in the largest corpus."""
    first, last = small["equal_hits_page_p95_cpu_ms"], large["equal_hits_page_p95_cpu_ms"]
    return round(float(str(last)) / float(str(first)), 2)


@dataclass
class _Timer:
    """CPU and wall time of the same act, done by the store and by hand."""

    own: list[tuple[float, float]] = field(default_factory=list)
    raw: list[tuple[float, float]] = field(default_factory=list)

    def both(self, own: Callable[[], object], raw: Callable[[], object]) -> None:
        """Do both once."""
        self.own.append(_timed(own))
        self.raw.append(_timed(raw))

    def __add__(self, other: _Timer) -> _Timer:
        """Return all measurements together."""
        return _Timer(self.own + other.own, self.raw + other.raw)

    def told(self) -> dict[str, float]:
        """Return percentiles in milliseconds and the ratio to the baseline."""
        cpu, raw = [one[0] for one in self.own], [one[0] for one in self.raw]
        wall = [one[1] for one in self.own]
        return {
            "p50_ms": _ms(_percentile(wall, 0.5)),
            "p95_ms": _ms(_percentile(wall, 0.95)),
            "p50_cpu_ms": _ms(_percentile(cpu, 0.5)),
            "p95_cpu_ms": _ms(_percentile(cpu, 0.95)),
            "raw_p50_cpu_ms": _ms(_percentile(raw, 0.5)),
            "raw_p95_cpu_ms": _ms(_percentile(raw, 0.95)),
            "ratio_p50": round(_percentile(cpu, 0.5) / max(_percentile(raw, 0.5), 1e-6), 2),
            "ratio_p95": round(_percentile(cpu, 0.95) / max(_percentile(raw, 0.95), 1e-6), 2),
        }


def _timed(act: Callable[[], object]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    act()
    return time.process_time() - cpu, time.perf_counter() - wall


def _percentile(values: Sequence[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


class _Bench:
    """One corpus in both stores."""

    def __init__(self, place: Path, size: int, times: int) -> None:
        self.place, self.size, self.times = place, size, times
        self.corpus = Corpus(size)
        self._open()

    def _open(self) -> None:
        self.store: Store = open_store(f"sqlite:///{self.place / 'earful.db'}", clock=SetClock(END))
        self.raw = Raw(self.place / "raw.db")

    def run(self) -> dict[str, object]:
        """Fill both and measure; return the figures."""
        self.store.save_watch(WATCH, actor="bench", now=END)
        result: dict[str, object] = {"mentions": self.size, "ingest": self._ingest()}
        result["labels_per_cpu_second"] = self._label()
        result["bytes_per_mention"] = self._bytes()
        self._rank()
        pages, few = self._pages()
        result |= pages
        result |= {"facets_and_histogram": self._facets(few), "count": self._counts()}
        result |= {
            "queue_page": self._queue(),
            "thread_page": self._threads(),
            "triage_write": self._triage(),
        }
        self.store.close()
        self.raw.close()
        return result

    def _ingest(self) -> dict[str, float]:
        timer, founds, before = _Timer(), self.corpus.founds(), 0
        while batch := list(islice(founds, BATCH)):
            rows = [_row(before + place, found) for place, found in enumerate(batch, 1)]
            before += len(batch)
            timer.both(partial(self.store.put, batch, now=END), partial(self.raw.add, rows))
        own, raw = (sum(one[0] for one in side) for side in (timer.own, timer.raw))
        wall = sum(one[1] for one in timer.own)
        return {
            "mentions_per_second": round(self.size / wall),
            "mentions_per_cpu_second": round(self.size / own),
            "raw_mentions_per_cpu_second": round(self.size / raw),
            "ratio": round(own / raw, 2),
        }

    def _label(self) -> int:
        """Answer every pair, as a labeller would."""
        lease, count, spent, rows = timedelta(hours=1), 0, 0.0, []
        while True:
            began = time.process_time()
            due = self.store.lease_unlabelled(MODEL, limit=1_000, owner="bench", lease=lease, now=END)
            spent += time.process_time() - began
            if not due:
                break
            answers = []
            for item in due:
                labels = labels_for(int(item.mention.native_id), item.brand)
                answers.append(Answer(mention_id=item.mention.id, revision=item.revision, labels=labels))
                if item.brand == PRODUCT and labels.sentiment and labels.churn:
                    shown = json.dumps(labels.to_json())
                    rows.append((labels.sentiment.tone.value, labels.churn.p, shown, item.mention.id))
            began = time.process_time()
            count += self.store.put_labels(answers, now=END)
            spent += time.process_time() - began
        self.raw.label(rows)
        return round(count / max(spent, 1e-6))

    def _bytes(self) -> dict[str, int]:
        """Measure the files after the logs went into them, as the last connection does when it ends."""
        self.store.close()
        self.raw.close()
        self._open()

        def size(name: str) -> int:
            return sum(file.stat().st_size for file in self.place.glob(f"{name}.db")) // self.size

        return {"store": size("earful"), "raw": size("raw")}

    def _rank(self) -> None:
        for place, thread_id in enumerate(self.store.threads_to_rank(limit=RANKED, older_than=END)):
            thread = self.store.thread(thread_id)
            priority = Priority(reasons=(Reason(points=float(place % 97), why="benchmark"),))
            self.store.save_priority(thread_id, priority, sequence=thread.sequence, now=END)

    def _pages(self) -> tuple[dict[str, object], list[_Ask]]:
        timers: dict[str, _Timer] = {}
        hits = {ask.query: self.store.count(_search(ask.query)).value for ask in SEARCHES}
        for ask in SEARCHES:
            timers[ask.query] = timer = _Timer()
            for _ in range(self.times):
                timer.both(
                    partial(self.store.search, _search(ask.query)),
                    partial(self.raw.page, ask.match, ask.where),
                )
        few = [ask for ask in SEARCHES if hits[ask.query] <= FEW]
        planted = _sum(timers[ask.query] for ask in SEARCHES if ask.query.startswith("zqhit"))
        told = [{"query": ask.query, "hits": hits[ask.query], **timers[ask.query].told()} for ask in SEARCHES]
        return {
            "first_page_few_hits": _sum(timers[ask.query] for ask in few).told(),
            "first_page_all": _sum(timers.values()).told(),
            "equal_hits_page_p95_cpu_ms": planted.told()["p95_cpu_ms"],
            "searches": told,
        }, few

    def _facets(self, few: Sequence[_Ask]) -> dict[str, object]:
        told: dict[str, object] = {}
        for name, asks in (("few_hits", few), ("broad", [ask for ask in SEARCHES if ask not in few])):
            timer = _Timer()
            for ask in asks:
                for _ in range(max(1, self.times // 3)):
                    timer.both(partial(self._own_facets, ask.query), partial(self._raw_facets, ask))
            if timer.own:
                told[name] = timer.told()
        return told

    def _own_facets(self, query: str) -> None:
        self.store.facets(_search(query), FACETS)
        self.store.histogram(_search(query), step=DAY, start=END - SPAN, end=END)

    def _raw_facets(self, ask: _Ask) -> None:
        self.raw.facets(ask.match, ask.where, RAW_FACETS)
        self.raw.histogram(ask.match, ask.where, int(DAY.total_seconds() * 1e6))

    def _counts(self) -> dict[str, float]:
        timer = _Timer()
        for ask in SEARCHES:
            for _ in range(max(1, self.times // 3)):
                timer.both(
                    partial(self.store.count, _search(ask.query)),
                    partial(self.raw.count, ask.match, ask.where),
                )
        return timer.told()

    def _queue(self) -> dict[str, float]:
        timer = _Timer()
        for _ in range(self.times * 3):
            timer.both(lambda: self.store.queue(_search("is:open")), self.raw.queue)
        return timer.told()

    def _some_threads(self) -> list[str]:
        ordered = sorted(self.corpus.threads, key=lambda one: (-self.corpus.threads[one], one))
        return ordered[:: max(1, len(ordered) // (self.times * 10))]

    def _threads(self) -> dict[str, float]:
        timer = _Timer()
        for thread_id in self._some_threads():
            timer.both(partial(self.store.thread, thread_id), partial(self.raw.thread, thread_id))
        return timer.told()

    def _triage(self) -> dict[str, float]:
        timer = _Timer()
        known = {row[0] for row in self.raw.connection.execute("SELECT id FROM thread")}
        for thread_id in (one for one in self._some_threads() if one in known):
            timer.both(
                partial(self._resolve, thread_id), partial(self.raw.triage, thread_id, "resolved", "{}")
            )
        return timer.told()

    def _resolve(self, thread_id: str) -> None:
        """Resolve a thread whose triage nobody has touched."""
        change = Triage(status=Status.RESOLVED)
        self.store.triage(thread_id, change, actor="ada", action="triage.resolve", now=END)


def _sum(timers: Iterable[_Timer]) -> _Timer:
    return sum(timers, _Timer())


def _search(query: str) -> Search:
    return Search(node=parse(query).node, now=END, user="ada")


def _row(docid: int, found: Found) -> Row:
    mention = found.mention
    return (
        docid,
        mention.id,
        mention.source,
        mention.thread_id,
        mention.author.handle,
        mention.url,
        mention.title,
        mention.text,
        mention.language,
        int(mention.published_at.timestamp() * 1e6),
        found.context,
        found.own,
    )
