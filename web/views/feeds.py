"""`/feeds/…`: a saved search for a feed reader, which brings a token instead of signing in."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from werkzeug.exceptions import NotFound as NoSuchPage

from core.errors import NotFound
from core.query_parser import parse
from core.search import Search, Sort
from core.token import Scope
from engage.saved_searches import saved_search
from engage.teams import assignees_of
from engage.tokens import use_token
from web import feeds
from web.services import now, the_store

blueprint = Blueprint("feeds", __name__)


@blueprint.get("/feeds/<token>.<any(atom,'feed.json'):form>")
def show(token: str, form: str) -> Response:
    """Answer with the newest mentions of the one saved search that a token reads."""
    store, moment = the_store(), now()
    found = use_token(store, token, now=moment)
    if found is None or not found[0].scope.covers(Scope.FEED):
        raise NoSuchPage
    asked = found[0].saved_search
    try:
        search = saved_search(store, asked, found[1].name)
    except NotFound:
        raise NoSuchPage from None
    node = parse(search.query).node
    hits = store.search(
        Search(node=node, now=moment, mine=assignees_of(store, found[1].name)),
        sort=Sort.NEW,
        limit=feeds.FEED_LIMIT,
    ).hits
    feed = feeds.Feed(
        title=f"Earful: {search.title}",
        address=request.url,
        home=url_for("search.show", q=search.query, _external=True),
        mentions=[hit.stored.mention for hit in hits],
        now=moment,
    )
    return feeds.atom_response(feed) if form == "atom" else feeds.json_feed_response(feed)
