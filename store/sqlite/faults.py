"""What apsw raises, said so that a person knows what to do."""

from __future__ import annotations

from pathlib import Path

import apsw

from core.errors import StoreCorrupt, StoreError, StoreReadOnly, StoreUnavailable

#: I/O errors that come from writing; the others come from reading.
WRITE_FAULTS = frozenset(
    {
        apsw.SQLITE_IOERR_WRITE,
        apsw.SQLITE_IOERR_FSYNC,
        apsw.SQLITE_IOERR_DIR_FSYNC,
        apsw.SQLITE_IOERR_TRUNCATE,
        apsw.SQLITE_IOERR_SHMSIZE,
        apsw.SQLITE_IOERR_COMMIT_ATOMIC,
    }
)


def explained(error: apsw.Error, path: Path, busy_seconds: float) -> StoreError:  # noqa: PLR0911 — one per kind of error
    """Return the store error that says what `error` means for the database at `path`."""
    match error:
        case apsw.InterruptError():
            return StoreUnavailable("the read was stopped because it took too long; ask for less")
        case apsw.BusyError() | apsw.LockedError():
            return StoreUnavailable(
                f"another program has locked {path} for {busy_seconds:g} s; end it or try again later"
            )
        case apsw.FullError():
            return StoreReadOnly(f"the disk that holds {path} is full; make room, nothing stored is lost")
        case apsw.ReadOnlyError() | apsw.PermissionsError() | apsw.AuthError():
            return StoreReadOnly(f"{path} may not be written; give this user the right to write it")
        case apsw.CantOpenError():
            return StoreReadOnly(
                f"{path} cannot be opened or created; check that its directory exists and may be written"
            )
        case apsw.NotADBError():
            return StoreCorrupt(f"{path} is not an Earful database; name another file or restore a backup")
        case apsw.CorruptError():
            return StoreCorrupt(f"{path} is damaged; stop Earful and restore the last backup")
        case apsw.IOError() if getattr(error, "extendedresult", 0) in WRITE_FAULTS:
            return StoreReadOnly(
                f"{path} could not be written (disk full or failing); make room, nothing stored is lost"
            )
        case apsw.IOError():
            return StoreUnavailable(f"{path} could not be read ({error}); check the disk and try again")
        case _:
            return StoreError(f"the database {path} refused: {error}")
