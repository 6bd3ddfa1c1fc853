"""Every failure as a page (or JSON) of the same design, with a request id and what to do."""

from __future__ import annotations

import logging
from http import HTTPStatus

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException, SecurityError

from core.errors import (
    Conflict,
    EarfulError,
    InputError,
    NotFound,
    StoreError,
    StoreReadOnly,
    StoreUnavailable,
)
from web.i18n import later
from web.sessions import wants_data

log = logging.getLogger(__name__)

#: Title and next step by status; others get the general words.
WORDS = {
    400: (later("That request could not be read"), later("Go back and try again.")),
    401: (later("Sign in first"), later("Open the link that ./earful up printed.")),
    403: (later("That is not allowed"), later("Nothing was changed.")),
    404: (later("There is nothing here"), later("It may have been removed, or the address was cut short.")),
    405: (
        later("That is not how this works"),
        later("Nothing was changed. Go back and use the page's own buttons."),
    ),
    409: (later("Somebody was faster"), later("Nothing of yours was applied. Reload to see how it is now.")),
    413: (later("That is too large"), later("Nothing was changed. Send less than 1 MB.")),
    500: (
        later("Earful made a mistake"),
        later("Nothing more is known here; the log has the details under this id."),
    ),
    503: (
        later("The store does not answer"),
        later("Nothing is lost. This page tries again when you reload it."),
    ),
}


def install(app: Flask) -> None:
    """Answer every exception with a page."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(EarfulError, _ours)
    app.register_error_handler(Exception, _unknown)


def answer(status: int, message: str, *, title: str = "") -> Response:
    """Return the page, or the JSON, of one failure."""
    words, advice = WORDS.get(status, (HTTPStatus(status).phrase, ""))
    title = title or words
    if wants_data():
        response = jsonify(error=message or title, request_id=g.get("request_id", ""))
    else:
        response = make_response(
            render_template("errors/error.html", status=status, title=title, advice=advice, message=message)
        )
    response.status_code = status
    return response


def _http(error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return _unknown(error)
    if isinstance(error, SecurityError):
        # A Host header that is not ours: no page, since every link on it would be built from that header.
        words = "This address is not one of Earful's. Open it by the name it was set up with.\n"
        return Response(words, 400, mimetype="text/plain")
    status = error.code or 500
    if status < 400 and error.response is not None:  # noqa: PLR2004 - a redirect that Werkzeug raised
        return make_response(error.get_response())
    own_words = status in (401, 403) and error.description != type(error).description
    response = answer(status, str(error.description) if own_words else "")
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
    return response


def _ours(error: Exception) -> Response:
    match error:
        case NotFound():
            return answer(404, "")
        case Conflict():
            return answer(409, str(error))
        case InputError():
            return answer(400, str(error))
        case StoreError():
            return _store(error)
        case _:
            return _unknown(error)


def _store(error: StoreError) -> Response:
    """Say that the store is away, or full, or broken; its own message tells what to do."""
    passing = isinstance(error, (StoreUnavailable, StoreReadOnly))
    log.log(
        logging.WARNING if passing else logging.ERROR,
        "%s %s: %s",
        g.get("request_id", ""),
        type(error).__name__,
        error,
    )
    full = isinstance(error, StoreReadOnly)
    return answer(503, str(error), title="Nothing can be saved now" if full else "")


def _unknown(error: Exception) -> Response:
    log.error("%s %s %s", g.get("request_id", ""), request.method, request.path, exc_info=error)
    return answer(500, "")
