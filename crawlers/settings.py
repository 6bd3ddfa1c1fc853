"""How Scrapy is set up for every source. `scrapy.cfg` points here; `for_crawl` adds what one crawl brings."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from core.egress import Egress
from core.settings import Settings
from crawlers.source import origin

BOT_NAME = "earful"
SPIDER_MODULES = ["crawlers.spiders"]
NEWSPIDER_MODULE = "crawlers.spiders"

# What may be reached, and how. Other handlers than Twisted's would dial past the guard (FAULTS B1).
TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
DOWNLOAD_HANDLERS: dict[str, str | None] = {
    "http": "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler",
    "https": "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler",
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}
# Scrapy 2.19 verifies no certificate unless told to.
DOWNLOAD_VERIFY_CERTIFICATES = True
DOWNLOAD_TLS_MIN_VERSION = "TLSv1.2"
HTTPPROXY_ENABLED = False
# Cookies would also bring tldextract, which fetches its list of suffixes past the guard.
COOKIES_ENABLED = False
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
METAREFRESH_ENABLED = False
REFERER_ENABLED = False

# How much one answer may cost (FAULTS A3 17–20). DOWNLOAD_TIMEOUT is the total time in Scrapy.
DOWNLOAD_MAXSIZE = 16 * 1024 * 1024
DOWNLOAD_WARNSIZE = 0
DOWNLOAD_TIMEOUT = 30
DNS_RESOLVER = "crawlers.names.Names"
REDIRECT_MAX_TIMES = 5
# A Content-Length that lies loses the end of an answer: that is an error, not a short answer.
DOWNLOAD_FAIL_ON_DATALOSS = True

# How we behave. Waiting and trying again is `Patience`, with Retry-After; Scrapy's own knows none.
# robots.txt is obeyed by `RobotsRules`, below.
RETRY_ENABLED = False
CONCURRENT_REQUESTS = 16
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY = Settings().host_delay
DOWNLOAD_DELAY_JITTER = 0.2
DEFAULT_REQUEST_HEADERS = {
    "Accept": "application/json, application/feed+json, application/atom+xml, application/rss+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, text/html;q=0.5, */*;q=0.1",
    "Accept-Language": "en",
}
DOWNLOADER_MIDDLEWARES: dict[str, int | None] = {
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "crawlers.robots.RobotsRules": 100,
    "crawlers.patience.Patience": 1000,
}

EXTENSIONS = {"crawlers.guard.DialGuard": 0}

# What is said. The summary of a crawl is its states; Scrapy's own figures go to the log at level INFO.
LOG_LEVEL = "ERROR"
LOG_ENABLED = True
STATS_DUMP = False
LOGSTATS_INTERVAL = 0.0
WARN_ON_GENERATOR_RETURN_VALUE = False


def user_agent(contact: str) -> str:
    """Return who we say we are."""
    try:
        number = version("earful")
    except PackageNotFoundError:
        number = "0.1.0"
    return f"earful/{number} (+{contact})"


USER_AGENT = user_agent(Settings().contact)


def for_crawl(
    settings: Settings, egress: Egress, base_url: str, *, proxy: bool = False
) -> Mapping[str, object]:
    """Return what one source's crawl sets beside this file: who we are, no delay below its `--base-url`."""
    found: dict[str, object] = {
        "USER_AGENT": user_agent(settings.contact),
        "DOWNLOAD_DELAY": settings.host_delay,
        "HTTPPROXY_ENABLED": proxy,
        "EARFUL_EGRESS": egress,
    }
    if base_url:
        host, _ = origin(base_url)
        found["DOWNLOAD_SLOTS"] = {host: {"delay": 0, "concurrency": 1, "jitter": 0}}
    return found
