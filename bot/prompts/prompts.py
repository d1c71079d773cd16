"""What the language model is asked, and what of its answers is used."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import structlog

from bot import intent
from bot.errors import CannotDescribe, NotDescribed
from bot.llm.base import ChatModel, NoAnswer
from bot.pictures.inputs import InputPicture
from bot.prompts import answers, routing, rules
from bot.prompts.answers import Unfit
from bot.settings.tables import LlmSettings
from bot.types import Kind

log = structlog.get_logger(__name__)

T = TypeVar("T")
A = TypeVar("A")

ENHANCE_S = 8.0
ACKNOWLEDGE_S = 10.0
EXPLAIN_S = 4.0
ROUTE_S = 2.0
LONGEST_REQUEST = 2000
"""Characters of a prompt that is given away to be improved: a longer one says all there is to say."""
TOKENS: Mapping[str, int] = {"enhance": 2000, "acknowledge": 800, "explain": 800, "route": 500, "describe": 1500}
"""At most; answers are far shorter, but some models think aloud first."""


class Prompts:
    """The language model's words around pictures.

    All methods but `describe` return None whenever there is no answer that is good enough, whatever the reason, within
    their own few seconds or the configured `timeout_s`, whichever is less.
    """

    def __init__(self, model: ChatModel | None, settings: LlmSettings) -> None:
        """`model` None: none is configured. It is closed by `aclose`."""
        self._model = model
        self._settings = settings

    @property
    def ready(self) -> bool:
        """A language model is configured."""
        return self._model is not None

    @property
    def sees(self) -> bool:
        """Pictures can be described."""
        return self._model is not None and self._settings.vision and self._model.sees

    async def enhance(self, kind: Kind, prompt: str, earlier: Sequence[str] = ()) -> str | None:
        """Return a better prompt, or a clearer instruction for an edit: on one line, with the person's lettering,
        numbers and marks (`<lora:…>`, weights, flags) still in it.

        `earlier`: requests and answers of the place, the oldest first; the last six are shown.
        """
        if not prompt.strip() or len(prompt) > LONGEST_REQUEST:
            return None
        own, template = rules.ENHANCE, self._settings.enhance_template
        if kind == "edit":
            own, template = rules.ENHANCE_EDIT, self._settings.edit_template

        async def ask(model: ChatModel, timeout_s: float) -> Mapping[str, object]:
            said = rules.data(request=prompt, earlier=rules.last(earlier))
            return await model.fill(
                template.strip() or own, said, rules.PROMPT, timeout_s=timeout_s, max_tokens=TOKENS["enhance"]
            )

        return await self._answer(
            "enhance", ENHANCE_S, ask, lambda found: answers.prompt(kind, prompt, found.get("prompt"))
        )

    async def acknowledge(self, kind: Kind, prompt: str, count: int, language: str) -> str | None:
        """Return one friendly sentence to go with `count` finished pictures: at most 200 characters of plain words."""

        async def ask(model: ChatModel, timeout_s: float) -> str:
            said = rules.data(kind=kind, request=rules.shown(prompt), count=count)
            return await model.say(
                rules.in_language(rules.ACKNOWLEDGE, language),
                said,
                timeout_s=timeout_s,
                max_tokens=TOKENS["acknowledge"],
            )

        return await self._answer(
            "acknowledge", ACKNOWLEDGE_S, ask, lambda found: answers.acknowledgement(found, language)
        )

    async def explain(self, sentence: str, language: str, keep: Sequence[str] = ()) -> str | None:
        """Return friendlier words for one of Easel's sentences, with all its names, numbers and quotations in it.

        `keep`: what else of the sentence must stay, such as the name of an engine that could be any word.
        """

        async def ask(model: ChatModel, timeout_s: float) -> str:
            return await model.say(
                rules.in_language(rules.EXPLAIN, language),
                rules.data(message=sentence),
                timeout_s=timeout_s,
                max_tokens=TOKENS["explain"],
            )

        return await self._answer(
            "explain", EXPLAIN_S, ask, lambda found: answers.explanation(sentence, found, language, keep)
        )

    async def route(self, message: intent.Message, earlier: Sequence[str] = ()) -> intent.Decision | None:
        """Return what to do with a plain message, as the eight rules of `bot.intent` could have it.

        None, too, for a command and for a message without words: there is nothing to decide.
        """
        if message.command is not None or not message.text.strip():
            return None

        async def ask(model: ChatModel, timeout_s: float) -> Mapping[str, object]:
            return await model.fill(
                rules.ROUTE,
                routing.question(message, earlier),
                rules.DECISION,
                timeout_s=timeout_s,
                max_tokens=TOKENS["route"],
            )

        return await self._answer("route", ROUTE_S, ask, lambda found: routing.decision(message, found.get("decision")))

    async def describe(self, picture: InputPicture, language: str) -> str:
        """Return one to four sentences about a picture (shrunk by the caller: 1024 pixels a side are enough).

        Raises CannotDescribe when nothing here sees, NotDescribed when the model refuses or does not answer.
        """
        if not self.sees:
            raise CannotDescribe

        async def ask(model: ChatModel, timeout_s: float) -> str:
            return await model.say(
                rules.in_language(rules.DESCRIBE, language),
                rules.data(request="Describe this picture."),
                timeout_s=timeout_s,
                pictures=(picture,),
                max_tokens=TOKENS["describe"],
            )

        found = await self._answer(
            "describe", self._settings.timeout_s, ask, lambda found: answers.description(found, language)
        )
        if found is None:
            raise NotDescribed
        return found

    async def aclose(self) -> None:
        """Let go of the model's connections."""
        if self._model is not None:
            await self._model.aclose()

    async def _answer(
        self,
        task: str,
        longest_s: float,
        ask: Callable[[ChatModel, float], Awaitable[A]],
        check: Callable[[A], T],
    ) -> T | None:
        """Return what is made of the answer, None when there is none that can be used; say why in the log."""
        if self._model is None:
            return None
        timeout_s = min(longest_s, self._settings.timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                found = await ask(self._model, timeout_s)
            return check(found)
        except NoAnswer as error:
            reason: str = error.reason
            detail = error.detail
        except TimeoutError:
            reason, detail = "late", ""
        except Unfit as error:
            reason, detail = "unfit", str(error)
        except Exception as error:  # a mistake in a client must not keep a picture from being drawn either
            log.warning("the language model's client failed", task=task, error=type(error).__name__)
            return None
        log.info("the language model's answer is not used", task=task, reason=reason, detail=detail)
        return None
