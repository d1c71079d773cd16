"""What goes wrong on the way, told right: was nothing taken (NotReached), or may something have been (Broken)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from contextlib import aclosing

import pytest

from bot.net.client import Http, Part, Timeouts
from bot.net.errors import Broken, NotAllowed, NotReached
from bot.net.guard import Guard
from tests.support.net import (
    PATIENCE_S,
    Line,
    Script,
    error_of,
    listening,
    silence,
    silence_in_the_body,
    soon,
)

ANYWHERE = Guard(private=True)
LIMIT = 1 << 26
LARGE = [Part("image", bytes(20_000_000), filename="image.png", mime="image/png")]
"""Fills every buffer on the way."""


async def posted(url: str, timeouts: Timeouts | None = None) -> bytes:
    """Post a paid request and return the answer's body."""
    async with (
        aclosing(Http(url, ANYWHERE)) as http,
        http.request("POST", "/images", json={"prompt": "a cat"}, limit=LIMIT, timeouts=timeouts) as answer,
    ):
        return await answer.body()


# ── nothing was taken ───────────────────────────────────────────────────────────────────────────────────────────


async def test_refused(free_port: Callable[[], int]) -> None:
    error = await error_of(posted(f"http://127.0.0.1:{free_port()}"))
    assert type(error) is NotReached


async def test_an_address_that_is_not_allowed() -> None:
    async with listening(Line.gone) as server, aclosing(Http(server.url, Guard(private=False))) as http:
        with pytest.raises(NotAllowed):
            async with http.request("POST", "/", json={}, limit=LIMIT):
                pass
    assert server.lines == []


@pytest.mark.parametrize("timeouts", [Timeouts(connect=0.05), Timeouts(total=0.05)])
async def test_a_name_server_that_does_not_answer(timeouts: Timeouts, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(PATIENCE_S))
    try:
        error = await error_of(posted("http://slow.example", timeouts))
    finally:
        over.set()
    assert type(error) is NotReached


async def test_tls_that_is_not_spoken() -> None:
    async def script(line: Line) -> None:
        await line.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await line.gone()

    async with listening(script) as server:
        error = await error_of(posted(server.url.replace("http:", "https:")))
    assert type(error) is NotReached


@pytest.mark.parametrize("timeouts", [Timeouts(connect=0.1), Timeouts(total=0.1)])
async def test_tls_that_never_begins(timeouts: Timeouts) -> None:
    async with listening(Line.gone) as server:
        error = await error_of(posted(server.url.replace("http:", "https:"), timeouts))
    assert type(error) is NotReached


async def test_a_connection_dropped_during_tls() -> None:
    async def script(line: Line) -> None:
        line.reset()

    async with listening(script) as server:
        error = await error_of(posted(server.url.replace("http:", "https:")))
    assert type(error) is NotReached


async def test_certificates_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/at/all.pem")
    error = await error_of(posted("https://127.0.0.1:1"))
    assert type(error) is NotReached
    assert "certificates" in error.detail


# ── it may have been taken ──────────────────────────────────────────────────────────────────────────────────────


async def reset_at_once(line: Line) -> None:
    line.reset()


async def closed_unread(line: Line) -> None:
    pass


async def closed_after_reading(line: Line) -> None:
    await line.request()


async def reset_after_reading(line: Line) -> None:
    await line.request()
    line.reset()


async def half_a_head(line: Line) -> None:
    await line.request()
    await line.send(b"HTTP/1.1 200 OK\r\ncontent-le")


async def not_http(line: Line) -> None:
    await line.request()
    await line.send(b"SSH-2.0-OpenSSH_9.6\r\n" + b"x" * 5000 + b"\r\n\r\n")


async def endless_head(line: Line) -> None:
    await line.request()
    await line.send(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100):
        await line.send(b"x: " + b"y" * 10_000 + b"\r\n")


async def short_body(line: Line) -> None:
    await line.request()
    await line.answer(b'{"data": [', content_length="1000")


async def short_body_and_reset(line: Line) -> None:
    await short_body(line)
    line.reset()


async def chunks_cut_off(line: Line) -> None:
    await line.request()
    await line.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")


