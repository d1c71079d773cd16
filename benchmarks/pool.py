"""How busy a pool of four machines is kept that each draw one picture in two seconds, with 200 jobs waiting.

    python -m benchmarks.pool

One of them dies in the middle and returns; the others are measured, from the first job to the moment when less waits
than there are machines. Pictures have 1.5 MB. Goal: 97 % busy, and every job delivered once.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from bot.engines.base import DrawnPicture, Result, Run, Task
from bot.engines.pool import Pool
from bot.engines.registry import Configured, Registry
from bot.errors import EngineUnavailable
from tests.support.bot import running_with
from tests.support.engines import Behaviour, ScriptedEngine
from tests.support.jobs import job
from tests.support.memory_platform import MemoryPlatform
from tests.support.openai_pictures import noise

MACHINES = ("a", "b", "c", "d")
DIES = "d"
SECONDS = 2.0
JOBS = 200
PICTURE = noise(1_500_000)


class Machine:
    """Draws one picture at a time and notes when."""

    def __init__(self) -> None:
        """Alive at first."""
        self.spans: list[tuple[float, float]] = []
        self.dead = False

    async def draw(self, task: Task, run: Run) -> Result:
        """Take two seconds, then hand the picture over."""
        if self.dead:
            raise EngineUnavailable(engine="demo")
        began = time.perf_counter()
        await asyncio.sleep(SECONDS)
        self.spans.append((began, time.perf_counter()))
        await run.picture(DrawnPicture(PICTURE))
        return Result()

    def busy(self, begin: float, end: float) -> float:
        """Return the share of a time in which it drew."""
        return sum(max(0.0, min(end, last) - max(begin, first)) for first, last in self.spans) / (end - begin)


async def main() -> None:
    """Measure and print."""
    machines = {name: Machine() for name in MACHINES}
    behaviours: dict[str, Behaviour] = {name: machine.draw for name, machine in machines.items()}
    engines = {name: ScriptedEngine(behaviour=behaviours[name]) for name in MACHINES}
    registry = Registry({"demo": Configured(Pool(engines, 1), "demo", 60)})
    platform = MemoryPlatform(status_after_s=5)
    with tempfile.TemporaryDirectory() as folder:
        async with running_with(Path(folder), registry, platform) as bot:
            asked = [await bot.ask(job(f"p{number % 20}", f"s{number % 5}")) for number in range(JOBS)]
            began = time.perf_counter()
            await _delivered(platform, JOBS // 3)
            machines[DIES].dead, engines[DIES].healthy = True, False
            await _delivered(platform, JOBS // 2)
            machines[DIES].dead, engines[DIES].healthy = False, True
            await _delivered(platform, JOBS - len(MACHINES))
            ended = time.perf_counter()
            for each in asked:
                await platform.ended(each.id)
    shares = {name: machine.busy(began, ended) for name, machine in machines.items()}
    alive = [share for name, share in shares.items() if name != DIES]
    print(f"busy: {', '.join(f'{name} {share:.1%}' for name, share in shares.items())} ({DIES} was away for a while)")
    print(f"those that stayed: {sum(alive) / len(alive):.1%} (goal 97 %)")
    delivered = [each.job.id for each in platform.deliveries if each.pictures]
    print(f"delivered: {len(delivered)} of {JOBS}, {len(delivered) - len(set(delivered))} twice")


async def _delivered(platform: MemoryPlatform, number: int) -> None:
    """Return when so many jobs have been delivered."""
    while len(platform.deliveries) < number:
        platform.changed.clear()
        await platform.changed.wait()


if __name__ == "__main__":
    asyncio.run(main())
