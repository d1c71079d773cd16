"""OpenAI's own Azure client against the local server: what the client understands is the dialect."""

from __future__ import annotations

from collections.abc import AsyncIterator

import openai
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI

from tests.support import azure_server as azure
from tests.support.azure_server import AzureServer
from tests.support.openai_client import SMALL, opened, picture

DEPLOYMENTS = {"gpt-image-2": "gpt-image-2", "house-painter": "gpt-image-2"}


@pytest.fixture
async def server() -> AsyncIterator[AzureServer]:
    async with AzureServer(DEPLOYMENTS) as server:
        yield server


def client(server: AzureServer, deployment: str | None = None, **options: str) -> AsyncAzureOpenAI:
    settings = {"api_key": azure.KEY, "api_version": azure.VERSION, **options}
    return AsyncAzureOpenAI(
        azure_endpoint=server.root,
        azure_deployment=deployment,
        api_key=settings["api_key"],
        api_version=settings["api_version"],
        max_retries=0,
    )


async def test_draws_and_changes_with_a_deployment_named_after_its_model(server: AzureServer) -> None:
    async with client(server) as azure_client:
        drawn = await azure_client.images.generate(model="gpt-image-2", prompt="a fox", size=SMALL)
        changed = await azure_client.images.edit(model="gpt-image-2", prompt="at night", image=picture(), size=SMALL)

    assert drawn.data and changed.data
    assert opened(drawn.data[0].b64_json).size == opened(changed.data[0].b64_json).size == (1024, 640)
    assert [call.path for call in server.calls()] == [
        "/openai/deployments/gpt-image-2/images/generations",
        "/openai/deployments/gpt-image-2/images/edits",
    ]
    assert all(call.headers["api-key"] == azure.KEY for call in server.calls())


async def test_a_body_that_names_the_deployment_is_refused(server: AzureServer) -> None:
    """Seen with gpt-image-2: openclaw/openclaw#71526, lobehub/lobehub#14450."""
    async with client(server, "house-painter") as azure_client:
        await azure_client.images.generate(model="gpt-image-2", prompt="a fox", size=SMALL)
        with pytest.raises(openai.BadRequestError) as caught:
            await azure_client.images.generate(model="house-painter", prompt="a fox", size=SMALL)

    assert (caught.value.param, caught.value.code) == ("model", "invalid_value")
    assert [call.status for call in server.calls()] == [200, 400]


async def test_by_the_v1_form_the_ordinary_client_will_do() -> None:
    async with (
        AzureServer(DEPLOYMENTS, v1=True) as server,
        AsyncOpenAI(api_key=azure.KEY, base_url=server.url, max_retries=0) as plain,
    ):
        answer = await plain.images.generate(model="house-painter", prompt="a fox", size=SMALL)
        with pytest.raises(openai.NotFoundError) as caught:
            await plain.images.generate(model="no-such", prompt="a fox", size=SMALL)
        listed = {model.id async for model in plain.models.list()}

    assert answer.data
    assert caught.value.code == "DeploymentNotFound"
    assert "house-painter" not in listed


async def test_keys_versions_and_deployments_are_looked_at(server: AzureServer) -> None:
    async with client(server, api_key="f" * 32) as wrong:
        with pytest.raises(openai.AuthenticationError):
            await wrong.images.generate(model="gpt-image-2", prompt="a fox")
        with pytest.raises(openai.AuthenticationError):
            await wrong.models.list()
    async with client(server, api_version="1999-01-01") as old:
        with pytest.raises(openai.NotFoundError) as missing:
            await old.images.generate(model="gpt-image-2", prompt="a fox")
    async with client(server) as right:
        with pytest.raises(openai.NotFoundError) as unknown:
            await right.images.generate(model="no-such", prompt="a fox")
        assert {model.id async for model in right.models.list()} >= {"gpt-image-2", "gpt-image-1-mini"}

    assert (missing.value.code, unknown.value.code) == ("404", "DeploymentNotFound")
