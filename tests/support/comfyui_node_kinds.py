"""What the node classes of the ComfyUI server are made of."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.support.comfyui_files import Escape, Files

Inputs = Mapping[str, Any]
"""A node's inputs with their links followed."""
Spec = list[Any]
"""One input as `/object_info` gives it: `["INT", {…}]`, `[[options…], {…}]` or `["MODEL"]`."""


@dataclass(frozen=True, slots=True)
class Latent:
    """Pictures on their way through a sampler, kept in pixels."""

    pictures: tuple[Image.Image, ...]
    empty: bool = False
    mask: Image.Image | None = None
    """White = to be drawn."""


@dataclass(frozen=True, slots=True)
class Work:
    """What nodes need beside their inputs."""

    files: Files
    graph: Mapping[str, Any]
    extra: Mapping[str, Any] = field(default_factory=dict)
    black: bool = False
    key: str | None = None
    """For paid nodes."""
    charged: list[str] = field(default_factory=list)
    """The keys of which money was taken, once for each paid node that ran."""


@dataclass(frozen=True, slots=True)
class NodeClass:
    """A class of nodes."""

    required: Callable[[Files, list[str]], dict[str, Spec]]
    """The inputs, given the files and the names of the models there are."""
    gives: tuple[str, ...]
    run: Callable[[Work, Inputs], Any]
    """Returns one value per output; an output node returns what it saved."""
    saves: bool = False
    category: str = "image"
    paid: bool = False
    """Comfy.org does the work, for money."""


def whole(default: int, least: int, most: int, **more: Any) -> Spec:
    """Return the input of a whole number."""
    return ["INT", {"default": default, "min": least, "max": most, **more}]


def real(default: float, least: float, most: float) -> Spec:
    """Return the input of a number."""
    return ["FLOAT", {"default": default, "min": least, "max": most, "step": 0.01}]


def text(default: str = "") -> Spec:
    """Return the input of words."""
    return ["STRING", {"multiline": True, "dynamicPrompts": True, "default": default}]


def fixed(**specs: Spec) -> Callable[[Files, list[str]], dict[str, Spec]]:
    """Return inputs that depend on nothing."""
    return lambda files, models: specs


def written(work: Work, pictures: tuple[Image.Image, ...], prefix: str, type: str) -> dict[str, Any]:
    """Save pictures as PNG; return what the history says of them."""
    texts = PngInfo()
    texts.add_text("prompt", json.dumps(work.graph))
    for name, value in work.extra.get("extra_pnginfo", {}).items():
        texts.add_text(name, json.dumps(value))
    saved = []
    for picture in pictures:
        file = io.BytesIO()
        picture.save(file, "PNG", pnginfo=texts, compress_level=1)
        try:
            saved.append(work.files.save(prefix, file.getvalue(), type).json())
        except Escape:
            raise Exception("**** ERROR: Saving image outside the output folder is not allowed.") from None
    return {"images": saved}
