"""DALL·E 2 and 3, which gateways still serve: the contract by their rules, and answers that are pictures."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.engines.base import EditTask, Result, Run
from bot.engines.openai.engine import OpenAIEngine
from bot.engines.testing import EngineContract, Recorder, png, sample
from bot.errors import EngineMisconfigured
from bot.net.client import Http
from bot.net.guard import Guard
from bot.pictures.inputs import fit_inputs
from bot.pictures.sandbox import Sandbox
from tests.support import openai_faults as faults
from tests.support.openai_engine import Inventive, change, connected, wanted
from tests.support.openai_models import DALL_E
from tests.support.openai_server import OpenAIServer


@pytest_asyncio.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer(models=DALL_E) as server:
        yield server


class Fitted(OpenAIEngine):
    """Fits inputs and masks to the rule of the model before it changes anything, as the core does."""

    sandbox: Sandbox

    async def edit(self, task: EditTask, run: Run) -> Result:
        inputs, mask = await fit_inputs(self.sandbox, task.inputs, task.mask, self.capabilities(task.model).inputs)
        fitted = EditTask(
            prompt=task.prompt, count=task.count, width=task.width, height=task.height, inputs=inputs, mask=mask
        )
        return await super().edit(fitted, run)


class TestDallE2(EngineContract):
    """The contract, by the rules of dall-e-2."""

    @pytest_asyncio.fixture
    async def engine(self) -> AsyncIterator[OpenAIEngine]:
        async with Inventive(models=DALL_E) as server, Sandbox(children=1) as sandbox:
            http = Http(server.url, Guard(private=True), headers={"Authorization": f"Bearer {server.key}"})
            engine = Fitted("cloud", http, model="dall-e-2")
            engine.sandbox = sandbox
            yield engine
            await engine.aclose()


class TestDallE3(EngineContract):
    """The contract, by the rules of dall-e-3."""

    @pytest_asyncio.fixture
    async def engine(self) -> AsyncIterator[OpenAIEngine]:
        async with Inventive(models=DALL_E) as server:
            engine = connected(server, "dall-e-3")
            yield engine
            await engine.aclose()


@pytest.mark.parametrize("model", DALL_E)
async def test_asks_for_the_pictures_themselves(server: OpenAIServer, model: str) -> None:
    engine, recorder = connected(server, model), Recorder()

    result = await engine.generate(wanted(), recorder.run())
    await engine.aclose()

    assert server.calls()[0].fields["response_format"] == "b64_json"
    assert server.calls("/files/") == []
    assert (len(recorder.pictures), result.cost, result.facts) == (1, None, {})


async def test_the_operator_may_ask_for_addresses(server: OpenAIServer) -> None:
    engine, recorder = connected(server, "dall-e-3", params={"response_format": "url", "style": "natural"}), Recorder()

    await engine.generate(wanted(), recorder.run())
    await engine.aclose()

    assert (server.calls()[0].fields["response_format"], server.calls()[0].fields["style"]) == ("url", "natural")
    assert (len(recorder.pictures), len(server.calls("/files/"))) == (1, 1)


async def test_a_gateway_that_knows_no_response_format_is_asked_without(server: OpenAIServer) -> None:
    engine, recorder = connected(server, "dall-e-3"), Recorder()
    server.order(faults.LITELLM_UNSUPPORTED)

    await engine.generate(wanted(), recorder.run())
    await engine.generate(wanted(), recorder.run())
    await engine.aclose()

    assert ["response_format" in call.fields for call in server.calls()] == [True, False, False]
    assert len(recorder.pictures) == 2


async def test_dall_e_3_changes_nothing_even_when_it_is_told_to(server: OpenAIServer) -> None:
    engine = connected(server, "dall-e-3", corrections={"edit": True})

    with pytest.raises(EngineMisconfigured):
        await engine.edit(change(png(sample((64, 64)))), Recorder().run())
    await engine.aclose()
