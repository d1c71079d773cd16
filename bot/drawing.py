"""Has one plan drawn by one engine: as many calls as it takes, within the deadline, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Sequence

from bot.engines.base import EditTask, Engine, GenerateTask, InputPicture, Result, Run, Task
from bot.errors import Cancelled, EngineTimeout, Gone, LostJob, NothingDrawn
from bot.pictures.inputs import fit_inputs
from bot.pictures.sandbox import Sandbox
from bot.types import Plan

STOP_GRACE_S = 10.0
"""How long an engine may take to stop its own job at the server before its call is abandoned."""

_SHARED = {field.name for field in dataclasses.fields(Task)} - {"count", "seed"}


async def draw(
    engine: Engine,
    plan: Plan,
    inputs: Sequence[InputPicture],
    mask: InputPicture | None,
    run: Run,
    *,
    timeout_s: float,
    handle: str | None = None,
    sandbox: Sandbox | None = None,
) -> Result:
    """Draw `plan.count` pictures, handed over through `run`. `handle` names a job of the engine to re-attach to.

    `sandbox` is where inputs and mask are made what the engine takes; without one they are that already. Raises
    EngineError (pictures handed over before it are good: see `run.drawn`), Cancelled, Gone when an input is missing,
    what `fit_inputs` raises, and whatever taking a picture raises.
    """
    calls = asyncio.create_task(_calls(engine, plan, inputs, mask, run, handle, sandbox))
    stop = asyncio.create_task(run.cancelled.wait())
    try:
        await asyncio.wait({calls, stop}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if calls.done():
            return calls.result()
        timed_out = not run.cancelled.is_set()
        run.cancelled.set()
        await asyncio.wait({calls}, timeout=STOP_GRACE_S)
        if calls.done() and (not timed_out or calls.exception() is None):
            return calls.result()
        raise EngineTimeout(engine=engine.id, seconds=round(timeout_s)) if timed_out else Cancelled
    finally:
        stop.cancel()
        calls.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await calls


async def _calls(
    engine: Engine,
    plan: Plan,
    inputs: Sequence[InputPicture],
    mask: InputPicture | None,
    run: Run,
    handle: str | None,
    sandbox: Sandbox | None,
) -> Result:
    can = engine.capabilities(plan.model)
    results: list[Result] = []
    if handle is not None and can.resumable:
        at_first = (run.drawn, run.known)
        try:
            results.append(await engine.resume(handle, run))
            if (run.drawn, run.known) == at_first:
                raise NothingDrawn(engine=engine.id)
        except LostJob:
            if not can.free:
                raise  # it may have been drawn and charged
        run.begin_again(run.drawn)
    if plan.kind == "edit" and run.drawn < plan.count:
        if not inputs or (plan.has_mask and mask is None):
            raise Gone
        if sandbox is not None:
            inputs, mask = await run.unless_cancelled(fit_inputs(sandbox, inputs, mask, can.inputs))
    while (before := run.drawn) < plan.count:
        count = min(max(1, can.max_count), plan.count - before)
        run.begin_part(before / plan.count, count / plan.count)
        run.check()
        seed = None if plan.seed is None else plan.seed + before
        try:
            results.append(await _call(engine, plan, inputs, mask, run, count, seed))
        except Exception:
            if run.failure is not None:
                raise run.failure from None
            raise
        if run.drawn == before:
            raise NothingDrawn(engine=engine.id)
    return _whole(results)


def _whole(results: Sequence[Result]) -> Result:
    """Return what is to be said of all calls: what the last said, and what they cost together if each told."""
    costs = [each.cost for each in results if each.cost is not None]
    last = results[-1] if results else Result()
    return dataclasses.replace(last, cost=sum(costs) if costs and len(costs) == len(results) else None)


async def _call(
    engine: Engine,
    plan: Plan,
    inputs: Sequence[InputPicture],
    mask: InputPicture | None,
    run: Run,
    count: int,
    seed: int | None,
) -> Result:
    shared = {name: getattr(plan, name) for name in _SHARED}
    if plan.kind == "generate":
        return await engine.generate(GenerateTask(count=count, seed=seed, **shared), run)
    task = EditTask(count=count, seed=seed, inputs=tuple(inputs), mask=mask, strength=plan.strength, **shared)
    return await engine.edit(task, run)
