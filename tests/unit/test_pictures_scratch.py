"""What a killed process leaves in the temporary folder is removed by the next one, and nothing else is."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

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
