"""Shows how jobs stand that another process draws, on the platforms of this one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.answers import Status
from bot.db.database import Database
from bot.jobs import journal
from bot.jobs.statuses import Statuses
from bot.observe import report
from bot.types import State
from bot.wording import Wording

SOON_S = 0.2
"""How long a heartbeat is left: the first one of a job is heard before this process knows that it draws it itself."""


class Following:
    """Hears of other processes' heartbeats. Previews do not travel; percents do."""

    def __init__(
        self, database: Database, statuses: Statuses, wording: Wording, drawn_here: Callable[[str], bool]
    ) -> None:
        """`drawn_here` tells whether this process draws a job: then its worker knows better."""
        self._database = database
        self._statuses = statuses
        self._wording = wording
        self._drawn_here = drawn_here
        self._looking: dict[str, asyncio.Task[None]] = {}
        if not database.exclusive:
            database.subscribe(self._heard)

    async def aclose(self) -> None:
        """Stop looking."""
        looking = list(self._looking.values())
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)

    def _heard(self, notice: str, job_id: str) -> None:
        if notice == "running" and not self._drawn_here(job_id) and job_id not in self._looking:
            self._looking[job_id] = asyncio.create_task(self._show(job_id))

    async def _show(self, job_id: str) -> None:
        try:
            await asyncio.sleep(SOON_S)
            if self._drawn_here(job_id):
                return
            job = await self._database.read(lambda tx: journal.get(tx, job_id))
            if job is not None and job.state is State.RUNNING:
                text = self._wording.drawing(job, job.progress)
                self._statuses.tell(Status(job, text, progress=job.progress))
        except Exception as error:
            report("the progress of another process could not be read", error)
        finally:
            del self._looking[job_id]
