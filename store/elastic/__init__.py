"""The store on an Elasticsearch server, for more than one machine."""

from __future__ import annotations

from core.clock import Clock
from core.errors import ConfigError, StoreUnavailable
from store.elastic import facts, indices
from store.elastic.address import parse
from store.elastic.bulk import Sender
from store.elastic.checks import Checks
from store.elastic.connection import SECONDS, Server
from store.elastic.desk import Desk
from store.elastic.documents import Documents
from store.elastic.faults import Busy, Clash
from store.elastic.holds import Holds
from store.elastic.kept import KeptThings
from store.elastic.labels import Labels
from store.elastic.ledger import Ledger
from store.elastic.mentions import Mentions
from store.elastic.moving import Moving
from store.elastic.office import Accounts
from store.elastic.queue import Queue
from store.elastic.rebuilding import rebuild, remove_old
from store.elastic.search import Searches
from store.elastic.telling import Telling
from store.elastic.threads import Threads
from store.elastic.watches import Watches

__all__ = ["ElasticStore"]

#: The oldest and newest server that the client speaks to.
OLDEST, NEWEST = 8, 9


class ElasticStore(
    Watches, Mentions, Labels, Threads, Queue, Searches, Accounts, Desk, KeptThings, Holds, Checks, Moving
):
    """Everything that `core.ports.Store` promises, on one Elasticsearch cluster for many machines."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        super().__init__(documents, clock)
        self.ledger = Ledger(documents)
        self.telling = Telling(documents, self.ledger)
        self.registry = facts.Registry(documents)

    @classmethod
    def open(
        cls, url: str, *, clock: Clock, seconds: float = SECONDS, only_look: bool = False
    ) -> ElasticStore:
        """Open the store at `url`, and make its indices where there are none yet.

        With `only_look` indices of an earlier Earful stay as they are.

        Raises:
            ConfigError: the address, password or server is not one that can be used.
            StoreTooNew: a newer Earful wrote it.
            StoreUnavailable: the server does not answer.
        """
        address = parse(url)
        try:
            server = Server(address, seconds=seconds)
            _check_version(server)
            if not only_look or not indices.in_use(server):
                _begin(server)
        except ImportError as error:
            raise ConfigError(
                "the Elasticsearch client is not installed; get it with pip install 'elasticsearch>=8.19,<9'"
            ) from error
        except (Busy, Clash) as error:
            raise StoreUnavailable(f"{address.server} is too busy to open the store; try again") from error
        return cls(Documents(server, Sender(server)), clock)

    def restore_indices(self) -> list[str]:
        """Make lost indices anew, empty, for a backup to be put into; return their names."""
        lost = sorted(set(indices.MAPPINGS) - set(indices.in_use(self.server)))
        indices.make(self.server, lost)
        return lost

    def close(self) -> None:
        """End all connections; a second call does nothing."""
        self.server.close()


def _check_version(server: Server) -> None:
    answer = server.request(
        "GET", "/_nodes/_local", params={"filter_path": "nodes.*.version"}, allowed=(403, 404, 410)
    )
    for node in answer.body.get("nodes", {}).values():
        major = int(str(node["version"]).partition(".")[0])
        if not OLDEST <= major <= NEWEST:
            raise ConfigError(
                f"{server.address.server} runs Elasticsearch {node['version']}; Earful needs version 8 or 9"
            )


def _begin(server: Server) -> None:
    """Make the indices at the first start; later a missing one is lost, and is not quietly made anew."""
    there = indices.in_use(server)
    if "office" not in there or not there:
        indices.make(server, [name for name in indices.MAPPINGS if name not in there])
        return
    for name, version in there.items():
        if version < indices.VERSIONS[name]:
            rebuild(server, name, version)
    remove_old(server, indices.VERSIONS)
    indices.grow(server, "office")
