"""Asks the service: for pictures once, and again only when surely nothing was drawn; for its models."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from bot.engines.again import UNTOLD_S, NotTaken, until_taken
from bot.engines.base import Run
from bot.engines.errors import FULL, meaning
from bot.engines.gemini.answers import Drawing, ErrorInside, drawn, predicted
from bot.engines.gemini.bodies import Call
from bot.engines.gemini.errors import gemini_error
from bot.engines.gemini.models import Prices, bare
from bot.errors import BadAnswer, EngineBusy, EngineError, EngineUnavailable, UnknownOutcome
from bot.net.client import Answer, Http, Timeouts
from bot.net.errors import Broken, Malformed, NotReached, TooLong
from bot.net.said import Told, describe, name, said_by, told, without, word
from bot.net.spool import json_with_blobs
from bot.net.waiting import wait_s

log = structlog.get_logger(__name__)

LARGEST_PICTURE = 50_000_000
"""Bytes of one; a PNG of the largest size there is has about 40 million."""
MOST_BLOBS = 20
"""Pictures, drafts and signatures in one answer."""
LARGEST_TEXT = 1024 * 1024
"""Bytes of an answer without these."""
LARGEST_ANSWER = 4 * LARGEST_PICTURE * 4 // 3
LARGEST_LIST = 8 * 1024 * 1024
MOST_PAGES = 20
"""Of the list of models; one page holds a thousand."""
LISTING = Timeouts(connect=5, read=15, total=20)
GRACE_S = 5.0
"""The core stops a call at its deadline; only if that fails, the connection ends so much later."""

CROWDED = frozenset({429, *FULL})
ERROR_CODES = frozenset(map(str, range(400, 600)))
NO_LIST = frozenset({404, 405, 501})
LONGEST_NAME = 200
"""Characters of a model's name."""


class NotKnown(Exception):
    """The service surely took nothing, because it does not know a field; `call` is without it."""

    def __init__(self, error: EngineError, call: Call) -> None:
        """`error` is what it means when nothing more is sent."""
        super().__init__()
        self.error = error
        self.call = call


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as the service lists it."""

    name: str
    title: str


class Service:
    """The Gemini API at one address."""

    def __init__(self, engine: str, http: Http) -> None:
        """`engine` is the id named in errors."""
        self._engine = engine
        self._http = http

    async def draw(self, call: Call, prices: Prices | None, run: Run) -> Drawing:
        """Have pictures drawn. Raises EngineError, Cancelled.

        Once, a call is sent anew without what the service says it does not know. Cancelling closes the connection; the
        service may go on, and charge.
        """
        try:
            return await until_taken(self._engine, run, partial(self._once, call, prices, run))
        except NotKnown as refused:
            less = refused.call
        try:
            return await until_taken(self._engine, run, partial(self._once, less, prices, run))
        except NotKnown as refused:
            raise refused.error from refused

    async def _once(self, call: Call, prices: Prices | None, run: Run) -> Drawing:
        left = max(0.0, run.deadline - asyncio.get_running_loop().time()) + GRACE_S
        try:
            async with self._http.request(
                "POST",
                call.path,
                json=call.json,
                limit=LARGEST_ANSWER,
                timeouts=Timeouts(read=left, total=left),
            ) as answer:
                if not answer.ok:
                    raise await self._refusal(answer, call)
                value = await json_with_blobs(
                    answer, max_blobs=MOST_BLOBS, blob_limit=LARGEST_PICTURE, text_limit=LARGEST_TEXT
                )
                if call.method == "predict":
                    return predicted(self._engine, value, call.prompt)
                return drawn(self._engine, value, call.prompt, prices)
        except ErrorInside as error:
            raise self._inside(answer, told(error.body), call) from error

    async def _refusal(self, answer: Answer, call: Call) -> EngineError | NotTaken | NotKnown:
        said = await said_by(answer)
        self._log(answer, said)
        wait = wait_s(answer.headers, said.words, said.delay)
        error = gemini_error(
            self._engine,
            answer.status,
            said,
            headers=answer.headers,
            retry_after=wait,
            prompt=call.prompt,
            own_model=call.own_model,
        )
        if answer.status in CROWDED and isinstance(error, EngineBusy):
            return NotTaken(error, "limit", UNTOLD_S if wait is None else wait)
        if answer.status == 400 and (less := call.without_unknown(said.words)) is not None:
            return NotKnown(error, less)
        return error

    def _inside(self, answer: Answer, said: Told, call: Call) -> EngineError:
        """Return what an error in an answer with a good status means: its code is the status it should have had."""
        self._log(answer, said)
        if said.code in ERROR_CODES:
            return gemini_error(
                self._engine,
                int(said.code),
                said,
                headers=answer.headers,
                retry_after=wait_s(answer.headers, said.words, said.delay),
                prompt=call.prompt,
                own_model=call.own_model,
            )
        said = without(said, call.prompt)
        return (meaning(said) or BadAnswer)(engine=self._engine, detail=describe(answer.status, said))

    async def models(self) -> list[Listed] | None:
        """Return all models on offer that can draw or write, None when there is no list. Raises EngineError."""
        found: dict[str, Listed] = {}
        token = ""
        for _ in range(MOST_PAGES):
            page = await self._page(token)
            if page is None:
                return None
            for item in page.get("models") or ():
                if (each := _listed(item)) is not None:
                    found.setdefault(each.name, each)
            token, before = str(page.get("nextPageToken") or ""), token
            if token in ("", before):
                break
        return list(found.values())

    async def _page(self, token: str) -> Mapping[str, Any] | None:
        query = {"pageSize": "1000"} | ({"pageToken": token} if token else {})
        try:
            async with self._http.request(
                "GET", "/models", query=query, limit=LARGEST_LIST, timeouts=LISTING
            ) as answer:
                if answer.status in NO_LIST:
                    return None
                if not answer.ok:
                    said = await said_by(answer)
                    self._log(answer, said)
                    error = gemini_error(self._engine, answer.status, said, headers=answer.headers)
                    if isinstance(error, UnknownOutcome):  # nothing was to be drawn
                        raise EngineUnavailable(engine=self._engine, detail=error.detail)
                    raise error
                value = await answer.json()
        except (NotReached, Broken) as error:
            raise EngineUnavailable(engine=self._engine, detail=error.detail) from error
        except (TooLong, Malformed) as error:
            detail = f"{error.detail}; the address of this API usually ends in /v1beta"
            raise BadAnswer(engine=self._engine, detail=detail) from error
        if not isinstance(value, dict) or not isinstance(value.get("models", []), list):
            raise BadAnswer(engine=self._engine, detail="the list of models is none")
        return value

    def _log(self, answer: Answer, said: Told) -> None:
        """Note how an error is named; its words may repeat the prompt."""
        log.info("an engine answered with an error", engine=self._engine, status=answer.status, code=word(name(said)))


def _listed(item: object) -> Listed | None:
    """Return a model that answers to a method that draws; gateways do not tell the methods."""
    path = item.get("name") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(path, str) or not _is_name(path):
        return None
    methods, title = item.get("supportedGenerationMethods"), item.get("displayName")
    if isinstance(methods, list) and not {"generateContent", "predict"} & {*map(str, methods)}:
        return None
    return Listed(bare(path), title if isinstance(title, str) and _is_name(title) else "")


def _is_name(text: str) -> bool:
    return 0 < len(text) <= LONGEST_NAME and text.isprintable()
