"""What LiteLLM's proxy does to answers on their way (seen with 1.106), and that no trap of it is stepped into."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.engines.openai.engine import OpenAIEngine
from bot.engines.testing import Recorder
from bot.errors import (
    ContentRefused,
    EngineAuth,
    EngineError,
    EngineMisconfigured,
    EngineQuota,
    EngineUnavailable,
    NothingDrawn,
    UnknownOutcome,
)
from bot.net.client import Http
from bot.net.guard import Guard
from tests.support import openai_faults as faults
from tests.support.openai_engine import WaitingRun, connected, wanted
from tests.support.openai_faults import litellm
from tests.support.openai_server import OpenAIServer
from tests.support.serving_calls import Reply

DOUBLED = "litellm.{0}: litellm.{0}: AzureException - {1} Received Model Group=azure/azure/gpt-image-2"
FILTERED = (
    '{"error":{"code":"content_policy_violation","inner_error":{"code":"ResponsibleAIPolicyViolation"},'
    '"message":"Your request was rejected as a result of our safety system.","type":"invalid_request_error"}}'
)
MEANT: dict[str, tuple[Reply, type[EngineError]]] = {
    "refused by azure": (litellm(400, DOUBLED.format("ContentPolicyViolationError", FILTERED)), ContentRefused),
    "refused in words": (
        litellm(400, DOUBLED.format("BadRequestError", "Azure OpenAI's content management policy.")),
        ContentRefused,
    ),
    "no deployment at azure": (
        litellm(404, DOUBLED.format("NotFoundError", "The API deployment for this resource does not exist.")),
        EngineMisconfigured,
    ),
    "no such model": (litellm(400, "/images/generations: Invalid model name passed in model=x"), EngineMisconfigured),
    "unknown key": (
        litellm(401, "Authentication Error, Invalid proxy server token.", "token_not_found_in_db"),
        EngineAuth,
    ),
    "no database": (litellm(400, "No connected db.", "no_db_connection"), EngineAuth),
    "budget": (faults.LITELLM_BUDGET, EngineQuota),
    "no key, without prisma": (faults.LITELLM_NO_KEY, UnknownOutcome),
    "image streams": (faults.LITELLM_STREAM, UnknownOutcome),
    "timeout of its own repeats": (faults.LITELLM_TIMEOUT, UnknownOutcome),
    "blocked by gemini": (faults.LITELLM_EMPTY, NothingDrawn),
    "out of order": (litellm(503, "Service Unavailable"), UnknownOutcome),
    "full, with a wait": (
        Reply(503, litellm(503, "Service Unavailable").body, headers={"llm_provider-retry-after": "9"}),
        EngineUnavailable,
    ),
}


@pytest_asyncio.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


@pytest_asyncio.fixture
async def engine(server: OpenAIServer) -> AsyncIterator[OpenAIEngine]:
    engine = connected(server)
    yield engine
    await engine.aclose()


@pytest.mark.parametrize("name", MEANT)
async def test_each_answer_means_one_thing_and_is_asked_for_once(
    server: OpenAIServer, engine: OpenAIEngine, name: str
) -> None:
    answer, expected = MEANT[name]
    server.order(answer)
    recorder = Recorder()

    with pytest.raises(EngineError) as caught:
        await engine.generate(wanted(), recorder.run())

    assert type(caught.value) is expected
    assert (recorder.pictures, len(server.calls())) == ([], 1)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"llm_provider-retry-after": "7"}, 7.0),
        ({"llm_provider-retry-after-ms": "250"}, 0.25),
        ({"retry-after": "3", "llm_provider-retry-after": "7"}, 3.0),
        ({}, 10.0),
    ],
)
async def test_a_wait_is_found_under_the_proxy_s_own_name(
    server: OpenAIServer, engine: OpenAIEngine, headers: dict[str, str], wait: float
) -> None:
    recorder = Recorder()
    run = WaitingRun(recorder)
    limited = faults.LITELLM_RATE
    server.order(Reply(429, limited.body, headers={**limited.headers, **headers}))

    await engine.generate(wanted(), run)

    assert (run.waits, len(recorder.pictures)) == ([wait], 1)


@pytest.mark.parametrize("model", ["openai/gpt-image-2", "azure/azure/gpt-image-2", "openrouter/openai/GPT-Image-2"])
def test_a_prefix_before_a_model_changes_nothing(model: str) -> None:
    plain, prefixed = (connected_to_nothing(each).capabilities() for each in ("gpt-image-2", model))

    assert plain == prefixed


def connected_to_nothing(model: str) -> OpenAIEngine:
    """Return an engine that is never asked."""
    return OpenAIEngine("cloud", Http("http://127.0.0.1:1", Guard(private=True)), model=model)


async def test_a_check_tells_what_a_missing_key_looks_like(server: OpenAIServer, engine: OpenAIEngine) -> None:
    server.order(faults.LITELLM_NO_KEY, on="/models", times=2)

    health = await engine.check()
    with pytest.raises(EngineUnavailable):
        await engine.models()

    assert not health.ok
    assert "LiteLLM answers so to a call without its key" in health.sentence
