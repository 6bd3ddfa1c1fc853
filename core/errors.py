"""Every error that Earful raises on purpose.

    EarfulError
    ├── ConfigError            the command, file or environment asks for the impossible (exit code 2)
    ├── InputError             a line, row or file handed in by a person is not of its form
    ├── EgressRefused          an address that must not be dialled
    ├── SourceError            a public place could not be read
    │   ├── SourceChanged      its answer no longer has the shape that the spider knows
    │   ├── SourceBlocked      it refuses us: 401, 403, a robots rule, a block page
    │   ├── SourceBusy         it asks us to wait (429, 503, Retry-After)
    │   └── SourceGone         it is no more (410, unknown host for days)
    ├── SendError              something of ours could not be delivered
    │   ├── SendRefused        trying again is of no use until a person has mended something
    │   └── SendLater          the other side cannot take it now
    ├── StoreError             the store cannot do what was asked
    │   ├── StoreUnavailable   it does not answer now; try again
    │   ├── StoreReadOnly      it takes no writes (disk full, read-only file or index)
    │   ├── StoreCorrupt       its files fail the integrity check
    │   ├── StoreTooNew        it was written by a newer Earful
    │   ├── NotFound           there is no such thing
    │   └── Conflict           somebody changed it first; carries the fresh state
    └── LabelError             no label can be given
        ├── ModelRefused       the model file is missing, broken or not the one its card names
        └── NotLabelled        this one text gets no label, and why

Each message is one sentence that says what is wrong and what to do.
"""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


class EarfulError(Exception):
    """Be the root of every error that Earful raises on purpose."""

    #: What the command line exits with when this error ends it.
    exit_code = 1


class ConfigError(EarfulError):
    """Say that a command, file or variable asks for something impossible."""

    exit_code = 2


class InputError(EarfulError):
    """Say that a line, row or file from a person is not of its form."""

    def __init__(self, message: str, *, line: int | None = None) -> None:
        self.line = line
        super().__init__(message if line is None else f"line {line}: {message}")


class EgressRefused(EarfulError):
    """Refuse to dial an address."""


class SourceError(EarfulError):
    """Say that a public place could not be read."""


class SourceChanged(SourceError):
    """Say that an answer has not the shape that the spider knows."""


class SourceBlocked(SourceError):
    """Say that a source refuses us."""


class SourceBusy(SourceError):
    """Say that a source asks us to wait."""

    def __init__(self, message: str, *, until: datetime | None = None) -> None:
        self.until = until
        super().__init__(message)


class SourceGone(SourceError):
    """Say that a source is no more."""


class SendError(EarfulError):
    """Say that a reply or an alert could not be delivered."""


class SendRefused(SendError):
    """Say that trying again is of no use until a person has mended something."""


class SendLater(SendError):
    """Say that the other side cannot take it now; `wait` is what it asks for, in seconds."""

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        self.wait = wait
        super().__init__(message)


class StoreError(EarfulError):
    """Say that the store cannot do what was asked."""

    exit_code = 2


class StoreUnavailable(StoreError):
    """Say that the store does not answer now."""


class StoreReadOnly(StoreError):
    """Say that the store takes no writes."""


class StoreCorrupt(StoreError):
    """Say that the store's files fail their integrity check."""


class StoreTooNew(StoreError):
    """Say that the store was written by a newer Earful."""


class NotFound(StoreError):
    """Say that there is no such thing in the store."""

    exit_code = 1


class Conflict(StoreError, Generic[T]):
    """Say that somebody changed a thing first; `fresh` is what it is now."""

    exit_code = 1

    def __init__(self, message: str, *, fresh: T) -> None:
        self.fresh = fresh
        super().__init__(message)


class LabelError(EarfulError):
    """Say that no label can be given."""


class ModelRefused(LabelError):
    """Refuse a model file that is missing, broken or not the one its card names."""

    exit_code = 2


class NotLabelled(LabelError):
    """Say why one text gets no label."""
