"""Functions for the sandbox that show which of its calls run at the same time."""

from __future__ import annotations

import time
from pathlib import Path


def note_while_held(picture: Path, log: str) -> None:
    """Write `+1` into the log, give others time to do the same, and write `-1`."""
    for line in ("+1\n", "-1\n"):
        with Path(log).open("a") as file:  # short appended lines are never mixed
            file.write(line)
        time.sleep(0.02)


def wait_for_file(picture: Path, mark: str, awaited: str) -> bool:
    """Make the one file and wait for the other."""
    Path(mark).touch()
    while not Path(awaited).exists():
        time.sleep(0.005)
    return True
