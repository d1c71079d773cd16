"""What a task names, found among what the server has, before anything is sent.

A name that is not there would not fail: servers draw with their default, or with whatever is loaded.
"""

from __future__ import annotations

from bot.engines.automatic1111.bodies import Chosen, Defaults
from bot.engines.automatic1111.choices import Entry, find, split
from bot.engines.automatic1111.lists import WHAT, Lists
from bot.engines.base import ModelKind, Task
from bot.errors import EngineError, EngineMisconfigured, EngineRejected

UPSCALERS = ("R-ESRGAN 4x+", "4x-UltraSharp", "RealESRGAN 4x+", "ESRGAN_4x", "SwinIR 4x", "SwinIR_4x", "Lanczos")
"""Taken where none is asked for: the first the server has."""


class Names:
    """Finds names. Every method raises UnknownChoice, EngineRejected, EngineMisconfigured, Refusal."""

    def __init__(self, engine: str, lists: Lists, defaults: Defaults) -> None:
        """`defaults` are what holds where a task does not say."""
        self._engine = engine
        self._lists = lists
        self._defaults = defaults

    async def chosen(self, task: Task, model: str) -> Chosen:
        """Find everything a task names; `model` is the configured checkpoint, empty for what is loaded."""
        sampler, scheduler = await self._sampling(task)
        loras = tuple([(await self._lora(each.name), each.weight) for each in task.loras])
        return Chosen(
            model=await self._checkpoint(task.model, model),
            sampler=sampler,
            scheduler=scheduler,
            style=await self._name("style", task.style) if task.style else None,
            loras=loras,
        )

    async def _checkpoint(self, asked: str | None, configured: str) -> str | None:
        """Return what to call the checkpoint: another one would not fail, but draw with whatever is loaded."""
        if asked:
            return await self._name("model", asked)
        if not configured:
            return None
        try:
            return await self._name("model", configured)
        except EngineError as error:
            raise EngineMisconfigured(engine=self._engine, detail=f"model “{configured}”: {error.detail}") from error

    async def _sampling(self, task: Task) -> tuple[str | None, str | None]:
        """Return sampler and scheduler; a sampler that is written together with its scheduler is taken apart."""
        sampler, scheduler = task.sampler or self._defaults.sampler, task.scheduler or self._defaults.scheduler
        found = await self._name("scheduler", scheduler) if scheduler else None
        if not sampler:
            return None, found
        samplers = await self._lists.get("sampler")
        if samplers is not None and find(sampler, samplers) is None:
            for head, tail in split(sampler, await self._lists.get("scheduler")):
                if (known := find(head, samplers)) is not None:
                    return known.name, found if task.scheduler else tail
        return await self._name("sampler", sampler), found

    async def _lora(self, name: str) -> Entry:
        found = await self._lists.find("lora", name)
        if found is None and any(each in name for each in "<>:"):  # it would not be a name in a tag
            raise EngineRejected(engine=self._engine, field=WHAT["lora"], detail="no name of a LoRA")
        return found or Entry(name)

    async def upscaler(self, asked: str | None) -> str:
        """Find the upscaler asked for, or the best one there is."""
        if asked:
            return await self._name("upscaler", asked)
        having = await self._lists.get("upscaler") or ()
        found = (known for name in UPSCALERS if (known := find(name, having)) is not None)
        return next((each.name for each in found), UPSCALERS[-1])

    async def _name(self, kind: ModelKind, wanted: str) -> str:
        found = await self._lists.find(kind, wanted)
        return wanted if found is None else found.name
