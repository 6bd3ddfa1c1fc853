"""Waiting and trying again: the one downloader middleware that decides when a host is asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Response

from core.clock import Clock, SystemClock
from core.errors import EarfulError, SourceBusy, SourceError
from crawlers.health import Outcome
from crawlers.page import ERRORS_FROM, TOO_MANY, UNAVAILABLE, host_of
from crawlers.waiting import WINDOWS, jittered, pause, reset_at, wait_until

if TYPE_CHECKING:
    from crawlers.source import Source

logger = logging.getLogger(__name__)

#: Tries of one request in one crawl where the host fails, the first included (FAULTS A3 29: ≤ 5 an hour).
MAX_TRIES = 5
#: Times that one request waits as long as its host asked for, and comes again.
MAX_WAITS = 10
#: A crawl waits this long for a host; for a longer wait it ends and the next crawl goes on.
PATIENCE = timedelta(seconds=45)
#: The request whose refusal says nothing about the API of the host.
_FORBIDDEN = 403


class Patience:
    """Keep away from a host until it wants us again, and try a failing one a few times."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.clock: Clock = SystemClock()
        #: Host → no request before this moment.
        self.due: dict[str, datetime] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Patience:
        """Build it, as Scrapy does."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Wait until the host is due, or give up at once where that is too long.

        Raises:
            SourceBusy: the host wants to be left alone for longer than a crawl waits.
        """
        host = host_of(request.url)
        while (due := self.due.get(host)) and (left := due - self.clock.now()) > timedelta():
            if left > PATIENCE:
                raise SourceBusy(f"{host} asks us to wait", until=due)
            await asyncio.sleep(left.total_seconds() + 0.01)
        if isinstance(outcome := request.meta.get("outcome"), Outcome):
            outcome.requests += 1

    async def process_response(self, request: Request, response: Response) -> Response | Request:
        """Note what a host says about waiting, and ask again where that makes sense.

        Raises:
            SourceBusy: it still asks us to wait after every try.
        """
        now, host, headers = self.clock.now(), host_of(request.url), _headers(response)
        for left, reset in WINDOWS:
            if headers.get(left) == "0" and response.status < ERRORS_FROM:
                self._wait(host, reset_at(headers.get(reset), now), now)
        waits = self._source.forbidden_means_wait and response.status == _FORBIDDEN
        if waits or response.status in (TOO_MANY, UNAVAILABLE):
            until = wait_until(headers, now)
            self._wait(host, until, now)
            again = _again(request, "waits", MAX_WAITS) if until - now <= PATIENCE else None
            if again is None:
                raise SourceBusy(
                    f"{host} asks us to wait ({response.status})", until=self.due.get(host, until)
                )
            return again
        if response.status >= ERRORS_FROM and (again := _again(request, "tries", MAX_TRIES)):
            await asyncio.sleep(pause(again.meta["tries"]).total_seconds())
            return again
        return response

    async def process_exception(self, request: Request, exception: Exception) -> Request:
        """Try again after a broken connection; otherwise say in plain words what happened.

        Raises:
            SourceError: it is no use; the class and the message say why.
        """
        if isinstance(exception, EarfulError):
            raise exception
        told = plain_error(request, exception)
        again = None
        if isinstance(exception, _WORTH_ANOTHER_TRY):
            again = _again(request, "tries", MAX_TRIES)
        if again is None:
            raise told from exception
        await asyncio.sleep(pause(again.meta["tries"]).total_seconds())
        return again

    @property
    def _source(self) -> Source:
        spider: Source = self.crawler.spider
        return spider

    def _wait(self, host: str, until: datetime | None, now: datetime) -> None:
        if until and until > now:
            wait = min(jittered(until - now), timedelta(hours=24))
            self.due[host] = max(now + wait, self.due.get(host, now))


def _again(request: Request, counted: str, most: int) -> Request | None:
    """Return the request once more with one more try counted; None where there were enough."""
    tries = int(request.meta.get(counted, 0)) + 1
    return None if tries >= most else request.replace(meta={**request.meta, counted: tries})


#: A name that does not resolve, a silent server and a full answer cut short may be otherwise in a second.
_WORTH_ANOTHER_TRY = (DownloadConnectionRefusedError, DownloadFailedError, ResponseDataLossError)


def plain_error(request: Request, exception: Exception) -> EarfulError:
    """Return what a fault of the network or of Scrapy means, in plain words."""
    host = host_of(request.url)
    match exception:
        case CannotResolveHostError():
            told = f"there is no host {host}, or no network"
        case DownloadConnectionRefusedError():
            told = f"{host} takes no connection"
        case DownloadTimeoutError():
            told = f"{host} took longer than 30 s"
        case DownloadCancelledError():
            told = f"{request.url} is larger than 16 MiB"
        case ResponseDataLossError():
            told = f"{host} broke off in the middle of an answer"
        case IgnoreRequest() if "redirect" in str(exception):
            told = f"{request.url} leads through more than 5 redirects"
        case IgnoreRequest():
            told = f"{request.url} unpacks to more than 16 MiB"
        case _:
            told = f"{host} could not be read: {exception or type(exception).__name__}"
    return SourceError(told)


def _headers(response: Response) -> Mapping[str, str]:
    return {
        name.decode("latin-1").lower(): values[-1].decode("latin-1").strip()
        for name, values in response.headers.items()
        if values
    }
