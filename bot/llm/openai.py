"""A language model behind OpenAI's chat completions: OpenAI, Azure's v1 form, gateways, local servers.

What they have in common as of November 2026; what differs between them is learned from their refusals.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bot.llm.asking import LARGEST_LIST, ROOM, Habits, HttpChat, Question
from bot.llm.base import NoAnswer
from bot.llm.failures import NO_LOOKUP, Refusal
from bot.net.client import Http
from bot.net.said import told

TOKENS = ("max_tokens", "max_completion_tokens")
"""All compatible servers know the first. OpenAI's thinking models refuse it."""
OFFICIAL = ("api.openai.com", ".azure.com")
"""Ends of hosts that know the second; gateways translate."""
PUBLIC_LISTS = ("openrouter.ai", "huggingface.co")
"""Ends of hosts that list their models to everybody, which says nothing of the key."""
OWN = frozenset({"messages", "model", "n", "response_format", "stream"})
"""What Easel sets itself."""


class OpenAIChat(HttpChat):
    """One model of one server."""

    def __init__(self, http: Http, model: str, params: Mapping[str, Any], *, sees: bool, timeout_s: float) -> None:
        """`http`: its base ends in /v1 as a rule."""
        super().__init__(http, model, params, sees=sees, timeout_s=timeout_s)
        self._host = urlsplit(http.base).hostname or ""
        self._tokens = TOKENS[::-1] if self._host.endswith(OFFICIAL) else TOKENS

    def _request(self, question: Question, habits: Habits) -> tuple[str, dict[str, Any]]:
        content: object = question.said
        if question.pictures:
            shown = [
                {"type": "image_url", "image_url": {"url": f"data:{mime};base64,{data}"}}
                for mime, data in question.pictures
            ]
            content = [{"type": "text", "text": question.said}, *shown]
        rules = [{"role": "system", "content": question.told}] if question.told else []
        body: dict[str, Any] = {"model": self._model, "messages": [*rules, {"role": "user", "content": content}]}
        if not any(name in self._params for name in TOKENS):
            name = self._tokens[habits.swapped]
            room = ROOM if name == TOKENS[1] and not question.trial else 0  # others may not have as much context
            body[name] = question.max_tokens + room
        if question.form is not None and habits.rung == "schema":
            schema = {"name": question.form.name, "strict": True, "schema": question.form.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif question.form is not None and habits.rung == "json":
            body["response_format"] = {"type": "json_object"}
        return "/chat/completions", body | {
            name: value for name, value in self._params.items() if name not in habits.dropped
        }

    def _optional(self) -> Mapping[str, tuple[str, ...]]:
        return {name: (name,) for name in self._params}

    def _read(self, value: Mapping[str, Any]) -> tuple[str, bool]:
        choices = value.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
        for each in (choice, value):  # OpenRouter fails so with a good status
            if each.get("error"):
                said = told({"error": each["error"]})
                raise Refusal(int(said.code) if re.fullmatch("[45][0-9]{2}", said.code) else 500, said)
        message = choice.get("message")
        if not isinstance(message, dict):
            raise NoAnswer("unreadable", "the answer has no message")
        content, elsewhere = message.get("content"), message.get("provider_specific_fields")
        parts = [each for each in content if isinstance(each, dict)] if isinstance(content, list) else []
        refusals = [each.get("refusal") for each in (message, *parts)]
        if any(refusals) or (isinstance(elsewhere, dict) and elsewhere.get("refusal")):  # LiteLLM moves it there
            raise NoAnswer("refused", "the model refused to answer")
        ended = choice.get("finish_reason")
        if ended == "content_filter":
            raise NoAnswer("refused", "a content filter stopped the answer")
        texts = [content] if isinstance(content, str) else [each.get("text") for each in parts]
        return "".join(each for each in texts if isinstance(each, str)), ended == "length"

    async def _looked_up(self, timeout_s: float) -> str | None:
        if self._host.endswith(PUBLIC_LISTS):
            return None
        try:
            value = await self._json("GET", "/models", timeout_s, limit=LARGEST_LIST)
        except Refusal as refusal:
            if refusal.status in NO_LOOKUP:
                return None
            raise refusal.meant from refusal
        items = value.get("data") if isinstance(value, dict) else None
        names = {item.get("id") for item in items if isinstance(item, dict)} if isinstance(items, list) else set()
        if names.isdisjoint((self._model, f"{self._model}:latest")):  # Ollama's; Azure and gateways do not list all
            return None
        return f"{self._http.base}: the key is accepted, {self._model} is among its {len(names)} models."