async def chunks_that_are_none(line: Line) -> None:
    await line.request()
    await line.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nhello\r\n")


BREAKS = [
    reset_at_once,
    closed_unread,
    closed_after_reading,
    reset_after_reading,
    half_a_head,
    not_http,
    endless_head,
    short_body,
    short_body_and_reset,
    chunks_cut_off,
    chunks_that_are_none,
]


@pytest.mark.parametrize("script", BREAKS)
async def test_broken_off(script: Script) -> None:
    async with listening(script) as server:
        error = await error_of(posted(server.url))
    assert type(error) is Broken
    assert len(server.lines) == 1  # and not asked again


async def dribble(line: Line) -> None:
    await line.request()
    await line.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        while not line.reader.at_eof():
            await line.send(b".")
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("script", [silence, silence_in_the_body])
async def test_a_pause_that_is_too_long(script: Script) -> None:
    async with listening(script) as server:
        error = await error_of(posted(server.url, Timeouts(read=0.05)))
        assert type(error) is Broken
        await server.lines[0].closed()


@pytest.mark.usefixtures("connections_are_kept")
@pytest.mark.parametrize("script", [silence, silence_in_the_body, dribble])
async def test_too_long_in_all(script: Script) -> None:
    async def second(line: Line) -> None:
        await line.request()
        await line.answer()
        await script(line)

    async with listening(second) as server, aclosing(Http(server.url, ANYWHERE)) as http:
        async with http.request("GET", "/", limit=LIMIT) as answer:  # so that the time goes into the answer only
            await answer.body()
        with pytest.raises(Broken, match=r"not done within 0\.5 s"):
            async with http.request("GET", "/", limit=LIMIT, timeouts=Timeouts(total=0.5)) as answer:
                await answer.body()
        await server.lines[0].closed()


async def test_a_server_that_stops_reading() -> None:
    over = asyncio.Event()

    async def script(line: Line) -> None:
        await line.head()
        await over.wait()

    async with listening(script) as server, aclosing(Http(server.url, ANYWHERE)) as http:
        request = http.request("POST", "/", parts=LARGE, limit=LIMIT, timeouts=Timeouts(read=0.1))
        error = await error_of(request.__aenter__())
        over.set()
    assert type(error) is Broken


@pytest.mark.usefixtures("connections_are_kept")
async def test_a_kept_connection_that_dies_as_it_is_used_is_not_replaced_silently() -> None:
    """The server got the second request before it hung up: it may have done it."""

    async def script(line: Line) -> None:
        await line.request()
        await line.answer(b"first")
        await line.request()

    async with listening(script) as server, aclosing(Http(server.url, ANYWHERE)) as http:
        for method in ("POST", "GET"):
            async with http.request(method, "/1", json={}, limit=LIMIT) as answer:
                assert await answer.text() == "first"
            with pytest.raises(Broken):
                async with http.request(method, "/2", json={}, limit=LIMIT):
                    pass
    assert [request.split()[1] for request in server.requests] == [b"/1", b"/2"] * 2
    assert len(server.lines) == 2


@pytest.mark.usefixtures("connections_are_kept")
async def test_a_kept_connection_that_died_before_is_not_used() -> None:
    closed = asyncio.Event()

    async def script(line: Line) -> None:
        await line.request()
        await line.answer(b"done")
        line.writer.close()
        await line.writer.wait_closed()
        closed.set()

    async with listening(script) as server, aclosing(Http(server.url, ANYWHERE)) as http:
        for _ in range(3):
            closed.clear()
            async with http.request("POST", "/", json={}, limit=LIMIT) as answer:
                assert await answer.text() == "done"
            await soon(closed.wait())
    assert len(server.lines) == 3


async def test_closing_the_client_ends_what_is_under_way() -> None:
    async with listening(silence) as server:
        http = Http(server.url, ANYWHERE)
        request = asyncio.create_task(http.request("POST", "/", json={}, limit=LIMIT).__aenter__())
        await soon(server.asked.wait())
        await http.aclose()
        assert type(await error_of(request)) is Broken
        assert type(await error_of(http.request("POST", "/", json={}, limit=LIMIT).__aenter__())) is NotReached
