"""What the answer box of a thread shows: whom it answers, macros, and what was said and not seen yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import request

from core.errors import ConfigError
from core.thread import Status, StoredMention, Thread
from core.user import Role
from core.watch import Watch
from engage.answering import Answer, FollowUp, answers, follow_ups, places
from engage.channel import Connection, ReplyChannel, channel_of, channels
from engage.connections import answering_with, connections
from engage.macros import Macro, filled, macros
from engage.replying import State, states
from web.services import now, services, the_store
from web.sessions import actor, signed
from web.tokens import new_id


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerBox:
    """Everything that the box needs."""

    #: The newest mention, which an answer is for.
    to: StoredMention | None
    #: What stands in the field: a macro filled in, or what was sent and refused.
    text: str
    #: True where a macro was just chosen.
    filled: bool
    macros: Sequence[Macro]
    #: Our words that no post of ours carries yet.
    unseen: Sequence[Answer]
    #: Ids of the notes that stand in the conversation.
    placed: frozenset[str]
    follow_ups: Sequence[FollowUp]
    #: How the replies that go out through an account stand, by note.
    states: Mapping[str, State]
    #: The account that can answer this; None where the answer is taken there by hand.
    account: Connection | None
    #: Whether the reader could connect an account for this source.
    can_connect: bool
    #: Most characters of one reply with it; 0 without one.
    limit: int
    #: Sent with the form, so that a resent form is one answer.
    id: str


def answer_box(thread: Thread, watches: Sequence[Watch]) -> AnswerBox:
    """Return the answer box of a thread."""
    ours = [watch for watch in watches if watch.id in thread.watches]
    to = max(thread.matched, key=lambda stored: stored.mention.published_at, default=None)
    found = macros(the_store())
    chosen = next((macro for macro in found if macro.key == request.args.get("macro")), None)
    product = ours[0].product.name if ours else ""
    values = places(thread, to, product=product, user=actor())
    refused = request.form.get("text", "") if request.path == "/triage/answer" else ""
    standing = states(the_store(), thread.notes, now=now())
    links = {note_id: state.link for note_id, state in standing.items() if state.link}
    said, waits = answers(thread, links), thread.triage.status is Status.WAITING
    account = connected(to)
    return AnswerBox(
        to=to,
        text=filled(chosen.text, values) if chosen else refused,
        filled=chosen is not None,
        macros=found,
        unseen=[each for each in said if each.seen is None and (waits or each.note.id in standing)],
        placed=frozenset(each.note.id for each in said if waits or each.seen or each.note.id in standing),
        follow_ups=follow_ups(thread, {watch.product.name for watch in ours}),
        states=standing,
        account=account,
        can_connect=thread.source in channels() and signed().user.role is Role.ADMIN,
        limit=_limit(account),
        id=new_id(),
    )


def connected(to: StoredMention | None) -> Connection | None:
    """Return the account that can answer a mention; None for none, and where the file cannot be read."""
    try:
        return answering_with(connections(services().settings.data_dir), to.mention if to else None)
    except ConfigError:  # the settings page says what is wrong with it
        return None


def _limit(account: Connection | None) -> int:
    channel = channel_of(account.channel) if account else None
    return channel.limit if isinstance(channel, ReplyChannel) else 0
