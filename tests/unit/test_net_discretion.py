"""What the client never does: show a key, follow a server elsewhere, reach what the guard forbids."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import pytest
import pytest_asyncio
from aiohttp import web

from bot.net.client import Http
from bot.net.errors import Broken, NotAllowed, NotReached
from bot.net.guard import Guard
from tests.support.net import Line, asked, echo, listening, serving

ANYWHERE = Guard(private=True)
PUBLIC = Guard(private=False)
KEY = {"Authorization": "Bearer sk-secret"}
LIMIT = 1 << 26


@pytest_asyncio.fixture
async def server() -> AsyncIterator[str]:
    async with serving(web.route("*", "/{rest:.*}", echo)) as url:
        yield url


async def test_credentials_go_to_their_origin_only(server: str) -> None:
    host, port = server.removeprefix("http://").split(":")
    async with aclosing(Http(server + "/v1", ANYWHERE, headers=KEY)) as http:
        for same in (server + "/picture.png", f"HTTP://{host}:{port}/picture.png"):
            assert (await asked(http, "GET", same))["headers"]["authorization"] == "Bearer sk-secret"
        elsewhere = await asked(http, "GET", f"http://localhost:{port}/picture.png", headers={"x-own": "1"})
        assert "authorization" not in elsewhere["headers"]
        assert elsewhere["headers"]["x-own"] == "1"


async def test_redirects_are_not_followed() -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.answer(b"", "302 Found", location="/stolen", connection="close")

    async with (
        listening(script) as server,
        aclosing(Http(server.url, ANYWHERE)) as http,
        http.request("GET", "/", limit=LIMIT) as answer,
    ):
        assert answer.status == 302
        assert answer.headers["location"] == "/stolen"
    assert [request.split()[1] for request in server.requests] == [b"/"]


async def test_cookies_are_not_kept() -> None:
    async def answer(request: web.Request) -> web.Response:
        response = web.json_response({"cookie": request.headers.get("cookie")})
        response.set_cookie("session", "1")
        return response

    async with serving(web.get("/", answer)) as url, aclosing(Http(url, ANYWHERE)) as http:
        await asked(http, "GET", "/")
        assert await asked(http, "GET", "/") == {"cookie": None}


async def test_proxies_of_the_environment_are_not_used(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(Line.gone) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        async with aclosing(Http(server, ANYWHERE)) as http:
            assert (await asked(http, "GET", "/"))["path"] == "/"
    assert proxy.lines == []


async def test_addresses_are_checked_for_the_base_and_for_absolute_paths(server: str) -> None:
    async with aclosing(Http(server, PUBLIC, headers=KEY)) as http:
        with pytest.raises(NotAllowed):
            await asked(http, "GET", "/")
        for host in ("127.0.0.1", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"):
            with pytest.raises(NotAllowed):
                await asked(http, "GET", server.replace("127.0.0.1", host))


NO_ADDRESSES = [
    "@evil.example/",
    ".evil.example/",
    "evil.example",
    "ftp://127.0.0.1/",
    "data:,x",
    "http://",
    "http:///path",
    "http://ann:pw@127.0.0.1/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:x/",
    "http://[::1/",
    "https://\0/",
]


@pytest.mark.parametrize("path", NO_ADDRESSES)
async def test_a_path_that_is_no_address_reaches_nothing(path: str) -> None:
    async with aclosing(Http("http://127.0.0.1:9", ANYWHERE, headers=KEY)) as http:
        with pytest.raises(NotReached, match="no address to ask"):
            await asked(http, "GET", path)


NO_BASES = [
    "",
    "127.0.0.1:8188",
    "ftp://host",
    "http://",
    "http://ann:pw@host",
    "http://h:x",
    "http://h/?a",
    "http://h#a",
]


@pytest.mark.parametrize("base", NO_BASES)
def test_a_base_that_is_no_address(base: str) -> None:
    with pytest.raises(ValueError, match=r"^(?!.*pw@).+"):
        Http(base, ANYWHERE)


def test_a_header_whose_name_is_none() -> None:
    with pytest.raises(ValueError, match="no name for a header"):
        Http("http://127.0.0.1", ANYWHERE, headers={"X-A: b\r\nX-C": "d"})


@pytest.mark.parametrize("value", ["sk-secret\n", "sk-secr\u200bet", " sk-secret", "sk-s\x00ecret", "sk-ecrét"])
def test_a_key_that_cannot_be_sent_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(ValueError, match="header Authorization: only printable ASCII") as caught:
        Http("http://127.0.0.1", ANYWHERE, headers={"Authorization": value})
    assert "sk-" not in str(caught.value)


async def test_the_same_holds_for_the_headers_of_a_request(server: str) -> None:
    async with aclosing(Http(server, ANYWHERE)) as http:
        with pytest.raises(ValueError, match="header X-Key: only printable ASCII") as caught:
            await asked(http, "GET", "/", headers={"X-Key": "sk-secret\r\nX-More: 1"})
    assert "sk-" not in str(caught.value)


async def test_nothing_that_is_logged_shows_the_key(
    server: str, free_port: Callable[[], int], caplog: pytest.LogCaptureFixture
) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    with caplog.at_level(logging.DEBUG):
        async with aclosing(Http(server, ANYWHERE, headers=KEY)) as http:
            await asked(http, "POST", "/", json={"prompt": "a cat"}, query={"key": "sk-secret"})
            with pytest.raises(NotReached) as caught:
                await asked(http, "GET", f"http://{nobody}/x?key=sk-secret")
    assert caplog.records
    assert "sk-secret" not in caplog.text
    assert nobody.replace(":", " port ") in caught.value.detail
    assert "sk-secret" not in caught.value.detail


async def test_the_detail_of_an_error_names_the_address_without_its_query() -> None:
    async def script(line: Line) -> None:
        await line.request()

    async with listening(script) as server, aclosing(Http(server.url, ANYWHERE, headers=KEY)) as http:
        with pytest.raises(Broken) as caught:
            await asked(http, "POST", "/v1/images?key=sk-secret", json={"prompt": "a cat"})
    assert caught.value.detail.startswith(f"POST {server.url}/v1/images: ")
    assert "sk-secret" not in caught.value.detail
    assert "a cat" not in caught.value.detail


async def test_a_query_that_is_a_credential_goes_to_its_origin_only(server: str) -> None:
    port = server.rpartition(":")[2]
    async with aclosing(Http(server + "/v1", ANYWHERE, query={"token": "sk secret"})) as http:
        assert (await asked(http, "GET", "/view?a=1", query={"b": "2"}))["path"] == "/v1/view?a=1&token=sk+secret&b=2"
        elsewhere = await asked(http, "GET", f"http://localhost:{port}/picture.png?a=1")
        assert elsewhere["path"] == "/picture.png?a=1"


async def test_a_query_that_is_a_credential_is_in_no_message() -> None:
    async with aclosing(Http("http://127.0.0.1:1", ANYWHERE, query={"token": "sk-secret"})) as http:
        with pytest.raises(NotReached) as caught:
            await asked(http, "GET", "/view")
    assert "secret" not in f"{caught.value} {caught.value.detail}"
