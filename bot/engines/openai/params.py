"""What operators put into `params` and `edit_params`: what a known model surely refuses is told at the start."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bot.engines.openai.models import named

FORMATS = ("png", "jpeg", "webp")
"""What can be stored of the formats a service may draw: any other would be paid for and thrown away."""


def check(setting: str, params: Mapping[str, object], model: str, *, edits: bool) -> None:
    """Raise ValueError("<setting>.<parameter>: what is wrong"); nothing is said of models that are not known."""
    try:
        json.dumps(params, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{setting}: cannot be sent as JSON: {error}") from error
    if params.get("output_format", "png") not in FORMATS:
        raise ValueError(f"{setting}.output_format: must be one of {', '.join(FORMATS)}")
    taken = named("parameters", model)
    if taken is None:
        return
    for name, wrong in {**_values(params, taken), **_together(params, edits=edits)}.items():
        raise ValueError(f"{setting}.{name}: {wrong.format(model=model)}")


def _values(params: Mapping[str, object], taken: Mapping[str, object]) -> dict[str, str]:
    """Return what is wrong with single values, by parameter."""
    wrong: dict[str, str] = {}
    for name, values in taken.items():
        if params.get(name) is None or values is True:
            continue
        if not isinstance(values, list) or not values:
            wrong[name] = "{model} does not take it"
        elif params[name] not in values:
            wrong[name] = f"must be one of {', '.join(values)} for {{model}}"
    level = params.get("output_compression")
    if level is not None and (isinstance(level, bool) or not isinstance(level, int) or not 0 <= level <= 100):
        wrong.setdefault("output_compression", "must be a whole number from 0 to 100")
    return wrong


def _together(params: Mapping[str, object], *, edits: bool) -> dict[str, str]:
    """Return what does not go together, by parameter."""
    wrong: dict[str, str] = {}
    drawn = params.get("output_format") or "png"
    if params.get("background") == "transparent" and drawn == "jpeg":
        wrong["background"] = "transparent cannot be drawn as jpeg; set output_format to png or webp"
    if params.get("output_compression") not in (None, 100) and drawn == "png":
        wrong["output_compression"] = "holds for jpeg and webp only; set output_format to one of them"
    if "input_fidelity" in params and not edits:
        wrong["input_fidelity"] = "belongs into edit_params; it is about the pictures that are changed"
    if "partial_images" in params:
        wrong["partial_images"] = "Easel sets that itself; supports.preview switches previews on or off"
    return wrong
