"""Requests whose caller gives up, at whatever moment: the server sees it, and nothing stays open."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ssl
from contextlib import aclosing

import pytest

from bot.net.client import Http, Timeouts
from bot.net.guard import Guard
from tests.support.net import PATIENCE_S, Line, listening, silence, silence_in_the_body, soon
from tests.support.tls import Authority

ANYWHERE = Guard(private=True)
LIMIT = 1 << 26


async def test_a_cancelled_request_hangs_up() -> None:
    async with listening(silence) as server, aclosing(Http(server.url, ANYWHERE)) as http:
        request = asyncio.create_task(http.request("POST", "/", json={}, limit=LIMIT).__aenter__())
        await soon(server.asked.wait())
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        await server.lines[0].closed()


@pytest.mark.parametrize("problem", [RuntimeError("mine"), TimeoutError("mine"), asyncio.CancelledError("mine")])
async def test_what_the_caller_raises_is_left_as_it_is_and_hangs_up(problem: BaseException) -> None:
    async with listening(silence_in_the_body) as server, aclosing(Http(server.url, ANYWHERE)) as http:
        with pytest.raises(type(problem), match="mine"):
            async with http.request("GET", "/", limit=LIMIT, timeouts=Timeouts(total=PATIENCE_S)):
                raise problem
        await server.lines[0].closed()


async def test_the_callers_own_timeout_is_left_as_it_is() -> None:
    async with listening(silence_in_the_body) as server, aclosing(Http(server.url, ANYWHERE)) as http:
        with pytest.raises(TimeoutError):
            async with http.request("GET", "/", limit=LIMIT, timeouts=Timeouts(total=PATIENCE_S)) as answer:
                async with asyncio.timeout(0.05):
                    await answer.body()
        await server.lines[0].closed()


@pytest.mark.parametrize("secure", [False, True])
async def test_cancelled_between_any_two_steps_and_once_more_while_it_ends(
    secure: bool, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(line: Line) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await line.request()
            await line.answer(b"x" * 1000)
            await line.gone()

    async def once() -> None:
        async with http.request("POST", "/", json={"prompt": "a cat"}, limit=LIMIT) as answer:
            await answer.body()

    async def cancelled(after: int, again: int | None) -> bool:
        task = asyncio.create_task(once())
        await turns(after)
        task.cancel()
        if again is not None:
            await turns(again)
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return task.cancelled()

    monkeypatch.setattr("bot.net.connections.KEPT", 0)  # a connection that is open in the end was forgotten
    tls = None
    if secure:
        authority = Authority.made(tmp_path_factory.mktemp("authority"))
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
        tls = authority.server("IP:127.0.0.1")
    async with listening(script, tls=tls) as server, aclosing(Http(server.url, ANYWHERE)) as http:
        await once()
        for again in (None, 0, 1, 2):
            after = 0
            while await cancelled(after, again):  # until it is over before it is cancelled
                after += 1
            assert after > 5
        for line in server.lines:
            await line.closed()
        gc.collect()  # a socket nobody closed is a warning, and so an error


async def turns(number: int) -> None:
    """Let the event loop go round."""
    for _ in range(number):
        await asyncio.sleep(0)
