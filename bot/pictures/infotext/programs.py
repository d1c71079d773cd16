"""Which program's words a picture holds, and those of the programs that write JSON.

SwarmUI: docs/Image Metadata Format.md, `sui_image_params` in the JSON text `parameters`. InvokeAI: the core metadata in
`invokeai_metadata`. NovelAI: the request in `Comment`, the model in `Source`, `Software` is NovelAI; in WebP one object
holds all three.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.pictures.infotext.comfyui import read_comfyui
from bot.pictures.infotext.parameters import Infotext, read_parameters

LONGEST_PARAMETERS = 1_000_000
"""Characters; what is longer is no prompt."""
LONGEST_PROMPT = 50_000
LONGEST_FACT = 2_000
"""Characters of what is returned: together, in the largest encoding, less than a message of the sandbox."""

COMMENT = "UserComment"
"""The name of the EXIF comment among the texts: where a JPEG has no room for names."""
SWARM = {
    "steps": "Steps",
    "comfyuisampler": "Sampler",
    "sampler": "Sampler",
    "scheduler": "Schedule type",
    "cfgscale": "CFG scale",
    "fluxguidancescale": "Distilled CFG Scale",
    "seed": "Seed",
    "model": "Model",
    "initimagecreativity": "Denoising strength",
}
INVOKE = {
    "steps": "Steps",
    "scheduler": "Sampler",
    "cfg_scale": "CFG scale",
    "guidance": "Distilled CFG Scale",
    "seed": "Seed",
    "strength": "Denoising strength",
}
NOVEL = {
    "steps": "Steps",
    "sampler": "Sampler",
    "noise_schedule": "Schedule type",
    "scale": "CFG scale",
    "seed": "Seed",
    "strength": "Denoising strength",
}
"""The programs' names for what AUTOMATIC1111 names."""


def read(chunks: Mapping[str, str]) -> Infotext | None:
    """Return what a picture's texts, by name, say it was drawn from; None if nothing.

    An EXIF comment counts only with facts or a negative prompt in it: cameras comment too. Texts beyond reason are
    cut with “…” or not read; never raises.
    """
    found = (
        _of_parameters(chunks.get("parameters", ""), words=True)
        or read_comfyui(chunks.get("prompt", ""))
        or _of_invoke(_json(chunks.get("invokeai_metadata", "")))
        or _of_novel(chunks)
        or _of_parameters(chunks.get(COMMENT, ""), words=False)
    )
    return None if found is None else found.shortened(LONGEST_PROMPT, LONGEST_FACT)


def _of_parameters(text: str, *, words: bool) -> Infotext | None:
    """Return what the text says; with `words`, words alone are enough."""
    if (found := _json(text)) is not None:
        texts = {name: value for name, value in found.items() if isinstance(value, str)}
        return _of_swarm(found) or _of_novel(texts) or read_comfyui(text)
    if len(text) > LONGEST_PARAMETERS:
        return None
    infotext = read_parameters(text)
    return infotext if infotext.facts or infotext.negative or (words and infotext.prompt) else None


def _of_swarm(values: dict[str, Any]) -> Infotext | None:
    asked = values.get("sui_image_params")
    return _infotext(asked, SWARM, "prompt", "negativeprompt") if isinstance(asked, dict) else None


def _of_invoke(values: dict[str, Any] | None) -> Infotext | None:
    if values is None:
        return None
    model = values.get("model")
    name = (model.get("name") or model.get("model_name")) if isinstance(model, dict) else None
    return _infotext(values, INVOKE, "positive_prompt", "negative_prompt", model=name)


def _of_novel(chunks: Mapping[str, str]) -> Infotext | None:
    values = _json(chunks.get("Comment", ""))
    if values is None or not (chunks.get("Software") == "NovelAI" or "uc" in values):
        return None
    return _infotext({"prompt": chunks.get("Description")} | values, NOVEL, "prompt", "uc", model=chunks.get("Source"))


def _infotext(
    values: dict[str, Any], names: Mapping[str, str], prompt: str, negative: str, model: object = None
) -> Infotext | None:
    facts = {fact: _text(values[name]) for name, fact in names.items() if name in values}
    width, height = _text(values.get("width")), _text(values.get("height"))
    facts["Size"] = f"{width}x{height}" if width and height else ""
    facts["Model"] = _text(model) or facts.get("Model", "")
    facts = {name: value for name, value in facts.items() if value}
    words = _text(values.get(prompt))
    return Infotext(words, _text(values.get(negative)), facts) if words or facts else None


def _text(value: object) -> str:
    """Return a word or a number as text, empty if it is neither."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def _json(text: str) -> dict[str, Any] | None:
    """Return the object the text is, None if it is none."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
