"""Language models connected to the local servers as an operator's are, and what there is to ask them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.llm.base import ChatModel, Form, NoAnswer, Reason
from bot.llm.making import make
from bot.pictures.inputs import InputPicture
from bot.settings.tables import LlmSettings
from tests.support import llm_gemini, llm_server
from tests.support.llm_gemini import GeminiServer
from tests.support.llm_server import ChatServer
from tests.support.openai_pictures import drawn, encoded

RULES = "You improve descriptions of pictures for somebody unlike anybody else."
SAID = "a heron that nobody else asked for"
PATIENCE_S = 30.0
"""How long an answer may take that must come, on however busy a machine."""
FORM = Form(
    "better_words",
    {
        "type": "object",
        "properties": {
            "prompt": {"type": "string", "description": "The better description."},
            "kind": {"type": "string", "enum": ["draw", "edit"]},
            "weight": {"type": "number"},
            "sure": {"type": "boolean"},
        },
        "required": ["prompt", "kind", "weight", "sure"],
        "additionalProperties": False,
    },
)
FITTING = {"prompt": "a grey heron {at dawn}", "kind": "edit", "weight": 0.25, "sure": False}
"""An answer in the form."""


@asynccontextmanager
async def connected(server: ChatServer | GeminiServer | str, **settings: Any) -> AsyncIterator[ChatModel]:
    """Give the model that these settings make, behind a server or an address."""
    gemini = isinstance(server, GeminiServer)
    url, key = (server, None) if isinstance(server, str) else (server.url, server.key)
    given = {
        "type": "gemini" if gemini else "openai",
        "base_url": url,
        "api_key": key or "",
        "model": llm_gemini.MODEL if gemini else llm_server.MODEL,
        "timeout_s": PATIENCE_S,
    }
    model = make(LlmSettings.model_validate({**given, **settings}))
    assert model is not None
    try:
        yield model
    finally:
        await model.aclose()


async def said(model: ChatModel, **options: Any) -> str:
    """Ask for words."""
    return await model.say(RULES, SAID, **{"timeout_s": PATIENCE_S, **options})


async def form_filled(model: ChatModel, **options: Any) -> dict[str, Any]:
    """Ask for the form."""
    return dict(await model.fill(RULES, SAID, FORM, **{"timeout_s": PATIENCE_S, **options}))


async def reason(model: ChatModel, *, form: bool = False, **options: Any) -> Reason:
    """Ask, and return why there is no answer."""
    return (await failure(model, form=form, **options)).reason


async def failure(model: ChatModel, *, form: bool = False, **options: Any) -> NoAnswer:
    """Ask, and return how that failed; its detail is fit for a log."""
    with pytest.raises(NoAnswer) as caught:
        await (form_filled if form else said)(model, **options)
    assert caught.value.detail.isprintable()
    assert len(caught.value.detail) <= 600
    return caught.value


def picture(width: int = 96, height: int = 64) -> InputPicture:
    """Return a picture to be looked at."""
    return InputPicture(encoded(drawn("input", width, height), "jpeg"), "image/jpeg", width, height)
