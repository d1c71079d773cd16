"""Azure by both of its forms: the contract, what is asked for, and what a check can show."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.engines.base import Engine
from bot.engines.testing import EngineContract, Recorder, png, sample
from bot.errors import EngineRejected, UnknownChoice
from tests.support import azure_server as azure
from tests.support import openai_faults as faults
from tests.support.azure_engine import DEPLOYMENTS, InventiveAzure, made
from tests.support.azure_server import AzureServer
from tests.support.openai_engine import PROMPT, change, wanted


@pytest_asyncio.fixture
async def server() -> AsyncIterator[AzureServer]:
    async with AzureServer(DEPLOYMENTS) as server:
        yield server


@pytest_asyncio.fixture
async def engine(server: AzureServer) -> AsyncIterator[Engine]:
    engine = made(server.url, model="gpt-image-2")
    yield engine
    await engine.aclose()


class TestAzureDeployment(EngineContract):
    """The contract, with deployments in the path."""

    @pytest_asyncio.fixture
    async def engine(self) -> AsyncIterator[Engine]:
        async with InventiveAzure(DEPLOYMENTS) as server:
            engine = made(server.url, model="gpt-image-2")
            yield engine
            await engine.aclose()


class TestAzureV1(EngineContract):
    """The contract, with deployments as models."""

    @pytest_asyncio.fixture
    async def engine(self) -> AsyncIterator[Engine]:
        async with InventiveAzure(DEPLOYMENTS, v1=True) as server:
            engine = made(server.url, model="house-painter", api_version="v1")
            yield engine
            await engine.aclose()


# ── what is asked for ───────────────────────────────────────────────────────────────────────────────────────────


async def test_names_the_deployment_in_the_path_and_no_model_in_the_body(server: AzureServer) -> None:
    engine = made(server.url, model="house-painter", edit_model="prod-gpt-image-1-mini")

    await engine.generate(wanted(), Recorder().run())
    await engine.edit(change(png(sample((64, 64)))), Recorder().run())
    await engine.generate(wanted(model="gpt-image-2"), Recorder().run())
    await engine.aclose()

    assert [call.path.removeprefix("/openai/deployments") for call in server.calls()] == [
        "/house-painter/images/generations",
        "/prod-gpt-image-1-mini/images/edits",
        "/gpt-image-2/images/generations",
    ]
    assert server.calls()[0].fields == {"prompt": PROMPT, "n": 1, "size": "1024x1024"}
    assert server.calls()[1].fields == {"prompt": PROMPT, "n": "1", "size": "1024x1024"}
    for call in server.calls():
        assert dict(call.query) == {"api-version": azure.VERSION}
        assert call.headers["api-key"] == azure.KEY
        assert "authorization" not in call.headers


@pytest.mark.parametrize(("version", "query"), [("v1", {}), ("preview", {"api-version": "preview"})])
async def test_by_the_v1_form_the_deployment_is_the_model(version: str, query: dict[str, str]) -> None:
    async with AzureServer(DEPLOYMENTS, v1=True) as server:
        engine = made(server.url, model="house-painter", api_version=version)
        await engine.generate(wanted(), Recorder().run())
        await engine.aclose()

    assert server.calls()[0].path == "/openai/v1/images/generations"
    assert server.calls()[0].fields["model"] == "house-painter"
    assert dict(server.calls()[0].query) == query
    assert server.calls()[0].headers["api-key"] == azure.KEY


async def test_without_a_version_the_v1_form_is_that_of_openai() -> None:
    async with AzureServer(DEPLOYMENTS, v1=True) as server:
        engine, recorder = made(server.url, model="house-painter", api_version=""), Recorder()
        await engine.generate(wanted(), recorder.run())
        await engine.aclose()

    assert len(recorder.pictures) == 1
    assert server.calls()[0].headers["authorization"] == f"Bearer {azure.KEY}"


async def test_a_token_of_the_operator_s_is_sent_as_it_is(server: AzureServer) -> None:
    engine = made(server.url, model="gpt-image-2", api_key="", headers={"Authorization": f"Bearer {azure.KEY}"})
    recorder = Recorder()

    await engine.generate(wanted(), recorder.run())
    await engine.aclose()

    assert len(recorder.pictures) == 1
    assert "api-key" not in server.calls()[0].headers


async def test_an_address_that_names_a_deployment_lets_the_model_say_what_it_is(server: AzureServer) -> None:
    engine = made(f"{server.root}/openai/deployments/house-painter", model="gpt-image-2")

    result = await engine.generate(wanted(), Recorder().run())
    with pytest.raises(UnknownChoice):
        await engine.generate(wanted(model="dall-e-3"), Recorder().run())
    health = await engine.check()
    await engine.aclose()

    assert [call.path for call in server.calls()] == ["/openai/deployments/house-painter/images/generations"]
    assert engine.capabilities().max_inputs == 16
    assert result.model == "gpt-image-2" and result.cost is not None
    assert "house-painter" in health.sentence


@pytest.mark.parametrize(("model", "inputs"), [("prod-gpt-image-1-mini", 16), ("house-painter", 1)])
def test_knows_what_a_deployment_can_when_it_is_named_after_its_model(model: str, inputs: int) -> None:
    engine = made("https://x.openai.azure.com", model=model)

    assert engine.capabilities().max_inputs == inputs
    assert not engine.capabilities().preview


def test_the_operator_corrects_what_is_not_known_of_a_deployment() -> None:
    supports = {"mask": True, "max_inputs": 4, "preview": True, "sizes": ["1024x1024"]}
    can = made("https://x.openai.azure.com", model="house-painter", supports=supports).capabilities()

    assert (can.mask, can.max_inputs, can.preview, can.sizes.fixed) == (True, 4, True, ((1024, 1024),))


async def test_what_a_deployment_does_not_know_is_remembered_for_it_alone(server: AzureServer) -> None:
    engine, recorder = made(server.url, model="gpt-image-2", params={"quality": "low"}), Recorder()
    server.order(faults.unknown_parameter("quality"))

    await engine.generate(wanted(), recorder.run())
    await engine.generate(wanted(), recorder.run())
    await engine.generate(wanted(model="house-painter"), recorder.run())
    await engine.aclose()

    assert ["quality" in call.fields for call in server.calls()] == [True, False, False, True]
    assert len(recorder.pictures) == 3


@pytest.mark.parametrize("name", ["../../models", "a/b", "a?b#c", "ä b", "%2e%2e", "\ud800"])
async def test_no_name_leads_out_of_its_place_in_the_path(server: AzureServer, engine: Engine, name: str) -> None:
    with pytest.raises(EngineRejected):
        await engine.generate(wanted(model=name), Recorder().run())

    (call,) = server.requests
    assert call.method == "POST"
    assert call.path.startswith("/openai/deployments/") and call.path.endswith("/images/generations")
    assert dict(call.query) == {"api-version": azure.VERSION}


@pytest.mark.parametrize("name", [".", ".."])
async def test_a_name_that_is_no_part_of_a_path_is_not_asked_for(
    server: AzureServer, engine: Engine, name: str
) -> None:
    with pytest.raises(EngineRejected) as caught:
        await engine.generate(wanted(model=name), Recorder().run())

    assert caught.value.args_["field"] == "model"
    assert server.requests == []


# ── check ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_check_shows_the_key_and_says_what_it_cannot_show(server: AzureServer) -> None:
    """Azure lists the models there are, deployed or not: only a drawing shows a deployment."""
    engine = made(server.url, model="house-painter", edit_model="no-such")

    health = await engine.check()

    assert health.ok
    assert "only a drawing shows whether there is a deployment house-painter and no-such" in health.sentence
    assert [model.id for model in await engine.models()] == ["house-painter", "no-such"]
    assert [call.route for call in server.requests] == ["GET /openai/models"]
    await engine.aclose()


@pytest.mark.parametrize("settings", [{"api_key": "wrong" * 6}, {"api_key": ""}])
async def test_a_check_finds_a_wrong_key(server: AzureServer, settings: dict[str, Any]) -> None:
    engine = made(server.url, model="gpt-image-2", **settings)

    health = await engine.check()
    await engine.aclose()

    assert not health.ok
    assert "key" in health.sentence and "wrongwrong" not in health.sentence


async def test_a_check_says_so_where_nothing_is_listed(server: AzureServer, engine: Engine) -> None:
    server.order(azure.NOT_FOUND, on="/models")

    health = await engine.check()

    assert health.ok
    assert "only a drawing shows whether address, api_version, key and deployment are right" in health.sentence


async def test_a_check_with_a_drawing_finds_a_missing_deployment(server: AzureServer) -> None:
    engine = made(server.url, model="no-such")

    health = await engine.check(draw=True)
    await engine.aclose()

    assert not health.ok
    assert "DeploymentNotFound" in health.sentence
