"""One Elasticsearch server: requests with a time limit, a breaker, and errors in plain words."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from core.errors import ConfigError, StoreError, StoreUnavailable
from store.elastic.address import Address
from store.elastic.faults import Busy, Clash, Json, explained, too_old

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

#: Seconds after which a request is given up.
SECONDS = 10.0
#: The same for what the server works on for long: new indices on a busy machine, merges of whole ones.
MAKING_SECONDS, MERGING_SECONDS = 60.0, 3_600.0
#: Seconds after which a search is stopped by the server itself.
SEARCH_SECONDS = 5
#: Requests that may fail in a row before the next ones are refused at once, and for how long at most.
PATIENCE, LONGEST_BREAK = 2, 10.0

#: A search that cannot ask every shard fails, instead of passing for an answer.
WHOLE = {"allow_partial_search_results": "false"}

JSON_TYPE = "application/json"
NDJSON_TYPE = "application/x-ndjson"
STATUSES = tuple(range(300, 600))
_LONE = re.compile("[\ud800-\udfff]")


class Answer(NamedTuple):
    """A server's answer."""

    status: int
    body: Json


def dumps(value: object) -> bytes:
    """Return JSON as it goes over the wire; what no text can hold is replaced."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _LONE.sub("\ufffd", text).encode()


class Server:
    """The server that an address names, for many threads and over forks."""

    def __init__(self, address: Address, *, seconds: float = SECONDS) -> None:
        self.address = address
        self.seconds = seconds
        self._client: Elasticsearch | None = None
        self._pid = 0
        self._lock = threading.Lock()
        self._closed = False
        self._failures = 0
        self._shut_until = 0.0
        #: Names of indices that this process wrote since they were last made searchable.
        self._dirty: set[str] = set()

    def alias(self, name: str) -> str:
        """Return what one of our indices is called on the server."""
        return f"{self.address.prefix}-{name}"

    def get(self, path: str, **params: str) -> Answer:
        """Ask for something; raises unless it is there or missing (404)."""
        return self.request("GET", path, params=params, allowed=(404,))

    def post(self, path: str, body: Json | None = None, **params: str) -> Json:
        """Send a body; raises unless the answer is good."""
        return self.request("POST", path, body, params=params).body

    def put(self, path: str, body: Json | None = None, **params: str) -> Json:
        """Store a body; raises unless the answer is good."""
        return self.request("PUT", path, body, params=params).body

    def request(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        params: Mapping[str, str] | None = None,
        allowed: Sequence[int] = (),
        seconds: float | None = None,
    ) -> Answer:
        """Send one request; it is given up after `seconds`, where they are given.

        Raises:
            StoreError, ConfigError: what the answer means, unless its status is among `allowed`.
            Clash: somebody wrote the document first.
            Busy: the server asks to send it again later.
        """
        content = dumps(body) if body is not None else None
        answer = self._send(method, path, content, JSON_TYPE, params, seconds)
        if answer.status < STATUSES[0] or (
            answer.status in allowed and "index_not_found" not in str(answer.body)
        ):
            return answer
        raise self.explained(answer)

    def explained(self, answer: Answer) -> Exception:
        """Return the error that says what an answer means."""
        return explained(answer.status, answer.body, self.address.server, self.address.prefix)

    def lines(self, path: str, lines: Iterable[bytes], **params: str) -> Answer:
        """Send lines of JSON, such as a bulk; the status is the caller's to judge."""
        return self._send("POST", path, b"\n".join(lines) + b"\n", NDJSON_TYPE, params)

    def _send(  # noqa: PLR0917 — the parts of a request
        self,
        method: str,
        path: str,
        content: bytes | None,
        kind: str,
        params: Mapping[str, str] | None,
        seconds: float | None = None,
    ) -> Answer:
        import elastic_transport  # noqa: PLC0415 — an extra, imported where it is used
        import elasticsearch  # noqa: PLC0415 — the same

        self._may_dial()
        headers = {"accept": JSON_TYPE} | ({"content-type": kind} if content is not None else {})
        try:
            client = self._connected()
            response = (client.options(request_timeout=seconds) if seconds else client).perform_request(
                method, path, params=params or {}, headers=headers, body=content
            )
        except elasticsearch.UnsupportedProductError as error:
            raise too_old(self.address.server) from error
        except elastic_transport.TlsError as error:
            raise ConfigError(
                f"{self.address.server} shows a certificate that cannot be trusted ({error}); name its "
                "authority with ?ca_certs=/path/to/ca.crt in the store's address"
            ) from error
        except elastic_transport.TransportError as error:
            raise self._failed(error, seconds or self.seconds) from error
        self._failures = 0
        body = response.body
        return Answer(int(response.meta.status), body if isinstance(body, dict) else {"said": body})

    def _may_dial(self) -> None:
        if self._closed:
            raise StoreUnavailable("the store is closed; open it again")
        if time.monotonic() < self._shut_until:
            raise StoreUnavailable(f"{self.address.server} did not answer a moment ago; try again shortly")

    def _failed(self, error: Exception, seconds: float) -> StoreError:
        """Count a failure; after several the server is left alone for a moment, each time twice as long."""
        self._failures += 1
        over = self._failures - PATIENCE
        if over >= 0:
            self._shut_until = time.monotonic() + min(2.0**over, LONGEST_BREAK)
        if "Timeout" in type(error).__name__:
            return StoreUnavailable(
                f"{self.address.server} did not answer within {seconds:g} s; try again, or look at its log"
            )
        return StoreUnavailable(
            f"no Elasticsearch answers at {self.address.server}; start it, or correct the store's address"
        )

    def _connected(self) -> Elasticsearch:
        """Return this process's client; one inherited over a fork shares its sockets, so it is left alone."""
        with self._lock:
            if self._client is None or self._pid != os.getpid():
                self._client, self._pid = self._connect(), os.getpid()
            return self._client

    def _connect(self) -> Elasticsearch:
        import elasticsearch  # noqa: PLC0415 — an extra, imported where it is used

        address = self.address
        secrets: dict[str, object] = {}
        if address.api_key:
            secrets["api_key"] = address.api_key
        elif address.user:
            secrets["basic_auth"] = (address.user, address.password or "")
        if address.ca_certs:
            if not Path(address.ca_certs).is_file():
                raise ConfigError(
                    f"there is no file {address.ca_certs}; correct ?ca_certs= in the store's address"
                )
            secrets["ca_certs"] = address.ca_certs
        try:
            client = elasticsearch.Elasticsearch(
                address.server,
                request_timeout=self.seconds,
                max_retries=0,
                retry_on_timeout=False,
                http_compress=False,
                **secrets,
            )
        except (ValueError, OSError) as error:
            raise ConfigError(f"the store's address cannot be used: {error}") from error
        return client.options(ignore_status=STATUSES)

    def touch(self, name: str) -> None:
        """Remember that this process wrote into an index."""
        self._dirty.add(name)

    def refresh(self, *names: str) -> None:
        """Make everything written into indices searchable."""
        for name in names:
            self._dirty.discard(name)
        self.post(f"/{','.join(self.alias(name) for name in names)}/_refresh")

    def fresh(self, *names: str) -> None:
        """Make searchable what this process wrote; what others wrote is within a second."""
        mine = [name for name in names if name in self._dirty]
        if mine:
            self.refresh(*mine)

    def search(self, name: str, body: Json, **params: str) -> Json:
        """Search an index; raises where the server stopped before it was done."""
        path = f"/{self.alias(name)}/_search"
        try:
            found = self.post(path, {"timeout": f"{SEARCH_SECONDS}s"} | body, **WHOLE, **params)
        except (Busy, Clash) as error:
            raise StoreUnavailable(f"{self.address.server} is too busy to search; try again") from error
        if found.get("timed_out"):
            raise StoreUnavailable(
                f"this search took longer than {SEARCH_SECONDS} s and was stopped; "
                "add a word, a field or a time range"
            )
        return found

    def close(self) -> None:
        """End all connections; a second call does nothing."""
        self._closed = True
        with self._lock:
            if self._client is not None and self._pid == os.getpid():
                self._client.close()
            self._client = None


def part(text: str) -> str:
    """Return `text` as one part of a path."""
    return quote(text, safe="")
