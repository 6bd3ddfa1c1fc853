"""What every part of the Elasticsearch store stands on."""

from __future__ import annotations

from core.clock import Clock
from store.elastic.documents import Documents


class Part:
    """A group of the port's methods over one server."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self.documents = documents
        self.server = documents.server
        self.clock = clock
