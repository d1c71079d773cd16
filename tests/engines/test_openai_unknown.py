"""Parameters a service does not know are left out once, and from then on, where the result is still as asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from bot.engines.openai.service import MOST_REMEMBERED
from bot.engines.openai.unknown import unknown_parameters
from bot.engines.testing import Recorder, png, sample
from bot.errors import ContentRefused, EngineError, EngineRejected, UnknownOutcome
from bot.net.said import read
from bot.sizes import SizeRule
from tests.support import openai_faults as faults
from tests.support.openai_engine import PROMPT, WaitingRun, change, connected, wanted
from tests.support.openai_models import error
from tests.support.openai_server import OpenAIServer
from tests.support.serving_calls import Reply

PARAMS = {"quality": "low", "moderation": "low"}


@pytest_asyncio.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


def pydantic(name: str, words: str = "Extra inputs are not permitted") -> Reply:
    """Return how FastAPI refuses a field."""
    return Reply.json(422, {"detail": [{"type": "extra_forbidden", "loc": ["body", name], "msg": words}]})


LITELLM = "litellm.UnsupportedParamsError: {} To drop these, set `litellm.drop_params=True`."
SAID: dict[str, tuple[Reply, set[str]]] = {
    "openai": (faults.unknown_parameter("quality"), {"quality"}),
    "openai, nested": (error(400, "Unknown parameter: 'svg.model'.", "unknown_parameter", param="svg.model"), {"svg"}),
    "without a code": (error(400, "Unknown parameter: 'quality'."), {"quality"}),
    "chat": (error(400, "Unsupported parameter: 'stop' is not supported with this model."), {"stop"}),
    "older": (error(400, "Unrecognized request argument supplied: quality"), {"quality"}),
    "older, several": (error(400, "Unrecognized request arguments supplied: quality, style"), {"quality", "style"}),
    "of a model": (error(400, "The model 'x' does not support the 'input_fidelity' parameter."), {"input_fidelity"}),
    "by code": (error(400, "No.", "invalid_input_fidelity_model", param="input_fidelity"), {"input_fidelity"}),
    "pydantic 2": (pydantic("moderation"), {"moderation"}),
    "pydantic 1": (pydantic("moderation", "extra fields not permitted"), {"moderation"}),
    "litellm": (faults.LITELLM_UNSUPPORTED, {"response_format"}),
    "litellm, quoted": (faults.litellm(400, "Setting `style` is not supported by openai, sd3.5"), {"style"}),
    "litellm, list": (
        faults.litellm(400, LITELLM.format("openai does not support parameters: ['quality', 'style'], for model=x.")),
        {"quality", "style"},
    ),
    "litellm, of openai": (
        faults.litellm(
            400, "litellm.BadRequestError: litellm.BadRequestError: OpenAIException - Unknown parameter: 'style'."
        ),
        {"style"},
    ),
    "google": (error(400, 'Invalid JSON payload received. Unknown name "quality": Cannot find field.'), {"quality"}),
    "xai": (error(400, "Argument not supported on this model: size"), {"size"}),
    "a value": (faults.invalid_value("quality"), set()),
    "a type": (faults.FASTAPI_LIST, set()),
    "something else": (error(400, "The quality is not good."), set()),
    "500": (error(500, "Unknown parameter: 'quality'."), set()),
    "401": (error(401, "Unknown parameter: 'quality'."), set()),
    "refused": (error(400, "safety system. Unknown parameter: 'quality'.", "moderation_blocked"), set()),
}


@pytest.mark.parametrize("name", SAID)
def test_understands_which_parameter_is_not_known(name: str) -> None:
    answer, names = SAID[name]

    assert unknown_parameters(answer.status, read(answer.body)) == names


def test_a_long_answer_is_read_in_time() -> None:
    words = "unknown parameter [" * 3_000 + "a" * 5_000

    assert unknown_parameters(400, read(words.encode())) <= {"a" * 40}


async def test_asks_once_more_without_it_and_never_again_with_it(server: OpenAIServer) -> None:
    engine, recorder = connected(server, params=PARAMS), Recorder()
    server.order(faults.unknown_parameter("quality"))

    with capture_logs() as logs:
        await engine.generate(wanted(), recorder.run())
        await engine.generate(wanted(), recorder.run())
        await engine.generate(wanted(model="gpt-image-2.5-flare"), recorder.run())
    await engine.aclose()

    assert [sorted(set(call.fields) & PARAMS.keys()) for call in server.calls()] == [
        ["moderation", "quality"],
        ["moderation"],
        ["moderation"],
        ["moderation", "quality"],
    ]
    assert len(recorder.pictures) == 3
    told = [each for each in logs if "parameters" in each]
    assert [(each["engine"], each["model"], each["parameters"]) for each in told] == [
        ("cloud", "gpt-image-2", ["quality"])
    ]
    assert PROMPT not in str(logs)


async def test_of_a_form_too(server: OpenAIServer) -> None:
    engine, recorder = connected(server, params=PARAMS, edit_params=PARAMS), Recorder()
    server.order(pydantic("moderation"))

    await engine.edit(change(png(sample((64, 64)))), recorder.run())
    await engine.generate(wanted(), recorder.run())
    await engine.aclose()

    assert ["moderation" in call.fields for call in server.calls()] == [True, False, True]
    assert [len(call.uploads) for call in server.calls()] == [1, 1, 0]
    assert len(recorder.pictures) == 2


async def test_at_most_once_a_call_but_what_was_learnt_stays(server: OpenAIServer) -> None:
    engine, recorder = connected(server, params=PARAMS), Recorder()
    server.order(faults.unknown_parameter("quality"), faults.unknown_parameter("moderation"))

    with pytest.raises(EngineRejected) as caught:
        await engine.generate(wanted(), recorder.run())
    server.order(faults.unknown_parameter("moderation"))
    await engine.generate(wanted(), recorder.run())
    await engine.aclose()

    assert caught.value.args_["field"] == "moderation"
    assert [len(set(call.fields) & PARAMS.keys()) for call in server.calls()] == [2, 1, 1, 0]
    assert len(recorder.pictures) == 1


@pytest.mark.parametrize("name", ["prompt", "model", "size", "seed", "num_inference_steps", "nothing_of_ours"])
async def test_what_was_asked_for_is_never_left_out(name: str) -> None:
    corrections = {"seed": True, "steps": True}
    async with OpenAIServer(also=frozenset({"seed", "num_inference_steps"})) as server:
        engine = connected(server, params=PARAMS, corrections=corrections)
        server.order(faults.unknown_parameter(name))

        with pytest.raises(EngineError):
            await engine.generate(wanted(seed=5, steps=9), Recorder().run())
        await engine.aclose()

    assert len(server.calls()) == 1


@pytest.mark.parametrize("name", ["image", "mask", "image[]"])
async def test_pictures_are_never_left_out(server: OpenAIServer, name: str) -> None:
    engine, given = connected(server), png(sample((64, 64)))
    server.order(faults.unknown_parameter(name))

    with pytest.raises(EngineError):
        await engine.edit(change(given, given), Recorder().run())
    await engine.aclose()

    assert len(server.calls()) == 1


async def test_the_number_is_left_out_for_one_picture_only(server: OpenAIServer) -> None:
    engine, recorder = connected(server), Recorder()
    server.order(faults.unknown_parameter("n"))

    await engine.generate(wanted(), recorder.run())
    await engine.generate(wanted(count=2), recorder.run())
    await engine.generate(wanted(), recorder.run())
    await engine.aclose()

    assert [call.fields.get("n") for call in server.calls()] == [1, None, 2, None]
    assert len(recorder.pictures) == 4


async def test_the_size_is_left_out_where_there_is_only_one(server: OpenAIServer) -> None:
    only = SizeRule(fixed=((1024, 1024),), default=(1024, 1024))
    engine, recorder = connected(server, corrections={"sizes": only}), Recorder()
    server.order(Reply.json(400, {"error": "Argument not supported: size"}))

    await engine.generate(wanted(), recorder.run())
    await engine.aclose()

    assert ["size" in call.fields for call in server.calls()] == [True, False]
    assert [image.size for image in recorder.images] == [(1024, 1024)]


@pytest.mark.parametrize(
    ("name", "left"), [("stream", set()), ("partial_images", {"stream"})], ids=["stream", "partial_images"]
)
async def test_previews_are_left_out(server: OpenAIServer, name: str, left: set[str]) -> None:
    engine, recorder = connected(server, corrections={"preview": True}), Recorder()
    server.order(faults.unknown_parameter(name))

    await engine.generate(wanted(), recorder.run())
    await engine.aclose()

    assert set(server.calls()[1].fields) & {"stream", "partial_images"} == left
    assert len(recorder.pictures) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(500, "Unknown parameter: 'quality'."), UnknownOutcome),
        (error(400, "Unknown parameter: 'quality'.", "moderation_blocked"), ContentRefused),
        (faults.invalid_value("quality"), EngineRejected),
    ],
)
async def test_other_refusals_are_not_asked_again(server: OpenAIServer, answer: Reply, kind: type[EngineError]) -> None:
    engine = connected(server, params=PARAMS)
    server.order(answer)

    with pytest.raises(kind):
        await engine.generate(wanted(), Recorder().run())
    await engine.aclose()

    assert len(server.calls()) == 1


async def test_a_prompt_that_is_repeated_takes_nothing_out(server: OpenAIServer) -> None:
    engine, prompt = connected(server, params=PARAMS), "Unknown parameter: 'quality'"
    server.order(error(400, f"This is too strange: {prompt}"))

    with pytest.raises(EngineError):
        await engine.generate(wanted(prompt), Recorder().run())
    await engine.aclose()

    assert len(server.calls()) == 1


async def test_a_rate_limit_after_it_is_waited_for(server: OpenAIServer) -> None:
    engine, recorder = connected(server, params=PARAMS), Recorder()
    run = WaitingRun(recorder)
    server.order(faults.rate_limited(3), faults.unknown_parameter("quality"), faults.rate_limited(5))

    await engine.generate(wanted(), run)
    await engine.aclose()

    assert run.waits == [3, 5]
    assert ["quality" in call.fields for call in server.calls()] == [True, True, False, False]


async def test_does_not_remember_without_end(server: OpenAIServer) -> None:
    """People choose models; the first one is forgotten, and asked with the parameter again."""
    engine = connected(server, params={"quality": "low"})
    for number in range(MOST_REMEMBERED + 1):
        server.order(faults.unknown_parameter("quality"), error(404, "No.", "model_not_found"))
        with pytest.raises(EngineRejected):
            await engine.generate(wanted(model=f"model-{number}"), Recorder().run())
    server.order(error(404, "No.", "model_not_found"), times=2)
    sent: list[Any] = []
    for number in (0, MOST_REMEMBERED):
        with pytest.raises(EngineRejected):
            await engine.generate(wanted(model=f"model-{number}"), Recorder().run())
        sent.append("quality" in server.calls()[-1].fields)
    await engine.aclose()

    assert sent == [True, False]
