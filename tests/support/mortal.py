"""Easel as it is, except that it kills itself (SIGKILL) at the moment a prompt names: `… die posting`.

Each job kills once; that it did is remembered by a file in a folder. The processes are forked from a server that has
imported everything, because most of a start is imports and the durability tests start Easel more than a hundred times.
"""

from __future__ import annotations

import asyncio
import ctypes
import functools
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import MappingProxyType

from adapters.local.platform import LocalPlatform
from bot.answers import Delivery
from bot.cli import main
from bot.db.database import Tx
from bot.jobs import claims, journal
from bot.jobs.lanes import Caps
from bot.pictures.child import PR_SET_PDEATHSIG
from bot.types import Job, MessageRef, Picture
from tests.support.process import READY

STATES = ("queued", "running", "drawn", "posting", "posted")
PRELOADED = ["bot.process", "tests.support.mortal"]


class Mortal:
    """A running process; see `Process` in tests/support/process.py for one that is started like any program."""

    def __init__(self, process: ForkServerProcess, address: str) -> None:
        """Use `mortal`."""
        self._process = process
        self.address = address

    async def died(self) -> int:
        """Wait for its end and return the exit code; negative is a signal."""
        await asyncio.to_thread(self._process.join, 60)
        assert self._process.exitcode is not None, "still alive"
        return self._process.exitcode

    async def stop(self) -> int:
        """Ask it to stop as a service manager does; return the exit code."""
        self._process.terminate()
        return await self.died()


@asynccontextmanager
async def mortal(
    config: Path,
    marks: Path,
    environ: Mapping[str, str] = MappingProxyType({}),
    *,
    only: str | None = None,
    draws: bool = True,
) -> AsyncIterator[Mortal]:
    """Run a mortal Easel until the block ends; `marks` is the folder that remembers who killed already.

    `environ` is added to the environment; `only` is the option of `easel run`. One that does not draw begins to when
    somebody was killed.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    output = config.with_suffix(".output")
    output.unlink(missing_ok=True)
    arguments = [] if only is None else ["--only", only]
    process = context.Process(
        target=_live, args=(str(config), str(marks), str(output), dict(environ), arguments, draws)
    )
    process.start()
    try:
        yield Mortal(process, await _address(output))
    finally:
        process.kill()
        process.join()
        process.close()


async def _address(output: Path) -> str:
    async with asyncio.timeout(60):
        while True:
            if output.exists():
                for line in output.read_text().splitlines():
                    if line.startswith(READY):
                        return line.removeprefix(READY).strip(" :.\n")
            await asyncio.sleep(0.02)


def _live(config: str, marks: str, output: str, environ: dict[str, str], arguments: list[str], draws: bool) -> None:
    """Be Easel, from the command line on."""
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a text file in every process
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # also when the tests themselves are killed
    os.environ.update(environ)
    put_deaths(Path(marks))
    if not draws:
        draw_after_a_death(Path(marks))
    sys.argv = ["easel", "--config", config, "run", *arguments]
    main()


def draw_after_a_death(marks: Path) -> None:
    """Leave all jobs to other processes until one of them was killed."""
    claim = claims.claim

    def patient(tx: Tx, owner: str, lease_s: float, room: claims.Room, caps: Caps = claims.NO_CAPS) -> Job | None:
        return claim(tx, owner, lease_s, room, caps) if any(marks.iterdir()) else None

    claims.claim = patient


def put_deaths(marks: Path) -> None:
    """Put a possible death into each state."""

    def die_if_named(job: Job | None, moment: str) -> None:
        if job is not None and f"die {moment}" in job.plan.prompt and not (marks / job.id).exists():
            (marks / job.id).touch()
            os.kill(os.getpid(), signal.SIGKILL)

    def before_commit(claim: Callable[..., Job | None], moment: str) -> Callable[..., Job | None]:
        """Die between a claim and its commit: the job is still in the state before."""

        @functools.wraps(claim)
        def claimed(*args: object) -> Job | None:
            job = claim(*args)
            die_if_named(job, moment)
            return job

        return claimed

    store, post = journal.picture, LocalPlatform.post

    def dying_picture(tx: Tx, job: Job, position: int, drawn: Picture, data: bytes) -> None:
        store(tx, job, position, drawn, data)
        if position == 1:  # the first of two is stored
            die_if_named(job, "running")

    async def dying_post(self: LocalPlatform, delivery: Delivery) -> tuple[MessageRef, ...]:
        die_if_named(delivery.job, "posting")
        posted = await post(self, delivery)
        die_if_named(delivery.job, "posted")
        return posted

    claims.claim = before_commit(claims.claim, "queued")
    claims.claim_post = before_commit(claims.claim_post, "drawn")
    journal.picture = dying_picture
    LocalPlatform.post = dying_post  # type: ignore[method-assign]  # what this module is for
