"""The local server does what the servers of the family were seen to do, where an engine depends on it."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.support.automatic1111_dialects import A1111, FORGE, KOBOLD, SDCPP, SDNEXT
from tests.support.automatic1111_server import Automatic1111Server
from tests.support.automatic1111_worker import opened as decoded

BASIC = {"authorization": "Basic bWU6c2VjcmV0"}
SMALL = {"prompt": "a fox", "width": 64, "height": 64, "seed": 1, "steps": 4}


async def post(server: Automatic1111Server, path: str, body: object = None, **options: Any) -> tuple[int, Any]:
    """Post; return the status and the JSON, None when there is no body."""
    async with aiohttp.ClientSession() as session, session.post(server.url + path, json=body, **options) as answer:
        text = await answer.text()
        return answer.status, await answer.json(content_type=None) if text.startswith(("{", "[")) else None


async def draw(server: Automatic1111Server, **fields: object) -> tuple[int, Any]:
    """Have a small picture drawn."""
    return await post(server, "/sdapi/v1/txt2img", SMALL | fields)


async def test_an_interrupt_answers_the_call_with_half_a_picture_and_the_next_begins() -> None:
    async with Automatic1111Server(A1111) as server:
        whole = (await draw(server))[1]["images"]
        async with server.pausing():
            first = asyncio.create_task(draw(server, n_iter=3))
            await server.running(jobs=2)
            second = asyncio.create_task(draw(server))
            await server.waiting()
            server.allow(1)
            await server.running(jobs=2, step=1)
            assert await post(server, "/sdapi/v1/interrupt") == (200, {})
            status, half = await first
        assert (status, len(half["images"])) == (200, 1)
        assert half["images"] != whole
        assert (await second)[1]["images"] == whole


async def test_a_client_that_hangs_up_stops_nothing() -> None:
    async with Automatic1111Server(A1111) as server, server.pausing():
        drawing = asyncio.create_task(draw(server))
        await server.running()
        drawing.cancel()
        await server.ended(server.calls()[0])

        server.allow(4)
        await server.ended_jobs()

    assert len(server.worker.drawn[0].pictures) == 1


async def test_a_task_is_known_by_its_name_to_those_that_take_one() -> None:
    for dialect, known in ((FORGE, True), (SDNEXT, False)):
        async with Automatic1111Server(dialect) as server, server.pausing():
            drawings = [asyncio.create_task(draw(server, force_task_id=f"task({name})")) for name in "ab"]
            await server.running()
            await server.waiting()
            told = [(await post(server, "/internal/progress", {"id_task": f"task({name})"}))[1] for name in "abc"]
            server.allow(8)
            await asyncio.gather(*drawings)

        assert sorted((each["active"], each["queued"]) for each in told) == sorted(
            [(known, False), (False, known), (False, False)]
        )


async def test_programs_differ_as_they_do() -> None:
    async with Automatic1111Server(SDNEXT) as server:
        assert await post(server, "/sdapi/v1/interrupt") == (204, None)
        assert await draw(server, sampler_name="no such") == (404, {"detail": "Sampler not found"})
        picture = decoded((await draw(server))[1]["images"][0])
        assert picture.format == "JPEG"
    async with Automatic1111Server(FORGE) as server:
        assert (await draw(server, enable_hr=True))[0] == 500
        assert (await draw(server, enable_hr=True, hr_additional_modules=[]))[0] == 200
        status, said = await draw(server, steps="many")
        assert (status, said["detail"][0]["loc"]) == (422, ["body", "steps"])
    async with Automatic1111Server(KOBOLD) as server:
        answer = (await draw(server, batch_size=3))[1]
        assert (len(answer["images"]), answer["info"]) == (1, "")
    async with Automatic1111Server(SDCPP) as server:
        assert (await post(server, "/sdapi/v1/interrupt"))[0] == 404
        assert await draw(server, prompt="") == (400, {"error": "prompt required"})


@pytest.mark.parametrize("path", ["/internal/progress", "/sdapi/v1/txt2img"])
async def test_the_password_is_not_asked_for_outside_of_the_api(path: str) -> None:
    async with Automatic1111Server(A1111, auth="me:secret") as server:
        status, _ = await post(server, path, SMALL | {"id_task": "x"})
        with_it, answer = await post(server, path, SMALL | {"id_task": "x"}, headers=BASIC)

    assert status == (200 if path.startswith("/internal") else 401)
    assert with_it == 200
    if "images" in answer:
        assert decoded(answer["images"][0]).size == (64, 64)
