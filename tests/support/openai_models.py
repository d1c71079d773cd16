"""What each OpenAI image model takes (state of November 2026), and the refusals of what it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.serving_calls import Reply

FIXED_SIZES = ("1024x1024", "1024x1536", "1536x1024")
REQUEST_ID = "req_0198c0ffee"
"""OpenAI's own answers carry it in the header `x-request-id`."""
KEYS_PAGE = "https://platform.openai.com/account/api-keys"
MOST_INPUTS = 16
LONGEST_PROMPT = 32_000


@dataclass(frozen=True, slots=True)
class Model:
    """The differences between the models."""

    free_sizes: bool = True
    sizes: tuple[str, ...] = (*FIXED_SIZES, "auto")
    """Those that are always taken."""
    qualities: tuple[str, ...] = ("low", "medium", "high")
    input_fidelity: tuple[str, ...] = ()
    most: int = 10
    """Pictures of one call."""
    edits: bool = True
    legacy: bool = False
    """Of DALL·E: answers addresses unless `response_format` says otherwise, and reports no usage."""


_NEWEST = Model(qualities=("low", "medium", "high", "xhigh", "max"))
_OLD = Model(free_sizes=False, input_fidelity=("high", "low"))
MODELS: Mapping[str, Model] = {
    "gpt-image-2.6-sunburst": _NEWEST,
    "gpt-image-2.6-flare": _NEWEST,
    "gpt-image-2.5-sunburst": _NEWEST,
    "gpt-image-2.5-flare": _NEWEST,
    "gpt-image-2": Model(),
    "gpt-image-1.5": _OLD,
    "chatgpt-image-latest": _OLD,
    "gpt-image-1-mini": Model(free_sizes=False, input_fidelity=("low",)),
}

DALL_E: Mapping[str, Model] = {
    "dall-e-2": Model(False, ("256x256", "512x512", "1024x1024"), ("standard",), legacy=True),
    "dall-e-3": Model(
        False, ("1024x1024", "1024x1792", "1792x1024"), ("standard", "hd"), most=1, edits=False, legacy=True
    ),
}
"""Gone at OpenAI; others still go by their rules."""

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "background": ("transparent", "opaque", "auto"),
    "output_format": ("png", "jpeg", "webp"),
    "moderation": ("auto", "low"),
    "complexity": ("low", "medium", "high"),
}
_WHOLE: Mapping[str, tuple[int, int]] = {"n": (1, 10), "output_compression": (0, 100), "partial_images": (0, 3)}
_COMMON = {*_CHOICES, *_WHOLE, "prompt", "model", "size", "quality", "stream", "safety_identifier", "user"}
GENERATION_PARAMETERS = frozenset(_COMMON)
EDIT_PARAMETERS = frozenset(_COMMON | {"input_fidelity"})
LEGACY_PARAMETERS = frozenset({"prompt", "model", "size", "n", "quality", "user", "response_format", "style"})


def found(name: object, models: Mapping[str, Model]) -> Model | None:
    """Return a model by its name or one of its snapshots'."""
    return models.get(re.sub(r"-\d{4}-\d\d-\d\d$", "", str(name)))


def error(
    status: int,
    message: str,
    code: str | None = None,
    *,
    type: str = "invalid_request_error",
    param: str | None = None,
    **headers: str,
) -> Reply:
    """Return an error in OpenAI's shape; `_` in a header's name stands for `-`."""
    body = {"error": {"message": message, "type": type, "param": param, "code": code}}
    return Reply.json(status, body, x_request_id=REQUEST_ID, **headers)


def invalid(param: str, message: str, code: str = "invalid_value") -> Reply:
    """Return the refusal of a parameter's value."""
    return error(400, message, code, param=param)


def refusal(values: Mapping[str, Any], known: frozenset[str], models: Mapping[str, Model]) -> Reply | None:
    """Return the error for the first wrong parameter; None when all are right. `values` are of JSON types."""
    model = found(values.get("model"), models)
    taken = LEGACY_PARAMETERS if model and model.legacy else known
    for name in values:
        if name not in taken:
            return invalid(name, f"Unknown parameter: '{name}'.", "unknown_parameter")
    for name in ("prompt", "model"):
        if not values.get(name):
            return invalid(name, f"Missing required parameter: '{name}'.", "missing_required_parameter")
        if not isinstance(values[name], str):
            return invalid(name, f"Invalid type for '{name}': expected a string.", "invalid_type")
    if (length := len(values["prompt"])) > LONGEST_PROMPT:
        text = f"Expected a string with maximum length {LONGEST_PROMPT}, but got a string with length {length} instead."
        return invalid("prompt", f"Invalid 'prompt': string too long. {text}", "string_above_max_length")
    if model is None:
        text = f"The model '{values['model']}' does not exist or you do not have access to it."
        return error(404, text, "model_not_found")
    choices = {**_CHOICES, "quality": (*model.qualities, "auto"), "input_fidelity": model.input_fidelity}
    for name, (least, most) in _WHOLE.items():
        if name in values and (wrong := _wrong_number(name, values[name], least, model.most if name == "n" else most)):
            return wrong
    for name, supported in choices.items():
        if name in values and values[name] not in supported:
            return _not_among(name, values[name], supported)
    return _wrong_size(values.get("size", "auto"), model) or _wrong_together(values)


def _wrong_number(name: str, value: object, least: int, most: int) -> Reply | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return invalid(name, f"Invalid type for '{name}': expected an integer.", "invalid_type")
    if value > most:
        text = f"integer above maximum value. Expected a value <= {most}, but got {value} instead."
        return invalid(name, f"Invalid '{name}': {text}", "integer_above_max_value")
    if value < least:
        text = f"integer below minimum value. Expected a value >= {least}, but got {value} instead."
        return invalid(name, f"Invalid '{name}': {text}", "integer_below_min_value")
    return None


def _not_among(name: str, value: object, supported: tuple[str, ...]) -> Reply:
    if not supported:
        return invalid(name, f"Unknown parameter: '{name}'.", "unknown_parameter")
    listed = ", ".join(f"'{each}'" for each in supported)
    return invalid(name, f"Invalid value: '{value}'. Supported values are: {listed}.")


def _wrong_size(size: object, model: Model) -> Reply | None:
    if size in model.sizes:
        return None
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", size) if isinstance(size, str) else None
    if not model.free_sizes or found is None:
        return _not_among("size", size, model.sizes)
    width, height = int(found[1]), int(found[2])
    long, short = max(width, height), min(width, height)
    if width % 16 or height % 16:
        return invalid("size", f"Invalid size '{size}': width and height must be multiples of 16.")
    if long > 3840 or long > 3 * short or not 655_360 <= width * height <= 8_294_400:
        text = "the longest edge is at most 3840, the ratio at most 3:1, and there are 655360 to 8294400 pixels."
        return invalid("size", f"Invalid size '{size}': {text}")
    return None


def _wrong_together(values: Mapping[str, Any]) -> Reply | None:
    format = values.get("output_format", "png")
    if values.get("background") == "transparent" and format == "jpeg":
        return invalid("background", "Transparent background is not supported for the output format 'jpeg'.")
    if "output_compression" in values and values["output_compression"] != 100 and format == "png":
        return invalid("output_compression", "Compression less than 100 is not supported for PNG output format.")
    if "partial_images" in values and not values.get("stream"):
        return invalid("partial_images", "The parameter 'partial_images' is only supported when 'stream' is true.")
    return None
