"""One crawl: all wanted sources of all wanted watches, in one run of the reactor. A process runs one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.settings import Settings as ScrapySettings

from core.clock import Clock, SystemClock
from core.egress import Egress
from core.errors import ConfigError
from core.ports import Store
from core.settings import Settings
from core.source import SourceState
from core.turns import Turns
from core.watch import Watch
from crawlers.catalog import source
from crawlers.crawl import Crawl, Job
from crawlers.guard import refuse_proxy
from crawlers.health import Outcome
from crawlers.keys import Keys, hide_in_logs
from crawlers.patience import Hosts
from crawlers.settings import for_crawl
from crawlers.source import DEFAULT_SINCE, origin
from store import open_store

#: A server named by `--base-url` is the operator's own, so it is read whole at the first crawl.
EVERYTHING = timedelta(days=3650)


def run(
    store_url: str,
    settings: Settings,
    *,
    watch_ids: Sequence[str] = (),
    sources: Sequence[str] = (),
    since: timedelta | None = None,
    base_urls: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    allow_proxy: bool = False,
    progress: Callable[[Outcome], None] = lambda _outcome: None,
    keys: Keys | None = None,
    turns: Turns | None = None,
) -> list[SourceState]:
    """Crawl once and return how each source is doing for each watch.

    Args:
        store_url: the store's address.
        settings: of this installation.
        watch_ids: the watches to crawl for; none for all that are not paused.
        sources: names of the sources to read; none for all that a watch names.
        since: how far back to read; None for the usual depth at the first crawl, and what is new later.
        base_urls: source name → another address to read it from.
        clock: tells the time.
        allow_proxy: go through the proxy that the environment names.
        progress: called with the figures so far, after each answer.
        keys: the credentials of the sources.
        turns: agrees with other crawls on when a host is asked; None where there are none.

    Raises:
        ConfigError: there is no such watch or source, an address is none, or a proxy is set.
        StoreError: the store cannot be used.
    """
    plan = Plan(
        settings=settings,
        watch_ids=watch_ids,
        sources=sources,
        since=since,
        base_urls=dict(base_urls or {}),
        clock=clock or SystemClock(),
        allow_proxy=allow_proxy,
        progress=progress,
        keys=keys or Keys(),
        turns=turns,
    )
    store = open_store(store_url)
    try:
        return crawl(store, plan)
    finally:
        store.close()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one crawl is to do; see `run`."""

    settings: Settings
    watch_ids: Sequence[str] = ()
    sources: Sequence[str] = ()
    since: timedelta | None = None
    base_urls: Mapping[str, str] = field(default_factory=dict)
    clock: Clock = field(default_factory=SystemClock)
    allow_proxy: bool = False
    progress: Callable[[Outcome], None] = lambda _outcome: None
    keys: Keys = field(default_factory=Keys)
    turns: Turns | None = None

    @property
    def egress(self) -> Egress:
        """What may be dialled: the public web, the operator's networks, and each `--base-url` to the port."""
        endpoints = {_endpoint(url) for url in self.base_urls.values()}
        return Egress.allowing(endpoints=endpoints, networks=self.settings.allow_networks)


def crawl(store: Store, plan: Plan) -> list[SourceState]:
    """Crawl once into an open store; see `run`.

    Raises:
        ConfigError: there is no such watch or source, an address is none, or a proxy is set.
        StoreError: the store cannot be used.
    """
    for name in (*plan.base_urls, *plan.sources):
        source(name)
    jobs, waiting = _jobs(store, plan)
    if not plan.allow_proxy and any(job.state.source not in plan.base_urls for job in jobs):
        refuse_proxy()
    crawls: dict[str, Crawl] = {}
    hosts = Hosts(turns=plan.turns)
    for name in dict.fromkeys(job.state.source for job in jobs):
        crawls[name] = Crawl(
            store=store,
            clock=plan.clock,
            jobs=[job for job in jobs if job.state.source == name],
            since=plan.since,
            default_since=EVERYTHING if name in plan.base_urls else DEFAULT_SINCE,
            hosts=hosts,
            progress=plan.progress,
            hide=plan.keys.hide,
        )
    if crawls:
        react(crawls, plan)
    return [*(job.state for job in jobs), *waiting]


def react(crawls: Mapping[str, Crawl], plan: Plan) -> None:
    """Run the reactor until every source is read.

    Raises:
        StoreError: the store ended a crawl before its time.
    """
    common = ScrapySettings()
    common.setmodule("crawlers.settings", priority="project")
    process = AsyncCrawlerProcess(common)
    hide_in_logs(plan.keys)
    egress = plan.egress
    for name, crawl in crawls.items():
        base = plan.base_urls.get(name, "")
        crawler_settings = common.copy()
        ours = for_crawl(plan.settings, egress, base, proxy=plan.allow_proxy)
        crawler_settings.update(ours, priority="cmdline")
        crawler = Crawler(source(name), crawler_settings, init_reactor=True)
        process.crawl(crawler, crawl=crawl, base_url=base, clock=plan.clock, keys=plan.keys.of(name))
    # What is read is stored act by act, so a signal may simply end the process.
    process.start(install_signal_handlers=False)
    for crawl in crawls.values():
        if crawl.error is not None:
            raise crawl.error


def _jobs(store: Store, plan: Plan) -> tuple[list[Job], list[SourceState]]:
    """Return what is to be read now, and the states of what waits for its time."""
    states = {(state.watch_id, state.source): state for state in store.source_states()}
    jobs: list[Job] = []
    waiting: list[SourceState] = []
    everyone = [watch for watch in store.watches() if not watch.paused]
    for watch in _watches(store, plan.watch_ids):
        for name, settings in watch.sources.items():
            state = states.get((watch.id, name)) or SourceState(watch_id=watch.id, source=name)
            if (plan.sources and name not in plan.sources) or state.paused:
                continue
            if state.until is not None and plan.clock.now() < state.until:
                waiting.append(state)
            else:
                source(name)
                limits = plan.settings.budgets.get(name, {})
                behind = any(name in one.sources and one.priority > watch.priority for one in everyone)
                whole = {**limits, **settings}
                jobs.append(Job(watch=watch, settings=whole, state=state, behind=behind))
    return jobs, waiting


def _watches(store: Store, watch_ids: Sequence[str]) -> list[Watch]:
    watches = store.watches()
    unknown = set(watch_ids) - {watch.id for watch in watches}
    if unknown:
        names = ", ".join(watch.id for watch in watches) or "none yet: `earful up PRODUCT` makes one"
        raise ConfigError(f"there is no watch {', '.join(sorted(unknown))}; there are: {names}")
    if watch_ids:
        return [watch for watch in watches if watch.id in watch_ids]
    return [watch for watch in watches if not watch.paused]


def _endpoint(url: str) -> tuple[str, int]:
    """Return address and port of a `--base-url`; `localhost` is what it is everywhere."""
    host, port = origin(url)
    return ("127.0.0.1" if host == "localhost" else host), port
