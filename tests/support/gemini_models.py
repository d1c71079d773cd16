"""What the Gemini API takes (state of November 2026), and Google's errors for what it does not."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pybase64
from PIL import Image

from tests.support.serving_calls import Reply

TEN = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
STRIPS = ("1:4", "4:1", "1:8", "8:1")
SIDES = {"512": 512, "1K": 1024, "2K": 2048, "4K": 4096}
"""Of a square picture."""
ERROR_TYPE = "type.googleapis.com/google.rpc."


@dataclass(frozen=True, slots=True)
class Model:
    """The differences between the models."""

    method: str = "generateContent"
    draws: bool = True
    aspects: tuple[str, ...] = TEN
    sizes: tuple[str, ...] = ("1K",)
    format: str = "png"
    drafts: int = 0
    """Pictures it shows while it thinks."""
    tokens: Mapping[str, int] | None = None
    """Of one picture, by its size; 1120 where that is not said."""


MODELS: Mapping[str, Model] = {
    "gemini-3.8-flash": Model(draws=False),
    "gemini-2.5-flash-image": Model(tokens={"1K": 1290}),
    "gemini-3.1-flash-image": Model(
        aspects=TEN + STRIPS,
        sizes=("512", "1K", "2K", "4K"),
        format="jpeg",
        tokens={"512": 747, "2K": 1680, "4K": 2520},
    ),
    "gemini-3-pro-image": Model(sizes=("1K", "2K", "4K"), format="jpeg", drafts=2, tokens={"4K": 2000}),
    "gemini-nano-banana-2.1": Model(sizes=("1K", "2K", "4K"), format="webp"),
}
IMAGEN: Mapping[str, Model] = {
    "imagen-4.0-generate-001": Model(method="predict", aspects=("1:1", "3:4", "4:3", "9:16", "16:9"))
}
"""Gone at Google; gateways still offer it."""

Known = Mapping[str, Any]
_PART = {"text": None, "inlineData": {"mimeType": None, "data": None}, "thought": None, "thoughtSignature": None}
GENERATE: Known = {
    "model": None,
    "contents": {"role": None, "parts": _PART},
    "systemInstruction": {"role": None, "parts": _PART},
    "safetySettings": {"category": None, "threshold": None},
    "generationConfig": {
        **dict.fromkeys(("temperature", "topP", "topK", "maxOutputTokens", "candidateCount", "seed", "stopSequences")),
        "responseModalities": None,
        "imageConfig": {"aspectRatio": None, "imageSize": None},
        "thinkingConfig": {"includeThoughts": None, "thinkingLevel": None},
    },
}
"""The fields there are; None = a value, looked at elsewhere."""
PREDICT: Known = {
    "instances": {"prompt": None},
    "parameters": dict.fromkeys(("sampleCount", "aspectRatio", "sampleImageSize", "includeRaiReason", "outputOptions")),
}


def error(status: int, name: str, message: str, *details: Mapping[str, Any], **headers: str) -> Reply:
    """Return an error in Google's shape; `details` by the end of their `@type`, which stands under that name."""
    typed = [{**each, "@type": ERROR_TYPE + each["@type"]} for each in details]
    body: dict[str, Any] = {"code": status, "message": message, "status": name}
    return Reply.json(status, {"error": body | ({"details": typed} if typed else {})}, **headers)


def invalid(message: str, *fields: str) -> Reply:
    """Return 400 about these fields."""
    violations = [{"field": field, "description": message} for field in fields]
    detail = [{"@type": "BadRequest", "fieldViolations": violations}] if fields else []
    return error(400, "INVALID_ARGUMENT", message, *detail)


