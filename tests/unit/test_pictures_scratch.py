"""What a killed process leaves in the temporary folder is removed by the next one, and nothing else is."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

import pytest

from bot.pictures.scratch import PREFIX, Scratch

LEAVE = """
import os, signal
from bot.pictures.scratch import Scratch
scratch = Scratch()
(scratch.path / "picture.png").write_bytes(b"somebody's")
print(scratch.path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_leftovers_of_the_killed_go_those_of_the_living_stay(folder: Path) -> None:
    died = subprocess.run([sys.executable, "-c", LEAVE], stdout=subprocess.PIPE, text=True, check=False)
    left = Path(died.stdout.strip())
    assert (left / "picture.png").exists()
    (folder / "easel-notes").mkdir()
    (folder / f"{PREFIX}unlocked").mkdir()  # no lock file yet: somebody may be making it
    first = Scratch()
    second = Scratch()
    assert not left.exists()
    assert first.path.exists()
    assert first.path.stat().st_mode & 0o077 == 0
    first.close()
    second.close()
    assert sorted(path.name for path in folder.iterdir()) == ["easel-notes", f"{PREFIX}unlocked"]


def test_one_being_made_is_not_taken_for_abandoned(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes start at once: the second looks for leftovers just before the first has its lock."""
    lock, others = fcntl.flock, list[Scratch]()

    def late(file: BinaryIO, how: int) -> None:
        if not how & fcntl.LOCK_NB and not others:
            monkeypatch.setattr(fcntl, "flock", lock)
            others.append(Scratch())
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    mine = Scratch()
    assert mine.path.exists()
    assert len(others) == 1
    for each in (mine, *others):
        each.close()
    assert list(folder.iterdir()) == []
