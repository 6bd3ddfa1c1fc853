"""Invented worlds of accounts whose truth is known, drawn fast: what they did, and who left."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

from engage.insight.behaviours import Behaviour, Row

WINDOW, WINDOWS = 60.0, 9
#: Losses a day where every behaviour is as usual.
BASE = 0.0010


def a_world(luck: random.Random, effects: Mapping[Behaviour, float], *, accounts: int = 150) -> list[Row]:
    """Windows of accounts whose hazard is multiplied by `effects` for one more of a behaviour.

    Behaviours wander from window to window around what is usual for the account; losses are drawn from
    the hazard that was in force.
    """
    rows = []
    for number in range(accounts):
        usual = {each: luck.gauss(0, 0.7) for each in effects}
        start = 90.0
        for _ in range(WINDOWS):
            values = {each: 3 + usual[each] + luck.gauss(0, 0.7) for each in effects}
            times = math.exp(sum(math.log(effects[each]) * (values[each] - 3) for each in effects))
            wait = luck.expovariate(BASE * times)
            lost = wait < WINDOW
            stop = start + min(wait, WINDOW)
            rows.append(Row(key=f"a{number:03}", start=start, stop=stop, lost=lost, values=values))
            start = stop
            if lost:
                break
    return rows
