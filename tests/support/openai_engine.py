"""An OpenAI engine connected to the local server, and runs that note and steer what it does."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from bot.engines.base import EditTask, GenerateTask, InputPicture, Run
from bot.engines.openai.engine import OpenAIEngine
from bot.engines.testing import Recorder
from bot.net.client import Http
from bot.net.guard import Guard
from tests.support.openai_edits import Inputs
from tests.support.openai_server import OpenAIServer
from tests.support.serving_calls import Reply

PROMPT = "a heron that nobody else asked for"


class Inventive(OpenAIServer):
    """Draws something else each time, as models do that take no seed."""

    calls_so_far = itertools.count()

    async def _draw(
        self, request: web.Request, event: str, values: Mapping[str, Any], inputs: Inputs
    ) -> web.StreamResponse:
        values = {**values, "prompt": f"{values['prompt']} {next(self.calls_so_far)}"}
        return await super()._draw(request, event, values, inputs)


def connected(server: OpenAIServer, model: str = "gpt-image-2", **options: Any) -> OpenAIEngine:
    """Return an engine that reaches the server as an operator's engine is reached."""
    http = Http(server.url, Guard(private=True), headers={"Authorization": f"Bearer {server.key}"})
    return OpenAIEngine("cloud", http, model=model, **options)


def wanted(prompt: str = PROMPT, count: int = 1, **options: Any) -> GenerateTask:
    """Return a task that every model's rule allows."""
    return GenerateTask(prompt=prompt, count=count, width=1024, height=1024, **options)


def change(*inputs: InputPicture, prompt: str = PROMPT, **options: Any) -> EditTask:
    """Return an edit of these pictures."""
    return EditTask(prompt=prompt, count=1, width=1024, height=1024, inputs=inputs, **options)


async def drawn(engine: OpenAIEngine) -> list[bytes]:
    """Have one picture drawn; return what was handed over."""
    recorder = Recorder()
    await engine.generate(wanted(), recorder.run())
    return [picture.data for picture in recorder.pictures]


def items(*found: object) -> Reply:
    """Answer this list of pictures."""
    return Reply.json(200, {"created": 1, "data": list(found)})


class WaitingRun(Run):
    """Notes how long the engine wants to wait instead of waiting, and does something meanwhile."""

    def __init__(self, recorder: Recorder, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        """Record pictures and progress into `recorder`."""
        like = recorder.run()
        super().__init__(deadline=like.deadline, on_picture=like._on_picture, on_progress=like._on_progress)
        self.waits: list[float] = []
        self._meanwhile = meanwhile

    async def pause(self, seconds: float) -> None:
        """Wait no time at all."""
        self.waits.append(seconds)
        if self._meanwhile is not None:
            await self._meanwhile()
