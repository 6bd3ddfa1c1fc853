"""An invented corpus in the store and in the baseline, kept under a directory so that a rerun is quick."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path

from cli.benches.corpora import END, MODEL, PRODUCT, WATCH, Corpus, labels_for
from cli.benches.measures.timing import Timer
from core.clock import SetClock
from core.labels import Labels
from core.source import Found
from core.thread import Priority, Reason
from core.work import Answer
from store.codecs import labels_to_text
from store.sqlite import SqliteStore
from store.sqlite.raw import Raw, Row

BATCH = 500
#: Answers stored together, as a labeller does.
LABELLED = 500
#: Written last: a directory without it was not filled to the end and is filled anew.
FIGURES = "figures.json"


class Filled:
    """A corpus of `size` mentions in both files under `place`."""

    def __init__(self, place: Path, size: int) -> None:
        self.place, self.size = place, size
        if not (place / FIGURES).is_file():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            self._open()
            found = {"mentions": size, "ingest": self._ingest(), "labels_per_cpu_second": self._label()}
            self._rank()
            self.close()
            self.figures = found | {"bytes_per_mention": self._bytes()}
            (place / FIGURES).write_text(json.dumps(self.figures))
        self.figures = json.loads((place / FIGURES).read_text())
        self._open()

    def threads(self, count: int) -> list[str]:
        """Return some threads of every size, the largest first."""
        ordered = self.raw.threads()
        return ordered[:: max(1, len(ordered) // count)]

    def close(self) -> None:
        """End both, their logs moved into the files."""
        self.store.close()
        self.raw.close()

    def _open(self) -> None:
        self.store = SqliteStore.open(self.place / "earful.db", clock=SetClock(END))
        self.raw = Raw(self.place / "raw.db")

    def _ingest(self) -> dict[str, float]:
        self.store.save_watch(WATCH, actor="bench", now=END)
        timer, before = Timer(), 0
        for batch in batches(Corpus(self.size)):
            rows = [row(before + place, found) for place, found in enumerate(batch, 1)]
            before += len(batch)
            timer.both(partial(self.store.put, batch, now=END), partial(self.raw.add, rows))
        last = timer.own[-len(timer.own) // 10 :], timer.raw[-len(timer.raw) // 10 :]
        own, raw = (sum(one[0] for one in side) for side in (timer.own, timer.raw))
        return {
            "mentions_per_second": round(self.size / sum(one[1] for one in timer.own)),
            "mentions_per_cpu_second": round(self.size / own),
            "raw_mentions_per_cpu_second": round(self.size / raw),
            "ratio": round(own / raw, 2),
            "last_tenth_per_cpu_second": round(len(last[0]) * BATCH / sum(one[0] for one in last[0])),
            "last_tenth_ratio": round(sum(one[0] for one in last[0]) / sum(one[0] for one in last[1]), 2),
        }

    def _label(self) -> int:
        """Answer every pair, as a labeller would."""
        lease, count, spent = timedelta(hours=1), 0, 0.0
        said: dict[str, Said] = defaultdict(Said)
        while True:
            began = time.process_time()
            due = self.store.lease_unlabelled(MODEL, limit=LABELLED, owner="bench", lease=lease, now=END)
            spent += time.process_time() - began
            if not due:
                break
            answers = []
            for item in due:
                labels = labels_for(int(item.mention.native_id), item.brand, item.mention.language)
                answers.append(Answer(mention_id=item.mention.id, revision=item.revision, labels=labels))
                said[item.mention.id].add(labels)
            began = time.process_time()
            count += self.store.put_labels(answers, now=END)
            spent += time.process_time() - began
        self.raw.label((*one.columns, mention_id) for mention_id, one in said.items())
        return round(count / max(spent, 1e-6))

    def _rank(self) -> None:
        """Give every thousandth part of the threads a priority, at most a thousand: each is a commit."""
        for place, thread_id in enumerate(self.store.threads_to_rank(limit=RANKED, older_than=END)):
            thread = self.store.thread(thread_id)
            priority = Priority(reasons=(Reason(points=float(place % 97), why="benchmark"),))
            self.store.save_priority(thread_id, priority, sequence=thread.sequence, now=END)

    def _bytes(self) -> dict[str, int]:
        """Measure the files after the logs went into them."""
        return {
            name: (self.place / f"{file}.db").stat().st_size // self.size
            for name, file in (("store", "earful"), ("raw", "raw"))
        }


#: Threads that get a priority.
RANKED = 1_000


class Said:
    """What the baseline's table holds of a mention's labels: all as one text, the product's as columns."""

    __slots__ = ("risk", "text", "tone")

    def __init__(self) -> None:
        self.text = "[]"
        self.tone: str | None = None
        self.risk: float | None = None

    def add(self, labels: Labels) -> None:
        """Take in what the model says toward one brand."""
        self.text = f"{self.text[:-1]}{',' if len(self.text) > EMPTY else ''}{labels_to_text(labels)}]"
        if labels.brand == PRODUCT:
            self.tone = labels.sentiment.tone.value if labels.sentiment else None
            self.risk = labels.churn.p if labels.churn else None

    @property
    def columns(self) -> tuple[str | None, float | None, str]:
        """Tone, risk, and all labels."""
        return self.tone, self.risk, self.text


#: Characters of a JSON list with nothing in it.
EMPTY = len("[]")


@contextmanager
def copied(place: Path, size: int) -> Iterator[Path]:
    """Give a data directory with a copy of the corpus: what people do in it is no part of that."""
    filled = Filled(place / f"corpus-{size}", size)
    filled.close()
    with tempfile.TemporaryDirectory(prefix="earful-bench-") as data:
        shutil.copy(filled.place / "earful.db", Path(data) / "earful.db")
        yield Path(data)


def batches(corpus: Corpus) -> Iterator[list[Found]]:
    """Yield a corpus as crawls bring it."""
    founds = corpus.founds()
    while batch := list(islice(founds, BATCH)):
        yield batch


def row(docid: int, found: Found) -> Row:
    """Return a mention as the baseline's table holds it."""
    mention, author, engagement = found.mention, found.mention.author, found.mention.engagement
    return (
        *(docid, mention.id, mention.source, mention.native_id, mention.kind.value, mention.url),
        *(mention.thread_id, mention.parent_id, author.id, author.handle, author.name, author.url),
        *(author.followers, mention.title, mention.text, mention.language),
        *(int(mention.published_at.timestamp() * 1e6), mention.published_known, None, mention.deleted),
        *(engagement.score, engagement.replies, engagement.shares, engagement.views, mention.rating),
        *(1, found.context, found.own, int(END.timestamp() * 1e6), None, json.dumps([found.watch_id])),
    )
