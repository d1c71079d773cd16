"""How far a call is, and what it looks like: asked now and then while it waits for its answer.

`/internal/progress` speaks of one task, which is named when the call is sent. Servers without it, and SD.Next, which
has it for its own page only, tell what they do, not for whom: that is believed only if the server had nothing to do
when the call was sent, and until anything else begins.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.engines.automatic1111.client import Client, Refusal
from bot.engines.base import Run
from bot.net.errors import NetError
from bot.pictures.inspect import MIMES, sniff

POLL_S = 1.0
"""Seconds between two looks. SD.Next refuses more than 300 in a minute, and each preview takes the server time."""
SLOWER, SLOWEST = 2.0, 8.0
"""After a refusal the pauses grow by this, up to so many POLL_S."""
STRANGER = 3
"""So many times a server must not know a task that it was given: at first it may still be reading the request."""
NEARLY = 0.99


@dataclass(slots=True)
class Habits:
    """What a server turned out to have, remembered from call to call."""

    tasks: bool | None = None
    """It tells how a single task stands; None = not known yet."""
    state: bool = True
    """It tells what it does."""

    def forget(self) -> None:
        """Find out anew what it lacked."""
        self.tasks, self.state = self.tasks or None, True


class Watch:
    """Follows one call."""

    def __init__(self, client: Client, task_id: str, run: Run, habits: Habits, poll_s: float = POLL_S) -> None:
        """`task_id` is what the call is named by."""
        self._client = client
        self._task_id = task_id
        self._run = run
        self._habits = habits
        self._poll_s = poll_s
        self._strange = 0
        self._alone = False
        self._stamp: str | None = None
        self._preview_id = -1
        self._fraction: float | None = None

    async def prepare(self) -> None:
        """Look whether the server has anything else to do, where that will be the only way to tell whose job runs."""
        if self._habits.tasks or not self._habits.state:
            return
        try:
            state = await self._client.state()
        except (NetError, Refusal):
            return
        self._habits.state = state is not None
        self._alone = state is not None and state.idle

    async def follow(self) -> None:
        """Tell the run what is seen, until nothing more can be or this is cancelled."""
        pause = 1.0
        while self._by_task or self._by_state:
            await asyncio.sleep(self._poll_s * pause)
            try:
                if not (self._by_task and await self._see_task()) and self._by_state:
                    await self._see_state()
                pause = 1.0
            except (NetError, Refusal):  # it may be loading a model; the call itself tells when it is gone
                pause = min(pause * SLOWER, SLOWEST)

    @property
    def _by_task(self) -> bool:
        return self._habits.tasks is True or (self._habits.tasks is None and self._strange < STRANGER)

    @property
    def _by_state(self) -> bool:
        return self._habits.tasks is not True and self._habits.state and self._alone

    async def _see_task(self) -> bool:
        """Look at our task; return whether the server knows it."""
        look = await self._client.task(self._task_id, self._preview_id, preview=True)
        if look is None:
            self._habits.tasks = False
            return False
        if not look.known:
            self._strange += 1
            return False
        self._habits.tasks = True
        if look.active:
            self._preview_id = look.preview_id
            self._tell(look.fraction, look.preview)
        return True

    async def _see_state(self) -> None:
        """Look at whatever runs, if it must be ours."""
        state = await self._client.state(preview=True)
        if state is None:
            self._habits.state = False
        elif not state.idle:
            if self._stamp not in (None, state.timestamp):
                self._alone = False  # ours, or the one before it, was somebody else's
                return
            self._stamp = state.timestamp
            self._tell(state.fraction, state.preview)

    def _tell(self, fraction: float | None, preview: bytes | None) -> None:
        if fraction is not None:
            self._fraction = max(self._fraction or 0.0, min(fraction, NEARLY))
        if preview is not None and sniff(preview) not in MIMES:
            preview = None
        if fraction is not None or preview is not None:
            self._run.progress(self._fraction, preview)
