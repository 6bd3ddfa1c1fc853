"""Everything that can be set, as plain values; `cli.config` reads them from file and environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class PriorityWeights:
    """Points of each reason at its full strength; see `core.priority`."""

    churn: float = 40.0
    negative: float = 20.0
    unanswered: float = 20.0
    question: float = 8.0
    bug: float = 6.0
    reach: float = 8.0
    heat: float = 6.0
    repeat: float = 4.0
    rival: float = 6.0
    #: Taken off for praise that asks nothing of us.
    praise: float = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """One installation's settings."""

    #: Where everything is kept; created with mode 0700.
    data_dir: Path = Path("earful-data")
    #: `sqlite:///path`; empty for `earful.db` in the data directory.
    store_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8710
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

    @property
    def database_url(self) -> str:
        """The store's address."""
        return self.store_url or f"sqlite:///{self.data_dir / 'earful.db'}"
