"""Inputs and masks are made what the engine takes once, before it draws, and only where it will."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from bot import drawing
from bot.engines.base import Capabilities, DrawnPicture, EditTask, InputPicture, InputRule, Run
from bot.errors import Gone, UnfitPicture
from bot.pictures.sandbox import Sandbox
from bot.types import Plan
from tests.support.engines import ScriptedEngine, png
from tests.support.jobs import PLAN

RULE = InputRule(max_pixels=100, needs_mask=True)
EDIT = dataclasses.replace(PLAN, kind="edit")
GIVEN = InputPicture(png(20, 20), "image/png", 20, 20)


@pytest_asyncio.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


def engine(rule: InputRule = RULE) -> ScriptedEngine:
    return ScriptedEngine(can=Capabilities(edit=True, mask=True, inputs=rule, resumable=True))


async def draw(
    engine: ScriptedEngine,
    plan: Plan,
    inputs: Sequence[InputPicture],
    sandbox: Sandbox | None,
    mask: InputPicture | None = None,
    handle: str | None = None,
) -> None:
    async def take(picture: DrawnPicture) -> None:
        """Any will do."""

    run = Run(deadline=asyncio.get_running_loop().time() + 60, on_picture=take)
    await drawing.draw(engine, plan, inputs, mask, run, timeout_s=30, handle=handle, sandbox=sandbox)


def edits(engine: ScriptedEngine) -> list[EditTask]:
    return [task for task in engine.tasks if isinstance(task, EditTask)]


async def test_all_calls_of_a_job_get_the_same_fitted_pictures(sandbox: Sandbox) -> None:
    scripted = engine()
    await draw(scripted, dataclasses.replace(EDIT, count=3), [GIVEN], sandbox)
    first, *others = edits(scripted)
    assert len(others) == 2
    assert (first.inputs[0].width, first.inputs[0].height) == (10, 10)
    assert first.mask is not None and (first.mask.width, first.mask.height) == (10, 10)
    assert all(task.inputs[0] is first.inputs[0] and task.mask is first.mask for task in others)


async def test_without_a_sandbox_pictures_are_given_as_they_are() -> None:
    scripted = engine()
    await draw(scripted, dataclasses.replace(EDIT, count=1), [GIVEN], None)
    assert edits(scripted)[0].inputs == (GIVEN,)


async def test_a_mask_that_is_gone_is_not_replaced_by_another(sandbox: Sandbox) -> None:
    scripted = engine()
    with pytest.raises(Gone):
        await draw(scripted, dataclasses.replace(EDIT, has_mask=True), [GIVEN], sandbox)
    assert scripted.tasks == []


async def test_a_picture_that_cannot_be_fitted_costs_no_call(sandbox: Sandbox) -> None:
    scripted = engine(InputRule(max_bytes=10))
    with pytest.raises(UnfitPicture):
        await draw(scripted, EDIT, [GIVEN], sandbox)
    assert scripted.tasks == []


async def test_nothing_is_fitted_for_what_needs_no_pictures() -> None:
    closed = Sandbox()
    await closed.aclose()
    await draw(engine(), dataclasses.replace(PLAN, count=1), (), closed)
    resumed = engine()
    await draw(resumed, dataclasses.replace(EDIT, count=1), (), closed, handle="known")
    assert (resumed.resumed, resumed.tasks) == (["known"], [])
