"""A picture that has arrived is paid for: it is handed over, whatever happens to the rest of the answer."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bot.engines.base import DrawnPicture, Run
from bot.engines.openai.engine import OpenAIEngine
from bot.engines.testing import Recorder
from bot.errors import BadAnswer, EngineRejected
from bot.net import said
from bot.net.client import Http
from bot.net.guard import Guard
from tests.support.engines import png
from tests.support.net import Line, Script, listening, soon
from tests.support.openai_engine import wanted

PICTURE = png()
TEXT = base64.b64encode(PICTURE).decode()
COMPLETED = f"data: {json.dumps({'type': 'image_generation.completed', 'b64_json': TEXT})}\n\n".encode()
WHOLE = json.dumps({"data": [{"b64_json": TEXT}]}).encode()
FAILED = b'data: {"type": "error", "error": {"message": "out of memory"}}\n\n'


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


def begins(type: str, body: bytes, *, then: Callable[[Line], object] = Line.reset) -> Script:
    """Answer this much of a chunked body whose end never comes."""

    async def script(line: Line) -> None:
        await line.request()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {type}\r\ntransfer-encoding: chunked\r\n\r\n"
        await line.send(head.encode() + chunked(body))
        then(line)
        await line.gone()

    return script


def end(line: Line) -> None:
    line.writer.write_eof()


@asynccontextmanager
async def engine_at(script: Script, **corrections: bool) -> AsyncIterator[OpenAIEngine]:
    async with listening(script) as listener:
        http = Http(listener.url, Guard(private=True))
        engine = OpenAIEngine("cloud", http, model="gpt-image-2", corrections=corrections)
        yield engine
        await engine.aclose()
        assert len(listener.requests) == 1


@pytest.mark.parametrize(
    "script",
    [
        begins("text/event-stream", COMPLETED, then=end),
        begins("text/event-stream", COMPLETED, then=lambda line: None),
        begins("text/event-stream", COMPLETED + FAILED, then=end),
        begins("application/json", WHOLE, then=end),
    ],
    ids=["a stream breaks off", "a stream never ends", "an error follows", "an answer breaks off"],
)
async def test_what_comes_after_the_picture_does_not_matter(script: Script) -> None:
    async with engine_at(script, preview=True) as engine:
        recorder = Recorder()
        await soon(engine.generate(wanted(), recorder.run()))

    assert [picture.data for picture in recorder.pictures] == [PICTURE]


async def test_an_error_beside_a_picture_does_not_take_it_along() -> None:
    body = json.dumps({"data": [{"b64_json": TEXT}], "error": {"message": "one of two failed"}}).encode()

    async def script(line: Line) -> None:
        await line.request()
        await line.answer(body, content_type="application/json")

    async with engine_at(script) as engine:
        recorder = Recorder()
        await engine.generate(wanted(), recorder.run())

    assert [picture.data for picture in recorder.pictures] == [PICTURE]


async def test_pictures_that_have_arrived_are_handed_over_when_the_time_is_up_meanwhile() -> None:
    body = json.dumps({"data": [{"b64_json": TEXT}] * 3}).encode()

    async def script(line: Line) -> None:
        await line.request()
        await line.answer(body, content_type="application/json")

    recorder = Recorder()
    run = recorder.run()
    recorder.interfere = run.cancelled.set  # while the first is being stored
    async with engine_at(script) as engine:
        await engine.generate(wanted(count=3), run)

    assert [picture.data for picture in recorder.pictures] == [PICTURE] * 3


async def test_an_error_that_is_never_told_to_its_end_is_known_by_what_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(said, "ERROR_S", 0.2)

    async def script(line: Line) -> None:
        await line.request()
        said = chunked(b'{"error": {"message": "no", "code": "invalid_value", "param": "quality"}}')
        await line.send(b"HTTP/1.1 400 Bad Request\r\ntransfer-encoding: chunked\r\n\r\n" + said)
        await line.gone()

    async with engine_at(script) as engine:
        with pytest.raises(EngineRejected):
            await soon(engine.generate(wanted(), Recorder().run()))


async def test_a_picture_the_core_does_not_take_does_not_take_the_others_along() -> None:
    body = json.dumps({"data": [{"b64_json": TEXT}] * 3}).encode()

    async def script(line: Line) -> None:
        await line.request()
        await line.answer(body, content_type="application/json")

    offered: list[bytes] = []

    async def take(picture: DrawnPicture) -> None:
        offered.append(picture.data)
        if len(offered) == 1:
            raise BadAnswer(engine="cloud")

    run = Run(deadline=asyncio.get_running_loop().time() + 30, on_picture=take)
    async with engine_at(script) as engine:
        with pytest.raises(BadAnswer):
            await engine.generate(wanted(count=3), run)

    assert (len(offered), run.drawn) == (3, 2)
