"""Which settings make a language model, what is wrong with others, and what `check` tells the operator."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import pytest

from bot.llm.asking import HttpChat
from bot.llm.base import NoAnswer
from bot.llm.making import make
from bot.llm.openai import OpenAIChat
from bot.settings.tables import LlmSettings
from tests.support import openai_faults
from tests.support.llm_client import connected
from tests.support.llm_gemini import GeminiServer
from tests.support.llm_server import MODEL, ChatServer, Kind, Words
from tests.support.serving_calls import Reply

KEY = "sk-secret"


def settings(**given: Any) -> LlmSettings:
    return LlmSettings.model_validate({"model": "m", "api_key": KEY, **given})


def test_without_a_model_there_is_none() -> None:
    assert make(LlmSettings()) is None
    assert make(settings(model="", base_url="http://host/v1")) is None


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ({}, "https://api.openai.com/v1"),
        ({"type": "gemini"}, "https://generativelanguage.googleapis.com/v1beta"),
        ({"base_url": "http://127.0.0.1:11434/v1", "api_key": ""}, "http://127.0.0.1:11434/v1"),
        ({"type": "gemini", "base_url": "https://host/v1"}, "https://host/v1"),
    ],
    ids=str,
)
async def test_an_address_is_known_or_given(given: Mapping[str, Any], base: str) -> None:
    model = make(settings(**given))

    assert isinstance(model, HttpChat)
    assert model.sees
    assert model._http.base == base
    await model.aclose()


@pytest.mark.parametrize(
    ("base", "first"),
    [
        ("https://api.openai.com/v1", "max_completion_tokens"),
        ("https://house.openai.azure.com/openai/v1", "max_completion_tokens"),
        ("http://localhost:11434/v1", "max_tokens"),
        ("https://openrouter.ai/api/v1", "max_tokens"),
    ],
)
async def test_openai_itself_is_asked_by_the_new_name_of_the_tokens(base: str, first: str) -> None:
    model = make(settings(base_url=base))

    assert isinstance(model, OpenAIChat)
    assert model._tokens[0] == first
    await model.aclose()


MISTAKES: list[tuple[Mapping[str, Any], str]] = [
    ({"api_key": ""}, "llm.api_key: is missing; https://api.openai.com/v1 needs one"),
    ({"api_key": "", "type": "gemini"}, "llm.api_key: is missing; https://generativelanguage"),
    ({"api_key": "sk-sécret"}, "llm.api_key: header authorization: only printable ASCII"),
    ({"base_url": "https://host/v1?key=sk-secret"}, "llm.base_url: "),
    ({"base_url": "https://host/v1/chat/completions"}, "llm.base_url: leave out what follows"),
    ({"params": {"since": datetime.date(2026, 11, 20)}}, "llm.params: cannot be sent as JSON"),
    ({"params": {"temperature": float("nan")}}, "llm.params: cannot be sent as JSON"),
    ({"params": {"stream": True}}, "llm.params.stream: is set by Easel itself"),
    ({"params": {"response_format": {"type": "text"}}}, "llm.params.response_format: is set by"),
    ({"type": "gemini", "params": {"contents": []}}, "llm.params.contents: is set by Easel itself"),
    ({"type": "gemini", "params": {"generationConfig": 5}}, "llm.params.generationConfig: must be a table"),
    (
        {"type": "gemini", "params": {"generationConfig": {"responseMimeType": "text/plain"}}},
        "llm.params.generationConfig.responseMimeType: is set by Easel itself",
    ),
]


@pytest.mark.parametrize(("given", "problem"), MISTAKES, ids=[problem for _, problem in MISTAKES])
def test_a_mistake_is_one_line_without_the_key(given: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(ValueError) as caught:
        make(settings(**given))

    (line,) = str(caught.value).splitlines()
    assert line.startswith(problem)
    assert "sécret" not in line
    assert KEY not in line


# ── check ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_listed_model_costs_no_question() -> None:
    async with ChatServer() as server, connected(server) as model:
        line = await model.check()

        assert line == f"{server.url}: the key is accepted, {MODEL} is among its 2 models."
        assert [call.route for call in server.requests] == ["GET /models"]


@pytest.mark.parametrize("models", [None, (), ("another",)], ids=["no list", "nothing", "others"])
@pytest.mark.parametrize(
    "order",
    [Words("Hello."), Words("", finish="length"), Words("Hello the", finish="length")],
    ids=lambda it: it.finish,
)
async def test_where_no_list_proves_it_a_very_small_question_does(models: Any, order: Words) -> None:
    async with ChatServer(Kind(models=models, takes=("house",))) as server, connected(server, model="house") as model:
        server.order(order)

        assert await model.check() == f"{server.url}: house answered a question."

        (call,) = server.calls()
        assert call.fields["max_tokens"] == 16
        assert call.fields["messages"] == [{"role": "user", "content": "Say hello."}]


async def test_ollamas_name_for_the_newest_is_understood() -> None:
    kind = Kind(models=("llama3.2:latest",), takes=("llama3.2",))
    async with ChatServer(kind) as server, connected(server, model="llama3.2") as model:
        await model.check()

        assert server.calls() == []


async def test_a_model_that_is_nowhere_is_told() -> None:
    async with ChatServer() as server, connected(server, model="gtp-5") as model:
        with pytest.raises(NoAnswer) as caught:
            await model.check()

        assert caught.value.reason == "auth"
        assert "gtp-5" in caught.value.detail


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (openai_faults.INVALID_KEY, "auth"),
        (openai_faults.RATE_LIMITED, "busy"),
        (openai_faults.SERVER_ERROR, "away"),
        (openai_faults.HTML_SUCCESS, "unreadable"),
    ],
)
async def test_a_list_that_fails_is_told(order: Reply, why: str) -> None:
    async with ChatServer() as server, connected(server) as model:
        server.order(order, on="GET /models")

        with pytest.raises(NoAnswer) as caught:
            await model.check()

        assert caught.value.reason == why
        assert server.calls() == []


async def test_a_check_ends_in_time() -> None:
    async with ChatServer() as server, connected(server, timeout_s=0.2) as model, server.holding(on="GET /models"):
        with pytest.raises(NoAnswer) as caught:
            await model.check()

        assert caught.value.reason == "late"


async def test_gemini_is_asked_for_the_model() -> None:
    async with GeminiServer() as server, connected(server) as model:
        assert await model.check() == f"{server.url}: the key is accepted, gemini-3.1-flash is there."
        assert server.calls() == []


async def test_gemini_names_a_model_that_only_embeds() -> None:
    async with GeminiServer() as server, connected(server) as model:
        server.methods = ["embedContent"]

        with pytest.raises(NoAnswer, match=r"auth: gemini-3\.1-flash does not answer questions"):
            await model.check()


@pytest.mark.parametrize("wrong", [{"api_key": "AIzaWrong"}, {"model": "gemini-9"}, {"base_url": "root"}], ids=str)
async def test_gemini_tells_what_is_wrong(wrong: dict[str, str]) -> None:
    async with GeminiServer() as server:
        wrong = {name: server.root if value == "root" else value for name, value in wrong.items()}
        async with connected(server, **wrong) as model:
            with pytest.raises(NoAnswer) as caught:
                await model.check()

        assert caught.value.reason == "auth"
