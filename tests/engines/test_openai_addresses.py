"""The OpenAI engine fetches pictures that are given as addresses: from the service itself, or from what is public."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.engines.openai import downloads
from bot.engines.openai.engine import OpenAIEngine
from bot.engines.testing import Recorder
from bot.errors import BadAnswer, EngineError, UnknownOutcome
from bot.net.client import Http
from bot.net.guard import Guard
from tests.support import openai_faults
from tests.support.engines import png
from tests.support.openai_engine import connected, drawn, items, wanted
from tests.support.openai_server import OpenAIServer
from tests.support.serving_calls import DROPPED, Reply

PICTURE = png()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


@pytest_asyncio.fixture
async def engine(server: OpenAIServer) -> AsyncIterator[OpenAIEngine]:
    engine = connected(server)
    yield engine
    await engine.aclose()


@pytest_asyncio.fixture
async def elsewhere() -> AsyncIterator[OpenAIServer]:
    """Another server, on a private address of its own."""
    async with OpenAIServer(key=None, prefix="") as elsewhere:
        elsewhere.files["a.png"] = (PICTURE, "image/png")
        yield elsewhere


@pytest.mark.parametrize("form", ["{root}/v1/files/a.png?signature=1", "/v1/files/a.png", "{upper}/v1/files/a.png"])
async def test_fetches_an_address_of_the_services_own(server: OpenAIServer, engine: OpenAIEngine, form: str) -> None:
    server.files["a.png"] = (PICTURE, "image/png")
    server.order(items({"url": form.format(root=server.root, upper=server.root.upper())}))

    assert await drawn(engine) == [PICTURE]
    assert server.calls("/files/")[0].headers["authorization"] == f"Bearer {server.key}"


async def test_a_private_address_elsewhere_is_not_reached(
    server: OpenAIServer, engine: OpenAIEngine, elsewhere: OpenAIServer
) -> None:
    server.order(items({"url": f"{elsewhere.root}/files/a.png"}))

    with pytest.raises(BadAnswer):
        await drawn(engine)

    assert elsewhere.requests == []
    assert len(server.calls()) == 1


async def test_an_allowed_address_elsewhere_is_fetched_without_the_key(
    server: OpenAIServer, elsewhere: OpenAIServer
) -> None:
    engine = connected(server, elsewhere=Http("https://elsewhere.invalid", Guard(private=False, allow=["127.0.0.0/8"])))
    server.order(items({"url": f"{elsewhere.root}/files/a.png"}))

    assert await drawn(engine) == [PICTURE]
    await engine.aclose()

    assert "authorization" not in elsewhere.requests[0].headers


async def test_redirects_are_followed_within_the_service_and_not_to_what_is_private(
    server: OpenAIServer, engine: OpenAIEngine, elsewhere: OpenAIServer
) -> None:
    server.files["b.png"] = (PICTURE, "image/png")
    server.order(items({"url": f"{server.url}/files/a.png"}), times=2)
    server.order(Reply(302, headers={"Location": "b.png"}), on="/files/")
    assert await drawn(engine) == [PICTURE]

    server.order(Reply(307, headers={"Location": f"{elsewhere.root}/files/a.png"}), on="/files/")
    with pytest.raises(BadAnswer):
        await drawn(engine)

    assert elsewhere.requests == []


async def test_what_was_led_away_does_not_come_back_with_the_key(server: OpenAIServer, elsewhere: OpenAIServer) -> None:
    """A stranger could otherwise have the service asked for whatever its key allows."""
    engine = connected(server, elsewhere=Http("https://elsewhere.invalid", Guard(private=True)))
    server.order(items({"url": f"{elsewhere.root}/files/a.png"}))
    elsewhere.order(Reply(302, headers={"Location": f"{server.url}/models"}), on="/files/")

    with pytest.raises(BadAnswer):
        await drawn(engine)
    await engine.aclose()

    assert ["authorization" in call.headers for call in server.calls("GET")] == [False]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Reply.text(404, "gone"), BadAnswer),
        (Reply(302), BadAnswer),
        (Reply(302, headers={"Location": "file:///etc/passwd"}), BadAnswer),
        (Reply(302, headers={"Location": "http://[::1"}), BadAnswer),
        (Reply(302, headers={"Location": "https:/nowhere"}), BadAnswer),
        (DROPPED, UnknownOutcome),
        (Reply.text(503, "in a moment"), UnknownOutcome),
        (Reply(200, PICTURE, drop="half"), UnknownOutcome),
    ],
    ids=repr,
)
async def test_a_picture_that_cannot_be_fetched_is_not_drawn_again(
    server: OpenAIServer,
    engine: OpenAIEngine,
    monkeypatch: pytest.MonkeyPatch,
    answer: Reply,
    error: type[EngineError],
) -> None:
    monkeypatch.setattr(downloads, "AGAIN_S", (0.0, 0.0))
    server.order(openai_faults.URLS)
    server.order(answer, on="/files/", times=3)

    with pytest.raises(error) as caught:
        await drawn(engine)

    assert type(caught.value) is error
    assert len(server.calls()) == 1


@pytest.mark.parametrize("answer", [DROPPED, Reply(502), Reply(200, PICTURE, drop="half")], ids=repr)
async def test_a_picture_whose_fetching_broke_is_fetched_again(
    server: OpenAIServer, engine: OpenAIEngine, monkeypatch: pytest.MonkeyPatch, answer: Reply
) -> None:
    monkeypatch.setattr(downloads, "AGAIN_S", (0.0, 0.0))
    server.order(openai_faults.URLS)
    server.order(answer, on="/files/", times=2)

    assert len(await drawn(engine)) == 1
    assert (len(server.calls()), len(server.calls("/files/"))) == (1, 3)


async def test_endless_redirects_end(server: OpenAIServer, engine: OpenAIEngine) -> None:
    server.order(openai_faults.URLS)
    server.order(Reply(302, headers={"Location": "again.png"}), on="/files/", times=100)

    with pytest.raises(BadAnswer):
        await drawn(engine)

    assert len(server.calls("/files/")) == 4


async def test_pictures_beside_one_that_cannot_be_fetched_are_kept(server: OpenAIServer, engine: OpenAIEngine) -> None:
    server.files["a.png"] = (PICTURE, "image/png")
    server.order(items(*({"url": f"{server.url}/files/{name}.png"} for name in ("a", "none", "a"))))
    recorder = Recorder()

    with pytest.raises(BadAnswer):
        await engine.generate(wanted(count=3), recorder.run())

    assert [picture.data for picture in recorder.pictures] == [PICTURE, PICTURE]
