"""The ComfyUI engine on the local server's workflows."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.engines.base import DrawnPicture, EditTask, GenerateTask, InputPicture, Run
from bot.engines.comfyui.engine import ComfyUIEngine
from bot.engines.comfyui.workflow import FixedInput, NodeInput, Places, Workflow
from bot.errors import EngineError
from bot.net.client import Http
from bot.net.guard import Guard
from tests.support.comfyui_server import ComfyUIServer
from tests.support.comfyui_workflows import (
    CHECKPOINT,
    EDIT,
    GENERATE,
    IMAGE,
    INPAINT,
    LATENT,
    MASK,
    NEGATIVE,
    PROMPT,
    REPEAT,
    SAMPLER,
    SCALE,
    graph,
)

POLL_S = 0.05
"""Looks come this often in tests, so that nobody waits for what the websocket does not tell."""


def at(key: str, *ids: str) -> tuple[NodeInput, ...]:
    """The input `key` of these nodes, as a role's one row."""
    return (NodeInput(ids, key),)


COMMON = {
    "prompt": at("text", PROMPT),
    "negative": at("text", NEGATIVE),
    "model": at("ckpt_name", CHECKPOINT),
    "seed": at("seed", SAMPLER),
    "steps": at("steps", SAMPLER),
    "guidance": at("cfg", SAMPLER),
}
GENERATE_NODES = COMMON | {
    "width": at("width", LATENT),
    "height": at("height", LATENT),
    "count": at("batch_size", LATENT),
}
CHANGE_NODES = COMMON | {"image": at("image", IMAGE), "strength": at("denoise", SAMPLER)}
EDIT_NODES = CHANGE_NODES | {
    "width": at("width", SCALE),
    "height": at("height", SCALE),
    "count": at("amount", REPEAT),
}
INPAINT_NODES = CHANGE_NODES | {"mask": at("image", MASK)}


def workflow(path: Path, nodes: Places, *without: str) -> Workflow:
    """Return a workflow, with some of the roles left out of its mapping."""
    return Workflow.load(path, {role: node for role, node in nodes.items() if role not in without})


def generating(*without: str) -> dict[str, Workflow]:
    """Return the one workflow that generates."""
    return {"generate": workflow(GENERATE, GENERATE_NODES, *without)}


def both() -> dict[str, Workflow]:
    """Return one that generates and one that edits."""
    return generating() | {"edit": workflow(EDIT, EDIT_NODES)}


def inpainting() -> dict[str, Workflow]:
    """Return one that generates and one that edits within a mask."""
    return generating() | {"edit": workflow(INPAINT, INPAINT_NODES)}


def changed(
    graph: Mapping[str, Any], nodes: Places = GENERATE_NODES, fixed: Sequence[FixedInput] = ()
) -> dict[str, Workflow]:
    """Return a workflow that generates with another graph."""
    return {"generate": Workflow.parse(json.dumps(graph), nodes, fixed)}


def saving_twice(**inputs: object) -> dict[str, Any]:
    """A graph that saves twice; the second one from a decoder of its own with these inputs."""
    second = {"class_type": "VAEDecode", "inputs": {"samples": [SAMPLER, 0], "vae": [CHECKPOINT, 2], **inputs}}
    save = {"class_type": "SaveImage", "inputs": {"images": ["20", 0], "filename_prefix": "second"}}
    return graph() | {"20": second, "21": save}


@asynccontextmanager
async def comfyui(
    server: ComfyUIServer,
    workflows: Mapping[str, Workflow] | None = None,
    *,
    headers: Mapping[str, str] = {},
    query: Mapping[str, str] = {},
    poll_s: float = POLL_S,
    **options: Any,
) -> AsyncIterator[ComfyUIEngine]:
    """Give an engine on the server, and close it."""
    http = Http(server.url, Guard(private=True), headers=headers, query=query)
    engine = ComfyUIEngine("comfy", http, workflows=workflows or generating(), poll_s=poll_s, **options)
    try:
        yield engine
    finally:
        await engine.aclose()


def fox(**values: Any) -> GenerateTask:
    """Return a small task."""
    usual: dict[str, Any] = {"prompt": "a red fox", "count": 1, "width": 64, "height": 64, "seed": 7}
    return GenerateTask(**(usual | values))


def night(image: Image.Image, **values: Any) -> EditTask:
    """Return an edit of a picture into one of the same size."""
    width, height = image.size
    usual: dict[str, Any] = {"prompt": "make it night", "count": 1, "width": width, "height": height, "seed": 7}
    return EditTask(**({"inputs": (as_input(image),)} | usual | values))


def as_input(image: Image.Image, format: str = "PNG") -> InputPicture:
    """Return a picture as an edit gets it."""
    file = io.BytesIO()
    image.save(file, format)
    return InputPicture(file.getvalue(), f"image/{format.lower()}", image.width, image.height)


@dataclass
class Kept:
    """What came out of a run."""

    pictures: list[DrawnPicture] = field(default_factory=list)
    handles: list[str] = field(default_factory=list)
    progress: list[float | None] = field(default_factory=list)
    previews: list[bytes] = field(default_factory=list)
    when_submitted: Callable[[], None] = lambda: None

    def run(self, timeout_s: float = 30) -> Run:
        """Return a run that keeps it."""

        async def on_picture(picture: DrawnPicture) -> None:
            self.pictures.append(picture)

        async def on_submitted(handle: str) -> None:
            self.when_submitted()
            self.handles.append(handle)

        def on_progress(fraction: float | None, preview: bytes | None) -> None:
            if preview is None:
                self.progress.append(fraction)
            else:
                self.previews.append(preview)

        deadline = asyncio.get_running_loop().time() + timeout_s
        return Run(deadline=deadline, on_picture=on_picture, on_progress=on_progress, on_submitted=on_submitted)

    @property
    def images(self) -> list[Image.Image]:
        """The pictures, decoded."""
        return [Image.open(io.BytesIO(picture.data)).convert("RGB") for picture in self.pictures]


SECRET = "a secret fox, as nobody may read it"
"""A prompt."""


async def failing(
    server: ComfyUIServer,
    workflows: Mapping[str, Workflow] | None = None,
    *,
    task: Mapping[str, Any] = {},
    **options: Any,
) -> EngineError:
    """Let a drawing fail; return how, and make sure that nothing a person wrote is in what is logged of it."""
    kept = Kept()
    async with comfyui(server, workflows, **options) as engine:
        with pytest.raises(EngineError) as caught:
            await engine.generate(fox(**({"prompt": SECRET} | dict(task))), kept.run())
    assert kept.pictures == []
    assert SECRET not in caught.value.detail
    assert len(caught.value.detail) <= 500
    assert "\n" not in caught.value.detail
    return caught.value
