"""Node classes whose output is not a saved picture as usual, and one that costs money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PIL import Image

from tests.support.comfyui_node_kinds import Inputs, NodeClass, Work, fixed, text, whole, written
from tests.support.openai_pictures import drawn

NO_LOGIN = "Unauthorized: Please login first to use this node."
"""What paid nodes raise without a key, or when Comfy.org answers 401."""
NO_CREDITS = "Payment Required: Please add credits to your account to use this node."


def _compare(work: Work, given: Inputs) -> dict[str, Any]:
    return {"a_images": written(work, given["images"], "compared", "temp")["images"]}


def _film(work: Work, given: Inputs) -> dict[str, Any]:
    ref = work.files.save("film", b"\x1aE\xdf\xa3", "output").json()
    film = {**ref, "filename": ref["filename"].replace(".png", ".webm")}
    return {"images": [film], "animated": [True]}


def _show(work: Work, given: Inputs) -> dict[str, Any]:
    return {"text": [given["text"]]}


def _buy(work: Work, given: Inputs) -> tuple[tuple[Image.Image, ...]]:
    if not work.key:
        raise Exception(NO_LOGIN)
    work.charged.append(work.key)
    return ((drawn(f"{given['prompt']} {given['seed']}", 64, 64),),)


MORE_CLASSES: Mapping[str, NodeClass] = {
    "ImageComparer": NodeClass(fixed(images=["IMAGE"]), (), _compare, saves=True),
    "SaveWEBM": NodeClass(fixed(images=["IMAGE"]), (), _film, saves=True),
    "PreviewAny": NodeClass(fixed(text=text()), (), _show, saves=True),
    "FluxProImage": NodeClass(fixed(prompt=text(), seed=whole(0, 0, 2**31)), ("IMAGE",), _buy, paid=True),
}
