"""The one way out for replies and alerts: HTTP past a guard that checks the address that is dialled.

The crawler has its own way out (`crawlers.guard`); everything else goes through here. No redirects, no
proxies, no netrc; a name is looked up once, its address checked, and that very address dialled.
"""

from __future__ import annotations

import json as jsonlib
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests_hardened import Config, HTTPSession

from core.egress import Egress
from core.errors import ConfigError, EgressRefused, SendLater, SendRefused

#: Seconds until a connection stands, between two stretches of an answer, and for an answer as a whole.
CONNECT, READ, WHOLE = 5.0, 10.0, 20.0
#: What these APIs answer is small; more is a fault or an attack.
MAX_ANSWER = 1024 * 1024
AGENT = "Earful/0.1 (+https://earful.example)"
#: Longest stretch of a refusal that is shown to people.
SAID = 200
OK_BELOW, ERRORS_FROM, BROKEN_FROM = 300, 400, 500
TOO_MANY, BUSY, GONE = 429, 503, 410

#: A JSON object as it came.
JsonObject: TypeAlias = dict[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What the other side answered."""

    host: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> object:
        """The body as JSON; None where it is none."""
        try:
            found: object = jsonlib.loads(self.body)
        except ValueError:
            return None
        return found

    @property
    def ok(self) -> bool:
        """Whether it says that all went well."""
        return self.status < OK_BELOW

    def accepted(self) -> Answered:
        """Return this where all went well.

        Raises:
            SendRefused: the request or our credentials are refused.
            SendLater: the other side is busy or broken for the moment.
        """
        if self.ok:
            return self
        said = self._said()
        if self.status in (TOO_MANY, BUSY):
            raise SendLater(f"{self.host} asks us to wait{said}", wait=self._wait())
        if self.status >= BROKEN_FROM:
            raise SendLater(f"{self.host} has a fault of its own ({self.status})")
        if self.status in (401, 403):
            raise SendRefused(
                f"{self.host} refuses our account ({self.status}){said}; test it in the settings"
            )
        if self.status < ERRORS_FROM:
            raise SendRefused(f"{self.host} sends us elsewhere ({self.status}); connect the new address")
        raise SendRefused(f"{self.host} refuses this ({self.status}){said}")

    def _said(self) -> str:
        """Return the reason in the answer, in one line, where it gives one."""
        data = self.data
        for name in ("message", "error_description", "error", "errors"):
            found = at(data, name)
            if isinstance(found, list):
                found = "; ".join(str(one) for one in found[:3])
            if isinstance(found, str) and found.strip():
                return f": {' '.join(found.split())[:SAID]}"
        return ""

    def _wait(self) -> float | None:
        said = self.headers.get("retry-after", "")
        return min(float(said), 86_400.0) if said.isascii() and said.isdigit() else None


def at(data: object, *path: str | int) -> object:
    """Return what stands at a path in JSON; None where there is nothing."""
    for step in path:
        match data, step:
            case dict(), str():
                data = data.get(step)
            case list(), int() if -len(data) <= step < len(data):
                data = data[step]
            case _:
                return None
    return data


def text_at(data: object, *path: str | int) -> str:
    """Return the text or number at a path in JSON as text; empty where there is none."""
    found = at(data, *path)
    return str(found) if isinstance(found, (str, int)) and not isinstance(found, bool) else ""


def list_at(data: object, *path: str | int) -> list[object]:
    """Return the list at a path in JSON; empty where there is none."""
    found = at(data, *path)
    return found if isinstance(found, list) else []


@dataclass(frozen=True, kw_only=True)
class Outbound:
    """Sends requests, each to an address that was checked."""

    egress: Egress = field(default_factory=Egress)
    #: Other addresses for services, by channel, as `--base-url` gives them.
    base_urls: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def made(cls, networks: Iterable[str], base_urls: Mapping[str, str] | None = None) -> Outbound:
        """Build it from settings; each base address is allowed exactly as it stands.

        Raises:
            ConfigError: a network or a base address cannot be.
        """
        bases = dict(base_urls or {})
        ends = [_endpoint(name, url) for name, url in bases.items()]
        return cls(egress=Egress.allowing(endpoints=ends, networks=networks), base_urls=bases)

    def base(self, name: str, usual: str) -> str:
        """Return where a service is asked."""
        return self.base_urls.get(name, usual).rstrip("/")

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answered:
        """Send one request and return the answer, whatever its status.

        Raises:
            SendRefused: the address must not be dialled, or is none.
            SendLater: the other side does not answer.
        """
        host = _host(url)
        with HTTPSession(_CONFIG) as session:
            session.trust_env = False
            for scheme in ("http://", "https://"):
                session.mount(scheme, _Guard(self.egress))
            try:
                answer = session.request(
                    method,
                    url,
                    headers=dict(headers or {}),
                    params=dict(query) if query else None,
                    json=json,
                    data=dict(form) if form is not None else body,
                    stream=True,
                )
                with answer:
                    return _read(host, answer)
            except EgressRefused as error:
                raise SendRefused(f"{host} must not be dialled: {error}") from None
            # What these errors say holds the address, which may hold a secret; it is not told on.
            except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, UnicodeError):
                raise SendRefused("the address is not one that can be asked") from None
            except requests.exceptions.SSLError:
                raise SendLater(f"{host} shows no certificate that we can trust") from None
            except (requests.exceptions.RequestException, OSError):
                raise SendLater(f"{host} does not answer") from None

    def connect(self, host: str, port: int, *, ports: Iterable[int]) -> socket.socket:
        """Return a connection to a checked address that speaks something else than HTTP.

        Raises:
            SendRefused: it must not be dialled.
            OSError: it does not answer.
        """
        if port not in ports and not self.egress.networks:
            raise SendRefused(f"port {port} is not one that mail is handed in on")
        try:
            address = checked(self.egress, host, port, plain=False, web=False)
        except EgressRefused as error:
            raise SendRefused(f"{host} must not be dialled: {error}") from None
        connection = socket.create_connection((address.strip("[]"), port), timeout=CONNECT)
        connection.settimeout(READ)
        return connection


_CONFIG = Config(
    # The guard below checks by `core.egress`, which also knows what the operator allows.
    ip_filter_enable=False,
    ip_filter_allow_loopback_ips=False,
    never_redirect=True,
    default_timeout=(CONNECT, READ),
    user_agent_override=AGENT,
)


class _Guard(HTTPAdapter):
    """Look a name up, check the address, and dial that address and no other."""

    def __init__(self, egress: Egress) -> None:
        self.egress = egress
        super().__init__()

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Return what the connection is made from, with the checked address in place of the name.

        Raises:
            EgressRefused: no address of the name may be dialled.
        """
        place, extra = super().build_connection_pool_key_attributes(request, verify, cert)
        name, secure = place["host"], place["scheme"] == "https"
        port = place["port"] or (443 if secure else 80)
        request.headers["Host"] = urlsplit(request.url).netloc.rpartition("@")[2]
        if secure:
            extra |= {"assert_hostname": name, "server_hostname": name}
        place["host"] = checked(self.egress, name, port, plain=not secure)
        return place, extra


def checked(egress: Egress, name: str, port: int, *, plain: bool, web: bool = True) -> str:
    """Return an address of `name` that may be dialled.

    Args:
        egress: the rule.
        name: a host name or an address.
        port: the TCP port.
        plain: the connection is not encrypted, so only what the operator allowed by address is dialled.
        web: hold the port to the web's; False where the caller has its own rule for ports.

    Raises:
        EgressRefused: there is none.
        OSError: the name is not known.
    """
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    addresses = sorted({str(one[4][0]).partition("%")[0] for one in found}, key=lambda one: (":" in one, one))
    refusal = EgressRefused(f"{name} has no address")
    for address in addresses:
        try:
            _check(egress, address, port, plain=plain, web=web)
        except EgressRefused as error:
            refusal = error
        else:
            return f"[{address}]" if ":" in address else address
    raise refusal


def _check(egress: Egress, address: str, port: int, *, plain: bool, web: bool) -> None:
    if egress.names(address, port):
        return
    egress.check(address, port if web else 443)
    if plain:
        raise EgressRefused("credentials travel over https only; write https:// before the address")


def _read(host: str, answer: requests.Response) -> Answered:
    began, parts, size = time.monotonic(), [], 0
    for part in answer.iter_content(16_384):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER or time.monotonic() - began > WHOLE:
            raise SendLater(f"{host} answers without an end")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Answered(host=host, status=answer.status_code, headers=headers, body=b"".join(parts))


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise SendRefused("the address is not one that can be asked; it begins with https://")
    return host


def _endpoint(name: str, url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"--base-url {name}={url} is no address; write http://127.0.0.1:PORT")
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
