"""`earful serve`: the web server alone."""

from __future__ import annotations

import dataclasses
import gc
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from gunicorn.app.base import BaseApplication

from cli.children import end_with_parent
from cli.keyring import FileKeys
from core.clock import SystemClock
from core.errors import ConfigError
from core.settings import Settings
from core.source_form import SourceForm
from nlp import check_models
from store import open_store
from web import create_app

if TYPE_CHECKING:
    from flask import Flask

#: Requests answered at once. SQLite readers do not block each other, so threads are enough.
THREADS = 8


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn with one worker process and threads, set from our own settings."""

    def __init__(self, settings: Settings) -> None:
        self.earful = settings
        super().__init__()

    def load_config(self) -> None:
        """Hand our settings to gunicorn."""
        values: dict[str, object] = {
            "bind": f"{_in_address(self.earful.host)}:{self.earful.port}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": THREADS,
            "timeout": 60,
            "graceful_timeout": 5,
            "loglevel": "warning",
            "limit_request_line": 8190,
            "proc_name": "earful serve",
        }
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the application inside the worker, so that it opens its own store."""
        app = create_app(
            open_store(self.earful.database_url),
            self.earful,
            clock=SystemClock(),
            sources=_forms,
            keys=FileKeys(self.earful.data_dir),
            probes={"model": lambda: check_models(self.earful.model_dir)},
        )
        stays()
        return app


def stays() -> None:
    """Tell the garbage collector that what is there now stays as long as the process.

    A page that reads thousands of records makes it look at every object several times, and code, routes
    and templates are most of them: 35 ms each time.
    """
    gc.collect()
    gc.freeze()


def _forms() -> Sequence[SourceForm]:
    from crawlers.catalog import source_forms  # noqa: PLC0415 - scrapy costs 0.5 s that the first page need not pay

    return source_forms()


@click.command("serve")
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.")
@click.pass_obj
def command(settings: Settings, host: str | None, port: int | None) -> None:
    """Serve the pages and the API from the store."""
    end_with_parent()
    settings = dataclasses.replace(settings, host=host or settings.host, port=port or settings.port)
    ensure_free(settings.host, settings.port)
    open_store(settings.database_url).close()
    Server(settings).run()


def _in_address(host: str) -> str:
    """Return a host as it stands before a port."""
    return f"[{host}]" if ":" in host else host


def ensure_free(host: str, port: int) -> None:
    """Return when nothing listens on `port`.

    Raises:
        ConfigError: the port is taken, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {host}:{port} ({(error.strerror or str(error)).lower()}); "
                "give another with --port, or stop what is there"
            ) from error
