"""The name a person wrote, found among those a server has: by any of its names, in any case."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

NAMED = 5
"""Names told to somebody who asked for one that is not there."""
HASH = re.compile(r"[0-9a-f]{6,64}")
_WITH_HASH = re.compile(r"(.+?) \[[0-9a-f]{6,64}\]")
"""`x.safetensors [31e35c80fc]`: what a checkpoint is called once the server has read it."""

SCHEDULERS = ("Karras", "Exponential", "Polyexponential", "SGM Uniform", "Uniform", "Simple", "Normal", "DDIM", "Beta")
"""What names of samplers end in that are written together with a scheduler, as all were before A1111 1.9."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing a server has."""

    name: str
    """What requests call it."""
    id: str = ""
    """What people call it, where that is something else."""
    also: tuple[str, ...] = ()
    """Other names it has: aliases, its file."""
    hashes: tuple[str, ...] = ()
    path: str = ""
    """Set where requests name it by its file (stable-diffusion.cpp's LoRAs)."""

    @property
    def shown(self) -> str:
        """What people read."""
        return self.id or self.name


def find(wanted: str, entries: Sequence[Entry]) -> Entry | None:
    """Return what is meant: the very name before one in another case, a whole name before a file's or a hash."""
    wanted = wanted.strip()
    for each in entries:
        if wanted in (each.name, each.id, *each.also):
            return each
    plain = wanted.casefold()
    for each in entries:
        if any(plain == name.casefold() for name in (each.name, each.id, *each.also)):
            return each
    for each in entries:
        if any(_bare(plain) == _bare(name.casefold()) for name in (each.name, each.id, *each.also) if name):
            return each
    if HASH.fullmatch(plain):
        for each in entries:
            if any(hash.casefold().startswith(plain) for hash in each.hashes):
                return each
    return None


def near(wanted: str, entries: Sequence[Entry]) -> str:
    """Return the names most like the wanted one, or the first there are, for people."""
    by_plain = {each.shown.casefold(): each.shown for each in reversed(entries)}
    found = [by_plain[name] for name in difflib.get_close_matches(wanted.casefold()[:80], by_plain, NAMED, 0.5)]
    part = wanted.casefold().strip()
    found += [shown for plain, shown in by_plain.items() if part and part in plain]
    return ", ".join(list(dict.fromkeys(found))[:NAMED] or [each.shown for each in entries[:NAMED]])


def split(sampler: str, schedulers: Sequence[Entry] | None) -> Iterator[tuple[str, str]]:
    """Give the ways to read "DPM++ 2M Karras" as a sampler and a scheduler, the longest scheduler first.

    `schedulers` None: the server does not tell which it has.
    """
    known = [Entry(name) for name in SCHEDULERS] if schedulers is None else schedulers
    ends = {end.casefold(): each.name for each in known for end in (each.name, each.id, *each.also) if end}
    plain = sampler.strip().casefold()
    for end in sorted(ends, key=len, reverse=True):
        head = plain.removesuffix(f" {end}")
        if head != plain and head:
            yield sampler.strip()[: len(head)], ends[end]


def _bare(name: str) -> str:
    """Return a name without the hash behind it, the folder before it and the extension of its file."""
    if (known := _WITH_HASH.fullmatch(name)) is not None:
        name = known[1]
    file = PurePosixPath(name.replace("\\", "/"))
    return file.stem if file.suffix in (".safetensors", ".ckpt", ".pt", ".pth", ".gguf", ".bin") else file.name
