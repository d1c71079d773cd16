"""Asks the service: for pictures once, and again only when surely nothing was taken; for its models."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from functools import partial

import structlog

from bot.engines.again import UNTOLD_S, NotTaken, until_taken
from bot.engines.base import Run
from bot.engines.errors import engine_error, meaning
from bot.engines.openai import costs
from bot.engines.openai.answers import Drawing, ErrorInside, streamed, whole
from bot.engines.openai.bodies import PARTIALS, Call
from bot.engines.openai.unknown import unknown_parameters
from bot.errors import BadAnswer, EngineBusy, EngineError, EngineUnavailable, UnknownOutcome
from bot.net.client import Answer, Http, Timeouts
from bot.net.errors import Broken, Malformed, NotReached, TooLong
from bot.net.events import events
from bot.net.said import Told, describe, said_by, told, without, word
from bot.net.spool import json_with_blobs
from bot.net.waiting import wait_s

log = structlog.get_logger(__name__)

LARGEST_PICTURE = 50_000_000
"""Bytes of one; OpenAI's largest are about 25 MB."""
MOST_PICTURES = 20
"""In one answer: some services send more than they were asked for."""
LARGEST_TEXT = 1024 * 1024
"""Bytes of an answer without its pictures."""
LARGEST_LIST = 8 * 1024 * 1024
LISTING = Timeouts(connect=5, read=15, total=20)
GRACE_S = 5.0
"""The core stops a call at its deadline; only if that fails, the connection ends so much later."""

NO_LIST = frozenset({404, 405, 501})
LONGEST_NAME = 200
"""Characters of a model's name."""
MOST_REMEMBERED = 100
"""Models of which it is remembered what they do not know; people can choose models."""
THROUGH_LITELLM = "llm_provider-"
"""What LiteLLM puts before the names of the headers it was answered."""


class NotKnown(Exception):
    """The service surely took nothing, because it does not know these parameters."""

    def __init__(self, error: EngineError, names: frozenset[str]) -> None:
        """`error` is what it means when the call is not sent again."""
        super().__init__()
        self.error = error
        self.names = names


