"""What a server answers to a call that draws: one JSON object, or a stream of events."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.engines.openai.bodies import PARTIALS
from bot.errors import BadAnswer, EngineError, UnknownOutcome
from bot.net.events import Event
from bot.net.spool import Blob

LONGEST_WORDS = 4000
"""Characters kept of a revised prompt."""
LONGEST_FACT = 40
FACTS = ("size", "quality", "background", "output_format")
"""What was left to the server, as it decided."""
TOKENS = ("input_tokens", "output_tokens", "total_tokens")
DETAILS = ("input_tokens_details", "output_tokens_details")
KINDS = ("text_tokens", "image_tokens")

Progress = Callable[[float | None, bytes | None], None]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a picture is to be fetched."""

    url: str


@dataclass(slots=True)
class Drawing:
    """What a call gave."""

    pictures: list[bytes | Address] = field(default_factory=list)
    revised_prompt: str | None = None
    facts: dict[str, object] = field(default_factory=dict)
    """`usage` in tokens, and what `FACTS` names."""
    usage: object = None
    """The service's own report, as it came."""
    cost: float | None = None
    """Dollars, as the service says."""
    failure: EngineError | None = None
    """What is wrong with a picture that is not among these."""


class ErrorInside(Exception):
    """An answer with a good status that says that something went wrong."""

    def __init__(self, body: object, *, midway: bool) -> None:
        """`body` is the parsed JSON that holds the error; `midway`: the drawing had begun."""
        super().__init__()
        self.body = body
        self.midway = midway


def whole(engine: str, value: object) -> Drawing:
    """Read a JSON answer, which may hold no picture at all. Raises BadAnswer, ErrorInside."""
    if not isinstance(value, dict) or not ("data" in value or value.get("error")):
        raise BadAnswer(engine=engine, detail="the answer is JSON without `data`")
    drawing = Drawing(facts=_facts(value), usage=value.get("usage"))
    items = value.get("data")
    for item in items if isinstance(items, list) else ():
        _take(engine, item, drawing)
    if value.get("error") and not drawing.pictures:
        raise ErrorInside(value, midway=False)
    return drawing


async def streamed(engine: str, events: AsyncIterator[Event], progress: Progress) -> Drawing:
    """Read a stream up to its picture, showing partial ones as they come. Raises ErrorInside, UnknownOutcome.

    What comes after the picture is not waited for: a connection that breaks, or never ends, must not take it along.
    Events as of November 2026: `image_generation.partial_image`, `image_generation.completed` and the same of
    `image_edit`; an error is an object with `error`, whatever the event's name.
    """
    drawing = Drawing()
    seen, ended = 0, False
    async for event in events:
        data = event.data
        if not isinstance(data, dict):
            continue
        type = data.get("type")
        kind = (type if isinstance(type, str) else event.name).rpartition(".")[2]
        if data.get("error") or kind == "error":
            raise ErrorInside(data, midway=True)
        if kind == "partial_image":
            seen += 1
            index = data.get("partial_image_index")
            number = index + 1 if isinstance(index, int) and seen <= index + 1 <= PARTIALS else min(seen, PARTIALS)
            preview = None
            with contextlib.suppress(BadAnswer):  # the picture itself may be good
                preview = _decoded(engine, data.get("b64_json"))
            progress(number / (PARTIALS + 1), preview)
        elif kind == "completed":
            ended = True
            drawing.facts, drawing.usage = _facts(data), data.get("usage")
            _take(engine, data, drawing)
            if drawing.pictures:
                break
    if not ended:
        raise UnknownOutcome(engine=engine, detail="the stream ended without a finished picture")
    return drawing


def _take(engine: str, item: object, drawing: Drawing) -> None:
    """Add the picture of an item, unless it is empty: that is how some servers say that they refused."""
    if not isinstance(item, dict):
        return
    revised = item.get("revised_prompt")
    if isinstance(revised, str) and revised and drawing.revised_prompt is None:
        drawing.revised_prompt = revised[:LONGEST_WORDS]
    try:
        picture = _decoded(engine, item.get("b64_json")) or _located(engine, item.get("url"))
    except BadAnswer as error:  # the others may be good
        drawing.failure = error
    else:
        if picture is not None:
            drawing.pictures.append(picture)


def _located(engine: str, url: object) -> bytes | Address | None:
    """Return where a picture is, or the picture itself if the address is a data URL. Raises BadAnswer."""
    if isinstance(url, str) and url and not url.lower().startswith("data:"):
        if url.lower().startswith(("http://", "https://", "/")):
            return Address(url)
        raise BadAnswer(engine=engine, detail="a picture's address is none")
    return _decoded(engine, url)


def _decoded(engine: str, value: object) -> bytes | None:
    """Return the bytes of a picture given as base64 or as a data URL, None when none is given. Raises BadAnswer."""
    match value:
        case Blob():
            return value.data
        case str() if value.strip():
            text = value.partition(",")[2] if value.lower().startswith("data:") else value
            text = "".join(text.split()).rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
            try:
                return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)  # short: long ones are Blobs
            except ValueError as error:
                raise BadAnswer(engine=engine, detail=f"a picture is not base64: {error}") from error
    return None


def _facts(answer: Mapping[str, Any]) -> dict[str, object]:
    """Return what is worth keeping; a stranger wrote it, so nothing else than looked for, and nothing long."""
    facts: dict[str, object] = {
        name: value[:LONGEST_FACT] for name in FACTS if isinstance(value := answer.get(name), str)
    }
    usage = answer.get("usage")
    if isinstance(usage, dict) and (tokens := _tokens(usage, TOKENS)):
        for name in DETAILS:
            if isinstance(part := usage.get(name), dict) and (kinds := _tokens(part, KINDS)):
                tokens[name] = kinds
        facts["usage"] = tokens
    return facts


def _tokens(usage: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, object]:
    found = {name: value for name in names if isinstance(value := usage.get(name), int) and 0 <= value < 2**53}
    return {name: value for name, value in found.items() if not isinstance(value, bool)}
