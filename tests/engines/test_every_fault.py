"""Whatever a service answers, every engine says what is wrong, hands over nothing bad, pays once, and goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from email.utils import formatdate

import pytest

from bot import drawing
from bot.engines.base import DrawnPicture, Engine, GenerateTask
from bot.engines.making import TYPES
from bot.engines.testing import PATIENCE_S, Recorder, legal_size
from bot.errors import BadAnswer, EngineAuth, EngineBusy, EngineError, EngineTimeout, EngineUnavailable
from bot.pictures.sandbox import Sandbox
from bot.settings.engines import EngineSettings
from bot.types import Plan
from tests.support.every_engine import EVERY, Made
from tests.support.openai_engine import WaitingRun
from tests.support.serving import LocalServer
from tests.support.serving_calls import DROPPED, Reply

PROMPT = "a heron that nobody else asked for"
NO_KEY = Reply.json(401, {"error": {"message": "Incorrect API key provided.", "code": "invalid_api_key"}})
LIMITED = {
    name: Reply.json(429, {"error": {"message": "Too many requests."}}, **headers)
    for name, headers in {
        "seconds": {"retry_after": "7"},
        "milliseconds": {"retry_after_ms": "700"},
        "date": {"retry_after": formatdate(4_102_444_800, usegmt=True), "date": formatdate(4_102_444_790, usegmt=True)},
        "litellm": {"llm_provider-retry-after": "7"},
        "untold": {},
    }.items()
}
WRONG = {
    "500": Reply.json(500, {"error": {"message": "The server had an error."}}),
    "500 empty": Reply(500),
    "502 html": Reply.text(502, "<html>Bad Gateway</html>", "text/html"),
    "504": Reply.text(504, "upstream timed out"),
    "redirect": Reply.text(302, "", location="http://127.0.0.1:9/login"),
    "html with 200": Reply.text(200, "<html>Please log in.</html>", "text/html"),
    "nothing with 200": Reply(200),
    "null": Reply.json(200, None),
    "empty list": Reply.json(200, []),
    "empty object": Reply.json(200, {}),
    "no data": Reply.json(200, {"data": [], "images": [], "candidates": []}),
    "half an answer": Reply(200, b'{"data": [{"b64_json": "iVBORw0KGgo', "application/json", drop="half"),
    "cut after the headers": Reply(200, b'{"data": []}', "application/json", drop="headers"),
    "cut before the answer": DROPPED,
    "not found": Reply.json(404, {"detail": "Not Found"}),
    "a list of wrong fields": Reply.json(422, {"detail": [{"loc": ["body", "steps"], "msg": "not an integer"}]}),
}
UNKNOWN = ("500", "500 empty", "502 html", "504", "half an answer", "cut after the headers", "cut before the answer")
"""After these nobody knows what was drawn, and charged."""


@dataclass(frozen=True, slots=True)
class At:
    """An engine at its service."""

    server: LocalServer
    engine: Engine
    call: str
    """What draws, as the server knows it."""

    def task(self) -> GenerateTask:
        width, height = legal_size(self.engine.capabilities().sizes)
        return GenerateTask(prompt=PROMPT, count=1, width=width, height=height, seed=7)

    async def draws(self) -> Recorder:
        recorder = Recorder()
        async with asyncio.timeout(PATIENCE_S):
            await self.engine.generate(self.task(), WaitingRun(recorder))
        return recorder


@asynccontextmanager
async def at(make: Callable[[], Made]) -> AsyncIterator[At]:
    server, settings, call = make()
    async with server:
        given = EngineSettings.model_validate({**settings, "urls": [server.url]})
        engine = TYPES[given.type].make("tested", given, Sandbox())
        try:
            yield At(server, engine, call)
        finally:
            await engine.aclose()


every_engine = pytest.mark.parametrize("make", EVERY)


@every_engine
@pytest.mark.parametrize("fault", WRONG)
async def test_an_answer_that_is_wrong(make: Callable[[], Made], fault: str) -> None:
    async with at(make) as it:
        it.server.order(WRONG[fault], on=it.call)
        try:
            recorder = await it.draws()
        except EngineError as error:
            assert PROMPT not in f"{error} {error.detail}"
        else:  # it asked what became of the job before it sent it once more
            assert it.engine.capabilities().free
            assert len(recorder.pictures) == 1
        if fault in UNKNOWN and not it.engine.capabilities().free:
            assert len(it.server.calls(it.call)) == 1

        assert len((await it.draws()).pictures) == 1  # nothing is left of it


@every_engine
async def test_a_wrong_key(make: Callable[[], Made]) -> None:
    async with at(make) as it:
        it.server.order(NO_KEY, on=it.call)
        with pytest.raises(EngineAuth):
            await it.draws()
        assert len(it.server.calls(it.call)) == 1


@every_engine
@pytest.mark.parametrize("fault", LIMITED.values(), ids=LIMITED.keys())
async def test_too_many_requests(make: Callable[[], Made], fault: Reply) -> None:
    async with at(make) as it:
        it.server.order(fault, on=it.call)
        try:
            recorder = await it.draws()
        except EngineBusy as error:
            assert error.args_.get("retry_after", 7) in (1, 7, 10)
        else:
            assert len(recorder.pictures) == 1


@every_engine
async def test_nobody_there(make: Callable[[], Made]) -> None:
    async with at(make) as it:
        await it.server.quit()
        with pytest.raises(EngineUnavailable):
            await it.draws()
        await it.server.listen()
        assert len((await it.draws()).pictures) == 1


@every_engine
async def test_a_service_that_hangs(make: Callable[[], Made]) -> None:
    async with at(make) as it, it.server.holding(it.call):
        task, recorder = it.task(), Recorder()
        plan = Plan("generate", "tested", PROMPT, 1, task.width, task.height)
        with pytest.raises(EngineTimeout):
            await drawing.draw(it.engine, plan, (), None, recorder.run(), timeout_s=0.5)
        assert recorder.pictures == []


@every_engine
async def test_a_picture_that_is_none(make: Callable[[], Made]) -> None:
    async with at(make) as it:
        recorder = Recorder()

        async def refuses(picture: DrawnPicture) -> None:
            raise BadAnswer(engine="tested", detail="no whole picture")

        run = WaitingRun(recorder)
        run._on_picture = refuses
        with pytest.raises(EngineError):
            await it.engine.generate(it.task(), run)
        assert len(it.server.calls(it.call)) == 1


@every_engine
async def test_two_at_once(make: Callable[[], Made]) -> None:
    async with at(make) as it:
        recorders = Recorder(), Recorder()
        tasks = it.task(), replace(it.task(), seed=8)
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(
                *(it.engine.generate(task, each.run()) for task, each in zip(tasks, recorders, strict=True))
            )
        assert [len(each.pictures) for each in recorders] == [1, 1]
