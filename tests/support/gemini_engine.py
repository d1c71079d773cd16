"""A Gemini engine connected to the local server, and tasks for it."""

from __future__ import annotations

from typing import Any

from bot.engines.base import EditTask, GenerateTask, InputPicture
from bot.engines.gemini.engine import GeminiEngine
from bot.engines.testing import Recorder
from bot.net.client import Http
from bot.net.guard import Guard
from tests.support.gemini_server import GeminiServer
from tests.support.openai_pictures import drawn as picture
from tests.support.openai_pictures import encoded

MODEL = "gemini-2.5-flash-image"
PROMPT = "a heron that nobody else asked for"


def connected(server: GeminiServer, model: str = MODEL, **options: Any) -> GeminiEngine:
    """Return an engine that reaches the server as an operator's engine is reached."""
    http = Http(server.url, Guard(private=True), headers={"x-goog-api-key": server.key})
    return GeminiEngine("cloud", http, model=model, **options)


def wanted(prompt: str = PROMPT, count: int = 1, width: int = 1024, height: int = 1024, **options: Any) -> GenerateTask:
    """Return a task."""
    return GenerateTask(prompt=prompt, count=count, width=width, height=height, **options)


def given(width: int = 96, height: int = 64, format: str = "png") -> InputPicture:
    """Return an input."""
    return InputPicture(encoded(picture("input", width, height), format), f"image/{format}", width, height)


def change(*inputs: InputPicture, width: int = 1024, height: int = 1024, **options: Any) -> EditTask:
    """Return an edit of these pictures."""
    return EditTask(prompt=PROMPT, count=1, width=width, height=height, inputs=inputs, **options)


async def drawn(engine: GeminiEngine) -> list[bytes]:
    """Have one picture drawn; return what was handed over."""
    recorder = Recorder()
    await engine.generate(wanted(), recorder.run())
    return [picture.data for picture in recorder.pictures]
