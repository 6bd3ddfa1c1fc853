"""Small things that people set up (views, macros, mutes), and who has a thread in hand just now."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One small thing that a person set up. Changed only by compare-and-set on `version`."""

    #: `view`, `macro`, `mute`, `setting`: what it is.
    kind: str
    #: Unique within its kind.
    key: str
    #: Plain JSON values; who reads it refuses what it cannot use.
    body: Mapping[str, object]
    #: User name of who saved it last.
    by: str
    at: datetime
    #: Counts the changes; 0 is not stored yet.
    version: int = 0


class Doing(enum.StrEnum):
    """Name what somebody does with a thread at this moment."""

    VIEWING = "viewing"
    REPLYING = "replying"
    #: Checked out in a batch: nobody else is offered it meanwhile.
    TAKEN = "taken"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """Somebody has a thread in hand, until a moment near by."""

    thread_id: str
    user: str
    doing: Doing
    until: datetime
