"""How unfinished jobs stand, as the page shows them: the newest status of each, kept in memory."""

from __future__ import annotations

from collections import deque
from typing import Any

from adapters.local import convert
from adapters.local.events import Events
from bot.answers import Standing, Status
from bot.app import Easel
from bot.types import State
from bot.wording import Wording

PREVIEWS_KEPT = 16
"""Jobs that ended last whose preview can still be had."""


class Standings:
    """Takes in every status and tells the page."""

    def __init__(self, easel: Easel, events: Events) -> None:
        """Jobs that nobody told of yet, after a restart, are looked up in `easel`."""
        self._easel = easel
        self._events = events
        self._wording = Wording(easel.catalogues)
        self._newest: dict[str, Status] = {}
        self._previews: dict[str, tuple[int, bytes]] = {}
        self._ended: deque[str] = deque()

    def update(self, status: Status) -> None:
        """A job moved."""
        job = status.job.id
        self._newest[job] = status
        if status.preview is not None and convert.preview_type(status.preview) is not None:
            number, _ = self._previews.get(job, (0, b""))
            self._previews[job] = (number + 1, status.preview)
        self._events.publish("standing", self._view(status))

    def drop(self, job: str) -> None:
        """A job ended. Its last preview stays a little: a page may be about to ask for the one it was just told of."""
        self._newest.pop(job, None)
        self._ended.append(job)
        if len(self._ended) > PREVIEWS_KEPT:
            self._previews.pop(self._ended.popleft(), None)

    def preview(self, job: str) -> bytes | None:
        """Return the newest preview of a job."""
        _, data = self._previews.get(job, (0, None))
        return data

    async def all(self) -> list[dict[str, Any]]:
        """Return how all unfinished jobs stand, oldest first."""
        active = await self._easel.active("local")
        for gone in self._newest.keys() - {each.job.id for each in active}:
            self.drop(gone)
        return [
            self._view(self._newest.get(each.job.id) or self._untold(each))
            for each in active
            if each.job.id not in self._ended  # its end is shown already, and written down in a moment
        ]

    def _untold(self, standing: Standing) -> Status:
        job, ahead = standing.job, standing.ahead
        if job.state is State.QUEUED:
            return Status(job, self._wording.waiting(job, ahead, standing.wait_s), place=ahead + 1)
        return Status(job, self._wording.drawing(job, job.progress), progress=job.progress)

    def _view(self, status: Status) -> dict[str, Any]:
        number, _ = self._previews.get(status.job.id, (None, b""))
        return convert.standing(status, number)
