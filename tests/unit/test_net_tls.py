"""TLS: whose certificates are believed, and that they are for the host that was asked for, not its address."""

from __future__ import annotations

import socket
from contextlib import aclosing

import pytest
from aiohttp import web

from bot.net.client import Http, Part
from bot.net.errors import Broken, NotReached
from bot.net.guard import Guard
from tests.support.net import Line, listening, refuses_early, serving
from tests.support.tls import Authority

ANYWHERE = Guard(private=True)
LIMIT = 1 << 26


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    return authority


async def size(request: web.Request) -> web.Response:
    return web.Response(text=str(len(await request.read())))


async def hello(request: web.Request) -> web.WebSocketResponse:
    response = web.WebSocketResponse()
    await response.prepare(request)
    await response.send_str("hello")
    await response.close()
    return response


ROUTES = (web.post("/", size), web.get("/ws", hello))


async def both(url: str) -> tuple[str, list[str | bytes]]:
    """Post a picture and listen on a websocket; return the answer and the messages."""
    async with aclosing(Http(url, ANYWHERE)) as http:
        async with http.request("POST", "/", parts=[Part("image", bytes(3_000_000))], limit=LIMIT) as answer:
            length = await answer.text()
        async with aclosing(await http.socket("/ws")) as messages:
            return length, [message async for message in messages]


def with_host(url: str, host: str) -> str:
    return url.replace("127.0.0.1", host)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_server_with_the_right_name(trusted: Authority, host: str) -> None:
    context = trusted.server("DNS:localhost", "IP:127.0.0.1")
    asked_for: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    async with serving(*ROUTES, tls=context) as url:
        length, messages = await both(with_host(url, host))
    assert int(length) > 3_000_000
    assert messages == ["hello"]
    assert asked_for == ([host] if host == "localhost" else [None]) * 2  # once for HTTP, once for the websocket


async def test_ipv6(trusted: Authority) -> None:
    if not has_ipv6():
        async with aclosing(Http("https://[::1]:443", ANYWHERE)) as http:
            with pytest.raises(NotReached):
                await http.socket("/ws")
        return
    async with (
        listening(answered, tls=trusted.server("IP:::1"), host="::1") as server,
        aclosing(Http(server.url, ANYWHERE)) as http,
        http.request("GET", "/", limit=LIMIT) as answer,
    ):
        assert await answer.text() == "over TLS"
    assert server.requests[0].split(b"\r\n")[1].lower() == b"host: [::1]:%d" % server.port


async def answered(line: Line) -> None:
    await line.request()
    await line.answer(b"over TLS")


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("names", [["DNS:other.example"], ["IP:127.0.0.1"], ["DNS:localhost.example"]])
async def test_a_certificate_for_another_name(trusted: Authority, names: list[str]) -> None:
    async with serving(*ROUTES, tls=trusted.server(*names)) as url:
        await refuses_both(with_host(url, "localhost"))


async def test_an_authority_that_is_not_trusted(authority: Authority) -> None:
    async with serving(*ROUTES, tls=authority.server("DNS:localhost")) as url:
        await refuses_both(with_host(url, "localhost"))


async def refuses_both(url: str) -> None:
    async with aclosing(Http(url, ANYWHERE)) as http:
        with pytest.raises(NotReached, match="certificate"):
            async with http.request("POST", "/", json={"prompt": "a cat"}, limit=LIMIT):
                pass
        with pytest.raises(NotReached, match="certificate"):
            await http.socket("/ws")


async def test_the_host_is_what_is_verified_when_its_address_was_dialled(
    trusted: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    context = trusted.server("DNS:engine.example")
    async with serving(*ROUTES, tls=context) as url:
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        assert (await both(with_host(url, "engine.example")))[1] == ["hello"]
        await refuses_both(with_host(url, "localhost"))


async def test_a_connection_cut_off_during_the_answer(trusted: Authority) -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.answer(b"begin", content_length="100")

    async with (
        listening(script, tls=trusted.server("IP:127.0.0.1")) as server,
        aclosing(Http(server.url, ANYWHERE)) as http,
        http.request("GET", "/", limit=LIMIT) as answer,
    ):
        with pytest.raises(Broken):
            await answer.body()


async def test_an_answer_given_before_all_was_sent_is_read(trusted: Authority) -> None:
    large = [Part("image", bytes(20_000_000), filename="image.png", mime="image/png")]
    async with (
        listening(refuses_early, tls=trusted.server("IP:127.0.0.1")) as server,
        aclosing(Http(server.url, ANYWHERE)) as http,
        http.request("POST", "/", parts=large, limit=LIMIT) as answer,
    ):
        assert answer.status == 413
        assert await answer.text() == "too large"
