"""Asking a source once: does it answer, does its key work, what would it bring? Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from core.errors import ConfigError, EarfulError, StoreError
from core.ports import Store
from core.source import SourceState
from core.watch import Brand, Watch
from crawlers.asking import refuse_without_key
from crawlers.catalog import source as find
from crawlers.crawl import Crawl, Job
from crawlers.guard import refuse_proxy
from crawlers.patience import Hosts
from crawlers.runner import Plan, react
from crawlers.source import DEFAULT_SINCE, PROBE

if TYPE_CHECKING:
    from crawlers.source import Source


@dataclass(kw_only=True)
class Answer:
    """What came of one request."""

    #: The list that was asked for.
    stream: str = ""
    items: int = 0
    matches: int = 0
    newest_at: datetime | None = None
    #: The first matches, shortened.
    samples: list[str] = field(default_factory=list)
    error: EarfulError | None = None


@dataclass(kw_only=True)
class Trial(Crawl):
    """A crawl of one request: the first page of the first list, or of a list for each kind of key."""

    answer: Answer = field(default_factory=Answer)

    async def run(self, source: Source) -> None:
        """Ask once."""
        try:
            await self._ask(source, self.jobs[0])
        except StoreError as error:
            self.error = error
        except EarfulError as error:
            self.answer.error = error

    async def _ask(self, source: Source, job: Job) -> None:
        refuse_without_key(source)
        stream = next(iter(source.streams(job.watch, job.settings)), None)
        if stream is None:
            raise ConfigError(f"{source.name} finds nothing to read in the settings of this watch")
        self.answer.stream = stream.name
        page = await self.asker(source, job).fetch(stream.url, {})
        found = list(source.read(page)) if page else []
        matches = [one for one in found if not one.deleted and source.matches(stream.watch, one)]
        dated = [one.published_at for one in found if one.published_known]
        self.answer.items, self.answer.matches = len(found), len(matches)
        self.answer.newest_at = max(dated, default=None)
        self.answer.samples = [" ".join(one.said.split())[:SAMPLE] for one in matches[:SAMPLES]]


#: How many matches are shown, and how much of each.
SAMPLES, SAMPLE = 3, 100


def try_source(store: Store, plan: Plan, name: str, watch: Watch) -> Answer:
    """Ask a source once for a watch.

    Raises:
        ConfigError: there is no such source, or a proxy is set.
        StoreError: the store cannot be used.
    """
    if name not in watch.sources:
        named = ", ".join(watch.sources) or "none"
        raise ConfigError(f"the watch {watch.id} does not read {name}; it reads {named}")
    return _try(store, plan, name, watch)


def try_key(store: Store, plan: Plan, name: str, host: str) -> Answer:
    """Ask a source once for a product that nobody names, to see whether its key is good.

    Raises:
        ConfigError: there is no such source, or a proxy is set.
        StoreError: the store cannot be used.
    """
    settings = find(name).probe_settings(host)
    return _try(store, plan, name, Watch(id="probe", product=Brand(name=PROBE), sources={name: settings}))


def _try(store: Store, plan: Plan, name: str, watch: Watch) -> Answer:
    if not plan.allow_proxy and name not in plan.base_urls:
        refuse_proxy()
    limits: Mapping[str, object] = plan.settings.budgets.get(name, {})
    state = SourceState(watch_id=watch.id, source=name)
    jobs: Sequence[Job] = [Job(watch=watch, settings={**limits, **watch.sources[name]}, state=state)]
    trial = Trial(
        store=store,
        clock=plan.clock,
        jobs=jobs,
        since=plan.since,
        default_since=DEFAULT_SINCE,
        hosts=Hosts(),
        hide=plan.keys.hide,
    )
    react({name: trial}, plan)
    return trial.answer
