"""Answers that come too early, and answers that cannot be used."""

from __future__ import annotations

import contextlib
import gzip
from contextlib import aclosing

import pytest

from bot.net.client import Http, Part
from bot.net.errors import Malformed, TooLong
from bot.net.guard import Guard
from tests.support.net import Line, answer_of, error_of, listening, refuses_early

ANYWHERE = Guard(private=True)
LIMIT = 1 << 26


@pytest.mark.parametrize("read", [0, 1_000_000])
async def test_an_answer_given_before_all_was_sent_is_read(read: int) -> None:
    async def script(line: Line) -> None:
        await refuses_early(line)
        if read:
            await line.reader.read(read)

    large = [Part("image", bytes(20_000_000), filename="image.png", mime="image/png")]
    async with (
        listening(script) as server,
        aclosing(Http(server.url, ANYWHERE)) as http,
        http.request("POST", "/", parts=large, limit=LIMIT) as answer,
    ):
        assert answer.status == 413
        assert await answer.text() == "too large"
    assert len(server.lines) == 1


async def test_an_encoding_nobody_asked_for_is_refused_before_it_is_read() -> None:
    bomb = gzip.compress(bytes(1_000_000))

    async def script(line: Line) -> None:
        await line.request()
        await line.answer(bomb, content_encoding="gzip")

    async with (
        listening(script) as server,
        aclosing(Http(server.url, ANYWHERE)) as http,
        http.request("GET", "/", limit=LIMIT) as answer,
    ):
        assert answer.status == 200
        error = await error_of(answer.body())
    assert type(error) is Malformed
    assert "gzip" in error.detail


@pytest.mark.parametrize("encoding", ["identity", "Identity", ""])
async def test_no_encoding_is_none(encoding: str) -> None:
    assert await answer_of([b"plain"], {"Content-Encoding": encoding}).body() == b"plain"


async def test_a_body_announced_over_the_cap_is_not_read() -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.answer(b"beginning", content_length="1001")
        await line.gone()

    async with listening(script) as server, aclosing(Http(server.url, ANYWHERE)) as http:
        async with http.request("GET", "/", limit=1000) as answer:
            assert type(await error_of(answer.body())) is TooLong
        await server.lines[0].closed()


async def test_a_body_is_read_up_to_the_cap() -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while not line.writer.is_closing():
                await line.send(b"10000\r\n" + bytes(0x10000) + b"\r\n")

    async with listening(script) as server, aclosing(Http(server.url, ANYWHERE)) as http:
        received = 0
        async with http.request("GET", "/", limit=1_000_000) as answer:
            with pytest.raises(TooLong):
                async for chunk in answer.chunks():
                    received += len(chunk)
        assert received <= 1_000_000
        await server.lines[0].closed()


async def test_the_cap_itself_is_not_over_the_cap() -> None:
    assert await answer_of([b"123", b"45"], limit=5).body() == b"12345"
    with pytest.raises(TooLong):
        await answer_of([b"123", b"456"], limit=5).body()


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"a": ', b'{"a": "\xff"}', b"[" * 100_000, b"9" * 5000, b"{} {}", b'{"a": "' + b"x" * 300_000],
)
async def test_json_that_is_none(body: bytes) -> None:
    assert type(await error_of(answer_of([body]).json())) is Malformed


async def test_large_json_is_read_as_well() -> None:
    assert await answer_of([b'[{"n": 1}', b', {"n": 1}' * 100_000, b"]"]).json() == [{"n": 1}] * 100_001
