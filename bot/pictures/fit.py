"""A picture over a place's upload limit becomes one that fits, with as little loss as possible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.errors import TooLarge
from bot.i18n.marks import N_
from bot.pictures import encode
from bot.pictures.inspect import MIMES, RESULT_PIXELS, sniff
from bot.pictures.sandbox import MEBIBYTE, Sandbox

Loss = encode.Loss

LOSSES: Mapping[Loss, str] = {
    "quality": N_("Compressed to fit here."),
    "smaller": N_("Scaled down to {width} × {height} to fit here."),
}
"""What is said of a loss; the others are none for whoever looks at the picture."""

TIMEOUT_S = 60
"""4096 x 4096 pixels take some five seconds; a post may take ninety in all."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A picture within a limit."""

    data: bytes
    mime: str
    width: int | None
    """Pixels; None when the picture is as it was."""
    height: int | None
    loss: Loss


async def fit(sandbox: Sandbox, data: bytes, mime: str, limit: int, *, reserve: int = 0) -> Fitted:
    """Return a stored picture in at most `limit` bytes: as it is if it fits, else re-encoded, else scaled down.

    `reserve` bytes of the limit stay free, for a text to be written into the file. Transparency and the ratio of the
    sides stay. Raises TooLarge when a picture worth looking at takes more; whatever else is raised (OSError,
    TimeoutError, ChildDied) is worth another try.
    """
    megabytes = max(1, limit // MEBIBYTE)
    room = limit - reserve
    if len(data) <= room:
        return Fitted(data, mime, None, None, "none")
    if room <= 0:
        raise TooLarge(limit=megabytes)
    format = sniff(data)
    if format is None:
        raise ValueError("not a stored picture")
    async with sandbox.scratch() as directory:
        source, target = directory / "source", directory / "target"
        await sandbox.write(source, data)
        try:
            found = await sandbox.call(
                encode.step_down, source, target, format, room, RESULT_PIXELS, timeout_s=TIMEOUT_S
            )
        except MemoryError as error:
            raise TooLarge(limit=megabytes, detail=repr(error)) from error
        if found is None:
            raise TooLarge(limit=megabytes)
        return Fitted(await sandbox.read(target), MIMES[found.format], found.width, found.height, found.loss)
