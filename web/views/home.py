"""`/`: leads to the queue."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
def show() -> Response:
    """Lead to the queue."""
    return redirect(url_for("threads.queue"), code=302)
