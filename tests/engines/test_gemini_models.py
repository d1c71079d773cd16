"""What the Gemini engine knows of models, lists, and says when it is checked; and how its settings become one."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from bot.engines.gemini.engine import GeminiEngine
from bot.engines.gemini.models import facts
from bot.engines.registry import Registry
from bot.errors import BadAnswer, ConfigError, EngineAuth, EngineError, EngineUnavailable
from bot.net.client import Http
from bot.net.guard import Guard
from bot.pictures.inspect import RESULT_PIXELS
from bot.pictures.sandbox import Sandbox
from bot.settings.engines import EngineSettings
from bot.sizes import Aspect, Exact, SizeRule, fit
from tests.support import gemini_faults as faults
from tests.support.gemini_engine import MODEL, connected
from tests.support.gemini_models import IMAGEN, MODELS, SIDES, Model
from tests.support.gemini_server import GeminiServer
from tests.support.serving_calls import DROPPED, Reply

DRAWING = {name: model for name, model in {**MODELS, **IMAGEN}.items() if model.draws}


@pytest_asyncio.fixture
async def server() -> AsyncIterator[GeminiServer]:
    async with GeminiServer() as server:
        yield server


@pytest_asyncio.fixture
async def engine(server: GeminiServer) -> AsyncIterator[GeminiEngine]:
    engine = connected(server)
    yield engine
    await engine.aclose()


def at(base: str, model: str = MODEL, **options: Any) -> GeminiEngine:
    """Return an engine that is never connected."""
    return GeminiEngine("cloud", Http(base, Guard(private=True)), model=model, **options)


# ── facts ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", DRAWING)
def test_knows_all_that_a_model_takes_and_nothing_else(name: str) -> None:
    known, model = facts(name), DRAWING[name]

    assert known.known
    assert known.method == model.method
    assert {form.aspect for form in known.forms.values()} == set(model.aspects)
    assert {form.size for form in known.forms.values()} == set(model.sizes)
    assert len(known.forms) == len(model.aspects) * len(model.sizes)


@pytest.mark.parametrize("name", DRAWING)
def test_the_pixels_have_about_the_shape_and_size_they_stand_for(name: str) -> None:
    for (width, height), form in facts(name).forms.items():
        across, down = map(int, form.aspect.split(":"))
        assert width / height == pytest.approx(across / down, rel=0.08)
        assert (width * height) ** 0.5 == pytest.approx(SIDES[form.size], rel=0.08)
        assert width * height <= RESULT_PIXELS


@pytest.mark.parametrize("name", ["google/gemini-3-pro-image", "Gemini-3-Pro-Image-Preview", "nano-banana-pro-preview"])
def test_knows_a_model_by_its_other_names(name: str) -> None:
    assert facts(name).known
    assert facts(name).sizes == facts("gemini-3-pro-image").sizes
    assert facts(name).prices == facts("gemini-3-pro-image").prices


@pytest.mark.parametrize("name", ["", "gemini-3.5-flash-image", "gemini-3.8-flash", "house-brand"])
def test_is_careful_with_a_model_it_does_not_know(name: str) -> None:
    unknown = facts(name)

    assert not unknown.known
    assert unknown.prices is None
    assert {form.size for form in unknown.forms.values()} == {"1K"}
    assert (unknown.max_inputs, unknown.max_count) == (3, 1)


sides = st.integers(1, 20_000)


@given(st.one_of(st.builds(Exact, sides, sides), st.builds(Aspect, sides, sides)), st.sampled_from(sorted(DRAWING)))
def test_every_size_fitted_to_a_model_has_a_form(size: Exact | Aspect, name: str) -> None:
    known = facts(name)
    width, height = fit(size, known.sizes, sys.maxsize)

    assert known.form(width, height) is known.forms[width, height]


def test_as_many_inputs_as_there_may_be_stay_below_what_google_takes() -> None:
    for name in [*DRAWING, "house-brand"]:
        assert facts(name).max_inputs * facts(name).inputs.max_bytes * 4 / 3 < 99_000_000


def test_says_what_its_two_models_can_do_together() -> None:
    both = at("http://127.0.0.1/v1", "imagen-4.0-generate-001", edit_model="gemini-3-pro-image").capabilities()

    assert both.edit
    assert not (both.mask or both.seed or both.negative or both.progress or both.free)
    assert (both.max_inputs, both.max_count) == (14, 1)
    assert both.sizes == facts("imagen-4").sizes


def test_what_the_operator_knows_holds() -> None:
    sizes = SizeRule(fixed=((1920, 1080),), default=(1920, 1080))
    can = at("http://127.0.0.1/v1", corrections={"sizes": sizes, "edit": False, "free": True}).capabilities()

    assert (can.sizes, can.edit, can.free) == (sizes, False, True)


# ── the list of models ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", [1, 2, 1000])
async def test_lists_all_models_of_all_pages_those_that_draw_first(
    server: GeminiServer, engine: GeminiEngine, page: int
) -> None:
    server.largest_page = page

    models = await engine.models()

    assert [model.id for model in models] == [*list(MODELS)[1:], "gemini-3.8-flash"]
    assert models[0].title == "Gemini 2.5 Flash Image"
    assert len(server.calls("GET /models")) == -(-(len(MODELS) + 1) // page)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ({"models": [{"name": "models/a"}, {"name": "models/a"}, {"name": "b-image"}]}, ["b-image", "a"]),
        ({"models": [{"name": 1}, None, {}, {"name": ""}, {"name": "x" * 300}, {"name": "a\nb"}]}, [MODEL]),
        ({"models": [{"name": "models/a", "displayName": 7, "supportedGenerationMethods": "all"}]}, ["a"]),
        ({}, [MODEL]),
    ],
)
async def test_makes_what_it_can_of_other_lists(
    server: GeminiServer, engine: GeminiEngine, value: object, names: list[str]
) -> None:
    server.order(Reply.json(200, value), on="GET /models")

    assert [model.id for model in await engine.models()] == names


async def test_a_list_that_never_ends_is_read_no_further(server: GeminiServer, engine: GeminiEngine) -> None:
    for number in range(40):
        server.order(Reply.json(200, {"models": [], "nextPageToken": f"page {number}"}), on="GET /models")

    await engine.models()

    assert len(server.calls("GET /models")) == 20


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (faults.KEY_INVALID, EngineAuth),
        (faults.INTERNAL, EngineUnavailable),
        (DROPPED, EngineUnavailable),
        (faults.HTML_SUCCESS, BadAnswer),
        (Reply.json(200, ["a"]), BadAnswer),
        (Reply.json(200, {"models": "all"}), BadAnswer),
    ],
)
async def test_says_why_there_is_no_list(
    server: GeminiServer, engine: GeminiEngine, reply: Reply, expected: type[EngineError]
) -> None:
    server.order(reply, on="GET /models")

    with pytest.raises(expected):
        await engine.models()


# ── checks ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("model", "reply", "ok", "words"),
    [
        (MODEL, None, True, "the key is accepted"),
        ("gemini-4", None, True, "does not list gemini-4 among its 5 models"),
        (MODEL, Reply(404), True, "only a drawing shows"),
        (MODEL, faults.KEY_INVALID, False, "does not accept its key"),
        (MODEL, faults.LOCATION, False, "not set up correctly"),
        (MODEL, DROPPED, False, "can't reach"),
    ],
)
async def test_a_check_says_what_it_found(
    server: GeminiServer, model: str, reply: Reply | None, ok: bool, words: str
) -> None:
    engine = connected(server, model)
    if reply is not None:
        server.order(reply, on="GET /models")

    health = await engine.check()
    await engine.aclose()

    assert (health.ok, words in health.sentence) == (ok, True)
    assert server.key not in health.sentence
    assert server.calls() == []


async def test_a_check_that_draws_draws_the_smallest_picture() -> None:
    async with GeminiServer(models={"gemini-3.1-flash-image": MODELS["gemini-3.1-flash-image"]}) as server:
        engine = connected(server, "gemini-3.1-flash-image")
        health = await engine.check(draw=True)
        await engine.aclose()

    assert health.ok
    assert "drew 512 × 512" in health.sentence


async def test_a_check_that_draws_says_why_it_could_not() -> None:
    async with GeminiServer(models={"house-brand": Model(draws=False)}) as server:
        engine = connected(server, "house-brand")
        health = await engine.check(draw=True)
        await engine.aclose()

    assert not health.ok


# ── settings ────────────────────────────────────────────────────────────────────────────────────────────────────

MISTAKES: list[tuple[Mapping[str, Any], str]] = [
    ({"model": ""}, "model: is needed"),
    ({"steps": 20}, "steps: the Gemini API has no such thing"),
    ({"api_key": "AIza\u200b"}, "api_key: header x-goog-api-key: only printable ASCII"),
    ({"api_key": "AIza", "headers": {"X-Goog-Api-Key": "AIza"}}, "api_key: cannot be used together with a header"),
    ({"params": {"contents": []}}, "params: may not hold contents"),
]


@pytest.mark.parametrize(("settings", "problem"), MISTAKES, ids=[problem for _, problem in MISTAKES])
async def test_a_mistake_is_one_line(settings: Mapping[str, Any], problem: str) -> None:
    given = EngineSettings.model_validate({"type": "gemini", "model": MODEL, **settings})

    async with Sandbox() as sandbox:
        with pytest.raises(ConfigError) as caught:
            Registry.build({"cloud": given}, sandbox)

    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"engines.cloud.{problem}")
    assert "AIza" not in line


async def test_settings_become_an_engine_that_shows_its_key(server: GeminiServer) -> None:
    given = EngineSettings.model_validate(
        {"type": "gemini", "model": MODEL, "urls": [server.url], "api_key": server.key, "auth": "user:password"}
    )
    async with Sandbox() as sandbox:
        engines = Registry.build({"cloud": given}, sandbox)
        pool = engines.configured("cloud").pool
        assert pool.room() == {server.url: 8}
        health = await pool.engines[server.url].check()
        await engines.aclose()

    assert health.ok
    [call] = server.requests
    assert call.headers["x-goog-api-key"] == server.key
    assert call.headers["authorization"].startswith("Basic ")
    assert "key" not in call.query
