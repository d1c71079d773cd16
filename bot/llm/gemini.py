"""A language model behind Gemini's generateContent, as of November 2026."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.llm.asking import LARGEST_ANSWER, ROOM, Habits, HttpChat, Question
from bot.llm.base import NoAnswer
from bot.llm.failures import FORMATS, NO_LOOKUP, Refusal
from bot.net.client import Http
from bot.net.said import told, word

CONFIG = "generationConfig"
OWN = frozenset({"contents", "systemInstruction"})
"""What Easel sets itself."""
OWN_CONFIG = frozenset({"responseJsonSchema", "responseMimeType", "responseSchema"})
"""The same, in the generationConfig."""
ENDED = frozenset({"", "FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS"})
BROKEN = frozenset(
    {"MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "TOO_MANY_TOOL_CALLS", "UNEXPECTED_TOOL_CALL", "NO_IMAGE"}
)
"""Reasons to end that are mistakes of the model's; all others are refusals, those of the future too."""


class GeminiChat(HttpChat):
    """One model."""

    _formats = (*FORMATS, "responseJsonSchema", "responseMimeType", "responseSchema")

    def __init__(self, http: Http, model: str, params: Mapping[str, Any], *, sees: bool, timeout_s: float) -> None:
        """`http`: its base ends in the version of the API. `params` of the generationConfig are merged into it."""
        super().__init__(http, model, params, sees=sees, timeout_s=timeout_s)
        self._path = "/" + quote(model if "/" in model else f"models/{model}", safe="/")
        self._config: Mapping[str, Any] = params.get(CONFIG, {})

    def _request(self, question: Question, habits: Habits) -> tuple[str, dict[str, Any]]:
        shown = [{"inlineData": {"mimeType": mime, "data": data}} for mime, data in question.pictures]
        config: dict[str, Any] = {"maxOutputTokens": question.max_tokens + (0 if question.trial else ROOM)}
        if question.form is not None and habits.rung != "text":
            config["responseMimeType"] = "application/json"
        if question.form is not None and habits.rung == "schema":
            config["responseJsonSchema"] = question.form.schema
        body: dict[str, Any] = {
            "contents": [{"role": "user", "parts": [*shown, {"text": question.said}]}],
            **({"systemInstruction": {"parts": [{"text": question.told}]}} if question.told else {}),
            **{name: value for name, value in self._params.items() if name not in habits.dropped},
        }
        more = {name: value for name, value in self._config.items() if name not in habits.dropped}
        return f"{self._path}:generateContent", {**body, CONFIG: config | more}

    def _optional(self) -> Mapping[str, tuple[str, ...]]:
        known = {**self._params, **self._config}
        return {
            name: (name, *value) if isinstance(value, dict) else (name,)
            for name, value in known.items()
            if name != CONFIG
        }

    def _read(self, value: Mapping[str, Any]) -> tuple[str, bool]:
        if value.get("error"):
            raise Refusal(500, told(value))
        feedback, candidates = value.get("promptFeedback"), value.get("candidates")
        if isinstance(feedback, dict) and (blocked := feedback.get("blockReason")):
            raise NoAnswer("refused", f"blocked: {word(str(blocked))}")
        candidate = candidates[0] if isinstance(candidates, list) and candidates else None
        if not isinstance(candidate, dict):
            raise NoAnswer("unreadable", "the answer has no candidate")
        ended = str(candidate.get("finishReason") or "")
        if ended not in ENDED:
            raise NoAnswer("unreadable" if ended in BROKEN else "refused", f"ended: {word(ended)}")
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, dict) else None
        texts = [
            each.get("text")
            for each in (parts if isinstance(parts, list) else ())
            if isinstance(each, dict) and not each.get("thought")
        ]
        return "".join(each for each in texts if isinstance(each, str)), ended == "MAX_TOKENS"

    async def _looked_up(self, timeout_s: float) -> str | None:
        try:
            value = await self._json("GET", self._path, timeout_s, limit=LARGEST_ANSWER)
        except Refusal as refusal:
            if refusal.status in NO_LOOKUP:
                return None
            raise refusal.meant from refusal
        methods = value.get("supportedGenerationMethods") if isinstance(value, dict) else None
        if not isinstance(methods, list):
            return None
        if "generateContent" not in methods:
            raise NoAnswer("auth", f"{self._model} does not answer questions")
        return f"{self._http.base}: the key is accepted, {self._model} is there."
