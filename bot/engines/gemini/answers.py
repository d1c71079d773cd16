"""What the Gemini API answers to a call that draws: candidates made of parts, or Imagen's predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.engines.gemini.errors import no_picture
from bot.engines.gemini.models import Prices
from bot.errors import BadAnswer, ContentRefused, EngineError
from bot.net.blobs import Blob, Decoder, NotBase64
from bot.net.errors import NetError
from bot.net.said import Told, describe, without
from bot.net.spool import SHORT

LONGEST_WORDS = 500
"""Characters kept of what a model writes beside its picture."""
LONGEST_FACT = 40
ANSWER = frozenset({"candidates", "promptFeedback", "usageMetadata"})
"""One of these is in every answer of `generateContent`."""


@dataclass(slots=True)
class Drawing:
    """What a call gave."""

    pictures: list[bytes] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)
    """`usage` in tokens, `words` written beside the picture, `version` of the model."""
    failure: EngineError | None = None
    """Why there are fewer pictures than asked for."""
    cost: float | None = None
    """In dollars, by the answer's own usage."""


class ErrorInside(Exception):
    """An answer with a good status that says that something went wrong."""

    def __init__(self, body: object) -> None:
        """`body` is the parsed JSON that holds the error."""
        super().__init__()
        self.body = body


def drawn(engine: str, value: object, prompt: str, prices: Prices | None) -> Drawing:
    """Read an answer of `generateContent`: of its pictures the last that is no draft. Raises BadAnswer, ErrorInside."""
    if not isinstance(value, dict) or not (ANSWER & value.keys() or value.get("error")):
        raise BadAnswer(engine=engine, detail="the answer is JSON without `candidates`")
    if value.get("error") and not value.get("candidates"):
        raise ErrorInside(value)
    drawing = Drawing(facts=_facts(value))
    usage = value.get("usageMetadata")
    if isinstance(usage, dict):
        tokens = _Tokens(usage)
        drawing.facts["usage"] = tokens.facts()
        drawing.cost = tokens.cost(prices)
    candidate = next(_objects(value.get("candidates")), {})
    content = candidate.get("content")
    parts = _objects(content.get("parts") if isinstance(content, dict) else None)
    final = [part for part in parts if not part.get("thought")]  # models that think show up to two drafts
    written = " ".join(text for part in final if isinstance(text := part.get("text"), str) and text)
    for part in final:
        data = part.get("inlineData") or part.get("inline_data")
        if isinstance(data, dict):
            _take(engine, data.get("data"), drawing)
    del drawing.pictures[:-1]
    if drawing.pictures:
        drawing.failure = None
        if words := _printable(written[:LONGEST_WORDS]):
            drawing.facts["words"] = words
    elif drawing.failure is None:
        feedback = value.get("promptFeedback")
        feedback = feedback if isinstance(feedback, dict) else {}
        drawing.failure = no_picture(
            engine,
            block=_text(feedback, "blockReason"),
            finish=_text(candidate, "finishReason"),
            message=_text(candidate, "finishMessage") or _text(feedback, "blockReasonMessage"),
            written=written,
            prompt=prompt,
        )
    return drawing


def predicted(engine: str, value: object, prompt: str) -> Drawing:
    """Read an answer of `predict`, in which refused pictures are missing or a reason. Raises BadAnswer, ErrorInside."""
    if isinstance(value, dict) and value.get("error"):
        raise ErrorInside(value)
    if not isinstance(value, dict) or (value and "predictions" not in value):
        raise BadAnswer(engine=engine, detail="the answer is JSON without `predictions`")
    drawing = Drawing()
    for each in _objects(value.get("predictions")):
        _take(engine, each.get("bytesBase64Encoded"), drawing)
        if reason := _text(each, "raiFilteredReason"):
            said = without(Told(code="raiFilteredReason", words=reason), prompt)
            drawing.failure = ContentRefused(engine=engine, detail=describe(200, said))
    if not drawing.pictures and drawing.failure is None:
        drawing.failure = no_picture(engine, block="", finish="", message="", written="", prompt=prompt)
    return drawing


def _take(engine: str, data: object, drawing: Drawing) -> None:
    """Add a picture, unless there is none."""
    if isinstance(data, Blob):
        drawing.pictures.append(data.data)
    elif isinstance(data, str) and data:
        try:
            drawing.pictures.append(_decoded(data))
        except (NotBase64, NetError) as error:
            drawing.failure = BadAnswer(engine=engine, detail="a picture is not base64")
            drawing.failure.__cause__ = error


def _decoded(text: str) -> bytes:
    """Return the bytes of a picture so small that it was left as text. Raises NotBase64, TooLong."""
    decoder = Decoder(SHORT)
    decoder.feed(text.encode("utf-8", "replace")[: SHORT + 1])
    return decoder.finish().data


class _Tokens:
    """`usageMetadata`; a stranger wrote it, so only what can be a number of tokens is taken for one."""

    def __init__(self, usage: Mapping[str, Any]) -> None:
        self.input = _whole(usage, "promptTokenCount") + _whole(usage, "toolUsePromptTokenCount")
        self.written = _whole(usage, "candidatesTokenCount")
        self.thoughts = _whole(usage, "thoughtsTokenCount")
        pictures = [
            _whole(each, "tokenCount")
            for each in _objects(usage.get("candidatesTokensDetails"))
            if each.get("modality") == "IMAGE"
        ]
        self.image = sum(pictures) if pictures else None
        """None when it is not told how many of those written are the picture."""

    def facts(self) -> dict[str, object]:
        """Return them by the names other engines use."""
        out = self.written + self.thoughts
        facts: dict[str, object] = {
            "input_tokens": self.input,
            "output_tokens": out,
            "total_tokens": self.input + out,
        }
        if self.image is not None:
            facts["output_tokens_details"] = {"text_tokens": max(0, out - self.image), "image_tokens": self.image}
        return facts

    def cost(self, prices: Prices | None) -> float | None:
        """Return what they cost in dollars, None if that cannot be known."""
        if prices is None or self.image is None:
            return None
        text = max(0, self.written - self.image) + self.thoughts
        return (self.input * prices.input + text * prices.text + self.image * prices.image) / 1_000_000


def _facts(answer: Mapping[str, Any]) -> dict[str, object]:
    version = _text(answer, "modelVersion")[:LONGEST_FACT]
    return {"version": version} if version else {}


def _objects(value: object) -> Iterator[dict[str, Any]]:
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())


def _text(value: Mapping[str, Any], name: str) -> str:
    """Return a text of an object, empty when it has none."""
    return found if isinstance(found := value.get(name), str) else ""


def _printable(text: str) -> str:
    """Return a text in one line, without what cannot be stored."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())


def _whole(value: Mapping[str, Any], name: str) -> int:
    found = value.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 2**53 else 0
