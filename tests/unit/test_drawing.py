"""Calls until all pictures are there, within the deadline, until told to stop."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from bot import drawing
from bot.engines import run as runs
from bot.engines.base import Capabilities, DrawnPicture, EditTask, GenerateTask, InputPicture, Result, Run, Task
from bot.errors import Cancelled, EngineBusy, EngineTimeout, Gone, LostJob, NothingDrawn, StorageFull
from bot.types import Plan
from tests.support.engines import ScriptedEngine, draws, png
from tests.support.jobs import PLAN


class Kept:
    """A run that keeps what it is handed."""

    def __init__(self) -> None:
        self.pictures: list[DrawnPicture] = []
        self.fractions: list[float | None] = []
        self.run = Run(
            deadline=asyncio.get_running_loop().time() + 60,
            on_picture=self._picture,
            on_progress=lambda fraction, preview: self.fractions.append(fraction),
        )

    async def _picture(self, picture: DrawnPicture) -> None:
        self.pictures.append(picture)


async def draw(engine: ScriptedEngine, kept: Kept, plan: Plan = PLAN, timeout_s: float = 30) -> Result:
    return await drawing.draw(engine, plan, (), None, kept.run, timeout_s=timeout_s)


async def test_several_calls_make_one_job() -> None:
    engine = ScriptedEngine(can=Capabilities(max_count=2, seed=True))
    kept = Kept()
    await draw(engine, kept, dataclasses.replace(PLAN, count=5, seed=10))
    assert [(task.count, task.seed) for task in engine.tasks] == [(2, 10), (2, 12), (1, 14)]
    assert [picture.seed for picture in kept.pictures] == [10, 11, 12, 13, 14]
    assert kept.fractions == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9])


@pytest.mark.parametrize(
    ("told", "cost"), [([0.25, 0.25, 0.5], 1.0), ([0.25, None, 0.5], None), ([0.0, 0.0, 0.0], 0.0)]
)
async def test_what_several_calls_cost_is_added_up_if_all_of_them_tell(
    told: list[float | None], cost: float | None
) -> None:
    costs = iter(told)

    async def charges(task: Task, run: Run) -> Result:
        await run.picture(DrawnPicture(png()))
        return Result(model="last", cost=next(costs))

    result = await draw(
        ScriptedEngine(behaviour=charges, can=Capabilities()), Kept(), dataclasses.replace(PLAN, count=3)
    )
    assert (result.model, result.cost) == ("last", cost)


async def test_a_call_without_pictures_is_a_failure() -> None:
    async def nothing(task: Task, run: Run) -> Result:
        return Result()

    with pytest.raises(NothingDrawn):
        await draw(ScriptedEngine(behaviour=nothing), Kept())


async def test_pictures_before_an_error_are_kept() -> None:
    async def one_then_busy(task: Task, run: Run) -> Result:
        await run.picture(DrawnPicture(png()))
        raise EngineBusy(engine="demo")

    kept = Kept()
    with pytest.raises(EngineBusy):
        await draw(ScriptedEngine(behaviour=one_then_busy), kept, dataclasses.replace(PLAN, count=3))
    assert kept.run.drawn == 1


async def test_what_keeps_the_core_from_storing_is_not_the_engines_error() -> None:
    async def covers_up(task: Task, run: Run) -> Result:
        try:
            await run.picture(DrawnPicture(png()))
        except Exception as error:
            raise EngineBusy(engine="demo") from error
        return Result()

    async def full(picture: DrawnPicture) -> None:
        raise StorageFull

    run = Run(deadline=asyncio.get_running_loop().time() + 60, on_picture=full)
    with pytest.raises(StorageFull):
        await drawing.draw(ScriptedEngine(behaviour=covers_up), PLAN, (), None, run, timeout_s=30)


async def test_cancel_lets_the_engine_stop_its_own_job() -> None:
    stopped = []

    async def obedient(task: Task, run: Run) -> Result:
        try:
            await run.pause(60)
        except Cancelled:
            stopped.append(True)
            raise
        return Result()

    engine, kept = ScriptedEngine(behaviour=obedient), Kept()
    task = asyncio.create_task(draw(engine, kept))
    await engine.started.wait()
    kept.run.cancelled.set()
    with pytest.raises(Cancelled):
        await task
    assert stopped


async def test_an_engine_that_does_not_stop_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    async def deaf(task: Task, run: Run) -> Result:
        await asyncio.sleep(60)
        return Result()

    monkeypatch.setattr(drawing, "STOP_GRACE_S", 0.01)
    engine, kept = ScriptedEngine(behaviour=deaf), Kept()
    task = asyncio.create_task(draw(engine, kept))
    await engine.started.wait()
    kept.run.cancelled.set()
    with pytest.raises(Cancelled):
        await task


async def test_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(task: Task, run: Run) -> Result:
        await run.pause(60)
        return Result()

    with pytest.raises(EngineTimeout) as raised:
        await draw(ScriptedEngine(behaviour=slow), Kept(), timeout_s=0.01)
    assert raised.value.args_["engine"] == "demo"


async def test_what_is_done_when_the_time_is_up_is_a_success() -> None:
    async def late(task: Task, run: Run) -> Result:
        await run.cancelled.wait()
        return await draws(task, run)

    kept = Kept()
    result = await draw(ScriptedEngine(behaviour=late), kept, timeout_s=0.01)
    assert (result.model, len(kept.pictures)) == ("scripted", 1)


async def test_a_picture_that_is_being_stored_is_stored_though_its_call_is_cancelled() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    stored: list[DrawnPicture] = []

    async def store(picture: DrawnPicture) -> None:
        begun.set()
        await go_on.wait()
        stored.append(picture)

    run = Run(deadline=asyncio.get_running_loop().time() + 60, on_picture=store)
    drawing_ = asyncio.create_task(drawing.draw(ScriptedEngine(), PLAN, (), None, run, timeout_s=30))
    await begun.wait()
    drawing_.cancel()  # the process shuts down
    asyncio.get_running_loop().call_later(0.01, go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await drawing_
    assert (len(stored), run.drawn) == (1, 1)


async def test_a_picture_that_cannot_be_stored_does_not_hold_up_a_cancelled_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runs, "STORING_S", 0.01)
    begun, ended = asyncio.Event(), asyncio.Event()

    async def store(picture: DrawnPicture) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    run = Run(deadline=asyncio.get_running_loop().time() + 60, on_picture=store)
    drawing_ = asyncio.create_task(drawing.draw(ScriptedEngine(), PLAN, (), None, run, timeout_s=30))
    await begun.wait()
    drawing_.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing_
    assert (ended.is_set(), run.drawn) == (True, 0)


async def test_resumes_by_handle_and_draws_afresh_when_it_is_lost() -> None:
    engine, kept = ScriptedEngine(can=Capabilities(resumable=True)), Kept()
    await drawing.draw(engine, PLAN, (), None, kept.run, timeout_s=30, handle="h")
    assert (engine.resumed, engine.tasks) == (["h"], [])

    class Restarted(ScriptedEngine):
        async def resume(self, handle: str, run: Run) -> Result:
            raise LostJob(engine=self.id)

    engine, kept = Restarted(can=Capabilities(resumable=True, free=True)), Kept()
    await drawing.draw(engine, PLAN, (), None, kept.run, timeout_s=30, handle="h")
    assert len(engine.tasks) == 1
    paid = Restarted(can=Capabilities(resumable=True))
    with pytest.raises(LostJob):  # it may have been drawn and charged
        await drawing.draw(paid, PLAN, (), None, Kept().run, timeout_s=30, handle="h")
    assert paid.tasks == []


async def test_what_a_resumed_call_did_not_draw_is_drawn_by_further_ones() -> None:
    engine, kept = ScriptedEngine(can=Capabilities(resumable=True, max_count=2)), Kept()
    plan = dataclasses.replace(PLAN, count=4)
    await drawing.draw(engine, plan, (), None, kept.run, timeout_s=30, handle="h")
    assert [task.count for task in engine.tasks] == [2, 1]
    assert len(kept.pictures) == 4

    class Empty(ScriptedEngine):
        async def resume(self, handle: str, run: Run) -> Result:
            return Result()

    with pytest.raises(NothingDrawn):
        await drawing.draw(
            Empty(can=Capabilities(resumable=True)), PLAN, (), None, Kept().run, timeout_s=30, handle="h"
        )


async def test_pictures_stored_before_a_restart_are_neither_taken_again_nor_drawn_again() -> None:
    class Batch(ScriptedEngine):
        async def resume(self, handle: str, run: Run) -> Result:
            return await draws(GenerateTask(prompt="", count=2, width=8, height=8, seed=5), run)

    engine, kept = Batch(can=Capabilities(resumable=True, max_count=2, seed=True)), Kept()
    kept.run.begin_again(drawn=2, known=1)  # one of an earlier call, one of the call that is resumed
    plan = dataclasses.replace(PLAN, count=4, seed=3)
    await drawing.draw(engine, plan, (), None, kept.run, timeout_s=30, handle="h")
    assert [each.seed for each in kept.pictures] == [6, 6]  # the second of the resumed call, then the last one
    assert [(task.count, task.seed) for task in engine.tasks] == [(1, 6)]


async def test_an_edit_gets_inputs_and_mask_or_is_refused() -> None:
    plan = dataclasses.replace(PLAN, kind="edit", strength=0.4, has_mask=True)
    given = InputPicture(png(), "image/png", 8, 8)
    engine, kept = ScriptedEngine(behaviour=draws), Kept()
    await drawing.draw(engine, plan, [given], given, kept.run, timeout_s=30)
    (task,) = engine.tasks
    assert isinstance(task, EditTask)
    assert (task.inputs, task.mask, task.strength) == ((given,), given, 0.4)
    for inputs, mask in (([], given), ([given], None)):
        with pytest.raises(Gone):
            await drawing.draw(engine, plan, inputs, mask, Kept().run, timeout_s=30)
