"""What every answer carries and every form must bring: headers, request id, CSRF token."""

from __future__ import annotations

import hmac
import secrets

from flask import Flask, Response, g, request
from werkzeug.exceptions import Forbidden

from web.sessions import csrf_token

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), interest-cohort=()",
    "X-Frame-Options": "DENY",
}
#: Two years, so that a browser never tries plain HTTP again once TLS was there.
HSTS = "max-age=63072000"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
YEAR = 365 * 24 * 3600


def install(app: Flask) -> None:
    """Put the checks before and the headers after every request."""
    app.before_request(_number)
    app.before_request(check_csrf)
    app.after_request(_headers)


def check_csrf() -> None:
    """Refuse a change that does not come from a form of ours.

    Raises:
        Forbidden: the token is missing or belongs to another session.
    """
    if request.method in SAFE or by_token():
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("This came from another site, so nothing was changed.")
    expected = csrf_token()
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
    if not expected or not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise Forbidden(
            "This form is too old or from another session, so nothing was changed. "
            "Go back, reload the page and send it again."
        )


def by_token() -> bool:
    """Tell whether a request to the API brings a token of its own: no browser adds one by itself."""
    given = request.authorization
    return request.blueprint == "api" and given is not None and given.type == "bearer"


def _number() -> None:
    g.request_id = secrets.token_hex(6)


def _headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if request.endpoint == "static" and response.status_code in (200, 304):
        # The address carries a digest of the file (see `page.asset`), so it never changes under a name.
        response.headers["Cache-Control"] = (
            f"public, max-age={YEAR}, immutable" if request.args else "no-cache"
        )
    else:
        response.headers["Cache-Control"] = "no-store"
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = HSTS
    return response
