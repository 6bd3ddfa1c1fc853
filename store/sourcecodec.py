"""The health of a source as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from core.clock import from_iso, iso
from core.source import SourceState, SourceStatus

TIMES = ("until", "last_try_at", "last_success_at", "newest_at")


def state_to_json(state: SourceState) -> dict[str, Any]:
    """Return the health of a source as plain JSON values."""
    data = dataclasses.asdict(state) | {"status": state.status.value, "gaps": list(state.gaps)}
    return data | {name: iso(data[name]) for name in TIMES if data[name]}


def state_from_json(data: Mapping[str, Any]) -> SourceState:
    """Return the health that `state_to_json` wrote."""
    times = {name: from_iso(data[name]) for name in TIMES if data[name]}
    return SourceState(**{**data, **times, "status": SourceStatus(data["status"])})
