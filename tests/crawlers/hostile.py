"""A loopback server that misbehaves on purpose, each path in its own way, and keeps a log."""

from __future__ import annotations

import gzip
import ipaddress
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

MIB = 1024 * 1024

Page = Callable[["Handler"], None]


def feed(*ids: str, text: str = "I like Acme a lot") -> bytes:
    """Return an RSS feed with an entry for each id."""
    items = "".join(
        f"<item><guid isPermaLink='false'>{one}</guid><title>Acme {one}</title><link>https://news.example/{one}</link>"
        f"<description>{text}</description><pubDate>Fri, 20 Nov 2026 10:00:0{n % 10} GMT</pubDate></item>"
        for n, one in enumerate(ids)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><link>https://news.example/</link>{items}</channel></rss>'.encode()


@dataclass(frozen=True)
class Seen:
    """One request as it came."""

    at: float
    path: str
    headers: dict[str, str]


@dataclass
class Hostile:
    """The server: give `pages` a function for each path."""

    pages: dict[str, Page] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    robots: Page | None = None
    #: Folder to make a self-signed certificate in; None for plain HTTP.
    tls: Path | None = None
    #: The address it listens at, one of loopback.
    host: str = "127.0.0.1"

    def __enter__(self) -> Self:
        self.server = (OverIPv6 if ":" in self.host else ThreadingHTTPServer)((self.host, 0), Handler)
        if self.tls:
            self.server.socket = _self_signed(self.tls).wrap_socket(self.server.socket, server_side=True)
            # A client that refuses the certificate hangs up; that is what the tests want.
            self.server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.server.daemon_threads = True
        self.server.hostile = self  # type: ignore[attr-defined]
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def base(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.tls else ''}://{host}:{self.server.server_address[1]}"

    def asked(self, path: str) -> list[Seen]:
        """Return the requests for one path."""
        return [one for one in self.seen if urlsplit(one.path).path == path]


class OverIPv6(ThreadingHTTPServer):
    """A server at an address of IPv6."""

    address_family = socket.AF_INET6


class Handler(BaseHTTPRequestHandler):
    """Hands each request to the page of its path."""

    protocol_version = "HTTP/1.1"
    timeout: ClassVar[float] = 40.0

    def do_GET(self) -> None:
        hostile: Hostile = self.server.hostile  # type: ignore[attr-defined]
        path = urlsplit(self.path).path
        if path == "/robots.txt":
            (hostile.robots or say(404, b""))(self)
            return
        hostile.seen.append(Seen(time.time(), self.path, {k.lower(): v for k, v in self.headers.items()}))
        try:
            hostile.pages.get(path, say(404, b"nothing here"))(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""


def _self_signed(directory: Path) -> ssl.SSLContext:
    """Return a server's side with a certificate for 127.0.0.1 that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = directory / "server.pem"
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def say(status: int, body: bytes, **headers: str) -> Page:
    """Return a page with a fixed answer; `_` in a header's name stands for `-`."""

    def page(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return page


def in_turn(*pages: Page) -> Page:
    """Return a page that answers in another way each time; the last way stays."""
    calls = iter(range(10**9))

    def page(handler: Handler) -> None:
        pages[min(next(calls), len(pages) - 1)](handler)

    return page


def big(size: int) -> Page:
    """Return a page with a body of that size, honestly announced."""

    def page(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(size))
        handler.end_headers()
        for _ in range(size // MIB):
            handler.wfile.write(b" " * MIB)

    return page


def endless(handler: Handler) -> None:
    """Send chunks for ever."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    chunk = b" " * 65536
    for _ in range(4096):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))


def short(handler: Handler) -> None:
    """Announce more than comes."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(feed("cut"))
    handler.close_connection = True


def reset(handler: Handler) -> None:
    """Hang up at once, so that the other side's next read fails."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """Send a byte every tenth of a second, for ever."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while True:
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


def bomb(encoding: str, size: int = 64 * MIB) -> Page:
    """Return a small body that unpacks to `size`."""
    if encoding == "gzip, gzip":
        packed = gzip.compress(gzip.compress(bytes(size), 9), 9)
    elif encoding == "gzip":
        packed = gzip.compress(bytes(size), 9)
    elif encoding == "deflate":
        packed = zlib.compress(bytes(size), 9)
    elif encoding == "br":
        import brotli  # noqa: PLC0415

        packed = brotli.compress(bytes(size), quality=5)
    else:
        from backports import zstd  # noqa: PLC0415

        packed = zstd.compress(bytes(size), 3)
    return say(200, packed, Content_Encoding=encoding)


def redirect(to: str) -> Page:
    """Return a page that sends on."""
    return say(302, b"", Location=to)


def conditional(body: bytes, etag: str = '"v1"') -> Page:
    """Return a feed that knows ETags."""

    def page(handler: Handler) -> None:
        if handler.headers.get("If-None-Match") == etag:
            handler.send_response(304)
            handler.send_header("ETag", etag)
            handler.end_headers()
            return
        say(200, body, ETag=etag, Last_Modified=formatdate(1763000000, usegmt=True))(handler)

    return page
