"""How large files may be in a place. Discord says so for servers, not always rightly; a refusal is remembered."""

from __future__ import annotations

import discord

from bot.types import Place

MIB = 1 << 20
DEFAULT = 10 * MIB
"""What every place allows (docs: "Uploading Files"; 20 MiB since about September 2026, not everywhere yet)."""
STEPS = (50 * MIB, 25 * MIB, DEFAULT, 8 * MIB, 4 * MIB, 2 * MIB, 1 * MIB)
KEPT = 1000
"""Servers whose refusals are remembered."""


class UploadLimits:
    """Bytes per file, by place."""

    def __init__(self, client: discord.Client) -> None:
        """What `client` knows of a server counts, until Discord refuses it."""
        self._client = client
        self._lowered: dict[str, int] = {}

    def of(self, place: Place) -> int:
        """Return how many bytes a file may have."""
        guild = None if place.direct else self._client.get_guild(int(place.server))
        allowed = guild.filesize_limit if guild else DEFAULT
        return min(allowed, self._lowered.get(place.server_key, allowed))

    def lower(self, place: Place, refused: int) -> bool:
        """Remember that a file of `refused` bytes was too large here; return whether there is a lower limit to try."""
        step = next((step for step in STEPS if step < min(refused, self.of(place))), None)
        if step is None:
            return False
        if len(self._lowered) >= KEPT:
            del self._lowered[next(iter(self._lowered))]
        self._lowered[place.server_key] = step
        return True
