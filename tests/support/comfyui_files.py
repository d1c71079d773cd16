"""The files of the ComfyUI server: what was uploaded, saved, and shown for a while. All in memory."""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass

KINDS = ("input", "output", "temp")


@dataclass(frozen=True, slots=True)
class FileRef:
    """Where a file is, as the server names it in JSON."""

    filename: str
    subfolder: str = ""
    type: str = "output"

    def json(self) -> dict[str, str]:
        """Return it as in a node's output."""
        return {"filename": self.filename, "subfolder": self.subfolder, "type": self.type}


class Escape(Exception):
    """A path that leads out of its folder."""


class Files:
    """Folders `input`, `output` and `temp`."""

    def __init__(self) -> None:
        """Empty."""
        self.all: dict[FileRef, bytes] = {}

    def upload(self, name: str, data: bytes, subfolder: str, type: str, overwrite: bool) -> FileRef:
        """Store an upload under its name; under `name (1).png` when other bytes have that name. Raises Escape."""
        ref = FileRef(name, inside(subfolder), type)
        stem, extension = posixpath.splitext(name)
        number = 0
        while not overwrite and self.all.get(ref, data) != data:
            number += 1
            ref = FileRef(f"{stem} ({number}){extension}", ref.subfolder, type)
        self.all[ref] = data
        return ref

    def save(self, prefix: str, data: bytes, type: str) -> FileRef:
        """Store a result as `prefix_00001_.png`, with the next number. Raises Escape."""
        subfolder, name = posixpath.split(prefix)
        subfolder = inside(subfolder)
        pattern = re.compile(re.escape(name) + r"_(\d{5,})_\.png")
        taken = [
            int(found[1])
            for each in self.all
            if (each.type, each.subfolder) == (type, subfolder) and (found := pattern.fullmatch(each.filename))
        ]
        ref = FileRef(f"{name}_{max(taken, default=0) + 1:05}_.png", subfolder, type)
        self.all[ref] = data
        return ref

    def annotated(self, name: str) -> bytes | None:
        """Return the file that LoadImage means by `name`, `folder/name` or `name [output]`."""
        found = re.fullmatch(r"(.*) \[(input|output|temp)\]", name)
        path, type = (found[1], found[2]) if found else (name, "input")
        subfolder, filename = posixpath.split(path)
        return self.all.get(FileRef(filename, subfolder, type))

    def digest(self, name: str) -> str:
        """Return what changes when the file does."""
        return hashlib.sha256(self.annotated(name) or b"").hexdigest()

    def top_level_inputs(self) -> list[str]:
        """Return what LoadImage's list of options shows."""
        return sorted(each.filename for each in self.all if (each.type, each.subfolder) == ("input", ""))

    def clear(self, type: str) -> None:
        """Delete a folder's files, as an operator's clean-up does."""
        for each in [each for each in self.all if each.type == type]:
            del self.all[each]


def inside(subfolder: str) -> str:
    """Return the folder's path in its shortest form. Raises Escape."""
    path = posixpath.normpath(subfolder) if subfolder else ""
    if path.startswith(("..", "/")):
        raise Escape(subfolder)
    return "" if path == "." else path
