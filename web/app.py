"""The application factory."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from flask import Blueprint, Flask
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from core.clock import Clock, SystemClock
from core.keyring import KeyRing, NoKeys
from core.ports import Store
from core.settings import Settings
from core.source_form import SourceForm
from web import errors, i18n, page, security, sessions, views
from web.hosts import HostApp, hosts_of
from web.routing import IdConverter
from web.services import Services

#: Largest request body: a note and a watch with all its lists fit many times over.
MAX_BODY = 1024 * 1024

#: Something that `/readyz` asks beside the store: its name, and what raises where it is not usable.
Probes = Mapping[str, Callable[[], object]]


def create_app(
    store: Store,
    settings: Settings,
    *,
    clock: Clock | None = None,
    sources: Callable[[], Sequence[SourceForm]] = tuple,
    keys: KeyRing | None = None,
    probes: Probes = MappingProxyType({}),
    translations: Sequence[Path] = (),
) -> Flask:
    """Build the web application over a store.

    Args:
        store: everything that is kept.
        settings: of this installation; `host` and `trusted_hosts` are answered beside the loopback names.
        clock: tells the time.
        sources: tells what a watch can be told to read, with the fields of each, when it is first asked.
        keys: where credentials of sources are kept; none can be entered where there is nothing.
        probes: what `/readyz` asks beside the store.
        translations: directories of catalogues beside the bundled ones.
    """
    app = HostApp("web")
    app.hosts = hosts_of(settings)
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        MAX_FORM_PARTS=2_000,
    )
    app.extensions["earful"] = Services(
        store=store,
        settings=settings,
        clock=clock or SystemClock(),
        sources=sources,
        keys=keys or NoKeys(),
        probes=probes,
    )
    i18n.install(app, translations)
    _install(app)
    if settings.proxies:
        hops = settings.proxies
        # Without a proxy these headers are anybody's word; the operator says how many to believe.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _install(app: Flask) -> None:
    """Add everything that is the same for every store."""
    app.url_map.converters["id"] = IdConverter
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for part in (security, sessions, errors, page):
        part.install(app)
    for blueprint in _blueprints():
        app.register_blueprint(blueprint)


def _blueprints() -> list[Blueprint]:
    """Return the blueprint of every module in `web.views`: a new view is one new file."""
    found = []
    for module in pkgutil.iter_modules(views.__path__):
        blueprint = importlib.import_module(f"{views.__name__}.{module.name}").blueprint
        if not isinstance(blueprint, Blueprint):
            raise TypeError(f"web/views/{module.name}.py needs a Blueprint named `blueprint`")
        found.append(blueprint)
    return found
