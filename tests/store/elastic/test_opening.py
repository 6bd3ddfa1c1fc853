"""Wrong addresses, passwords, servers and rights: one line that says what to do."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.clock import SetClock
from core.errors import ConfigError, EarfulError, StoreReadOnly, StoreTooNew, StoreUnavailable
from store import open_store
from store.elastic.address import parse
from store.elastic.bulk import Action, Outcome, Sender
from store.elastic.connection import Server
from tests.builders import NOW
from tests.elasticsearch_server import free_port

Reply = tuple[int, dict[str, object]]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("elasticsearch+http://127.0.0.1:9200/", "cannot begin the names of indices"),
        ("elasticsearch+http://127.0.0.1:9200/Earful", "a-z first"),
        ("elasticsearch+http://127.0.0.1:9200/_x", "a-z first"),
        ("elasticsearch+http:///earful", "names no server"),
        ("elasticsearch+http://127.0.0.1:port/earful", "port"),
        ("elasticsearch+http://127.0.0.1:9200/earful?shards=9", "not 'shards'"),
        ("elasticsearch+http://127.0.0.1:9200/earful?replicas=many", "takes a number"),
        ("elasticsearch://127.0.0.1:9200/earful", "no store speaks"),
    ],
)
def test_an_address_that_cannot_be_is_refused_with_its_form(url: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        open_store(url)


def test_an_address_is_taken_apart_and_secrets_may_come_from_the_environment() -> None:
    environment = {"EARFUL_ELASTICSEARCH_PASSWORD": "pw", "EARFUL_ELASTICSEARCH_API_KEY": "key"}
    address = parse("elasticsearch+https://ada@es.example/earful", environment)
    assert (address.server, address.prefix, address.user) == ("https://es.example:9200", "earful", "ada")
    assert (address.password, address.api_key) == ("pw", "key")
    written = parse("elasticsearch+http://a%40b:p%2Fw@[::1]:1/x?api_key=k&ca_certs=/ca&replicas=2", {})
    assert (written.server, written.user, written.password) == ("http://[::1]:1", "a@b", "p/w")
    assert (written.api_key, written.ca_certs, written.replicas) == ("k", "/ca", 2)


@pytest.fixture
def pretend() -> Iterator[Callable[..., str]]:
    """Start a server that gives the same answers to everybody; return the address of a store on it."""
    servers: list[ThreadingHTTPServer] = []

    def start(replies: Callable[[str, str], Reply], *, product: str | None = "Elasticsearch") -> str:
        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                status, body = replies(self.command, self.path)
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                if product:
                    self.send_header("X-Elastic-Product", product)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 — the library's names

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"elasticsearch+http://ada:pw@127.0.0.1:{server.server_port}/earful"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def refusal(status: int, kind: str, reason: str) -> Reply:
    error = {"type": kind, "reason": reason}
    return status, {"error": error | {"root_cause": [error]}, "status": status}


ALIASES: dict[str, object] = {
    f"earful-{name}-v1": {"aliases": {f"earful-{name}": {}}}
    for name in ("mentions", "threads", "audit", "office", "dead")
}
DISK = (
    "index [earful-office-v1] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, "
    "index has read-only-allow-delete block];"
)
STATES: dict[str, tuple[Reply, type[EarfulError], str]] = {
    "wrong password": (
        refusal(401, "security_exception", "unable to authenticate user [ada]"),
        ConfigError,
        "refuses the user name, password or API key; correct them",
    ),
    "missing rights": (
        refusal(403, "security_exception", "action [indices:admin/create] is unauthorized for user [ada]"),
        ConfigError,
        r"index privileges manage, read and write on earful-\* \(action",
    ),
    "version 7": (
        (200, {"nodes": {"a": {"version": "7.17.0"}}}),
        ConfigError,
        "runs Elasticsearch 7.17.0; Earful needs version 8 or 9",
    ),
    "refuses our media type": (
        refusal(406, "media_type_header_exception", "Invalid media-type value on header [Accept]"),
        ConfigError,
        "is no Elasticsearch 8 or 9; update the server",
    ),
    "starting": (
        refusal(503, "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered];"),
        StoreUnavailable,
        "still starting; try again in a minute",
    ),
    "busy": (refusal(429, "circuit_breaking_exception", "Data too large"), StoreUnavailable, "too busy"),
    "newer": (
        (200, {"earful-mentions-v999": {"aliases": {"earful-mentions": {}}}}),
        StoreTooNew,
        "written by a newer Earful; update Earful",
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_a_server_that_cannot_be_used_is_said_in_one_line(pretend: Callable[..., str], state: str) -> None:
    reply, error, says = STATES[state]
    with pytest.raises(error, match=says) as caught:
        open_store(pretend(lambda *_: reply))
    assert "\n" not in str(caught.value)
    assert "pw" not in str(caught.value)


def test_what_is_no_elasticsearch_is_said(pretend: Callable[..., str]) -> None:
    with pytest.raises(ConfigError, match="no Elasticsearch 8 or 9"):
        open_store(pretend(lambda *_: (200, {"hello": "world"}), product=None))


def test_nobody_there_is_said() -> None:
    with pytest.raises(StoreUnavailable, match=r"no Elasticsearch answers at .* start it, or correct"):
        open_store(f"elasticsearch+http://127.0.0.1:{free_port()}/earful")


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        (DISK, "disk of .* nearly full"),
        ("blocked by: [FORBIDDEN/6/cluster read-only (api)];", "takes no writes: .* lift the block"),
    ],
)
def test_a_server_that_takes_no_writes_is_said(pretend: Callable[..., str], reason: str, says: str) -> None:
    def reply(_: str, path: str) -> Reply:
        if path.startswith("/_bulk"):
            error = {"type": "cluster_block_exception", "reason": reason}
            return 200, {"errors": True, "items": [{"index": {"status": 429, "error": error}}]}
        return (200, ALIASES) if path.startswith("/_alias") else (200, {})

    store = open_store(pretend(reply), clock=SetClock(NOW))
    with pytest.raises(StoreReadOnly, match=says):
        store.remember("key", "value")
    store.close()


def test_only_refused_items_are_sent_again_each_pause_twice_the_last(pretend: Callable[..., str]) -> None:
    answers = iter([[429, 201, 429], [429, 201], [201]])
    busy = {"type": "es_rejected_execution_exception", "reason": "queue is full"}
    asked: list[int] = []
    pauses: list[float] = []

    def reply(_: str, path: str) -> Reply:
        if not path.startswith("/_bulk"):
            return 200, {}
        statuses = next(answers)
        asked.append(len(statuses))
        items = [{"create": {"status": s} | ({"error": busy} if s == 429 else {})} for s in statuses]
        return 200, {"errors": True, "items": items}

    server = Server(parse(pretend(reply)))
    sender = Sender(server, sleep=pauses.append)
    outcomes = sender.send([Action("create", "mentions", str(n), {"body": {}}) for n in range(3)])
    assert outcomes == [Outcome.DONE] * 3
    assert (asked, pauses) == ([3, 2, 1], [0.5, 1.0])
    server.close()


def test_a_server_that_stays_busy_is_given_up_after_half_a_minute(pretend: Callable[..., str]) -> None:
    busy = {"type": "es_rejected_execution_exception", "reason": "queue is full"}
    pauses: list[float] = []
    url = pretend(lambda *_: (200, {"items": [{"index": {"status": 429, "error": busy}}]}))
    server = Server(parse(url))
    with pytest.raises(StoreUnavailable, match="too busy to write"):
        Sender(server, sleep=pauses.append).send([Action("index", "mentions", "1", {"body": {}})])
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0]
    server.close()


class Secured(BaseHTTPRequestHandler):
    """Answer everything with nothing, and remember how people signed in."""

    seen: list[str | None]

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.seen.append(self.headers.get("authorization"))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 — the library's names

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[str, Path, list[str | None]]]:
    """A server over TLS: where it listens, who vouches for it, and what it is told of who asks."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=es"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    seen: list[str | None] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Secured,), {"seen": seen}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that hangs up is wanted
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}", certificate, seen
    server.shutdown()
    server.server_close()


def test_a_certificate_is_checked_and_its_authority_may_be_named(
    secured: tuple[str, Path, list[str | None]],
) -> None:
    address, authority, seen = secured
    with pytest.raises(ConfigError, match=r"certificate that cannot be trusted .* with \?ca_certs="):
        open_store(f"elasticsearch+https://ada:pw@{address}/earful")
    assert seen == []
    open_store(f"elasticsearch+https://ada:pw@{address}/earful?ca_certs={authority}").close()
    assert set(seen) == {f"Basic {base64.b64encode(b'ada:pw').decode()}"}
    seen.clear()
    open_store(f"elasticsearch+https://{address}/earful?ca_certs={authority}&api_key=abc123").close()
    assert set(seen) == {"ApiKey abc123"}
    with pytest.raises(ConfigError, match=r"there is no file /nowhere/ca\.crt"):
        open_store(f"elasticsearch+https://{address}/earful?ca_certs=/nowhere/ca.crt")
