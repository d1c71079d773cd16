"""The official clients against the local servers: what the clients understand is the dialect."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import openai
import pytest
from google.genai import Client, errors, types
from openai import AsyncOpenAI

from tests.support import llm_gemini, llm_server, openai_faults
from tests.support.llm_client import FORM, picture
from tests.support.llm_gemini import EXHAUSTED, GeminiServer, Parts
from tests.support.llm_server import ChatServer, Kind, Words, filled

SCHEMA = dict(FORM.schema)
GOOGLES = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
"""Its client does so itself."""


@pytest.fixture
async def server() -> AsyncIterator[ChatServer]:
    async with ChatServer() as server:
        yield server


@asynccontextmanager
async def client_of(server: ChatServer) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(api_key=server.key, base_url=server.url, max_retries=0) as client:
        yield client


async def test_openais_client_gets_words_and_lists(server: ChatServer) -> None:
    async with client_of(server) as client:
        answer = await client.chat.completions.create(
            model=llm_server.MODEL, messages=[{"role": "user", "content": "Hello."}], max_completion_tokens=50
        )
        listed = [each.id async for each in client.models.list()]

    assert answer.choices[0].message.content == "Certainly."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage
    assert answer.usage.total_tokens == 29
    assert llm_server.MODEL in listed


async def test_openais_client_gets_forms(server: ChatServer) -> None:
    async with client_of(server) as client:
        answer = await client.chat.completions.create(
            model=llm_server.MODEL,
            messages=[{"role": "user", "content": "Hello."}],
            response_format={"type": "json_schema", "json_schema": {"name": "f", "strict": True, "schema": SCHEMA}},
        )

    assert json.loads(answer.choices[0].message.content or "") == filled(SCHEMA)


async def test_openais_client_understands_refusals_and_errors(server: ChatServer) -> None:
    async with client_of(server) as client:

        async def asked(**more: object) -> openai.types.chat.ChatCompletion:
            body = {"model": llm_server.MODEL, "messages": [{"role": "user", "content": "Hello."}], **more}
            return await client.post("/chat/completions", body=body, cast_to=openai.types.chat.ChatCompletion)

        server.order(Words("", message={"refusal": "I can't."}), openai_faults.RATE_LIMITED)
        assert (await asked()).choices[0].message.refusal == "I can't."
        with pytest.raises(openai.RateLimitError):
            await asked()
        with pytest.raises(openai.BadRequestError, match="must contain the word 'json'"):
            await asked(response_format={"type": "json_object"})
        server.kind = Kind(lacks=frozenset({"max_tokens"}))
        with pytest.raises(openai.BadRequestError) as caught:
            await asked(max_tokens=5)
        assert (caught.value.param, caught.value.code) == ("max_tokens", "unsupported_parameter")
        server.key = "another"
        with pytest.raises(openai.AuthenticationError):
            await asked()


@asynccontextmanager
async def google(server: GeminiServer, key: str = llm_gemini.KEY) -> AsyncIterator[Client]:
    options = types.HttpOptions(base_url=server.root, api_version="v1beta")
    client = Client(api_key=key, http_options=options)
    try:
        yield client
    finally:
        await client.aio.aclose()
        client.close()


@GOOGLES
async def test_googles_client_gets_words_forms_and_shows_pictures() -> None:
    async with GeminiServer() as server, google(server) as client:
        ask = client.aio.models.generate_content
        shown = types.Part.from_bytes(data=picture().data, mime_type="image/jpeg")
        seen = types.Content(role="user", parts=[shown, types.Part.from_text(text="What is this?")])
        config = types.GenerateContentConfig(
            system_instruction="Be kind.",
            max_output_tokens=50,
            response_mime_type="application/json",
            response_json_schema=SCHEMA,
        )

        words = await ask(model=llm_gemini.MODEL, contents=seen)
        form = await ask(model=llm_gemini.MODEL, contents="What is this?", config=config)
        there = await client.aio.models.get(model=llm_gemini.MODEL)

        assert words.text == "Certainly."
        assert json.loads(form.text or "") == filled(SCHEMA)
        assert there.supported_actions == ["generateContent", "countTokens"]
        assert set(server.calls()[1].fields) == {"contents", "systemInstruction", "generationConfig"}


@GOOGLES
async def test_googles_client_understands_blocks_and_errors() -> None:
    async with GeminiServer() as server, google(server) as client, google(server, "AIzaWrong") as stranger:
        ask = client.aio.models.generate_content
        server.order(Parts(blocked="SAFETY"), EXHAUSTED, Parts([{"text": "A he"}], finish="MAX_TOKENS"))

        blocked = await ask(model=llm_gemini.MODEL, contents="Hello.")
        with pytest.raises(errors.ClientError) as caught:
            await ask(model=llm_gemini.MODEL, contents="Hello.")
        cut = await ask(model=llm_gemini.MODEL, contents="Hello.")
        with pytest.raises(errors.ClientError, match="API key not valid"):
            await stranger.aio.models.generate_content(model=llm_gemini.MODEL, contents="Hello.")

        assert blocked.prompt_feedback
        assert blocked.prompt_feedback.block_reason == types.BlockedReason.SAFETY
        assert (caught.value.code, caught.value.status) == (429, "RESOURCE_EXHAUSTED")
        assert cut.candidates
        assert cut.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS
