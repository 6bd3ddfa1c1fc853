"""Waiting and trying again: the one downloader middleware that decides when a host is asked.

It stands next to the downloader, so that every answer passes it before redirects and unpacking do.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

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
from core.errors import EarfulError, SourceBlocked, SourceBusy, SourceError
from core.turns import Turns
from crawlers.health import Outcome
from crawlers.page import ERRORS_FROM, TOO_MANY, UNAVAILABLE, host_of
from crawlers.waiting import LONGEST, WINDOWS, jittered, pause, reset_at, wait_until

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


@dataclass
class Hosts:
    """What all sources of one crawl know about the hosts they ask."""

    #: Host → no request before this moment.
    due: dict[str, datetime] = field(default_factory=dict)
    #: Host → the seat of the one request that it has to answer now. One at a time: several on their way
    #: when a host says "wait" would be several too many.
    seats: dict[str, asyncio.Lock] = field(default_factory=dict)
    #: Agrees with other processes, where there are any.
    turns: Turns | None = None

    def seat(self, host: str) -> asyncio.Lock:
        """Return the seat of a host."""
        return self.seats.setdefault(host, asyncio.Lock())


class Patience:
    """Keep away from a host until it wants us again, and try a failing one a few times."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.clock: Clock = SystemClock()
        self._own = Hosts()

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
        seat = self._hosts.seat(host)
        await seat.acquire()
        try:
            await self._wait_for(host)
            await self._wait_for_turn(host, urlsplit(request.url).hostname)
        except BaseException:
            seat.release()
            raise
        request.meta["seat"] = seat
        if isinstance(outcome := request.meta.get("outcome"), Outcome):
            outcome.requests += 1

    async def process_response(self, request: Request, response: Response) -> Response | Request:
        """Note what a host says about waiting, and ask again where that makes sense.

        Raises:
            SourceBusy: it still asks us to wait after every try.
        """
        _leave(request)
        now, host, headers = self.clock.now(), host_of(request.url), _headers(response)
        for left, reset in WINDOWS:
            if headers.get(left) == "0" and response.status < ERRORS_FROM:
                self._wait(host, reset_at(headers.get(reset), now), now)
        waits = self._source.forbidden_means_wait and response.status == _FORBIDDEN
        if waits or response.status in (TOO_MANY, UNAVAILABLE):
            # A host that says "0 seconds" for ever is not asked ten times in one second.
            until = max(wait_until(headers, now), now + pause(int(request.meta.get("waits", 0)) + 1))
            self._wait(host, until, now)
            again = _again(request, "waits", MAX_WAITS) if until - now <= PATIENCE else None
            if again is None:
                raise SourceBusy(
                    f"{host} asks us to wait ({response.status})", until=self._hosts.due.get(host, until)
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
        _leave(request)
        if isinstance(exception, EarfulError):
            raise exception
        told = plain_error(request, exception)
        again = None
        if isinstance(exception, _WORTH_ANOTHER_TRY) and not isinstance(told, SourceBlocked):
            again = _again(request, "tries", MAX_TRIES)
        if again is None:
            raise told from exception
        await asyncio.sleep(pause(again.meta["tries"]).total_seconds())
        return again

    async def _wait_for(self, host: str) -> None:
        while (due := self._hosts.due.get(host)) and (left := due - self.clock.now()) > timedelta():
            if left > PATIENCE:
                raise SourceBusy(f"{host} asks us to wait", until=due)
            await asyncio.sleep(left.total_seconds() + 0.01)

    async def _wait_for_turn(self, host: str, name: str | None) -> None:
        """Wait until no other process has asked the host for as long as we leave between two requests.

        Raises:
            SourceBusy: the host told another process to be left alone for longer than a crawl waits.
        """
        turns, settings = self._hosts.turns, self.crawler.settings
        if turns is None or name in settings.getdict("DOWNLOAD_SLOTS"):
            # Below `--base-url` there is no delay, so there is nothing to agree on.
            return
        delay = timedelta(seconds=settings.getfloat("DOWNLOAD_DELAY"))
        wait = turns.take(host, delay=delay, most=PATIENCE)
        if wait > PATIENCE:
            raise SourceBusy(f"{host} asks us to wait", until=self.clock.now() + wait)
        await asyncio.sleep(wait.total_seconds())

    @property
    def _hosts(self) -> Hosts:
        crawl = self._source.crawl
        return crawl.hosts if crawl else self._own

    @property
    def _source(self) -> Source:
        spider: Source = self.crawler.spider
        return spider

    def _wait(self, host: str, until: datetime | None, now: datetime) -> None:
        if until and until > now:
            wait = min(jittered(until - now), LONGEST)
            self._hosts.due[host] = max(now + wait, self._hosts.due.get(host, now))
            if self._hosts.turns is not None:
                self._hosts.turns.leave_alone(host, wait)


def _leave(request: Request) -> None:
    """Give up the host's seat, where the request has it."""
    seat = request.meta.pop("seat", None)
    if isinstance(seat, asyncio.Lock) and seat.locked():
        seat.release()


def _again(request: Request, counted: str, most: int) -> Request | None:
    """Return the request once more with one more try counted; None where there were enough."""
    tries = int(request.meta.get(counted, 0)) + 1
    return None if tries >= most else request.replace(meta={**request.meta, counted: tries})


#: A name that does not resolve, a silent server and a full answer cut short may be otherwise in a second.
_WORTH_ANOTHER_TRY = (DownloadConnectionRefusedError, DownloadFailedError, ResponseDataLossError)


#: What Twisted calls a connection that the other side ended, in the text of Scrapy's error.
_HUNG_UP = ("ConnectionLost", "ConnectionDone")


def plain_error(request: Request, exception: Exception) -> EarfulError:
    """Return what a fault of the network or of Scrapy means, in plain words."""
    host = host_of(request.url)
    match exception:
        case CannotResolveHostError():
            told = f"no answer from {host}: no such host, or no network"
        case DownloadConnectionRefusedError():
            told = f"no answer from {host}: it takes no connection"
        case DownloadTimeoutError():
            told = f"no answer from {host} within {_limit(request)} s"
        case DownloadCancelledError():
            told = f"{request.url} is larger than 16 MiB"
        case ResponseDataLossError():
            told = f"{host} broke off in the middle of an answer"
        case IgnoreRequest() if "redirect" in str(exception):
            told = f"{request.url} leads through more than 5 redirects"
        case IgnoreRequest():
            told = f"{request.url} unpacks to more than 16 MiB"
        case _ if "certificate" in str(exception):
            return SourceBlocked(f"{host} shows a certificate that is not valid for it, so it is not read")
        case DownloadFailedError() if any(name in str(exception) for name in _HUNG_UP):
            told = f"{host} broke the connection off before it answered"
        case _:
            told = f"{host} could not be read: {exception or type(exception).__name__}"
    return SourceError(told)


def _limit(request: Request) -> int:
    return int(request.meta.get("download_timeout", 30))


def _headers(response: Response) -> Mapping[str, str]:
    return {
        name.decode("latin-1").lower(): values[-1].decode("latin-1").strip()
        for name, values in response.headers.items()
        if values
    }
