"""What the family can do, before anything is asked: corrections are the operator's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.engines.base import Capabilities, InputRule
from bot.sizes import SizeRule

BATCH = 4
"""Pictures of one call."""
MULTIPLE = 8
"""The latent space has one cell for 8 × 8 pixels; servers round to it, each in its own way."""
LARGEST_INPUT = 50_000_000
"""Bytes of a picture sent along; base64 makes a third more of it."""
SMALL_MODEL = re.compile(
    r"(?!.*(?:xl|flux|pony|sd3)).*(?:(?<![a-z0-9])v1[-_][45](?!\d)|sd[-_. ]?1[-_.]?[45](?!\d))", re.IGNORECASE
)
"""Names of checkpoints that were trained on pictures of 512 × 512."""
SMALL, LARGE = (512, 512), (1024, 1024)


def of(model: str, params: Mapping[str, object]) -> Capabilities:
    """Return what can be done with a checkpoint; where `params` set width and height, it is in that size only."""
    return Capabilities(
        edit=True,
        mask=True,
        inputs=InputRule(max_bytes=LARGEST_INPUT, mask="white"),
        max_count=BATCH,
        sizes=_sizes(model, params),
        seed=True,
        steps=True,
        guidance=True,
        strength=True,
        negative=True,
        sampler=True,
        loras=True,
        styles=True,
        upscale=True,
        describe=True,
        progress=True,
        preview=True,
        cancel=True,
        free=True,
    )


def _sizes(model: str, params: Mapping[str, object]) -> SizeRule:
    width, height = params.get("width"), params.get("height")
    if isinstance(width, int) and isinstance(height, int):
        return SizeRule(fixed=((width, height),), default=(width, height))
    return SizeRule(multiple=MULTIPLE, default=SMALL if SMALL_MODEL.match(model[:200]) else LARGE)
