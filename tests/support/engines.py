"""An engine that does as it is told, for tests of what drives engines."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from bot.engines.base import (
    BaseEngine,
    Capabilities,
    DrawnPicture,
    EditTask,
    GenerateTask,
    Health,
    Model,
    Result,
    Run,
    Task,
)
from bot.engines.pool import Pool
from bot.engines.registry import Configured, Registry

Behaviour = Callable[[Task, Run], Coroutine[Any, Any, Result]]


def png(width: int = 8, height: int = 8, colour: tuple[int, int, int] = (200, 80, 20)) -> bytes:
    """Return a plain picture."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG")
    return file.getvalue()


async def draws(task: Task, run: Run) -> Result:
    """Draw what was asked for, at once."""
    for number in range(task.count):
        run.progress((number + 0.5) / task.count, png())
        await run.picture(DrawnPicture(png(task.width, task.height), seed=(task.seed or 0) + number))
    return Result(model="scripted")


@dataclass
class ScriptedEngine(BaseEngine):
    """Follows `behaviour`; notes the tasks it was given."""

    id: str = "demo"
    behaviour: Behaviour = draws
    can: Capabilities = field(
        default_factory=lambda: Capabilities(
            edit=True, mask=True, max_count=4, max_inputs=2, seed=True, strength=True, free=True, progress=True
        )
    )
    tasks: list[Task] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    healthy: bool = True
    """What a check finds."""
    checked: asyncio.Event = field(default_factory=asyncio.Event)
    resumes: Behaviour | None = None
    """Followed instead of handing over a picture when a job is resumed."""

    def capabilities(self, model: str | None = None) -> Capabilities:
        return self.can

    async def generate(self, task: GenerateTask, run: Run) -> Result:
        return await self._follow(task, run)

    async def edit(self, task: EditTask, run: Run) -> Result:
        return await self._follow(task, run)

    async def _follow(self, task: Task, run: Run) -> Result:
        self.tasks.append(task)
        self.started.set()
        return await self.behaviour(task, run)

    async def models(self) -> list[Model]:
        return [Model("scripted")]

    async def check(self, draw: bool = False) -> Health:
        self.checked.set()
        return Health(self.healthy, "Works." if self.healthy else "Is away.")

    async def resume(self, handle: str, run: Run) -> Result:
        self.resumed.append(handle)
        if self.resumes is not None:
            return await self.resumes(Task(prompt="", count=1, width=8, height=8), run)
        await run.picture(DrawnPicture(png()))
        return Result()

    async def aclose(self) -> None:
        return None


def registry(*engines: ScriptedEngine, slots: int = 2, timeout_s: float = 30) -> Registry:
    """Return a registry of these engines."""
    return Registry({each.id: configured(each, slots, timeout_s) for each in engines})


def configured(engine: ScriptedEngine, slots: int = 1, timeout_s: float = 60) -> Configured:
    """Return an engine as the registry has it, without an address."""
    return Configured(Pool({"": engine}, slots), "demo", timeout_s)
