"""`/searches`: saved searches, with examples and versions."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InputError
from core.query_parser import parse
from core.search import Search, Sort
from engage.examples import verdicts
from engage.saved_searches import SavedSearch, remove_search, save_search, saved_search, saved_searches
from engage.tokens import tokens_of
from web.i18n import _
from web.outputs import json_response
from web.services import now, the_store
from web.sessions import actor, mine
from web.tokens import new_id
from web.views.search import SORTS
from web.watch_form import lines

blueprint = Blueprint("searches", __name__)

MAX_KEY = 40


@blueprint.get("/searches")
@blueprint.get("/searches.<any(json):form>")
def show(form: str = "") -> Response:
    """List the saved searches with how much each finds."""
    found = saved_searches(the_store(), actor())
    if form == "json":
        return json_response({"searches": [_as_json(search) for search in found]})
    return make_response(
        render_template("searches/list.html", searches=found, counts={s.key: _count(s) for s in found})
    )


@blueprint.get("/searches/new")
def new() -> Response:
    """Show the form of a new saved search, for the query that was looked at."""
    sort = request.args.get("sort", "")
    search = SavedSearch(
        key=new_id(),
        title="",
        query=request.args.get("q", ""),
        sort=Sort(sort) if sort in list(Sort) else Sort.NEW,
        owner=actor(),
    )
    return _page(search)


@blueprint.get("/searches/<key>")
def edit(key: str) -> Response:
    """Show a saved search's form; `version` fills in an earlier query."""
    search = saved_search(the_store(), key, actor())
    wanted = request.args.get("version", type=int)
    earlier = next((each for each in search.history if each.version == wanted), None)
    return _page(replace(search, query=earlier.query, title=earlier.title) if earlier else search)


@blueprint.post("/searches/<key>")
def save(key: str) -> Response:
    """Store a saved search, once its examples hold."""
    form = request.form
    sort = form.get("sort", "")
    search = SavedSearch(
        key=key[:MAX_KEY],
        title=form.get("title", ""),
        query=form.get("query", ""),
        sort=Sort(sort) if sort in list(Sort) else Sort.NEW,
        owner=None if form.get("team") == "yes" else actor(),
        must=lines(form.get("must", "")),
        must_not=lines(form.get("must_not", "")),
        version=form.get("version", default=0, type=int),
    )
    if form.get("do") == "try":
        return _page(search, tried=True)
    try:
        saved = save_search(the_store(), search, actor=actor(), now=now())
    except InputError as error:
        return _page(search, error=str(error), tried=True, status=400)
    except Conflict:
        fresh = saved_search(the_store(), search.key, actor())
        search = replace(search, version=fresh.version)
        said = _("Somebody saved another version first; yours stands in the fields below.")
        return _page(search, error=said, status=409)
    return redirect(url_for(".edit", key=saved.key, saved=1), code=303)


@blueprint.post("/searches/<key>/remove")
def remove(key: str) -> Response:
    """Take a saved search away."""
    remove_search(the_store(), key, actor=actor(), now=now())
    return redirect(url_for(".show"), code=303)


def _page(search: SavedSearch, *, error: str = "", tried: bool = False, status: int = 200) -> Response:
    query = parse(search.query)
    feeds = [token for token in tokens_of(the_store(), actor()) if token.saved_search == search.key]
    page = render_template(
        "searches/edit.html",
        search=search,
        query=query,
        sorts=SORTS,
        verdicts=verdicts(query.node, search.must, search.must_not),
        count=_count(search),
        tried=tried,
        feeds=feeds,
        error=error,
        saved="saved" in request.args,
    )
    return make_response(page, status)


def _count(search: SavedSearch) -> object:
    asked = Search(node=parse(search.query).node, now=now(), mine=mine())
    return the_store().count(asked, roughly=True)


def _as_json(search: SavedSearch) -> dict[str, object]:
    return {
        "key": search.key,
        "title": search.title,
        "query": search.query,
        "sort": search.sort.value,
        "team": search.owner is None,
        "must": list(search.must),
        "must_not": list(search.must_not),
        "version": search.version,
        "url": url_for("search.show", q=search.query, sort=search.sort.value),
    }
