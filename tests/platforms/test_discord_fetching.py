"""Pictures people gave, fetched from Discord's servers and from nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from adapters.discord import fetch as fetching
from adapters.discord.fetch import fetch
from bot.errors import FileTooLarge, Gone
from bot.types import PictureRef
from tests.support.discord_answers import Answers


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def given(here: Answers) -> PictureRef:
    """A picture of a thousand bytes that Ann gave."""
    message = await here.ann.says(here.channel, files=[("fox.png", bytes(1000))])
    return PictureRef(here.discord.world.cdn.link(message.attachments[0]), "fox.png")


async def test_a_given_picture_is_fetched_whole(given: PictureRef, session: aiohttp.ClientSession) -> None:
    assert await fetch(session, given, 1000) == bytes(1000)


async def test_a_large_file_is_not_fetched(given: PictureRef, session: aiohttp.ClientSession) -> None:
    with pytest.raises(FileTooLarge) as caught:
        await fetch(session, given, 999)
    assert caught.value.args_["name"] == "fox.png"


async def test_an_expired_link(here: Answers, given: PictureRef, session: aiohttp.ClientSession) -> None:
    here.discord.world.cdn.expire()
    with pytest.raises(Gone):
        await fetch(session, given, 1000)


@pytest.mark.parametrize(
    "source",
    [
        "http://127.0.0.1:1/attachments/1/2/fox.png",
        "https://cdn.discordapp.com.evil.example/attachments/1/2/fox.png",
        "https://cdn.discordapp.com@evil.example/fox.png",
        "http://cdn.discordapp.com/fox.png",
        "https://cdn.discordapp.com:8443/fox.png",
        "file:///etc/passwd",
        "/etc/passwd",
        "",
        "https://[",
    ],
)
async def test_nothing_is_fetched_from_elsewhere(session: aiohttp.ClientSession, source: str) -> None:
    await session.close()  # using it would raise something else
    with pytest.raises(Gone):
        await fetch(session, PictureRef(source), 1000)


class Misbehaving:
    """A file server with moods."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        match request.path:
            case "/elsewhere":
                raise web.HTTPFound("/whole")
            case "/tired" if len(self.asked) == 1:
                return web.Response(status=503)
            case "/drops":
                assert request.transport is not None
                request.transport.abort()
            case "/endless":
                stream = web.StreamResponse()
                await stream.prepare(request)
                while True:
                    await stream.write(bytes(1 << 16))
        return web.Response(body=b"whole")


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Misbehaving, str]]:
    moods, app = Misbehaving(), web.Application()
    app.router.add_get("/{path}", moods.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    monkeypatch.setattr(fetching, "ORIGINS", {f"http://{host}:{port}"})
    yield moods, f"http://{host}:{port}"
    await runner.cleanup()


async def test_a_server_that_is_tired_for_a_moment(
    server: tuple[Misbehaving, str], session: aiohttp.ClientSession
) -> None:
    moods, root = server
    assert await fetch(session, PictureRef(f"{root}/tired"), 10) == b"whole"
    assert len(moods.asked) == 2


@pytest.mark.parametrize(("path", "most"), [("elsewhere", 1), ("drops", 4)])  # aiohttp repeats a dropped GET itself
async def test_no_redirect_is_followed_and_nothing_is_tried_for_ever(
    server: tuple[Misbehaving, str], session: aiohttp.ClientSession, path: str, most: int
) -> None:
    moods, root = server
    with pytest.raises(Gone):
        await fetch(session, PictureRef(f"{root}/{path}"), 10)
    assert set(moods.asked) == {f"/{path}"}
    assert len(moods.asked) <= most


async def test_a_body_without_an_end_is_cut_off(
    server: tuple[Misbehaving, str], session: aiohttp.ClientSession
) -> None:
    _, root = server
    with pytest.raises(FileTooLarge):
        await fetch(session, PictureRef(f"{root}/endless", "fox.png"), 1 << 20)
