"""What the OpenAI engine knows of models, lists, and says when it is checked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from bot.engines.base import InputRule
from bot.engines.openai.engine import OpenAIEngine
from bot.engines.openai.models import facts, within
from bot.errors import BadAnswer, EngineAuth, EngineError, EngineUnavailable
from bot.net.client import Http
from bot.net.guard import Guard
from bot.sizes import Aspect, Exact, SizeRule, fit
from tests.support import openai_faults as faults
from tests.support.openai_engine import connected
from tests.support.openai_models import MODELS
from tests.support.openai_server import OpenAIServer
from tests.support.serving_calls import DROPPED, Reply

THREE_SIZES = SizeRule(fixed=((1024, 1024), (1536, 1024), (1024, 1536)))
FREE = facts("gpt-image-2").sizes


@pytest_asyncio.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


@pytest_asyncio.fixture
async def engine(server: OpenAIServer) -> AsyncIterator[OpenAIEngine]:
    engine = connected(server)
    yield engine
    await engine.aclose()


def at(base: str, model: str = "gpt-image-2", **options: Any) -> OpenAIEngine:
    """Return an engine that is never connected."""
    return OpenAIEngine("cloud", Http(base, Guard(private=True)), model=model, **options)


# ── facts ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("model", [*MODELS, "gpt-image-3", "azure/gpt-image-2", "openrouter/openai/GPT-Image-1.5"])
def test_knows_the_gpt_image_line_by_name(model: str) -> None:
    known = facts(model)
    old = any(name in model.lower() for name in ("-1", "latest"))

    assert known.known and known.edit and known.mask and known.previews
    assert (known.max_inputs, known.max_count) == (16, 10)
    assert (known.sizes == THREE_SIZES) is old
    assert known.inputs == InputRule(max_bytes=49_999_999, max_mask_bytes=3_999_999)


@pytest.mark.parametrize(
    ("deployment", "model"),
    [
        ("gpt-image-2", "gpt-image-2"),
        ("Prod_GPT-Image-2-eu", "gpt-image-2-eu"),
        ("our-gpt-image-1-mini", "gpt-image-1-mini"),
        ("chatgpt-image-latest", "chatgpt-image-latest"),
        ("house-painter", "house-painter"),
        ("notgpt-image-2", "notgpt-image-2"),
        ("gpt-image", "gpt-image"),
    ],
)
def test_finds_the_model_a_deployment_is_named_after(deployment: str, model: str) -> None:
    assert within(deployment) == model


@pytest.mark.parametrize("model", ["flux", "gemini-3.1-flash-image", "my-gpt-image-2", "", "gpt-5.4-mini", "dall-e"])
def test_is_careful_with_a_model_it_does_not_know(model: str) -> None:
    unknown = facts(model)

    assert not unknown.known and not unknown.mask and not unknown.previews
    assert (unknown.max_inputs, unknown.max_count, unknown.sizes) == (1, 1, THREE_SIZES)


def test_knows_what_dall_e_2_wants_of_a_picture() -> None:
    can = at("https://api.openai.com/v1", model="dall-e-2").capabilities()

    assert can.edit and can.mask and not can.preview
    assert (can.max_inputs, can.max_count, can.sizes.fixed[-1]) == (1, 10, (256, 256))
    assert can.inputs == InputRule(
        formats=("image/png",), max_bytes=3_999_999, square=True, max_mask_bytes=3_999_999, needs_mask=True
    )


def test_knows_that_dall_e_3_draws_one_picture_and_changes_none() -> None:
    can = at("http://127.0.0.1/v1", model="dall-e-3").capabilities()

    assert can.generate and not can.edit and not can.mask
    assert (can.max_count, can.sizes) == (1, SizeRule(fixed=((1024, 1024), (1792, 1024), (1024, 1792))))
    assert at("http://127.0.0.1/v1", model="dall-e-3", edit_model="gpt-image-2").capabilities().edit


sides = st.integers(1, 20_000)


@given(st.one_of(st.builds(Exact, sides, sides), st.builds(Aspect, sides, sides)), st.integers(1, 10**8))
def test_every_size_fitted_to_the_free_rule_is_one_openai_takes(size: Exact | Aspect, max_pixels: int) -> None:
    width, height = fit(size, FREE, max_pixels)

    assert width % 16 == height % 16 == 0
    assert max(width, height) <= 3840
    assert max(width, height) <= 3 * min(width, height)
    assert 655_360 <= width * height <= 8_294_400


def test_shows_previews_only_where_they_are_known_to_work() -> None:
    official, gateway = at("https://api.openai.com/v1"), at("http://127.0.0.1:4000/v1")
    told = at("http://127.0.0.1:4000/v1", corrections={"preview": True})
    denied = at("https://api.openai.com/v1", corrections={"preview": False})

    shown = [(each.capabilities().preview, each.capabilities().progress) for each in (official, gateway, told, denied)]
    assert shown == [(True, True), (False, False), (True, True), (False, False)]
    assert not official.capabilities("flux").preview


def test_says_what_its_two_models_can_do_together() -> None:
    both = at("http://127.0.0.1/v1", model="flux", edit_model="gpt-image-2").capabilities()

    assert both.mask and both.max_inputs == 16
    assert (both.max_count, both.sizes) == (1, THREE_SIZES)
    assert at("http://127.0.0.1/v1", model="flux", edit_model="gpt-image-2").capabilities("gpt-image-2").max_count == 10


def test_what_the_operator_knows_holds() -> None:
    sizes = SizeRule(fixed=((512, 512),), default=(512, 512))
    can = at(
        "http://127.0.0.1/v1", model="flux", corrections={"sizes": sizes, "edit": False, "free": True}
    ).capabilities()

    assert (can.sizes, can.edit, can.free, can.mask, can.cancel, can.seed) == (sizes, False, True, False, False, False)


# ── the list of models ──────────────────────────────────────────────────────────────────────────────────────────


async def test_lists_all_models_those_that_draw_first(engine: OpenAIEngine) -> None:
    assert [model.id for model in await engine.models()] == [*MODELS, "gpt-5.4-mini"]


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ([{"id": "flux"}, {"id": "flux"}, {"id": "sdxl"}], ["flux", "sdxl"]),  # Together answers the bare list
        (
            {"data": [{"id": "flux"}, {"id": 5}, {}, None, "sdxl", {"id": ""}, {"id": "x" * 999}, {"id": "\x1b[2J"}]},
            ["flux"],
        ),
        ({"data": []}, ["gpt-image-2", "gpt-image-1-mini"]),
    ],
)
async def test_reads_lists_as_servers_write_them(server: OpenAIServer, value: object, names: list[str]) -> None:
    engine = connected(server, edit_model="gpt-image-1-mini")
    server.order(Reply.json(200, value), on="/models")

    assert [model.id for model in await engine.models()] == names
    await engine.aclose()


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_offers_its_own_model_where_there_is_no_list(
    server: OpenAIServer, engine: OpenAIEngine, status: int
) -> None:
    server.order(Reply(status), on="/models", times=2)

    assert [model.id for model in await engine.models()] == ["gpt-image-2"]
    health = await engine.check()
    assert health.ok
    assert "only a drawing" in health.sentence


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (faults.INVALID_KEY, EngineAuth),
        (faults.SERVER_ERROR, EngineUnavailable),
        (DROPPED, EngineUnavailable),
        (faults.HTML_SUCCESS, BadAnswer),
        (Reply.json(200, {"data": "none"}), BadAnswer),
        (Reply.json(200, "none"), BadAnswer),
    ],
)
async def test_a_list_that_cannot_be_had_is_an_error_and_no_health(
    server: OpenAIServer, engine: OpenAIEngine, answer: Reply, error: type[EngineError]
) -> None:
    server.order(answer, on="/models", times=2)

    with pytest.raises(error) as caught:
        await engine.models()
    health = await engine.check()

    assert type(caught.value) is error
    assert not health.ok
    assert "\n" not in health.sentence
    assert faults.SECRET not in health.sentence
    assert server.url in health.sentence


# ── check ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_check_is_free_and_says_what_it_found(server: OpenAIServer, engine: OpenAIEngine) -> None:
    health = await engine.check()

    assert health.ok
    assert server.url in health.sentence and "gpt-image-2" in health.sentence
    assert [call.route for call in server.requests] == ["GET /models"]


async def test_a_model_that_is_not_listed_is_told_but_may_work(server: OpenAIServer) -> None:
    engine = connected(server, edit_model="wildcard/edits")

    health = await engine.check()
    await engine.aclose()

    assert health.ok
    assert "does not list wildcard/edits" in health.sentence


async def test_a_service_that_is_down_is_not_healthy(server: OpenAIServer, engine: OpenAIEngine) -> None:
    async with server.down():
        health = await engine.check(draw=True)

    assert not health.ok


async def test_a_check_with_a_drawing_draws_the_smallest_picture(server: OpenAIServer, engine: OpenAIEngine) -> None:
    health = await engine.check(draw=True)

    assert health.ok
    assert [call.fields["size"] for call in server.calls()] == ["816x816"]
    assert "816 × 816" in health.sentence


async def test_a_check_with_a_drawing_tells_why_there_is_none(server: OpenAIServer, engine: OpenAIEngine) -> None:
    server.order(faults.BILLING_LIMIT)

    health = await engine.check(draw=True)

    assert not health.ok
    assert "credit" in health.sentence
