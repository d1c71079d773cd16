"""JSON into values, without holding up the event loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from bot.net.blobs import Blob
from bot.net.errors import Malformed

BIG = 256 * 1024
"""From this many bytes on, work is done in a thread: it takes a millisecond or more."""

P = ParamSpec("P")
T = TypeVar("T")


async def off_loop(size: int, work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Do work on so many bytes: at once, or in a thread when they are many."""
    if size < BIG:
        return work(*args, **options)
    return await asyncio.to_thread(work, *args, **options)


def parse(text: bytes | bytearray, blobs: Mapping[str, Blob] | None = None) -> object:
    """Return what a text says in JSON, with blobs in the place of the strings they are filed under.

    Raises Malformed.
    """
    try:
        value: object = json.loads(text, object_hook=_breathe if len(text) >= BIG else None)
        return _filled(value, blobs) if blobs else value
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the answer is no JSON: {type(error).__name__}") from error


def _breathe(value: dict[str, Any]) -> dict[str, Any]:
    """Leave an object as it is. The parser is one long call into C; only in here can other threads run."""
    return value


def _filled(value: object, blobs: Mapping[str, Blob]) -> object:
    if isinstance(value, str):
        return blobs.get(value, value)
    if isinstance(value, list):
        return [_filled(item, blobs) for item in value]
    if isinstance(value, dict):
        if not blobs.keys().isdisjoint(value):
            raise Malformed("the answer has a picture for a key")
        return {key: _filled(item, blobs) for key, item in value.items()}
    return value
