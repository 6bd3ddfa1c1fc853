"""`/help`: the keys and the query language."""

from __future__ import annotations

from flask import Blueprint, render_template

from core.query_fields import CLOSED_FIELDS

blueprint = Blueprint("help", __name__)


@blueprint.get("/help")
def show() -> str:
    """Show the help page."""
    return render_template("help/show.html", closed=CLOSED_FIELDS)
