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
    status_after_s: float
    """Seconds after which the first standing of a job is shown: one that ends sooner needs none."""
    status_every_s: float
    """Seconds from one standing of a job to the next: what the platform bears."""

    @property
    def connected(self) -> bool:
        """Whether anything can be posted now; until then the core keeps it."""
        ...

    async def status(self, status: Status) -> None:
        """Show how a job stands, in its one status message. Called one at a time per job; may be slow; never raises."""
        ...

    async def post(self, delivery: Delivery) -> tuple[MessageRef, ...]:
        """Post the end of a job as ordinary messages replying to the request, and return them.

        Posting the same job twice must show it once (nonce, transaction id); of a delivery that is `retried` it first
        looks for what an earlier attempt left, and posts only what is missing. Raises DeliveryError when it can never
        be posted; anything else is tried again later.
        """
        ...

    async def settle(self, job: Job, posted: tuple[MessageRef, ...]) -> None:
        """Take the status message away, or let it say nothing more, once the job's end is posted.

        Doing it again is harmless; what fails is logged and left: the end of the job is told.
        """
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
