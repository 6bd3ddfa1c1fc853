"""`/accounts-import`: a table of accounts, looked at before it is stored, taken back as one act."""

from __future__ import annotations

import base64
import zlib

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.errors import InputError
from engage.accounts import Change, Plan, imports, plan_import, save_import, undo_import
from web.services import now, the_store
from web.sessions import actor

blueprint = Blueprint("imports", __name__)

#: Of what a request may bring, kept for the rest of the form.
REST = 8192
#: Rows told on the page.
TOLD = 200


@blueprint.get("/accounts-import")
def show() -> Response:
    """Show the form, and what was brought in before."""
    return _page()


@blueprint.post("/accounts-import")
def look() -> AnyResponse:
    """Say what a table would do; store it where that was asked."""
    form, sent = request.form, request.files.get("file")
    name = (sent.filename if sent and sent.filename else form.get("name", "")) or "pasted"
    plan = None
    try:
        data = sent.read() if sent and sent.filename else _looked_at() or form.get("table", "").encode()
        plan = plan_import(the_store(), [data])
        if form.get("do") != "save":
            return _page(plan=plan, looked=_packed(data), name=name)
        if plan.count(Change.BAD) and form.get("leave_out") != "yes":
            problem = "nothing was stored; correct the bad rows, or say that they are left out"
            return _page(plan=plan, looked=_packed(data), name=name, error=problem, status=400)
        save_import(the_store(), plan, file=name, actor=actor(), now=now())
    except InputError as error:
        return _page(table=form.get("table", ""), name=name, error=str(error), status=400)
    return redirect(url_for(".show", saved=1), code=303)


def _packed(data: bytes) -> str:
    """Return a table as it comes back to be stored: byte for byte what was looked at, and small enough.

    Raises:
        InputError: it would be more than a form may bring.
    """
    packed = base64.urlsafe_b64encode(zlib.compress(data)).decode()
    if len(packed) > _most() - REST:
        raise InputError("this table is too large for the page; bring it in with `earful account import`")
    return packed


def _most() -> int:
    return int(current_app.config["MAX_CONTENT_LENGTH"])


def _looked_at() -> bytes:
    """Return the table that was looked at before; nothing where this is the first look."""
    packed = request.form.get("looked", "")
    try:
        return zlib.decompressobj().decompress(base64.urlsafe_b64decode(packed), _most()) if packed else b""
    except (ValueError, zlib.error):
        raise InputError("what was looked at did not come back whole; choose the file once more") from None


@blueprint.post("/accounts-import/undo")
def undo() -> AnyResponse:
    """Take an import back."""
    left = undo_import(the_store(), request.form.get("key", ""), actor=actor(), now=now())
    return redirect(url_for(".show", left=len(left)), code=303)


def _page(
    *,
    plan: Plan | None = None,
    looked: str = "",
    table: str = "",
    name: str = "",
    error: str = "",
    status: int = 200,
) -> Response:
    page = render_template(
        "accounts/import.html",
        plan=plan,
        shown=[row for row in plan.rows if row.change is not Change.SAME][:TOLD] if plan else [],
        changes={change: plan.count(change) for change in Change} if plan else {},
        looked=looked,
        table=table,
        name=name,
        imports=imports(the_store()),
        saved="saved" in request.args,
        left=request.args.get("left", type=int),
        error=error,
    )
    return make_response(page, status)