def unknown_name(name: str, at: str) -> Reply:
    """Return the refusal of a field that there is not. `at` is the object's place, in snake_case."""
    where = f" at '{at}'" if at else ""
    return invalid(f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.', at)


def camel(value: object) -> Any:
    """Return JSON with all names in camelCase: the API takes either."""
    if isinstance(value, dict):
        return {re.sub(r"_(\w)", lambda found: found[1].upper(), key): camel(each) for key, each in value.items()}
    return [camel(each) for each in value] if isinstance(value, list) else value


def stranger(value: object, known: Known | None, missing: frozenset[str], at: str = "") -> Reply | None:
    """Return the refusal of the first field that the API does not have; `missing`: of those it usually has."""
    if isinstance(value, list):
        refusals = (stranger(each, known, missing, f"{at}[{place}]") for place, each in enumerate(value))
        return next(filter(None, refusals), None)
    if not isinstance(value, dict) or known is None:
        return None
    for name, each in value.items():
        if name not in known or name in missing:
            return unknown_name(name, at)
        place = f"{at}.{_snake(name)}" if at else _snake(name)
        if (refusal := stranger(each, known[name], missing, place)) is not None:
            return refusal
    return None


def wrong_request(values: Mapping[str, Any], model: Model) -> Reply | None:
    """Return the refusal of a request to generate; None when it is right."""
    contents = values.get("contents")
    if not contents:
        return invalid("* GenerateContentRequest.contents: contents is not specified\n", "contents")
    config = values.get("generationConfig", {})
    modalities = config.get("responseModalities", ["TEXT", "IMAGE"] if model.draws else ["TEXT"])
    if "IMAGE" in modalities and not model.draws:
        return invalid("Model does not support the requested response modalities: image,text.")
    image = config.get("imageConfig", {})
    for name, allowed in (("aspectRatio", model.aspects), ("imageSize", model.sizes)):
        if name in image and image[name] not in allowed:
            return _wrong_value(f"generation_config.image_config.{_snake(name)}", image[name])
    parts = contents[-1].get("parts", [])
    if not any(part.get("text") or part.get("inlineData") for part in parts):
        return invalid("* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.\n")
    return next(filter(None, map(_wrong_picture, parts)), None)


def wrong_prediction(values: Mapping[str, Any], model: Model) -> Reply | None:
    """Return the refusal of a request to Imagen; None when it is right."""
    instances, parameters = values.get("instances"), values.get("parameters", {})
    if not isinstance(instances, list) or len(instances) != 1 or not instances[0].get("prompt"):
        return invalid("Exactly one instance with a prompt is needed.", "instances")
    if not 1 <= parameters.get("sampleCount", 4) <= 4:
        return _wrong_value("parameters.sample_count", parameters["sampleCount"])
    if parameters.get("aspectRatio", "1:1") not in model.aspects:
        return _wrong_value("parameters.aspect_ratio", parameters["aspectRatio"])
    return None


def pictures(values: Mapping[str, Any]) -> list[bytes]:
    """Return the pictures of a right request."""
    parts: Sequence[Mapping[str, Any]] = values["contents"][-1]["parts"]
    return [decoded(part["inlineData"]["data"]) for part in parts if part.get("inlineData")]


def decoded(data: str) -> bytes:
    """Return bytes given in either alphabet. Raises ValueError."""
    return pybase64.b64decode(data.translate({ord("-"): "+", ord("_"): "/"}), validate=True)


def _wrong_picture(part: Mapping[str, Any]) -> Reply | None:
    if not (given := part.get("inlineData")):
        return None
    if given.get("mimeType") not in ("image/png", "image/jpeg", "image/webp"):
        return invalid(f"Unsupported MIME type: {given.get('mimeType')}")
    try:
        with Image.open(io.BytesIO(decoded(given["data"]))) as picture:
            found = picture.get_format_mimetype()
    except (ValueError, OSError):
        found = None
    return None if found == given["mimeType"] else invalid("Unable to process input image. Please retry or report.")


def _wrong_value(at: str, value: object) -> Reply:
    return invalid(f"Invalid value at '{at}' (TYPE_STRING), \"{value}\"", at)


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda found: f"_{found[1].lower()}", name)
