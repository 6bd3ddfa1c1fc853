"""Hints over Celery: "there may be something to do". The store says what is, so a lost hint loses nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import redis
from celery import Celery
from kombu.exceptions import OperationalError

from cli.crawling import due
from cli.turns import connect
from core.ports import Store
from core.settings import Settings
from engage.labelling import BATCH
from engage.parts import tell
from nlp import model_name

#: One queue for each kind of work.
LABEL, CRAWL = "label", "crawl"
QUEUES = (LABEL, CRAWL)
#: Between two sweeps; a hint is worth nothing after a few, because the next ones say the same.
SWEEP = timedelta(seconds=2)
EXPIRES = 30.0
#: Hints that wait in a queue at most: more would only pile up while no worker takes them.
MOST_WAITING = {LABEL: 16, CRAWL: 200}
#: Seconds after which a hint that was taken and never acknowledged is given to another worker.
VISIBILITY = 60
TASKS = {LABEL: "earful.label", CRAWL: "earful.crawl"}


def make_app(settings: Settings) -> Celery:
    """Return the Celery application of an installation."""
    app = Celery("earful", broker=settings.broker, set_as_current=False)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_default_queue=LABEL,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=2,
        broker_transport_options={
            "visibility_timeout": VISIBILITY,
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
            "retry_on_timeout": True,
        },
        # A hint is sent again by the next sweep; waiting for Redis here would stop the scheduler.
        task_publish_retry=False,
    )
    return app


@dataclass
class Sweep:
    """Send hints for everything that the store says is to be done."""

    settings: Settings
    #: Tells the person at the terminal one line.
    say: Callable[[str], None]
    app: Celery = field(init=False)
    _at: datetime | None = None
    _away: bool | None = None

    def __post_init__(self) -> None:
        """Make the application; nothing is dialled yet."""
        self.app = make_app(self.settings)
        self._redis = connect(self.settings.broker)

    def sweep(self, store: Store, *, now: datetime) -> None:
        """Send hints, unless that was done a moment ago."""
        if self._at is not None and now - self._at < SWEEP:
            return
        self._at = now
        try:
            self._label(store)
            self._crawl(store, now)
        except (redis.RedisError, OperationalError) as error:
            told = f"the broker does not answer ({error}); workers wait, and nothing is lost"
            self._tell(store, told, now)
            return
        self._tell(store, "", now)

    def _tell(self, store: Store, trouble: str, now: datetime) -> None:
        """Tell once that the broker went away, and once that it is back."""
        if self._away is not None and bool(trouble) == self._away:
            return
        if trouble or self._away:
            self.say(trouble or "the broker answers again")
        self._away = bool(trouble)
        tell(store, "broker", trouble, now=now)

    def _room(self, queue: str) -> int:
        return MOST_WAITING[queue] - int(str(self._redis.llen(queue)))

    def _label(self, store: Store) -> None:
        backlog = store.backlog(model_name(self.settings.model_dir))
        for _ in range(min(math.ceil(backlog / BATCH), self._room(LABEL))):
            self._send(LABEL)

    def _crawl(self, store: Store, now: datetime) -> None:
        wanted = [(watch.id, name) for watch, names in due(store, now) for name in names]
        for watch_id, source in wanted[: max(0, self._room(CRAWL))]:
            self._send(CRAWL, watch_id, source)

    def _send(self, queue: str, *arguments: str) -> None:
        self.app.send_task(TASKS[queue], args=arguments, queue=queue, expires=EXPIRES, retry=False)
