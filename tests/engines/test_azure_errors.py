"""What Azure's refusals mean, and whom they are for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.engines.base import Engine
from bot.engines.testing import Recorder
from bot.errors import (
    ContentRefused,
    EngineAuth,
    EngineBusy,
    EngineError,
    EngineMisconfigured,
    EngineRejected,
    EngineUnavailable,
)
from tests.support import azure_server as azure
from tests.support.azure_engine import DEPLOYMENTS, made
from tests.support.azure_server import AzureServer
from tests.support.openai_engine import WaitingRun, wanted
from tests.support.serving_calls import Order, Reply


@pytest_asyncio.fixture
async def server() -> AsyncIterator[AzureServer]:
    async with AzureServer(DEPLOYMENTS) as server:
        yield server


@pytest_asyncio.fixture
async def engine(server: AzureServer) -> AsyncIterator[Engine]:
    engine = made(server.url, model="gpt-image-2")
    yield engine
    await engine.aclose()


MEANT: dict[str, tuple[Order, type[EngineError]]] = {
    "filter": (azure.FILTERED, ContentRefused),
    "policy": (azure.FILTERED_LATER, ContentRefused),
    "filter of chat": (azure.FILTERED_AS_CHAT, ContentRefused),
    "account blocked": (azure.BLOCKED, EngineUnavailable),
    "wrong key": (azure.WRONG_KEY, EngineAuth),
    "no key": (azure.NO_KEY, EngineAuth),
    "no deployment": (azure.NO_DEPLOYMENT, EngineMisconfigured),
    "not found": (azure.NOT_FOUND, EngineMisconfigured),
    "not a model of pictures": (azure.NO_SUCH_OPERATION, EngineMisconfigured),
    "version": (azure.NO_SUCH_VERSION, EngineMisconfigured),
    "firewall": (azure.FIREWALL, EngineMisconfigured),
    "model compared": (azure.NOT_A_MODEL, EngineMisconfigured),
}


@pytest.mark.parametrize("name", MEANT)
async def test_each_refusal_means_one_thing_and_is_asked_for_once(
    server: AzureServer, engine: Engine, name: str
) -> None:
    order, expected = MEANT[name]
    server.order(order)
    recorder = Recorder()

    with pytest.raises(EngineError) as caught:
        await engine.generate(wanted(), recorder.run())

    assert type(caught.value) is expected
    assert (recorder.pictures, len(server.calls())) == ([], 1)


@pytest.mark.parametrize("answer", [azure.NO_DEPLOYMENT, azure.NO_SUCH_OPERATION, azure.NOT_A_MODEL])
async def test_a_deployment_a_person_chose_is_theirs_to_change(
    server: AzureServer, engine: Engine, answer: Reply
) -> None:
    server.order(answer)

    with pytest.raises(EngineRejected) as caught:
        await engine.generate(wanted(model="house-painter"), Recorder().run())

    assert caught.value.args_["field"] == "model"


async def test_a_rate_limit_is_waited_for_as_long_as_its_words_say(server: AzureServer, engine: Engine) -> None:
    recorder = Recorder()
    run = WaitingRun(recorder)
    server.order(azure.BUSY)

    await engine.generate(wanted(), run)

    assert (run.waits, len(recorder.pictures)) == ([6.0], 1)


async def test_a_rate_limit_that_stays_is_busy(server: AzureServer, engine: Engine) -> None:
    server.order(azure.BUSY, times=3)

    with pytest.raises(EngineBusy):
        await engine.generate(wanted(), WaitingRun(Recorder()))
