"""Asking one address on behalf of a source: its headers and tokens, and what a refusal means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response, TextResponse

from core.clock import Clock
from core.errors import SourceBlocked, SourceBusy
from crawlers.health import Outcome
from crawlers.page import ERRORS_FROM, NOT_MODIFIED, OK_FROM, REFUSED_FROM, as_text, host_of, narrow
from crawlers.patience import Hosts, plain_error
from crawlers.waiting import UNSAID

if TYPE_CHECKING:
    from crawlers.budget import Budget
    from crawlers.source import Source

#: The refusal that a fresh token may undo.
UNAUTHORIZED = 401


@dataclass(kw_only=True)
class Asker:
    """Asks for one source and one watch, and counts it."""

    source: Source
    clock: Clock
    hosts: Hosts
    outcome: Outcome
    #: Called with the outcome after every answer.
    progress: Callable[[Outcome], None]
    #: What the operator allows in a day, where there is a limit.
    budget: Budget | None = None
    #: No more of it than the day is old.
    evenly: bool = False

    async def fetch(self, url: str, conditions: Mapping[str, str]) -> TextResponse | None:
        """Return the answer of an address; None for "not modified".

        Raises:
            SourceError: there is none; the class says why.
        """
        response = await self._asked(url, conditions)
        token = response.request.headers.get("Authorization", b"").decode("latin-1").partition(" ")[2]
        if token and _is_stale(response) and await self.source.renew(token):
            response = await self._asked(url, conditions)
        self._heed(response)
        page = narrow(response)
        if page.url != url and page.url == response.request.url:
            # What the request added to the address, such as a key, belongs into no cursor.
            page = page.replace(url=url)
        return None if page.status == NOT_MODIFIED else page

    def _heed(self, response: Response) -> None:
        """Keep away from a host as long as an answer's body says.

        Raises:
            SourceError: the answer is a refusal that the source understands.
        """
        now, host, page = self.clock.now(), host_of(response.url), as_text(response)
        told = self.source.refused(page, now) if REFUSED_FROM <= page.status < ERRORS_FROM else None
        until = self.source.busy_until(page, now) if page.status == OK_FROM else None
        if isinstance(told, SourceBusy):
            until = told.until = told.until or now + UNSAID
        if until:
            self.hosts.due[host] = max(until, self.hosts.due.get(host, until))
        if told:
            raise told

    async def _asked(self, url: str, conditions: Mapping[str, str]) -> Response:
        if self.budget:
            # Taken off before it is asked, or several lists would share the last request of the day.
            self.budget.check(evenly=self.evenly)
            self.budget.use()
            self.outcome.budgeted += 1
        request = self.source.request(url, {**self.source.headers(url), **conditions})
        meta = {**request.meta, "asked": url, "outcome": self.outcome}
        request = request.replace(meta=meta, dont_filter=True)
        try:
            response: Response = await self.source.crawler.engine.download_async(request)
        except IgnoreRequest as error:
            raise plain_error(request, error) from error
        finally:
            self._count()
            self.progress(self.outcome)
        return response

    def _count(self) -> None:
        """Take tries again off the day's budget as well."""
        if self.budget and self.outcome.requests > self.outcome.budgeted:
            self.budget.use(self.outcome.requests - self.outcome.budgeted)
            self.outcome.budgeted = self.outcome.requests


def refuse_without_key(source: Source) -> None:
    """Return where a source has the credentials without which it reads nothing.

    Raises:
        SourceBlocked: it has not; the message says what to do.
    """
    absent = [name for name in source.key_fields if not source.keys.get(name)] if source.needs_key else []
    if absent:
        raise SourceBlocked(
            f"{source.title} needs {' and '.join(absent)}: `earful source set-key {source.name} {absent[0]}` "
            "takes it, `earful source list` says how to get one"
        )


def _is_stale(response: Response) -> bool:
    """Tell whether an answer says that a token is no longer good; Bluesky says so with 400."""
    return response.status == UNAUTHORIZED or (
        response.status == REFUSED_FROM and b"Expired" in response.body
    )
