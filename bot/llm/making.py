"""From the settings of the language model to the model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bot.llm.base import ChatModel
from bot.settings.tables import LlmSettings

if TYPE_CHECKING:
    from bot.net.client import Http

OPENAI = "https://api.openai.com/v1"
GOOGLE = "https://generativelanguage.googleapis.com/v1beta"


def make(settings: LlmSettings) -> ChatModel | None:
    """Make the configured model, None when none is. Raises ValueError("llm.key: what is wrong")."""
    if not settings.model:
        return None
    try:
        json.dumps(settings.params, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"llm.params: cannot be sent as JSON ({error})") from error
    return _gemini(settings) if settings.type == "gemini" else _openai(settings)


def _openai(settings: LlmSettings) -> ChatModel:
    from bot.llm.openai import OWN, OpenAIChat

    _refuse_own(settings, OWN)
    key = settings.api_key.get_secret_value()
    http = _http(settings, OPENAI, "authorization", key and f"Bearer {key}")
    return OpenAIChat(http, settings.model, settings.params, sees=settings.vision, timeout_s=settings.timeout_s)


def _gemini(settings: LlmSettings) -> ChatModel:
    from bot.llm.gemini import CONFIG, OWN, OWN_CONFIG, GeminiChat

    _refuse_own(settings, OWN)
    config = settings.params.get(CONFIG, {})
    if not isinstance(config, dict):
        raise ValueError(f"llm.params.{CONFIG}: must be a table")
    if own := OWN_CONFIG & config.keys():
        raise ValueError(f"llm.params.{CONFIG}.{min(own)}: is set by Easel itself")
    http = _http(settings, GOOGLE, "x-goog-api-key", settings.api_key.get_secret_value())
    return GeminiChat(http, settings.model, settings.params, sees=settings.vision, timeout_s=settings.timeout_s)


def _refuse_own(settings: LlmSettings, own: frozenset[str]) -> None:
    if both := own & settings.params.keys():
        raise ValueError(f"llm.params.{min(both)}: is set by Easel itself")


def _http(settings: LlmSettings, default: str, header: str, credential: str) -> Http:
    """Make the connection; the operator may name any address."""
    from bot.net.client import Http, check_headers
    from bot.net.guard import Guard

    if not credential and not settings.base_url:
        raise ValueError(f"llm.api_key: is missing; {default} needs one")
    base = settings.base_url or default
    if base.rstrip("/").endswith(("/chat/completions", ":generateContent")):
        raise ValueError("llm.base_url: leave out what follows the version, as in https://host/v1")
    headers = {header: credential} if credential else {}
    try:
        check_headers(headers)
    except ValueError as error:
        raise ValueError(f"llm.api_key: {error}") from error
    try:
        return Http(base, Guard(private=True), headers=headers)
    except ValueError as error:
        raise ValueError(f"llm.base_url: {error}") from error
