"""A check that draws: one picture, as small as the engine makes them."""

from __future__ import annotations

import asyncio
import sys

from bot.engines.base import DrawnPicture, Engine, GenerateTask, Run
from bot.errors import BadAnswer, NothingDrawn
from bot.pictures.inspect import sniff
from bot.sizes import Exact, fit

TRIAL_S = 180.0
"""How long it may take: a first drawing may have to wait for its model."""


async def trial(engine: Engine, steps: int | None = None) -> tuple[int, int]:
    """Have the smallest picture drawn, in few `steps` if given; return its size as asked for, in pixels.

    Raises EngineError, TimeoutError.
    """
    drawn = 0

    async def take(picture: DrawnPicture) -> None:
        """Any picture will do."""
        nonlocal drawn
        if sniff(picture.data) is None:
            raise BadAnswer(engine=engine.id, detail="what was drawn is no picture")
        drawn += 1

    width, height = fit(Exact(1, 1), engine.capabilities().sizes, sys.maxsize)
    run = Run(deadline=asyncio.get_running_loop().time() + TRIAL_S, on_picture=take)
    async with asyncio.timeout(TRIAL_S):
        await engine.generate(GenerateTask(prompt="a red fox", count=1, width=width, height=height, steps=steps), run)
    if not drawn:
        raise NothingDrawn(engine=engine.id)
    return width, height
