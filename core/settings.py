"""Everything that can be set, as plain values; `cli.config` reads them from file and environment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from core.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class PriorityWeights:
    """Points of each reason at its full strength; see `core.priority`."""

    churn: float = 40.0
    negative: float = 20.0
    unanswered: float = 20.0
    question: float = 8.0
    bug: float = 6.0
    purchase: float = 8.0
    reach: float = 8.0
    heat: float = 6.0
    repeat: float = 4.0
    rival: float = 6.0
    #: A customer that is known, by what they are worth a year.
    customer: float = 10.0
    #: Taken off for praise that asks nothing of us.
    praise: float = 10.0
    #: Days after a thread's newest mention in which its reasons lose half of their strength.
    half_life_days: float = 30.0
    #: What is left of churn, unhappiness and rivals once we have answered.
    answered: float = 0.4

    def __post_init__(self) -> None:
        """Refuse weights that would turn the order round.

        Raises:
            ConfigError: one is negative, time would not pass, or an answer would add to the need.
        """
        for each in fields(self):
            if not (math.isfinite(getattr(self, each.name)) and getattr(self, each.name) >= 0):
                raise ConfigError(f"the weight {each.name} is a number from 0 up")
        if self.half_life_days == 0 or self.answered > 1:
            raise ConfigError("half_life_days is more than 0 and answered lies between 0 and 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """One installation's settings."""

    #: Where everything is kept; created with mode 0700.
    data_dir: Path = Path("earful-data")
    #: `sqlite:///path`; empty for `earful.db` in the data directory.
    store_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8710
    #: Names under which people reach the pages, beside the loopback names and `host`.
    trusted_hosts: tuple[str, ...] = ()
    #: Where people open the pages, for the links in alerts; empty for the address that is served.
    public_url: str = ""
    #: How many reverse proxies stand in front and set X-Forwarded-For, -Proto and -Host; 0 believes none.
    proxies: int = 0
    #: Networks beyond the public web that may be dialled, in CIDR form.
    allow_networks: tuple[str, ...] = ()
    #: Address given to the services we read, in the User-Agent.
    contact: str = "https://earful.example/contact"
    #: Seconds between two requests to the same host.
    host_delay: float = 1.0
    #: Directory of the model; empty for the shipped one.
    model_dir: str = ""
    #: Threads of the labeller.
    label_threads: int = 1
    weights: PriorityWeights = field(default_factory=PriorityWeights)
    #: Hours between two backups into DATA/backups; 0 makes none. How many of them are kept.
    backup_hours: float = 24.0
    backup_keep: int = 7
    #: Threads whose newest mention is older leave with all they hold, pinned ones stay; 0 keeps all.
    retention_days: int = 0
    #: Where Celery carries hints to workers, such as `redis://127.0.0.1:6379/0`; empty: they look themselves.
    broker: str = ""
    #: Source → settings that every watch has for it, such as `daily_requests`, `daily_usd`, `pages_per_run`.
    budgets: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where people open the pages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"

    @property
    def database_url(self) -> str:
        """The store's address."""
        return self.store_url or f"sqlite:///{self.data_dir / 'earful.db'}"
