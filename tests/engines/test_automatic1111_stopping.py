"""A drawing is stopped at the server when it surely is ours, and never anybody else's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.engines.automatic1111 import abandoned
from bot.engines.automatic1111.engine import Automatic1111Engine
from bot.engines.base import Result, Run
from bot.engines.testing import PATIENCE_S, Recorder
from bot.errors import Cancelled, EngineBusy, EngineError, LostJob
from tests.support import automatic1111_faults as faults
from tests.support.automatic1111_dialects import SDCPP, SDNEXT, Dialect
from tests.support.automatic1111_engine import connected, drawn, failure, fox
from tests.support.automatic1111_server import Automatic1111Server


@pytest.fixture
async def server() -> AsyncIterator[Automatic1111Server]:
    async with Automatic1111Server() as server:
        yield server


def begun(engine: Automatic1111Engine, run: Run, count: int = 1) -> asyncio.Task[Result]:
    """Start a drawing."""
    return asyncio.create_task(engine.generate(fox(count=count), run))


async def stopped(drawing: asyncio.Task[Result], run: Run) -> None:
    """Cancel a drawing and see it obey."""
    run.cancelled.set()
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(Cancelled):
            await drawing


async def test_what_runs_is_stopped_and_its_half_picture_not_handed_over(server: Automatic1111Server) -> None:
    recorder = Recorder()
    async with connected(server) as engine, server.pausing():
        run = recorder.run()
        drawing = begun(engine, run)
        await server.running()
        server.allow(2)
        await server.running(step=2)

        await stopped(drawing, run)
        await server.ended_jobs()

    assert server.worker.interrupts == 1
    assert recorder.pictures == []


async def test_what_waits_behind_somebody_else_is_left_alone_and_stopped_when_its_turn_comes(
    server: Automatic1111Server,
) -> None:
    async with connected(server) as engine, server.pausing():
        other = server.somebody_else(steps=2)
        await server.running()
        run = Recorder().run()
        drawing = begun(engine, run)
        await server.waiting()
        await server.arrived(2, on="POST /internal/progress")

        await stopped(drawing, run)

        assert server.worker.interrupts == 0
        server.allow(2)  # the other's
        await other
        await server.interrupted()
        await server.ended_jobs(2)

    theirs, ours = server.worker.drawn
    assert theirs.fields["prompt"] == "a cat"
    assert len(ours.pictures) == 1
    assert server.worker.interrupts == 1


async def test_the_next_drawing_waits_for_the_end_of_a_cancelled_one(server: Automatic1111Server) -> None:
    async with connected(server) as engine, server.pausing():
        run = Recorder().run()
        drawing = begun(engine, run)
        await server.running()
        await stopped(drawing, run)

        server.allow(100)
        recorder = await drawn(engine)

    assert len(recorder.pictures) == 1
    assert [len(each.pictures) for each in server.worker.drawn] == [1, 1]


@pytest.mark.parametrize("dialect", [SDNEXT, SDCPP], ids=lambda dialect: dialect.name)
async def test_where_it_is_not_said_whose_turn_it_is_nothing_is_stopped(
    dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abandoned, "PATIENCE_S", 0.01)
    async with Automatic1111Server(dialect) as server, connected(server) as engine:
        async with server.pausing():
            run = Recorder().run()
            drawing = begun(engine, run)
            await server.running()
            await stopped(drawing, run)

            busy = await failure(engine)  # another address of the pool would be free

            assert isinstance(busy, EngineBusy)
            assert busy.args_["retry_after"] == abandoned.RETRY_S
            assert len(server.calls()) == 1
        await server.ended_jobs()
        monkeypatch.undo()
        assert await engine._server.abandoned.gone()

        assert len((await drawn(engine)).pictures) == 1
    assert server.worker.interrupts == 0


async def test_a_cancel_obeys_at_once_though_the_server_does_not_answer(server: Automatic1111Server) -> None:
    async with connected(server) as engine, server.pausing():
        run = Recorder().run()
        drawing = begun(engine, run)
        await server.running()
        server.order(faults.TEXT_500, on="POST /sdapi/v1/interrupt", times=2)

        await stopped(drawing, run)
        await server.interrupted()  # it is tried again


async def test_names_are_not_asked_for_any_longer_when_the_job_must_stop(server: Automatic1111Server) -> None:
    async with connected(server) as engine, server.holding("GET /sdapi/v1/samplers"):
        run = Recorder().run()
        drawing = asyncio.create_task(engine.generate(fox(sampler="Euler"), run))
        await server.arrived(on="GET /sdapi/v1/samplers")

        await stopped(drawing, run)

    assert server.calls() == []


async def test_a_drawing_whose_call_is_dropped_altogether_is_stopped_all_the_same(server: Automatic1111Server) -> None:
    async with connected(server) as engine, server.pausing():
        drawing = begun(engine, Recorder().run())
        await server.running()

        drawing.cancel()
        await asyncio.gather(drawing, return_exceptions=True)
        await server.interrupted()


async def test_a_drawing_that_was_cut_off_is_stopped_for_nobody_can_have_its_picture(
    server: Automatic1111Server,
) -> None:
    async with connected(server) as engine, server.pausing():
        drawing = begun(engine, Recorder().run())
        await server.running()

        server.cut()
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(LostJob):
                await drawing
        await server.interrupted()
        await server.ended_jobs()
        server.allow(100)

        assert len((await drawn(engine)).pictures) == 1


async def test_a_drawing_that_was_cut_off_while_it_waited_is_stopped_when_its_turn_comes(
    server: Automatic1111Server,
) -> None:
    async with connected(server) as engine, server.pausing():
        other = server.somebody_else(steps=1)
        await server.running()
        drawing = begun(engine, Recorder().run())
        await server.waiting()

        server.cut()
        with pytest.raises(LostJob):
            await drawing
        assert server.worker.interrupts == 0
        server.allow(1)
        await other
        await server.interrupted()
        await server.ended_jobs(2)

    assert server.worker.interrupts == 1


async def test_a_drawing_stopped_by_somebody_else_is_no_picture(server: Automatic1111Server) -> None:
    recorder = Recorder()
    async with connected(server) as engine, server.pausing():
        drawing = begun(engine, recorder.run())
        await server.running()
        server.worker.interrupt()

        with pytest.raises(EngineError, match="stopped by somebody at the server"):
            await drawing

    assert recorder.pictures == []


async def test_pictures_that_were_whole_before_somebody_stopped_it_are_handed_over(server: Automatic1111Server) -> None:
    recorder = Recorder()
    async with connected(server, params={"batch_size": 1}) as engine, server.pausing():
        drawing = begun(engine, recorder.run(), count=3)
        await server.running()
        server.allow(5)  # four make a picture
        await server.changes.until(lambda: server.worker.job_no == 1 and server.worker.step == 1, "the second picture")
        server.worker.interrupt()

        with pytest.raises(EngineError, match="stopped by somebody at the server"):
            await drawing

    assert [picture.seed for picture in recorder.pictures] == [7]


async def test_nothing_is_under_way_any_more_when_the_engine_is_closed(server: Automatic1111Server) -> None:
    async with server.pausing():
        other = server.somebody_else()
        async with connected(server) as engine:
            run = Recorder().run()
            drawing = begun(engine, run)
            await server.waiting()
            await stopped(drawing, run)
            assert server.calls()[0].end is None

        await server.ended(server.calls()[0])
        assert server.calls()[0].end == "hung up"
    await other