class Service:
    """The images API at one address."""

    def __init__(self, engine: str, http: Http) -> None:
        """`engine` is the id named in errors."""
        self._engine = engine
        self._http = http
        self._unknown: dict[tuple[str, str], frozenset[str]] = {}
        """Path and model → parameters that are not known there."""

    async def draw(self, call: Call, run: Run) -> Drawing:
        """Have pictures drawn. Raises EngineError, Cancelled.

        Once, a call is sent anew without optional parameters the service says it does not know; later calls are sent
        without them from the beginning. Cancelling closes the connection; the service may go on, and charge.
        """
        complete = True
        call = call.without(self._unknown.get((call.path, call.model), frozenset()))
        while True:
            try:
                return await until_taken(self._engine, run, partial(self._once, call, run))
            except NotKnown as refused:
                if not complete:
                    raise refused.error from refused
                complete = False
                self._remember(call, refused.names)
                call = call.without(refused.names)

    def _remember(self, call: Call, names: frozenset[str]) -> None:
        place = (call.path, call.model)
        if place not in self._unknown and len(self._unknown) >= MOST_REMEMBERED:
            del self._unknown[next(iter(self._unknown))]
        self._unknown[place] = self._unknown.get(place, frozenset()) | names
        log.warning(
            "an engine does not know parameters; they are left out from now on",
            engine=self._engine,
            model=word(call.model),
            parameters=sorted(names),
        )

    async def _once(self, call: Call, run: Run) -> Drawing:
        left = max(0.0, run.deadline - asyncio.get_running_loop().time()) + GRACE_S
        limit = (call.count + PARTIALS) * LARGEST_PICTURE * 4 // 3
        try:
            async with self._http.request(
                "POST",
                call.path,
                json=call.json,
                parts=call.parts,
                limit=limit,
                timeouts=Timeouts(read=left, total=left),
            ) as answer:
                if not answer.ok:
                    raise await self._refusal(answer, call)
                if answer.content_type == "text/event-stream":
                    stream = events(
                        answer, max_blobs=MOST_PICTURES, blob_limit=LARGEST_PICTURE, text_limit=LARGEST_TEXT
                    )
                    async with contextlib.aclosing(stream):
                        drawing = await streamed(self._engine, stream, run.progress)
                else:
                    value = await json_with_blobs(
                        answer, max_blobs=MOST_PICTURES, blob_limit=LARGEST_PICTURE, text_limit=LARGEST_TEXT
                    )
                    drawing = whole(self._engine, value)
                drawing.cost = costs.told(answer.headers, drawing.usage)
                return drawing
        except ErrorInside as error:
            said = without(told(error.body), call.prompt)
            self._log(answer, said)
            kind = meaning(said) or (UnknownOutcome if error.midway else BadAnswer)
            detail = describe(answer.status, said)
            raise kind(engine=self._engine, detail=detail) from error

    async def _refusal(self, answer: Answer, call: Call) -> EngineError | NotTaken | NotKnown:
        said = await said_by(answer)
        self._log(answer, said)
        if "location" in answer.headers:
            elsewhere = answer.headers["location"].partition("?")[0]  # a query may hold a key
            said = replace(said, words=f"leads to {elsewhere}: {said.words}")
        headers = {name.removeprefix(THROUGH_LITELLM): value for name, value in answer.headers.items()}
        headers |= answer.headers
        wait = wait_s(headers, said.words, said.delay)
        error = engine_error(
            self._engine,
            answer.status,
            said,
            headers=headers,
            retry_after=wait,
            prompt=call.prompt,
            own_model=call.own_model,
        )
        if answer.status == 429 and isinstance(error, EngineBusy):
            return NotTaken(error, "limit", UNTOLD_S if wait is None else wait)
        if unknown := call.optional & unknown_parameters(answer.status, without(said, call.prompt)):
            return NotKnown(error, unknown)
        return error

    async def models(self) -> list[str] | None:
        """Return the names of all models on offer, None when the service has no such list. Raises EngineError."""
        try:
            async with self._http.request("GET", "/models", limit=LARGEST_LIST, timeouts=LISTING) as answer:
                if answer.status in NO_LIST:
                    return None
                if not answer.ok:
                    said = await said_by(answer)
                    self._log(answer, said)
                    error = engine_error(self._engine, answer.status, said, headers=answer.headers)
                    if isinstance(error, UnknownOutcome):  # nothing was to be drawn
                        plain = answer.status == 500 and answer.content_type == "text/plain"
                        hint = "; LiteLLM answers so to a call without its key" if plain else ""
                        raise EngineUnavailable(engine=self._engine, detail=f"{error.detail}{hint}")
                    raise error
                value = await answer.json()
        except (NotReached, Broken) as error:
            raise EngineUnavailable(engine=self._engine, detail=error.detail) from error
        except (TooLong, Malformed) as error:
            detail = f"{error.detail}; the address of an API usually ends in /v1"
            raise BadAnswer(engine=self._engine, detail=detail) from error
        items = value.get("data") if isinstance(value, dict) else value
        if not isinstance(items, list):
            raise BadAnswer(engine=self._engine, detail="the list of models is none")
        names = [item["id"] for item in items if isinstance(item, dict) and isinstance(item.get("id"), str)]
        return list(dict.fromkeys(name for name in names if 0 < len(name) <= LONGEST_NAME and name.isprintable()))

    def _log(self, answer: Answer, said: Told) -> None:
        """Note what the vendor asks for when asked about an error; its words may repeat the prompt."""
        headers = answer.headers
        log.info(
            "an engine answered with an error",
            engine=self._engine,
            status=answer.status,
            code=word(said.code or said.type),
            request=word(headers.get("x-request-id") or headers.get("llm_provider-x-request-id") or ""),
        )
