"""What the core needs of a chat platform. One implementation per adapter.

An adapter turns messages into requests, calls `Easel` and answers what it asked itself; the core comes back through
this protocol later, when the job moves or ends, possibly in another process life than the one that took the request.
"""

from __future__ import annotations

from typing import Protocol

from bot import types
from bot.answers import Delivery, Status
from bot.types import Job, MessageRef, PictureRef


class Platform(Protocol):
    """A chat platform this process is connected to."""

    name: types.Platform
    keeps_pictures: bool
    """True when the platform has no storage of its own, so delivered pictures stay until people delete them."""

    async def status(self, status: Status) -> None:
        """Show how a job stands, in its one status message. Called one at a time per job; may be slow; never raises."""
        ...

    async def post(self, delivery: Delivery) -> tuple[MessageRef, ...]:
        """Post the end of a job as ordinary messages replying to the request, and return them.

        Posting the same job twice must show it once where the platform can promise that (nonce, transaction id).
        Raises DeliveryError when it can never be posted; anything else is tried again later.
        """
        ...

    async def posted(self, job: Job) -> tuple[MessageRef, ...]:
        """Look for the messages an earlier, interrupted `post` of this job left; empty if there are none."""
        ...

    async def fetch(self, ref: PictureRef, limit: int) -> bytes:
        """Fetch a picture people gave. Raises FileTooLarge above `limit` bytes, Gone when it is no longer there."""
        ...

    async def start(self) -> None:
        """Connect or listen. Raises ConfigError when that can't work."""
        ...

    async def run(self) -> None:
        """Serve until cancelled."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
