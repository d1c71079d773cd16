"""Pictures that messages show, as the core takes them: those Easel made by their ids in its own storage."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from adapters.discord.convert import Shown
from bot.app import Easel
from bot.errors import Gone
from bot.types import Picture, PictureRef


async def known(easel: Easel, shown: Sequence[Shown]) -> tuple[PictureRef, ...]:
    """Return the pictures, each with its id if Easel made it and still knows; the link works without."""
    made: dict[str, tuple[Picture, ...]] = {}
    for job in dict.fromkeys(each.made[0] for each in shown if each.made is not None):
        try:
            made[job] = (await easel.details(job)).pictures
        except Gone:
            made[job] = ()
    return tuple(_known(each, made) for each in shown)


def _known(shown: Shown, made: dict[str, tuple[Picture, ...]]) -> PictureRef:
    if shown.made is not None:
        job, position = shown.made
        if position < len(made[job]):
            return dataclasses.replace(shown.ref, picture=made[job][position].id)
    return shown.ref
