"""Masks as people give them, through the core, to a graph that reads what may change from the alpha channel."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from PIL import Image

from bot.drawing import draw
from bot.engines.testing import differ, sample
from bot.pictures.sandbox import Sandbox
from bot.types import Plan
from tests.support.comfyui_engine import Kept, as_input, comfyui, inpainting
from tests.support.comfyui_server import ComfyUIServer

SIZE = 1600, 1200
PLAN = Plan("edit", "comfy", "make it night", 1, *SIZE, seed=7, strength=1.0)
LEFT, RIGHT = (0, 0, 784, 1200), (816, 0, 1600, 1200)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ComfyUIServer]:
    async with ComfyUIServer() as server:
        yield server


def white() -> Image.Image:
    image = Image.new("RGB", SIZE)
    image.paste("white", (0, 0, 800, 1200))
    return image


def clear() -> Image.Image:
    image = sample(SIZE).convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 800, 1200))
    return image


async def changed(server: ComfyUIServer, given: Image.Image, mask: Image.Image | None, format: str) -> Image.Image:
    kept = Kept()
    async with comfyui(server, inpainting()) as engine, Sandbox() as sandbox:
        await draw(
            engine,
            dataclasses.replace(PLAN, has_mask=mask is not None),
            [as_input(given)],
            as_input(mask, format) if mask is not None else None,
            kept.run(),
            timeout_s=60,
            sandbox=sandbox,
        )
    return kept.images[0]


@pytest.mark.parametrize(("mask", "format"), [(white(), "JPEG"), (white(), "PNG"), (clear(), "PNG"), (clear(), "WEBP")])
async def test_a_large_mask_of_either_polarity_changes_what_it_marks(
    server: ComfyUIServer, mask: Image.Image, format: str
) -> None:
    after = await changed(server, sample(SIZE), mask, format)

    assert differ(after.crop(LEFT), sample(SIZE).crop(LEFT))
    assert not differ(after.crop(RIGHT), sample(SIZE).crop(RIGHT))
    sent = server.calls("POST /upload")[1].uploads[0]
    assert (sent.mime, sent.pixels) == ("image/png", SIZE)


async def test_a_transparent_picture_is_its_own_mask(server: ComfyUIServer) -> None:
    after = await changed(server, clear(), None, "PNG")

    assert differ(after.crop(LEFT), clear().convert("RGB").crop(LEFT))
    assert not differ(after.crop(RIGHT), sample(SIZE).crop(RIGHT))


async def test_an_opaque_picture_without_a_mask_may_change_everywhere(server: ComfyUIServer) -> None:
    after = await changed(server, sample(SIZE), None, "PNG")

    assert all(differ(after.crop(part), sample(SIZE).crop(part)) for part in (LEFT, RIGHT))
