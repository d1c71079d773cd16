"""For benchmarks: an engine that always answers with the same picture, and Easel on a local Discord that uses it."""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from aiohttp import web

from tests.support.discord.launch import environment
from tests.support.discord_bot import Scene
from tests.support.openai_pictures import noise
from tests.support.process import started

CONFIG = """
[discord]
token = "{token}"
[http]
port = {port}
[engines.cloud]
type = "openai"
urls = ["{url}"]
api_key = "sk-benchmark"
model = "gpt-image-2"
slots = {slots}
"""


@asynccontextmanager
async def easel(stage: Scene, url: str, slots: int = 8) -> AsyncIterator[None]:
    """Run the unmodified bot process on a local Discord with the engine at `url`; it serves when the block begins."""
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        config = Path(folder) / "config.toml"
        config.write_text(CONFIG.format(token=stage.discord.token, port=port, url=url, slots=slots), "utf-8")
        async with started(config, environment(stage.discord)):
            await stage.discord.gateway.connected()
            await stage.discord.registered("imagine")
            yield


@contextmanager
def picture_server(size: int, wait_s: float = 0.0) -> Iterator[str]:
    """Answer every request after `wait_s` seconds with a PNG of `size` bytes; give the address to configure."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, size, wait_s), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}/v1"
    finally:
        process.kill()
        process.join()


def _serve(ready: Connection, size: int, wait_s: float) -> None:
    picture = base64.b64encode(noise(size)).decode()
    body = json.dumps({"created": 0, "data": [{"b64_json": picture}]}).encode()

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(wait_s)
        return web.Response(body=body, content_type="application/json")

    async def run() -> None:
        app = web.Application()
        app.router.add_post("/v1/images/generations", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ready.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(run())
