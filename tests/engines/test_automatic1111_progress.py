"""How far a drawing is: told by the server of our task, or of whatever runs while that can only be ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.engines.automatic1111.client import Client, picture_of
from bot.engines.automatic1111.watching import NEARLY, Habits, Watch
from bot.engines.testing import Recorder, opened
from bot.net.client import Http
from bot.net.guard import Guard
from tests.support import automatic1111_faults as faults
from tests.support.automatic1111_dialects import FORGE, SDCPP, SDNEXT, Dialect
from tests.support.automatic1111_engine import connected, drawn, fox
from tests.support.automatic1111_server import Automatic1111Server
from tests.support.serving_calls import Reply

NOT_OURS = {"active": False, "queued": False, "completed": False, "id_live_preview": -1, "textinfo": "Waiting..."}


@pytest.fixture
async def server() -> AsyncIterator[Automatic1111Server]:
    async with Automatic1111Server(watched=True) as server:
        yield server


async def test_our_own_task_is_asked_for_and_its_previews_are_shown(server: Automatic1111Server) -> None:
    async with connected(server) as engine:
        recorder = await drawn(engine)

    (body,) = server.bodies
    asked = server.calls("POST /internal/progress")
    assert {call.fields["id_task"] for call in asked} == {body["force_task_id"]}
    assert recorder.progress[-1] == 1.0
    assert any(0 < fraction <= NEARLY for fraction in recorder.progress)
    assert {opened(preview).size for preview in recorder.previews} == {(64, 64)}
    assert len(set(recorder.previews)) == len(recorder.previews)  # none is fetched twice


async def test_each_call_has_a_task_of_its_own(server: Automatic1111Server) -> None:
    async with connected(server) as engine:
        await drawn(engine)
        await drawn(engine)

    assert len({body["force_task_id"] for body in server.bodies}) == 2


async def test_progress_grows_over_the_pictures_of_a_call(server: Automatic1111Server) -> None:
    async with connected(server, params={"batch_size": 1}) as engine:
        recorder = await drawn(engine, count=3)

    assert server.bodies[0]["n_iter"] == 3
    assert recorder.progress == sorted(recorder.progress)
    assert len(set(recorder.progress)) > 3


async def test_nothing_is_told_of_a_task_that_waits() -> None:
    async with Automatic1111Server() as server, connected(server) as engine, server.pausing():
        other = server.somebody_else()
        await server.running()
        server.allow(2)
        await server.running(step=2)
        recorder = Recorder()
        drawing = asyncio.create_task(engine.generate(fox(), recorder.run()))
        await server.waiting()
        await server.arrived(8, on="POST /internal/progress")

        assert recorder.progress == []
        assert recorder.previews == []
        server.allow(100)
        await asyncio.gather(other, drawing)
    assert recorder.progress[-1] == 1.0


@pytest.mark.parametrize("how", ["unknown", "missing", "html", "forbidden"])
async def test_what_runs_is_ours_if_nothing_ran_before(how: str) -> None:
    replies = {
        "unknown": Reply.json(200, NOT_OURS),
        "missing": faults.NO_API,
        "html": faults.HTML_LOGIN,
        "forbidden": Reply(403),
    }
    async with Automatic1111Server(FORGE, watched=True) as server, connected(server) as engine:
        server.order(replies[how], on="POST /internal/progress", times=1000)

        recorder = await drawn(engine)

    assert recorder.progress == sorted(recorder.progress)
    assert any(0 < fraction <= NEARLY for fraction in recorder.progress)
    assert recorder.previews


async def test_what_runs_is_not_ours_if_anything_ran_before() -> None:
    async with Automatic1111Server(SDNEXT) as server, connected(server) as engine, server.pausing():
        other = server.somebody_else()
        await server.running()
        server.allow(2)
        await server.running(step=2)
        recorder = Recorder()
        drawing = asyncio.create_task(engine.generate(fox(), recorder.run()))
        await server.waiting()
        await server.arrived(3, on="POST /internal/progress")
        server.allow(100)
        await asyncio.gather(other, drawing)

    assert recorder.progress == [1.0]
    assert recorder.previews == []


async def test_what_runs_is_no_longer_taken_for_ours_when_another_begins() -> None:
    """Both were sent in the same moment; the other's came first."""
    async with Automatic1111Server(SDNEXT) as server, server.pausing():
        http = Http(server.url, Guard(private=True))
        recorder = Recorder()
        watch = Watch(Client(http), "task(ours)", recorder.run(), Habits(tasks=False), 0.001)
        await watch.prepare()
        first = server.somebody_else()
        await server.running()
        following = asyncio.create_task(watch.follow())
        server.allow(1)
        await server.changes.until(lambda: bool(recorder.previews) or bool(recorder.progress), "something to be seen")

        second = server.somebody_else()
        server.allow(3)
        await first
        server.allow(2)
        await server.running(jobs=2, step=2)
        async with asyncio.timeout(30):
            await following  # there is nothing left to be seen
        seen = list(recorder.progress)
        server.allow(100)
        await second
        await http.aclose()

    assert recorder.progress == seen


