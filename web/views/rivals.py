"""`/rivals`: who names which rival, how, and who shops around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, make_response, render_template, request

from core.clock import iso
from engage.attention import RivalWord, rival_words, shoppers, win_loss
from web import outputs
from web.formats import wanted
from web.quotes import quoted
from web.services import now, the_store

blueprint = Blueprint("rivals", __name__)

COLUMNS = ("at", "person", "stage", "account", "rival", "tone", "of_us", "thread_id", "mention_id")
SHOWN = 50


@blueprint.get("/rivals")
@blueprint.get("/rivals.<any(json,csv):form>")
def show(form: str = "") -> Response:
    """Show what was said about rivals in the last months."""
    store = the_store()
    everything = rival_words(store, now=now())
    table = win_loss(everything)
    words = _chosen(everything, table)
    match wanted(form, "json", "csv"):
        case "json":
            return outputs.json_response([dict(zip(COLUMNS, _cells(word), strict=True)) for word in words])
        case "csv":
            return outputs.csv_response("rivals", COLUMNS, map(_cells, words))
    shown = [(word, quote) for word in words[:SHOWN] for quote in quoted(store, [word.evidence])]
    shops = [
        (who, quote) for who, said in shoppers(store, now=now())[:SHOWN] for quote in quoted(store, [said])
    ]
    return make_response(
        render_template("rivals/show.html", table=table, words=shown, shops=shops, count=len(words))
    )


def _chosen(
    words: list[RivalWord], table: Mapping[str, Mapping[str, list[RivalWord]]]
) -> Sequence[RivalWord]:
    """Return the words about one rival with one result, where those are asked for."""
    rival, result = request.args.get("rival"), request.args.get("result", "")
    return words if rival is None else table.get(rival, {}).get(result, [])


def _cells(word: RivalWord) -> list[object]:
    person, said = word.person, word.evidence
    return [
        iso(said.at), person.shown, person.standing.stage.value, person.account, word.rival, word.tone,
        word.of_us, said.thread_id, said.mention_id,
    ]  # fmt: skip
