"""The HTTP routes of one server of the family (`modules/api/api.py`, `modules/progress.py`)."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from json import loads

from bot.net.client import Answer, Http, Timeouts
from bot.net.errors import Malformed, NetError, TooLong
from bot.net.spool import Blob, json_with_blobs
from bot.net.waiting import wait_s

TXT2IMG, IMG2IMG = "/sdapi/v1/txt2img", "/sdapi/v1/img2img"
UPSCALE = "/sdapi/v1/extra-single-image"
INTERROGATE, CAPTION = "/sdapi/v1/interrogate", "/sdapi/v1/caption"

ASKING = Timeouts(connect=5, read=15, total=20)
"""Seconds for what takes the server no time; it answers these while it draws."""
LISTING = Timeouts(connect=5, read=60, total=60)
"""Some lists are read from the disk."""
SHORT = 2**20
"""Bytes an answer may have that holds nothing long."""
LONG = 32 * 2**20
"""Bytes of a list: LoRAs come with the metadata of their training."""
LARGEST_PICTURE = 256 * 2**20
"""Bytes: an 80 megapixel PNG of noise."""
LARGEST_ANSWER = 512 * 2**20
"""Bytes, with base64's third."""
MOST_PICTURES = 32
"""In one answer: the pictures, a grid, ControlNet's maps, and the inputs where they are repeated."""
LARGEST_PREVIEW = 16 * 2**20
LARGEST_TEXT = 4 * 2**20
"""Bytes of an answer without its pictures: prompts may be long, and are said several times."""
LARGEST_ERROR = 2**17
"""Bytes read of an error; tracebacks are within."""
ERROR_S = 10.0
"""How long an error may take to say what is wrong; its status is known before."""
MISSING = frozenset({404, 405, 501})
"""How a server says that it does not have a route."""


class Refusal(Exception):
    """The server, or a proxy before it, answered with an error status."""

    def __init__(self, status: int, *, text: str = "", value: object = None, retry_after: float | None = None) -> None:
        """`value` is the body where it was JSON, `text` where it was not; `retry_after` in seconds."""
        super().__init__(f"HTTP {status}")
        self.status = status
        self.text = text
        self.value = value
        self.retry_after = retry_after

    @property
    def missing(self) -> bool:
        """There is no such route."""
        return self.status in MISSING


@dataclass(frozen=True, slots=True)
class Look:
    """How one task stands, by `/internal/progress`."""

    active: bool
    queued: bool
    completed: bool
    fraction: float | None = None
    """0-1."""
    preview: bytes | None = None
    preview_id: int = -1

    @property
    def known(self) -> bool:
        """The server has the task, or had it lately."""
        return self.active or self.queued or self.completed


@dataclass(frozen=True, slots=True)
class State:
    """What the server does, for whomever, by `/sdapi/v1/progress`."""

    idle: bool
    interrupted: bool
    """What runs, or what ran last, was stopped."""
    timestamp: str
    """When what runs began: another for each job."""
    fraction: float
    preview: bytes | None = None


