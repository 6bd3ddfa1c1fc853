"""`/accounts-import`: a table of accounts, looked at before it is stored, taken back as one act."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.errors import InputError
from engage.accounts import Change, Plan, imports, plan_import, save_import, undo_import
from web.services import now, the_store
from web.sessions import actor

blueprint = Blueprint("imports", __name__)

#: Rows told on the page.
TOLD = 200


@blueprint.get("/accounts-import")
def show() -> Response:
    """Show the form, and what was brought in before."""
    return _page()


@blueprint.post("/accounts-import")
def look() -> AnyResponse:
    """Say what a table would do; store it where that was asked."""
    sent = request.files.get("file")
    # A table that was looked at comes back as text, so that what is stored is what was looked at.
    data = sent.read() if sent and sent.filename else request.form.get("table", "").encode()
    name = (sent.filename if sent and sent.filename else request.form.get("name", "")) or "pasted"
    try:
        plan = plan_import(the_store(), [data])
        if request.form.get("do") != "save":
            return _page(plan=plan, table=_text(data), name=name)
        if plan.count(Change.BAD) and request.form.get("leave_out") != "yes":
            raise InputError("nothing was stored; correct the bad rows, or say that they are left out")  # noqa: TRY301
        save_import(the_store(), plan, file=name, actor=actor(), now=now())
    except InputError as error:
        return _page(table=_text(data), name=name, error=str(error), status=400)
    return redirect(url_for(".show", saved=1), code=303)


@blueprint.post("/accounts-import/undo")
def undo() -> AnyResponse:
    """Take an import back."""
    left = undo_import(the_store(), request.form.get("key", ""), actor=actor(), now=now())
    return redirect(url_for(".show", left=len(left)), code=303)


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeError:
            continue
    return data.decode("utf-8", "replace")


def _page(
    *, plan: Plan | None = None, table: str = "", name: str = "", error: str = "", status: int = 200
) -> Response:
    page = render_template(
        "accounts/import.html",
        plan=plan,
        shown=[row for row in plan.rows if row.change is not Change.SAME][:TOLD] if plan else [],
        changes={change: plan.count(change) for change in Change} if plan else {},
        table=table,
        name=name,
        imports=imports(the_store()),
        saved="saved" in request.args,
        left=request.args.get("left", type=int),
        error=error,
    )
    return make_response(page, status)
