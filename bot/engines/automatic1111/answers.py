"""What a server answers to a call that draws: pictures in base64, and `info`, JSON within a string."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.engines.automatic1111.client import picture_of
from bot.engines.base import DrawnPicture
from bot.errors import BadAnswer

LONGEST_WORDS = 4000
"""Characters kept of a prompt as it was used."""
LONGEST_FACT = 80
FACTS = ("sampler_name", "steps", "cfg_scale", "sd_model_hash", "sd_vae_name", "clip_skip")
"""What is kept of `info`: what was left to the server, as it decided."""


@dataclass(slots=True)
class Drawing:
    """What a call gave."""

    pictures: list[DrawnPicture] = field(default_factory=list)
    broken: int = 0
    """Pictures that are not among these because they cannot be read."""
    model: str | None = None
    """The checkpoint that drew, by the server's own word: it may not be the one that was asked for."""
    prompt: str | None = None
    """As it was used, styles and wildcards filled in."""
    facts: dict[str, object] = field(default_factory=dict)


def drawing(engine: str, value: object, count: int, seed: int | None) -> Drawing:
    """Read the answer to txt2img or img2img: up to `count` pictures. Raises BadAnswer when it is none.

    A grid comes before the pictures, ControlNet's maps and the masks come behind them. `seed` is the one asked for.
    """
    images = value.get("images") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(images, list):
        raise BadAnswer(engine=engine, detail="the answer is JSON without `images`")
    info = _info(value.get("info"))
    seeds = _seeds(info)
    first = info.get("index_of_first_image")
    if type(first) is int and 0 < first < len(images):
        images = images[first:]
    images = images[: len(seeds)] if seeds else images
    found = Drawing(model=_text(info, "sd_model_name", LONGEST_FACT), prompt=_text(info, "prompt", LONGEST_WORDS))
    for number, image in enumerate(images[:count]):
        if (data := picture_of(image)) is None:
            found.broken += 1
        else:
            known = seeds[number] if number < len(seeds) else None if seed is None else seed + number
            found.pictures.append(DrawnPicture(data, known))
    found.facts = {
        name: value
        for name in FACTS
        if (isinstance(value := info.get(name), str) and 0 < len(value) <= LONGEST_FACT)
        or (isinstance(value, int | float) and not isinstance(value, bool))
    }
    return found


def upscaled(engine: str, value: object) -> DrawnPicture:
    """Read the answer to extra-single-image. Raises BadAnswer."""
    data = picture_of(value.get("image")) if isinstance(value, dict) else None
    if data is None:
        raise BadAnswer(engine=engine, detail="the answer holds no picture")
    return DrawnPicture(data)


def caption(engine: str, value: object) -> str:
    """Read the answer to interrogate or caption. Raises BadAnswer."""
    table = value if isinstance(value, dict) else {}
    for key in ("caption", "answer"):
        if isinstance(words := table.get(key), str) and words.strip() and words.strip() != "<error>":
            return " ".join(words.split())[:LONGEST_WORDS]
    raise BadAnswer(engine=engine, detail="the answer has no caption")


def _info(value: object) -> Mapping[str, object]:
    """Return `info`: a string of JSON; empty from KoboldCpp, and from SD.Next when it failed."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _seeds(info: Mapping[str, object]) -> list[int]:
    seeds = info.get("all_seeds")
    if isinstance(seeds, list) and all(type(each) is int for each in seeds):
        return seeds
    return []


def _text(info: Mapping[str, object], key: str, longest: int) -> str | None:
    value = info.get(key)
    return value[:longest] if isinstance(value, str) and value.strip() else None
