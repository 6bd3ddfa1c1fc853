"""Turns at asking a host, kept in Redis."""

from __future__ import annotations

from datetime import timedelta

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.errors import ConfigError

SCHEMES = ("redis://", "rediss://")
#: Seconds after which Redis is taken for away.
SECONDS = 2.0
#: What a host's key outlives its last turn by, in milliseconds.
LINGER = 60_000
MILLISECOND = timedelta(milliseconds=1)

#: Redis runs a script as one act, and its clock is the same for everybody.
TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
if at - now <= tonumber(ARGV[2]) then
    redis.call('SET', KEYS[1], at + ARGV[1], 'PX', at - now + ARGV[1] + ARGV[3])
end
return at - now
"""
LEAVE_ALONE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = math.max(now + ARGV[1], tonumber(redis.call('GET', KEYS[1]) or '0'))
redis.call('SET', KEYS[1], at, 'PX', at - now + ARGV[2])
return 0
"""


def connect(url: str) -> redis.Redis:
    """Return a client of the Redis at `url`; nothing is dialled yet.

    Raises:
        ConfigError: the address is none.
    """
    if not url.startswith(SCHEMES):
        raise ConfigError("the broker's address is written redis://HOST:6379/0 (or rediss:// over TLS)")
    try:
        # The client's own retries would take ten seconds; everybody here tries again by themselves.
        retry = Retry(NoBackoff(), 1)
        return redis.Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS, retry=retry)
    except ValueError as error:
        raise ConfigError(f"the broker's address cannot be used: {error}") from error


def trouble(url: str) -> str | None:
    """Return in plain words why the Redis at `url` cannot be used just now; None where it can.

    Raises:
        ConfigError: it refuses us; waiting is of no use.
    """
    where = url.rpartition("@")[2].removeprefix("redis://").removeprefix("rediss://")
    client = connect(url)
    try:
        client.ping()
    except redis.AuthenticationError as error:
        raise ConfigError(
            f"the Redis at {where} refuses the password ({error}); correct it in EARFUL_BROKER"
        ) from error
    except redis.RedisError as error:
        return f"no Redis answers at {where} ({error}); start it, or correct EARFUL_BROKER"
    finally:
        client.close()
    return None


class RedisTurns:
    """Give out turns that all processes with the same broker share."""

    def __init__(self, url: str) -> None:
        self._client = connect(url)

    def take(self, host: str, *, delay: timedelta, most: timedelta) -> timedelta:
        """Return how long to wait before asking a host; 0 where Redis is away."""
        wait = self._run(TAKE, host, delay // MILLISECOND, most // MILLISECOND, LINGER)
        return wait * MILLISECOND

    def leave_alone(self, host: str, wait: timedelta) -> None:
        """Tell everybody that a host asked not to be asked for a while."""
        self._run(LEAVE_ALONE, host, wait // MILLISECOND, LINGER)

    def _run(self, script: str, host: str, *numbers: int) -> int:
        try:
            return int(str(self._client.eval(script, 1, f"earful:turn:{host}", *map(str, numbers))))
        except redis.RedisError:
            # Each process still keeps its own delay.
            return 0