@pytest.mark.parametrize("dialect", [SDCPP], ids=lambda dialect: dialect.name)
async def test_what_is_not_there_is_asked_for_once(dialect: Dialect) -> None:
    async with Automatic1111Server(dialect) as server, connected(server) as engine:
        await drawn(engine)
        await drawn(engine)

    assert len(server.calls("GET /sdapi/v1/progress")) == 1


async def test_a_drawing_goes_on_though_nothing_can_be_seen_of_it(server: Automatic1111Server) -> None:
    server.order(faults.TOO_MANY, faults.TEXT_500, faults.BAD_GATEWAY, on="POST /internal/progress")
    server.order(faults.CUT_BEFORE, on="GET /sdapi/v1/progress")

    async with connected(server) as engine:
        recorder = await drawn(engine)

    assert len(recorder.pictures) == 1
    assert recorder.progress[-1] == 1.0


async def test_after_a_check_it_is_found_out_anew_what_a_server_lacked() -> None:
    async with Automatic1111Server(FORGE) as server, connected(server) as engine:
        server.order(faults.HTML_LOGIN, on="POST /internal/progress", times=1000)
        server.order(faults.NO_API, on="GET /sdapi/v1/progress")
        async with server.pausing():
            drawing = asyncio.create_task(engine.generate(fox(), Recorder().run()))
            await server.arrived(on="POST /internal/progress")
            await server.running()
        await drawing
        asked = len(server.calls("POST /internal/progress"))
        await drawn(engine)
        assert len(server.calls("POST /internal/progress")) == asked

        assert (await engine.check()).ok
        async with server.pausing():
            drawing = asyncio.create_task(engine.generate(fox(), Recorder().run()))
            await server.arrived(asked + 1, on="POST /internal/progress")
        await drawing


@pytest.mark.parametrize(
    "told",
    [
        {"active": True, "progress": float("nan"), "live_preview": "data:image/png;base64,!!"},
        {"active": True, "progress": "much", "live_preview": 7, "id_live_preview": None},
        {"active": True, "progress": 7, "live_preview": "data:text/html;base64,PGh0bWw+"},
    ],
    ids=["nan", "words", "html"],
)
async def test_nonsense_is_not_passed_on(server: Automatic1111Server, told: dict[str, object]) -> None:
    server.order(Reply.json(200, told), on="POST /internal/progress")

    async with connected(server) as engine:
        recorder = await drawn(engine)

    assert all(0 <= fraction <= 1 for fraction in recorder.progress)
    assert all(opened(preview).size == (64, 64) for preview in recorder.previews)


@pytest.mark.parametrize("value", [None, "", "  ", 7, "data:", "a b!", {}])
def test_what_is_no_picture_is_none(value: object) -> None:
    assert picture_of(value) is None
