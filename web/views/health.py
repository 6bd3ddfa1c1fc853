"""`/healthz` (the process is up) and `/readyz` (store and model are usable)."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, jsonify

from core.errors import EarfulError
from web.services import services, the_store

blueprint = Blueprint("health", __name__)
log = logging.getLogger(__name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Say that the process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Say whether everything that pages need can be used; the log has the reasons in full."""
    found = {}
    for name, probe in {"store": the_store().watches, **services().probes}.items():
        try:
            probe()
        except (EarfulError, OSError) as error:
            log.warning("readyz: %s: %s", name, error)
            found[name] = type(error).__name__
        else:
            found[name] = "ok"
    ready = all(state == "ok" for state in found.values())
    return jsonify(status="ok" if ready else "not ready", checks=found), 200 if ready else 503
