"""What a request works with: the store, the settings and the time, handed in by whoever made the app."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import current_app

from core.clock import Clock
from core.keyring import KeyRing
from core.ports import Store
from core.settings import Settings
from core.source_form import SourceForm
from engage.outbound import Outbound


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """Everything that `create_app` was given."""

    store: Store
    settings: Settings
    clock: Clock
    #: Tells every source and its form; costs time the first time.
    sources: Callable[[], Sequence[SourceForm]]
    keys: KeyRing
    probes: Mapping[str, Callable[[], object]]


def services() -> Services:
    """Return what this application was made with."""
    found = current_app.extensions["earful"]
    if not isinstance(found, Services):
        raise TypeError("the app was not made by web.create_app")
    return found


def the_store() -> Store:
    """Return the store."""
    return services().store


def now() -> datetime:
    """Return the present moment."""
    return services().clock.now()


def outbound() -> Outbound:
    """Return the way out for replies and alerts, as this installation allows it."""
    return Outbound.made(services().settings.allow_networks)
