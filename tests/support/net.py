"""Servers that do exactly what a test tells them, byte by byte, and answers made of pieces."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from bot.net.client import Answer, Http
from bot.net.errors import NetError

PATIENCE_S = 30.0
"""How long a test waits for what must happen, on however busy a machine."""

Script = Callable[["Line"], Awaitable[None]]


class Line:
    """A connection as the server sees it."""

    def __init__(self, listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """As asyncio has it."""
        self.listener = listener
        self.reader = reader
        self.writer = writer

    async def head(self) -> bytes:
        """Read a request up to the end of its headers."""
        return await self.reader.readuntil(b"\r\n\r\n")

    async def request(self) -> bytes:
        """Read a request whole; its body's length is in its headers."""
        head = await self.head()
        length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
        request = head + await self.reader.readexactly(int(length.partition(b":")[2]))
        self.listener.requests.append(request)
        self.listener.asked.set()
        return request

    async def send(self, *pieces: bytes) -> None:
        """Send bytes as they are."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def answer(self, body: bytes = b"", status: str = "200 OK", **headers: str) -> None:
        """Send an answer; `content_length` and other headers as keywords."""
        lines = {"content_length": str(len(body))} | headers
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
        await self.send(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)

    async def gone(self) -> None:
        """Wait until the client hangs up, whatever else it sends before; for scripts."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    async def closed(self) -> None:
        """Wait until the connection is closed; for tests."""
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await soon(self.writer.wait_closed())

    def reset(self) -> None:
        """Break the connection off with an RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class Listener:
    """A server on loopback."""

    url: str
    port: int
    lines: list[Line] = field(default_factory=list)
    """All connections there were."""
    requests: list[bytes] = field(default_factory=list)
    """What scripts read by `Line.request`, so far."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set as soon as there is one."""


@contextlib.asynccontextmanager
async def listening(
    script: Script, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Listener]:
    """Play the script on each connection until the block ends. What a script raises, the test raises."""
    tasks: list[asyncio.Task[None]] = []

    async def play(line: Line) -> None:
        try:
            await script(line)
        finally:
            line.writer.close()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(listener, reader, writer)
        listener.lines.append(line)
        tasks.append(asyncio.create_task(play(line)))

    server = await asyncio.start_server(connected, host, 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    name = f"[{host}]" if ":" in host else host
    listener = Listener(f"{'https' if tls else 'http'}://{name}:{port}", port)
    try:
        yield listener
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        for line in listener.lines:
            await line.closed()
        await server.wait_closed()
    for end in ends:
        if isinstance(end, Exception):
            raise end


@contextlib.asynccontextmanager
async def serving(*routes: web.RouteDef, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve aiohttp routes on loopback; give the address."""
    app = web.Application(client_max_size=1 << 30)
    app.router.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def soon(happens: Awaitable[object]) -> None:
    """Wait for what must happen."""
    async with asyncio.timeout(PATIENCE_S):
        await happens


def answer_of(pieces: Iterable[bytes], headers: Mapping[str, str] | None = None, limit: int = 1 << 30) -> Answer:
    """Return an answer whose body arrives in these pieces."""

    async def arriving() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return Answer(200, headers or {}, arriving(), limit)


async def echo(request: web.Request) -> web.Response:
    """Tell what was sent: method, path, headers, and the body or its size."""
    body = await request.read()
    headers = {name.lower(): value for name, value in request.headers.items()}
    shown = body.decode() if len(body) < 1000 else len(body)
    return web.json_response({"method": request.method, "path": request.raw_path, "headers": headers, "body": shown})


async def asked(http: Http, method: str, path: str, **options: Any) -> dict[str, Any]:
    """Make a request and return what the echoing server saw."""
    async with http.request(method, path, limit=1 << 26, **options) as answer:
        seen = await answer.json()
    assert isinstance(seen, dict)
    return seen


async def silence(line: Line) -> None:
    """Take a request and never answer."""
    await line.request()
    await line.gone()


async def silence_in_the_body(line: Line) -> None:
    """Begin an answer and say no more."""
    await line.request()
    await line.answer(b"beginning", content_length="1000")
    await line.gone()


async def refuses_early(line: Line) -> None:
    """Answer as soon as the headers are there. If a script ends so, the system resets the connection."""
    await line.head()
    await line.answer(b"too large", "413 Content Too Large", connection="close")


async def error_of(work: Awaitable[object]) -> NetError:
    """Return how the work failed; its detail is fit for a log."""
    with pytest.raises(NetError) as caught:
        await work
    assert caught.value.detail
    assert len(caught.value.detail) <= 500
    return caught.value
