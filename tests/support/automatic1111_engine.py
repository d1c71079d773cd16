"""The AUTOMATIC1111 engine on the local server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from PIL import Image

from bot.engines.automatic1111.engine import Automatic1111Engine
from bot.engines.base import EditTask, GenerateTask
from bot.engines.testing import Recorder, png
from bot.errors import EngineError
from bot.net.client import Http
from bot.net.guard import Guard
from tests.support.automatic1111_server import Automatic1111Server

POLL_S = 0.01
"""Looks come this often in tests."""
SECRET = "a secret fox, as nobody may read it"
"""A prompt."""


@asynccontextmanager
async def connected(
    server: Automatic1111Server, *, auth: tuple[str, str] | None = None, poll_s: float = POLL_S, **options: Any
) -> AsyncIterator[Automatic1111Engine]:
    """Give an engine on the server, and close it."""
    engine = Automatic1111Engine("home", Http(server.url, Guard(private=True), auth=auth), poll_s=poll_s, **options)
    try:
        yield engine
    finally:
        await engine.aclose()


def fox(**values: Any) -> GenerateTask:
    """Return a small task."""
    usual: dict[str, Any] = {"prompt": "a red fox", "count": 1, "width": 64, "height": 64, "seed": 7}
    return GenerateTask(**(usual | values))


def night(image: Image.Image, **values: Any) -> EditTask:
    """Return an edit of a picture into one of the same size."""
    width, height = image.size
    usual: dict[str, Any] = {"prompt": "make it night", "count": 1, "width": width, "height": height, "seed": 7}
    return EditTask(**({"inputs": (png(image),)} | usual | values))


async def drawn(engine: Automatic1111Engine, **values: Any) -> Recorder:
    """Have a small task drawn."""
    recorder = Recorder()
    await engine.generate(fox(**values), recorder.run())
    return recorder


async def failing(server: Automatic1111Server, *, task: dict[str, Any] | None = None, **options: Any) -> EngineError:
    """Let a drawing fail; return how, and make sure that nothing a person wrote is in what is logged of it."""
    async with connected(server, **options) as engine:
        return await failure(engine, **(task or {}))


async def failure(engine: Automatic1111Engine, **values: Any) -> EngineError:
    """The same of an engine that is there."""
    recorder = Recorder()
    with pytest.raises(EngineError) as caught:
        await engine.generate(fox(**({"prompt": SECRET} | values)), recorder.run())
    assert recorder.pictures == []
    assert SECRET not in caught.value.detail
    assert "somebody" not in caught.value.detail  # of a folder's name
    assert len(caught.value.detail) <= 700
    assert "\n" not in caught.value.detail
    return caught.value