class Client:
    """Asks one server. Every method raises NetError and Refusal."""

    def __init__(self, http: Http) -> None:
        """`http` stays the caller's to close."""
        self._http = http

    async def draw(self, path: str, body: Mapping[str, object], seconds: float) -> object:
        """Have something drawn; return the JSON that answers, long base64 in it as Blobs.

        Nothing comes for as long as others are served first and a model is loaded, so only `seconds` end the wait.
        """
        timeouts = Timeouts(read=seconds, total=seconds)
        async with self._http.request("POST", path, json=body, limit=LARGEST_ANSWER, timeouts=timeouts) as answer:
            if not answer.ok:
                raise await _refusal(answer)
            return await json_with_blobs(
                answer, max_blobs=MOST_PICTURES, blob_limit=LARGEST_PICTURE, text_limit=LARGEST_TEXT
            )

    async def task(self, task_id: str, preview_id: int = -1, *, preview: bool = False) -> Look | None:
        """Return how a task stands; None where the server has no such route.

        Never without a task: then the answer would be about whatever runs. `preview_id` is that of the last preview
        seen, which is not sent again.
        """
        body = {"id_task": task_id, "live_preview": preview, "id_live_preview": preview_id}
        try:
            said = await self._look("POST", "/internal/progress", json=body)
        except (Refusal, Malformed) as error:
            if isinstance(error, Malformed) or error.missing or error.status in (401, 403):
                return None  # a page instead of it, or not meant for the API's users
            raise
        if not isinstance(said, dict) or not isinstance(said.get("active"), bool):
            return None
        number = said.get("id_live_preview")
        return Look(
            active=said["active"],
            queued=said.get("queued") is True,
            completed=said.get("completed") is True,
            fraction=_fraction(said.get("progress")),
            preview=picture_of(said.get("live_preview")),
            preview_id=number if isinstance(number, int) else preview_id,
        )

    async def state(self, *, preview: bool = False) -> State | None:
        """Return what the server does; None where it has no such route."""
        query = {} if preview else {"skip_current_image": "true"}
        try:
            said = await self._look("GET", "/sdapi/v1/progress", query=query)
        except (Refusal, Malformed) as error:
            if isinstance(error, Malformed) or error.missing:
                return None
            raise
        state = said.get("state") if isinstance(said, dict) else None
        if not isinstance(said, dict) or not isinstance(state, dict):
            return None
        return State(
            idle=not state.get("job_count") and not state.get("job"),
            interrupted=state.get("interrupted") is True,
            timestamp=str(state.get("job_timestamp", "")),
            fraction=_fraction(said.get("progress")) or 0.0,
            preview=picture_of(said.get("current_image")),
        )

    async def interrupt(self) -> None:
        """Stop whatever runs, at its next step. SD.Next answers 204 without a body."""
        async with self._http.request("POST", "/sdapi/v1/interrupt", limit=SHORT, timeouts=ASKING) as answer:
            if not answer.ok:
                raise await _refusal(answer)

    async def get(self, path: str, limit: int = SHORT) -> object:
        """Return the JSON at a path."""
        async with self._http.request("GET", path, limit=limit, timeouts=LISTING) as answer:
            if not answer.ok:
                raise await _refusal(answer)
            return await answer.json()

    async def found(self, path: str, limit: int = SHORT) -> object:
        """Return the JSON at a path; None where the server has none to give. Other refusals are raised.

        500 means nothing: SD.Next answers so for its own list of schedulers.
        """
        try:
            return await self.get(path, limit)
        except (Malformed, TooLong):
            return None
        except Refusal as refusal:
            if refusal.missing or refusal.status in (422, 500):
                return None
            raise

    async def _look(
        self, method: str, path: str, *, json: object = None, query: Mapping[str, str] | None = None
    ) -> object:
        async with self._http.request(
            method, path, json=json, query=query, limit=2 * LARGEST_PREVIEW, timeouts=ASKING
        ) as answer:
            if not answer.ok:
                raise await _refusal(answer)
            return await json_with_blobs(answer, max_blobs=2, blob_limit=LARGEST_PREVIEW, text_limit=LARGEST_TEXT)


def picture_of(value: object) -> bytes | None:
    """Return the bytes of a picture in an answer, given as base64 or as a data URL; None when it is neither.

    The long ones are Blobs already.
    """
    if isinstance(value, Blob):
        return value.data
    if isinstance(value, str) and value.strip():
        text = value.partition(",")[2] if value[:5].lower() == "data:" else value
        with contextlib.suppress(ValueError):
            return base64.b64decode("".join(text.split()), validate=True) or None
    return None


def _fraction(value: object) -> float | None:
    """Return a number from 0 to 1; whatever the server says, NaN included."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return min(max(float(value), 0.0), 1.0)


async def _refusal(answer: Answer) -> Refusal:
    """Return an error status with what its body says, if that can be read."""
    body = bytearray()
    with contextlib.suppress(NetError, TimeoutError):
        async with asyncio.timeout(ERROR_S):
            async for chunk in answer.chunks():
                body += chunk
                if len(body) > LARGEST_ERROR:
                    break
    text = bytes(body[:LARGEST_ERROR]).decode("utf-8", "replace")
    value: object = None
    with contextlib.suppress(ValueError, RecursionError):
        value = loads(text)
    retry_after = wait_s(answer.headers, text[:2000])
    return Refusal(answer.status, text=text if value is None else "", value=value, retry_after=retry_after)
