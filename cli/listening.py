"""Take hints from a queue, and outlive the broker they come from."""

from __future__ import annotations

import logging
import socket
import time
import warnings
from collections.abc import Callable, Mapping

from celery import Celery
from celery.exceptions import CPendingDeprecationWarning
from celery.platforms import SecurityWarning
from celery.worker import WorkController, state
from celery.worker.consumer import Consumer
from kombu import Connection
from kombu.asynchronous import set_event_loop

from cli.hints import TASKS, make_app
from cli.turns import trouble
from core.errors import ConfigError
from core.settings import Settings

#: Pause before a connection is tried again: Celery's own grows to 30 s, which is long after Redis is back.
AGAIN_SECONDS = 1.0

logger = logging.getLogger(__name__)


def serve(
    settings: Settings, queue: str, tasks: Mapping[str, Callable[..., object]], *, at_once: int
) -> None:
    """Take hints from a queue until told to stop, however often the broker goes away meanwhile.

    Args:
        settings: name the broker.
        queue: one of `cli.hints.QUEUES`.
        tasks: queue → what a hint of it begins; doing it twice must be doing it once.
        at_once: hints worked on side by side.

    Raises:
        ConfigError: the broker refuses us at the start; one that does so later is waited for.
    """
    logging.basicConfig(level=logging.WARNING, format="earful worker: %(message)s")
    logging.getLogger("celery.worker.request").addFilter(_in_plain_words)
    # Neither that it runs as root (a container does not) nor what Celery may change one day is for the log.
    for category in (SecurityWarning, CPendingDeprecationWarning):
        warnings.filterwarnings("ignore", category=category)
    trouble(settings.broker)
    while True:
        _take_hints(settings, queue, tasks, at_once)
        if _told_to_stop():
            return
        logger.warning("taking hints failed, the lines above say why; beginning again, and nothing is lost")
        time.sleep(AGAIN_SECONDS)


def _take_hints(
    settings: Settings, queue: str, tasks: Mapping[str, Callable[..., object]], at_once: int
) -> None:
    """Run one Celery worker; it returns when told to stop, and when it fails at what nobody foresaw."""
    # A worker that failed leaves its closed event loop to the next one.
    set_event_loop(None)
    app = make_app(settings)
    app.conf.worker_consumer = PatientConsumer
    for name, begin in tasks.items():
        app.task(begin, name=TASKS[name])
    try:
        _worker(app, queue, at_once).start()
    except Exception:  # whatever it is, a worker that is gone helps nobody
        logger.exception("the worker of %s hints failed", queue)


def _worker(app: Celery, queue: str, at_once: int) -> WorkController:
    return app.Worker(
        hostname=f"{queue}@{socket.gethostname()}",
        queues=[queue],
        pool="solo" if at_once == 1 else "threads",
        concurrency=at_once,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        loglevel="WARNING",
        quiet=True,
    )


def _told_to_stop() -> bool:
    """Tell whether a signal came; Celery keeps an exit code, and 0 is one."""
    return any(flag is not None and flag is not False for flag in (state.should_stop, state.should_terminate))


class PatientConsumer(Consumer):  # type: ignore[misc]  # celery tells no types
    """A consumer that waits for its broker in plain words, and begins again whatever a lost one makes fail.

    Celery ends its worker at any error that its transport does not list as one of the connection. A Redis
    that dies while a hint is being worked on makes such a one: kombu 5.7 closes the channel twice, and the
    second time it wants to give the hint back over a client that is gone (`AttributeError`).
    """

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.connection_errors = (Exception,)

    def ensure_connected(self, conn: Connection) -> Connection:
        """Return the connection, made as soon as the broker answers."""
        told = False
        while away := _trouble(self.app.conf.broker_url):
            if not told:
                logger.warning("%s; waiting for it, and nothing is lost", away)
            told = True
            state.maybe_shutdown()
            time.sleep(AGAIN_SECONDS)
        if told:
            logger.warning("the broker answers again")
        return super().ensure_connected(conn)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Close what is left of the connection; hints that were taken over it are sent again by the sweep."""
        try:
            super().on_connection_error_after_connected(exc)
        except Exception as error:  # noqa: BLE001 - see the class; the connection is dropped either way
            logger.info("the lost connection could not be closed: %r", error)
        if self.hub is not None:
            # Celery does this as well, and stops half-way where an acknowledgement fails.
            self.hub.reset()
        time.sleep(AGAIN_SECONDS)


def _trouble(broker: str) -> str | None:
    try:
        return trouble(broker)
    except ConfigError as error:
        return str(error)


def _in_plain_words(record: logging.LogRecord) -> bool:
    """Tell a hint that ended without its broker in one line instead of a hundred."""
    if str(record.msg).startswith("Couldn't ack"):
        record.msg, record.args = "a hint ended while its broker was away; what it did is kept", ()
        record.exc_info = None
    return True
