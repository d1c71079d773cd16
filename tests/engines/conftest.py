"""What the tests of ComfyUI's local server begin with; the tests of engines begin with a `server` of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.comfyui_client import Client, client_of
from tests.support.comfyui_server import ComfyUIServer


@pytest.fixture
async def server() -> AsyncIterator[ComfyUIServer]:
    async with ComfyUIServer() as server:
        yield server


@pytest.fixture
async def client(server: ComfyUIServer) -> AsyncIterator[Client]:
    async with client_of(server) as client:
        yield client
