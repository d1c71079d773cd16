"""Websockets: what is sent to open one, what comes through, and how it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import pytest
from aiohttp import WSMsgType, web

from bot.net.client import Http, Timeouts
from bot.net.errors import Broken, NotAllowed, NotReached, TooLong
from bot.net.guard import Guard
from bot.net.sockets import Socket
from tests.support.net import Line, Script, listening, serving, soon

ANYWHERE = Guard(private=True)
KEY = {"Authorization": "Bearer sk-secret"}
Talk = Callable[[web.WebSocketResponse], Awaitable[object]]


@asynccontextmanager
async def opened(
    talk: Talk, *, max_frame: int = 1_000_000, seen: list[web.Request] | None = None
) -> AsyncIterator[Socket]:
    """Open a websocket to a server that talks like this."""

    async def handle(request: web.Request) -> web.WebSocketResponse:
        if seen is not None:
            seen.append(request)
        response = web.WebSocketResponse(max_msg_size=0)
        await response.prepare(request)
        await talk(response)
        return response

    async with (
        serving(web.get("/api/ws", handle)) as url,
        aclosing(Http(url + "/api", ANYWHERE, headers=KEY)) as http,
        aclosing(await http.socket("/ws", query={"clientId": "a b"}, max_frame=max_frame)) as socket,
    ):
        yield socket


async def received(socket: Socket) -> list[str | bytes]:
    return [message async for message in socket]


async def test_messages_both_ways() -> None:
    async def talk(server: web.WebSocketResponse) -> None:
        await server.send_str("status")
        await server.send_bytes(b"\0preview")
        message = await server.receive()
        await server.send_str(f"got {message.data}")
        await server.close()

    async with opened(talk) as socket:
        messages = aiter(socket)
        assert await anext(messages) == "status"
        assert await anext(messages) == b"\0preview"
        await socket.send("häh")
        assert [message async for message in messages] == ["got häh"]


async def test_what_is_sent_to_open_it() -> None:
    seen: list[web.Request] = []
    async with opened(web.WebSocketResponse.close, seen=seen) as socket:
        assert await received(socket) == []
    headers = {name.lower(): value for name, value in seen[0].headers.items()}
    assert seen[0].raw_path == "/api/ws?clientId=a+b"
    assert headers["authorization"] == "Bearer sk-secret"
    assert headers["user-agent"].startswith("easel/")
    assert "origin" not in headers  # ComfyUI refuses foreign ones
    assert "sec-websocket-extensions" not in headers


async def test_a_message_as_large_as_allowed_and_one_larger() -> None:
    async def talk(server: web.WebSocketResponse) -> None:
        await server.send_bytes(bytes(1_000_000))
        await server.send_bytes(bytes(1_000_001))
        await server.receive()

    async with opened(talk) as socket:
        messages = aiter(socket)
        assert await anext(messages) == bytes(1_000_000)
        with pytest.raises(TooLong):
            await anext(messages)


async def test_a_lost_connection() -> None:
    async def talk(server: web.WebSocketResponse) -> None:
        await server.send_str("last words")
        await server.receive()
        assert seen[0].transport is not None
        seen[0].transport.abort()

    seen: list[web.Request] = []
    async with opened(talk, seen=seen) as socket:
        messages = aiter(socket)
        assert await anext(messages) == "last words"
        await socket.send("go")
        with pytest.raises(Broken):
            await anext(messages)
        with pytest.raises(Broken):
            await socket.send("are you there?")


async def test_a_server_that_closes_because_of_a_failure_of_its_own() -> None:
    async with opened(lambda server: server.close(code=1011)) as socket:
        with pytest.raises(Broken):
            await received(socket)


async def test_closing_it_ends_the_iteration() -> None:
    async def talk(server: web.WebSocketResponse) -> None:
        assert (await server.receive()).type is WSMsgType.CLOSE

    async with opened(talk) as socket:
        messages = asyncio.create_task(received(socket))
        await asyncio.sleep(0)
        await socket.aclose()
        assert await messages == []
        with pytest.raises(Broken):
            await socket.send("too late")


# ── not opened ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_address_that_is_not_allowed() -> None:
    async with listening(Line.gone) as server, aclosing(Http(server.url, Guard(private=False))) as http:
        with pytest.raises(NotAllowed):
            await http.socket("/ws")
    assert server.lines == []


async def test_nobody_there(free_port: Callable[[], int]) -> None:
    async with aclosing(Http(f"http://127.0.0.1:{free_port()}", ANYWHERE)) as http:
        with pytest.raises(NotReached):
            await http.socket("/ws")


async def test_another_origin_is_not_dialled() -> None:
    async with listening(Line.gone) as server, aclosing(Http("http://127.0.0.1:9", ANYWHERE, headers=KEY)) as http:
        with pytest.raises(NotReached):
            await http.socket(server.url)
    assert server.lines == []


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "403 Forbidden", "502 Bad Gateway"])
async def test_refused(status: str) -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.answer(b"no", status)

    async with listening(script) as server, aclosing(Http(server.url, ANYWHERE)) as http:
        with pytest.raises(NotReached, match=status[:3]) as caught:
            await http.socket("/ws", query={"token": "sk-secret"})
        assert "sk-secret" not in caught.value.detail
        await server.lines[0].closed()


@pytest.mark.parametrize("target", ["/elsewhere?token=sk-secret", "ftp://[", "ws://127.0.0.1:1/"])
async def test_redirects_are_not_followed(target: str) -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.answer(b"", "302 Found", location=target)

    async with listening(script) as server, aclosing(Http(server.url, ANYWHERE)) as http:
        with pytest.raises(NotReached, match="redirected") as caught:
            await http.socket("/ws")
        assert "sk-secret" not in caught.value.detail
    assert len(server.lines) == 1


async def closed_at_once(line: Line) -> None:
    await line.request()


async def reset(line: Line) -> None:
    await line.request()
    line.reset()


async def no_http(line: Line) -> None:
    await line.request()
    await line.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


@pytest.mark.parametrize("script", [closed_at_once, reset, no_http])
async def test_no_answer_or_none_that_makes_sense(script: Script) -> None:
    async with listening(script) as server, aclosing(Http(server.url, ANYWHERE)) as http:
        with pytest.raises(NotReached):
            await http.socket("/ws")


async def never(line: Line) -> None:
    await line.request()
    await line.gone()


async def test_a_server_that_does_not_answer_in_time() -> None:
    async with listening(never) as server, aclosing(Http(server.url, ANYWHERE, timeouts=Timeouts(connect=0.5))) as http:
        with pytest.raises(NotReached):
            await http.socket("/ws")
        await server.lines[0].closed()


async def test_a_cancelled_attempt_hangs_up() -> None:
    async with listening(never) as server, aclosing(Http(server.url, ANYWHERE)) as http:
        opening = asyncio.create_task(http.socket("/ws"))
        await soon(server.asked.wait())
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await server.lines[0].closed()


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(Line.gone) as proxy:
        for name in ("http_proxy", "ws_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY", "socks_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with opened(web.WebSocketResponse.close) as socket:
            assert await received(socket) == []
    assert proxy.lines == []


async def test_nothing_that_is_logged_shows_the_key(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with opened(web.WebSocketResponse.close) as socket:
            await received(socket)
    assert "sk-secret" not in caplog.text


async def test_messages_in_a_row_leave_other_tasks_their_turn() -> None:
    turns = 0

    async def talk(server: web.WebSocketResponse) -> None:
        for _ in range(500):
            await server.send_str("{}")
        await server.close()

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with opened(talk) as socket:
        other = asyncio.create_task(others())
        before: list[int] = [turns async for _ in socket]
        other.cancel()
    assert len(before) == len(set(before)) == 500
