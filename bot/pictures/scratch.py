"""A private directory for files of work in progress, gone with its process — after a `kill -9` with the next one."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from pathlib import Path

PREFIX = "easel-scratch-"
LOCK = "in-use"


class Scratch:
    """A fresh directory only this user can read, held by a lock. Blocks; open and close it off the event loop."""

    def __init__(self) -> None:
        """Make the directory, and remove those of processes that died without removing theirs."""
        for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            _remove_abandoned(left)
        making = Path(tempfile.mkdtemp(prefix=f".{PREFIX}"))
        self._lock = (making / LOCK).open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # Named only now: a process that starts at this moment would take one that is not locked yet for abandoned.
        self.path = making.rename(making.with_name(making.name.removeprefix(".")))

    def close(self) -> None:
        """Remove the directory with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def _remove_abandoned(directory: Path) -> None:
    """Remove a directory whose lock nobody holds; the system takes the lock from a process that dies."""
    try:
        with (directory / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory, ignore_errors=True)
    except OSError:
        return  # in use, somebody else's, or being made at this moment
