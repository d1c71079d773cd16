"""What the client sends and what it gives back, when nothing goes wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
import pytest_asyncio
from aiohttp import BodyPartReader, web

from bot.net.client import Http, Part
from bot.net.guard import Guard
from tests.support.net import Line, asked, echo, listening, serving

ANYWHERE = Guard(private=True)
PUBLIC = Guard(private=False)
KEY = {"Authorization": "Bearer sk-secret"}
LIMIT = 1 << 26
PICTURE = bytes(range(256)) * 8000  # 2 MB


@pytest_asyncio.fixture
async def server() -> AsyncIterator[str]:
    async with serving(web.route("*", "/{rest:.*}", echo)) as url:
        yield url


async def test_a_get(server: str) -> None:
    async with aclosing(Http(server + "/v1/", ANYWHERE, headers=KEY)) as http:
        query = {"q": "a b&c/é"}
        async with http.request("GET", "/models", query=query, headers={"X-Mine": "1"}, limit=LIMIT) as answer:
            seen = await answer.json()
        assert http.base == server + "/v1"
        assert http.origin == server

    assert answer.status == 200
    assert answer.ok
    assert answer.content_type == "application/json"
    assert answer.headers["Content-Type"] == answer.headers["content-type"] == "application/json; charset=utf-8"
    assert isinstance(seen, dict)
    assert seen["method"] == "GET"
    assert seen["path"] == "/v1/models?q=a+b%26c%2F%C3%A9"
    assert seen["body"] == ""
    assert seen["headers"] == {
        "accept": "*/*",
        "accept-encoding": "identity",
        "authorization": "Bearer sk-secret",
        "host": server.removeprefix("http://"),
        "user-agent": seen["headers"]["user-agent"],
        "x-mine": "1",
    }
    assert seen["headers"]["user-agent"].startswith("easel/")


async def test_a_path_with_a_query_of_its_own(server: str) -> None:
    async with aclosing(Http(server, ANYWHERE)) as http:
        assert (await asked(http, "GET", "/view?a=1", query={"b": "2"}))["path"] == "/view?a=1&b=2"
        assert (await asked(http, "GET", "/view?a=1#part"))["path"] == "/view?a=1"
        assert (await asked(http, "GET", ""))["path"] == "/"


async def test_basic_credentials(server: str) -> None:
    async with aclosing(Http(server, ANYWHERE, auth=("ann", "pässword"))) as http:
        assert (await asked(http, "GET", "/"))["headers"]["authorization"] == "Basic YW5uOnDDpHNzd29yZA=="


@pytest.mark.parametrize("value", [{"prompt": "a cat — \u2028 \U0001f408", "n": 1, "list": [None, True, 1.5]}, [], 0])
async def test_json(server: str, value: object) -> None:
    async with aclosing(Http(server, ANYWHERE)) as http:
        seen = await asked(http, "POST", "/", json=value)
    assert seen["headers"]["content-type"] == "application/json"
    assert "transfer-encoding" not in seen["headers"]
    assert json.loads(seen["body"]) == value


async def test_large_json_with_pictures_and_awkward_strings() -> None:
    value = {
        "init_images": ["iVBOR+/" * 100_000, 'quote " and \\ and é and \U0001f408 ' * 30_000, "\ud800" * 70_000],
        "nested": ({"image": "A" * 65_537}, "short"),
        "many": ["x" * 1000] * 300,
    }
    expected = json.loads(json.dumps(value))

    async def compare(request: web.Request) -> web.Response:
        body = await request.read()
        return web.json_response({"same": json.loads(body) == expected, "length": request.content_length == len(body)})

    async with serving(web.post("/", compare)) as url, aclosing(Http(url, ANYWHERE)) as http:
        assert await asked(http, "POST", "/", json=value) == {"same": True, "length": True}


async def test_json_that_cannot_be_written_is_the_callers_mistake(server: str) -> None:
    async with aclosing(Http(server, ANYWHERE)) as http:
        with pytest.raises(TypeError):
            await asked(http, "POST", "/", json={"picture": b"bytes"})
        with pytest.raises(ValueError, match="JSON"):
            await asked(http, "POST", "/", json={"strength": float("nan")})


async def test_multipart() -> None:
    parts = [
        Part("prompt", 'a "cat"\r\n--é'),
        Part("image[]", PICTURE, filename='ka"tze\r\n\\é.png', mime="image/png"),
        Part("image[]", b"", filename="empty.png", mime="image/png"),
        Part("n", "2"),
    ]

    async def read(request: web.Request) -> web.Response:
        seen = []
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            data = await part.read(decode=False)
            same = data == PICTURE
            content = "the picture" if same else data.decode()
            seen.append([part.name, part.filename, part.headers.get("content-type"), content])
        return web.json_response({"parts": seen, "length": request.content_length})

    async with serving(web.post("/", read)) as url, aclosing(Http(url, ANYWHERE)) as http:
        seen = await asked(http, "POST", "/", parts=parts)
        again = await asked(http, "POST", "/", parts=parts)
    assert seen["parts"] == [
        ["prompt", None, None, 'a "cat"\r\n--é'],
        ["image[]", "ka%22tze%0D%0A%5C%C3%A9.png", "image/png", "the picture"],
        ["image[]", "empty.png", "image/png", ""],
        ["n", None, None, "2"],
    ]
    assert seen == again
    assert seen["length"] > len(PICTURE)


async def test_the_head_of_a_part_is_ascii_and_cannot_be_broken_out_of() -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.answer()

    async with listening(script) as server, aclosing(Http(server.url, ANYWHERE)) as http:
        parts = [Part('a"b', b"1", filename='x"\r\nContent-Type: text/html\r\n\r\n\\ö.png', mime="image/png")]
        async with http.request("POST", "/", parts=parts, limit=LIMIT):
            pass
    head = server.requests[0].partition(b"\r\n\r\n")[2].partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert head[1:] == [
        b'Content-Disposition: form-data; name="a%22b"; '
        b'filename="x%22%0D%0AContent-Type: text/html%0D%0A%0D%0A%5C%C3%B6.png"',
        b"Content-Type: image/png",
    ]


@pytest.mark.parametrize("status", [204, 301, 400, 401, 404, 429, 500, 503])
async def test_every_status_is_an_answer(status: int) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Retry-After": "7", "Location": "/elsewhere"})

    async with (
        serving(web.get("/", answer)) as url,
        aclosing(Http(url, ANYWHERE)) as http,
        http.request("GET", "/", limit=LIMIT) as got,
    ):
        assert (got.status, got.ok, got.headers["retry-after"]) == (status, status == 204, "7")


async def test_the_body_in_pieces_and_as_text() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=PICTURE if request.path == "/picture" else "häh".encode() + b"\xff")

    async with serving(web.get("/{what}", answer)) as url, aclosing(Http(url, ANYWHERE)) as http:
        async with http.request("GET", "/picture", limit=len(PICTURE)) as got:
            pieces = [piece async for piece in got.chunks()]
        assert b"".join(pieces) == PICTURE
        assert max(map(len, pieces)) <= 65536
        async with http.request("GET", "/picture", limit=len(PICTURE)) as got:
            assert await got.body() == PICTURE
        async with http.request("GET", "/text", limit=LIMIT) as got:
            assert await got.text() == "häh\ufffd"


@pytest.mark.usefixtures("connections_are_kept")
async def test_connections_are_kept_and_each_may_be_given_up_early() -> None:
    async def script(line: Line) -> None:
        while head := await line.reader.readuntil(b"\r\n\r\n"):
            if b"/endless" in head:
                await line.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nbeginning")
                await line.gone()
                return
            await line.answer(b"done")

    async with listening(script) as server, aclosing(Http(server.url, ANYWHERE)) as http:
        for _ in range(3):
            async with http.request("GET", "/", limit=LIMIT) as answer:
                assert await answer.text() == "done"
        assert len(server.lines) == 1
        async with http.request("GET", "/endless", limit=LIMIT) as answer:
            async for _ in answer.chunks():
                break
        await server.lines[0].closed()
        async with http.request("GET", "/", limit=LIMIT) as answer:
            assert await answer.text() == "done"
        assert len(server.lines) == 2
        server.lines[1].writer.close()


async def test_many_at_once(server: str) -> None:
    async with aclosing(Http(server, ANYWHERE)) as http:
        seen = await asyncio.gather(*(asked(http, "POST", f"/{number}", json={"n": number}) for number in range(100)))
    assert [each["path"] for each in seen] == [f"/{number}" for number in range(100)]
