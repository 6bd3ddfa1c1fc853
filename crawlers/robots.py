"""robots.txt as RFC 9309 wants it: 4xx allows all, 5xx and silence forbid all for now."""

from __future__ import annotations

import asyncio
import logging
from urllib.parse import urlsplit

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from core.errors import EarfulError, EgressRefused, SourceBlocked, SourceBusy
from crawlers.page import ERRORS_FROM, OK_BELOW, OK_FROM, TOO_MANY, host_of

logger = logging.getLogger(__name__)

#: The name that rules are looked up under.
AGENT = "earful"
#: As much of a robots.txt as is read; RFC 9309 asks for 500 KiB at least.
MAX_BYTES = 512 * 1024


class RobotsRules:
    """Obey robots.txt.

    Scrapy's own middleware takes an error page for rules and silence for leave; and of several requests
    that wait for the same robots.txt it lets all but the first through (their Deferred is consumed).
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._rules: dict[str, asyncio.Task[Protego]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RobotsRules:
        """Build it, as Scrapy does."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Let a request pass, or say why not.

        Raises:
            SourceBlocked: a rule forbids it.
            SourceBusy: robots.txt cannot be had, so nothing may be read for now.
        """
        # An API that is asked with the key of a registered app (Reddit) has terms of its own instead.
        if request.meta.get("robots") or request.meta.get("dont_obey_robotstxt"):
            return
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._rules:
            self._rules[origin] = asyncio.ensure_future(self._fetch(f"{origin}/robots.txt"))
        rules = await asyncio.shield(self._rules[origin])
        if not rules.can_fetch(request.url, AGENT):
            raise SourceBlocked(f"robots.txt of {host_of(request.url)} forbids {request.url}")

    async def _fetch(self, url: str) -> Protego:
        try:
            request = Request(url, meta={"robots": True}, dont_filter=True)
            response = await self.crawler.engine.download_async(request)
        except (EgressRefused, SourceBlocked):
            raise
        except (EarfulError, IgnoreRequest) as error:
            # That a rule could not be read matters less than why: the cause comes first, and mostly alone.
            until = error.until if isinstance(error, SourceBusy) else None
            told = f"{error}, asked for its robots.txt" if isinstance(error, SourceBusy) else str(error)
            raise SourceBusy(told, until=until) from error
        if response.status >= ERRORS_FROM or response.status == TOO_MANY:
            told = f"{host_of(url)} answered {response.status} for its robots.txt"
            raise SourceBusy(f"{told}, so nothing may be read there now")
        # Any other status is "unavailable" (RFC 9309 §2.3.1.3): whatever its body says, there are no rules.
        there = OK_FROM <= response.status < OK_BELOW
        return Protego.parse(response.body[:MAX_BYTES].decode("utf-8", "replace") if there else "")
