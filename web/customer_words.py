"""How customers' things are called on the pages: stages, signs, steps, seats, outcomes."""

from __future__ import annotations

import re

from core.customers import Outcome, Seat
from core.stages import Signal, Stage, Step
from web.i18n import later
from web.wording import plain

#: The blueprints that stand under Customers.
PAGES = frozenset(
    {"accounts", "people", "renewals", "rivals", "matches", "advocates", "plays", "goals", "imports"}
)
STAGES = {
    Stage.AT_RISK: ("alert", later("At risk")),
    Stage.UNKNOWN: ("circle", later("Unknown")),
    Stage.SATISFIED: ("flat", later("Satisfied")),
    Stage.LOYAL: ("smile", later("Loyal")),
    Stage.ADVOCATE: ("hand", later("Advocate")),
    Stage.FORMER: ("leave", later("Former")),
}
STEPS = {
    Step.LISTEN: later("Listen: nothing they said tells yet what they value."),
    Step.PROOF_OF_VALUE: later("Show them, in figures of their own, what they get: a proof of value."),
    Step.COMMUNITY: later("Invite them into the community, where they meet others like them."),
    Step.LEADERSHIP: later("Offer them a part: advisory board, beta group, talk with the leadership."),
    Step.THANK: later("Thank them, answer them, and ask for a reference within their limits."),
    Step.WIN_BACK: later("Ask what would bring them back, and tell them when it is there."),
}
SIGNALS = {
    Signal.SATISFIED: ("smile", later("Good words")),
    Signal.EXCEEDED: ("smile", later("Expectations exceeded")),
    Signal.RECOMMENDED: ("hand", later("Recommended us")),
    Signal.HELPED: ("message", later("Helped somebody")),
    Signal.UNHAPPY: ("frown", later("Complained")),
    Signal.WISHED: ("plus", later("Asked for something")),
    Signal.LEAVING: ("leave", later("Talks about leaving")),
    Signal.LEFT: ("leave", later("Left")),
    Signal.RIVAL: ("eye", later("Named a rival")),
    Signal.SHOPPING: ("search", later("Shops around")),
    Signal.TOUCHED: ("mark", later("We answered")),
    Signal.OWED: ("hourglass", later("Waits for our answer")),
}
SEATS = {
    Seat.USER: later("User"),
    Seat.ADMIN: later("Admin"),
    Seat.BUYER: later("Buyer"),
    Seat.SPONSOR: later("Sponsor"),
}
OUTCOMES = {
    Outcome.OPEN: later("Open"),
    Outcome.RENEWED: later("Renewed"),
    Outcome.EXPANDED: later("Expanded"),
    Outcome.SHRUNK: later("Shrunk"),
    Outcome.LOST: later("Lost"),
}
#: What else has a name in core, by that name: programmes, how far somebody is, what came of a thing.
NAMES = {
    "reference": later("Reference"),
    "community": later("Community"),
    "advisory_board": later("Advisory board"),
    "executive_contact": later("Executive contact"),
    "found": later("Found"),
    "approached": later("Approached"),
    "accepted": later("Accepted"),
    "thanked": later("Thanked"),
    "declined": later("Declined"),
    "open": later("Open"),
    "yes": later("Yes"),
    "no": later("No"),
    "asked": later("Asked"),
    "granted": later("Granted"),
    "refused": later("Refused"),
    "won": later("Won"),
    "lost": later("Lost"),
    "saved": later("Saved"),
    "unclear": later("Unclear"),
    "claimed": later("Claimed"),
    "confirmed": later("Confirmed"),
    "new": later("New"),
    "changed": later("Changed"),
    "same": later("Same"),
    "bad": later("Bad"),
    "contact": later("We spoke"),
    "play": later("Play"),
    "ask": later("Ask"),
    "referral": later("Referral"),
    "goal": later("Goal"),
}
#: Why somebody stands where they do, or is not to be asked, as core tells it.
WHYS = {
    "said good things": later("Said good things"),
    "said that they left": later("Said that they left"),
    "talks about leaving": later("Talks about leaving"),
    "complaints outweigh good words": later("Complaints outweigh good words"),
    "speaks for us or helps others in public": later("Speaks for us or helps others in public"),
    "the last renewal was lost": later("The last renewal was lost"),
    "everybody known left": later("Everybody known left"),
    "somebody who decides is at risk": later("Somebody who decides is at risk"),
    "somebody talks about leaving": later("Somebody talks about leaving"),
    "a third or more of its people are unhappy": later("A third or more of its people are unhappy"),
    "they said no to the programme": later("They said no to the programme"),
    "good words on # days over # months": later("Good words on %(a)s days over %(b)s months"),
    "# of # people heard are here": later("%(a)s of %(b)s people heard are here"),
    "asked # times within a year, which is the limit": later(
        "Asked %(a)s times within a year, which is the limit"
    ),
    "asked lately; again in # days": later("Asked lately; again in %(a)s days"),
}
_COUNT = re.compile(r"\d+")


def called(name: str) -> str:
    """Return what something that has a name in core is called on a page."""
    return str(NAMES[name]) if name in NAMES else plain(name).capitalize()


def why(told: str) -> str:
    """Return a reason of core in the reader's language, its numbers filled in."""
    text = WHYS.get(_COUNT.sub("#", told))
    if text is None:
        return told[:1].upper() + told[1:]
    return str(text) % dict(zip("ab", _COUNT.findall(told), strict=False))
