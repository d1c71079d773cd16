"""What the checks of several engines share: the models on offer, a picture drawn for trial, and what went wrong."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection, Sequence

from bot.engines.base import DrawnPicture, Engine, GenerateTask, Health, Run
from bot.errors import BadAnswer, EngineError, NothingDrawn
from bot.pictures.inspect import sniff
from bot.sizes import Exact, fit

TRIAL_S = 180.0
"""How long it may take: a first drawing may have to wait for its model."""


def failed(base: str, error: EngineError) -> Health:
    """Say what went wrong at an address, in one line."""
    return Health(False, " ".join(f"{base}: {error}".split()))


def among(models: Sequence[str], names: Collection[str], *, complete: bool) -> tuple[str, bool]:
    """Say whether models are on offer, the first of which matters most, and whether all may be well.

    `complete`: what is not among the `names` is not there; gateways need not list every name they take.
    """
    missing = [model for model in dict.fromkeys(models) if model not in names]
    if not missing:
        return f": the key is accepted, {models[0]} is among its {len(names)} models.", True
    return f", which does not list {' or '.join(missing)} among its {len(names)} models.", not complete


async def tried(engine: Engine, base: str, model: str, *, side: int = 1, steps: int | None = None) -> Health:
    """Have a picture drawn, the smallest with about `side` pixels a side, and say how that went."""
    try:
        width, height = await _trial(engine, side, steps)
    except TimeoutError:
        return Health(False, f"{base} drew nothing within {TRIAL_S:.0f} seconds.")
    except EngineError as error:
        return failed(base, error)
    return Health(True, f"Reached {base} and drew {width} × {height} with {model}.")


async def _trial(engine: Engine, side: int, steps: int | None) -> tuple[int, int]:
    """Have a small picture drawn; return its size as asked for, in pixels. Raises EngineError, TimeoutError."""
    drawn = 0

    async def take(picture: DrawnPicture) -> None:
        """Any picture will do."""
        nonlocal drawn
        if sniff(picture.data) is None:
            raise BadAnswer(engine=engine.id, detail="what was drawn is no picture")
        drawn += 1

    width, height = fit(Exact(side, side), engine.capabilities().sizes, sys.maxsize)
    run = Run(deadline=asyncio.get_running_loop().time() + TRIAL_S, on_picture=take)
    async with asyncio.timeout(TRIAL_S):
        await engine.generate(GenerateTask(prompt="a red fox", count=1, width=width, height=height, steps=steps), run)
    if not drawn:
        raise NothingDrawn(engine=engine.id)
    return width, height
