"""How fast sources read, and what a crawl costs beside a plain Scrapy spider that only calls `json.loads`.

`python -m crawlers.speed plain|earful` is one crawl of the comparison, in a process of
its own, since a reactor runs once.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median
from urllib.parse import parse_qs, urlsplit

import scrapy
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import TextResponse

from core.clock import SystemClock
from core.errors import EarfulError
from core.settings import Settings
from core.watch import Brand, Watch
from crawlers.catalog import source
from crawlers.made_pages import SOURCES, made_page, made_thread
from crawlers.runner import Plan, crawl
from store import open_store

#: Items of a page when reading is measured.
ITEMS = 100
#: How long each source is measured, at least, in seconds.
_SECONDS = 0.5
#: Comments of the thread whose memory is told: the largest among the recordings.
COMMENTS = 541
#: Pages of the crawls that are compared, items on each, and how often they are run.
PAGES, SIZE, RUNS = 100, 40, 3
#: Names a product that no page of the comparison names, so that nothing is stored.
_UNNAMED = "Zqvearfulbench"


def mentions_per_second(name: str) -> float:
    """Return how many mentions one source reads in a second of one core.

    Raises:
        EarfulError: the source finds other than what was invented, so the figure would mean nothing.
    """
    reader, address = source(name)(), source(name).home or "https://social.example/"
    bodies = [made_page(name, first * ITEMS, ITEMS) for first in range(8)]
    pages = [TextResponse(f"{address}/{number}", body=body) for number, body in enumerate(bodies)]
    found = len(list(reader.read(pages[0])))
    if found != ITEMS:
        raise EarfulError(f"{name} finds {found} mentions in a page of {ITEMS}")
    best = 0.0
    for _ in range(3):
        count, began = 0, time.process_time()
        while (spent := time.process_time() - began) < _SECONDS / 3:
            for page in pages:
                count += sum(1 for _ in reader.read(page))
        best = max(best, count / spent)
    return best


def thread_memory() -> dict[str, float]:
    """Return the memory that a thread of 541 comments takes: its page, and reading it, at most."""
    body = made_thread(COMMENTS)
    reader = source("hackernews")()
    list(reader.read(TextResponse("https://hn.algolia.com/", body=made_thread(3))))
    tracemalloc.start()
    page = TextResponse("https://hn.algolia.com/api/v1/items/43000000", body=body)
    found = list(reader.read(page))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {"comments": len(found) - 1, "page_mib": _mib(len(body)), "peak_mib": _mib(peak)}


def overhead() -> dict[str, float]:
    """Return the CPU and wall seconds of the same crawl, by plain Scrapy and by Earful, and their ratio.

    The runs take turns, so that what else the machine does falls on both.
    """
    kinds = ("plain", "earful")
    runs: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
    for _ in range(RUNS):
        for kind in kinds:
            runs[kind].append(_child(kind))
            if runs[kind][-1]["items"] != PAGES * SIZE:
                raise EarfulError(
                    f"the crawl {kind!r} found {runs[kind][-1]['items']} of {PAGES * SIZE} items"
                )
    told: dict[str, float] = {"pages": PAGES, "items_a_page": SIZE}
    for kind in kinds:
        for unit in ("wall", "cpu"):
            told[f"{kind}_{unit}_seconds"] = round(median(run[unit] for run in runs[kind]), 3)
    for unit in ("wall", "cpu"):
        ratios = [ours[unit] / plain[unit] for ours, plain in zip(runs["earful"], runs["plain"], strict=True)]
        told[f"ratio_{unit}"] = round(median(ratios), 2)
    return told


def sources_per_second() -> Iterator[tuple[str, float]]:
    """Yield the speed of each source that answers in JSON."""
    for name in SOURCES:
        yield name, mentions_per_second(name)


def _child(kind: str) -> dict[str, float]:
    done = subprocess.run(  # noqa: S603 - our own module, no shell
        [sys.executable, "-m", "crawlers.speed", kind],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise EarfulError(f"the crawl {kind!r} of the comparison failed: {done.stderr[-400:]}")
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _mib(size: int) -> float:
    return round(size / 1024**2, 2)


class _Pages(BaseHTTPRequestHandler):
    """Serves a hashtag's pages, made beforehand, each with the address of the next as Mastodon gives it."""

    protocol_version = "HTTP/1.1"
    bodies: tuple[bytes, ...] = ()

    def do_GET(self) -> None:
        """Answer."""
        if self.path == "/robots.txt":
            self._send(404, b"", "")
            return
        number = int(parse_qs(urlsplit(self.path).query).get("max_id", ["0"])[0])
        host, path = self.headers.get("Host", ""), urlsplit(self.path).path
        is_last = number + 1 >= len(self.bodies)
        link = "" if is_last else f'<http://{host}{path}?max_id={number + 1}>; rel="next"'
        self._send(200, self.bodies[number], link)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Keep quiet."""

    def _send(self, status: int, body: bytes, link: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        if link:
            self.send_header("Link", link)
        self.end_headers()
        self.wfile.write(body)


class _Plain(scrapy.Spider):  # type: ignore[misc]  # scrapy's types are skipped
    """What anybody would write first: follow the pages, and parse the JSON."""

    name = "plain"

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """Begin with the first page."""
        yield scrapy.Request(self.url)

    def parse(self, response: TextResponse) -> Iterator[object]:
        """Take a page's items and ask for the next page."""
        for item in json.loads(response.body):
            yield {"id": item["id"], "text": item["content"]}
        following = re.search(r"<([^>]+)>", (response.headers.get("Link") or b"").decode())
        if following:
            yield scrapy.Request(following[1])


def _plain(base: str) -> int:
    process = AsyncCrawlerProcess({"LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False})
    crawler = process.create_crawler(_Plain)
    process.crawl(crawler, url=f"{base}/social.example/api/v1/timelines/tag/acme")
    process.start(install_signal_handlers=False)
    found: int = crawler.stats.get_value("item_scraped_count")
    return found


def _earful(base: str, store_url: str) -> int:
    settings = {"servers": ["social.example"], "pages_per_run": PAGES}
    store = open_store(store_url)
    watch = Watch(id="bench", product=Brand(name=_UNNAMED), sources={"mastodon": settings})
    store.save_watch(watch, actor="bench", now=SystemClock().now())
    items: list[int] = [0]
    plan = Plan(
        settings=Settings(host_delay=0),
        base_urls={"mastodon": base},
        progress=lambda outcome: items.append(outcome.items),
    )
    crawl(store, plan)
    store.close()
    return items[-1]


def _one_crawl(kind: str) -> None:
    """Run one crawl of the comparison and print what it took."""
    # The server is a process of its own, or its work would be counted as the crawl's.
    server = subprocess.Popen(
        [sys.executable, "-m", "crawlers.speed", "serve"], stdout=subprocess.PIPE, text=True
    )
    try:
        base = server.stdout.readline().strip() if server.stdout else ""
        with tempfile.TemporaryDirectory() as directory:
            began, cpu = time.perf_counter(), time.process_time()
            items = _plain(base) if kind == "plain" else _earful(base, f"sqlite:///{directory}/bench.db")
            told = {"wall": time.perf_counter() - began, "cpu": time.process_time() - cpu, "items": items}
        sys.stdout.write(json.dumps(told))
    finally:
        server.kill()
        server.wait()


def _serve() -> None:
    _Pages.bodies = tuple(made_page("mastodon", number * SIZE, SIZE) for number in range(PAGES))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    _serve() if sys.argv[1] == "serve" else _one_crawl(sys.argv[1])
