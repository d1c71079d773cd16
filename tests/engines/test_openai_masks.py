"""Masks and inputs as people give them, through the core, to a server that goes by OpenAI's rules for them."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from random import Random

import pytest
import pytest_asyncio
from PIL import Image, ImageChops, ImageStat

from bot.drawing import draw
from bot.engines.base import InputPicture
from bot.engines.testing import Recorder, sample
from bot.errors import Cancelled, EngineRejected
from bot.pictures.inspect import prepare_input
from bot.pictures.sandbox import Sandbox
from bot.types import Plan
from tests.support.openai_engine import PROMPT, connected
from tests.support.openai_models import DALL_E, MODELS
from tests.support.openai_server import OpenAIServer
from tests.support.pictures import encoded
from tests.support.serving_calls import Upload

SIZE = 2400, 1600
PLAN = Plan("edit", "cloud", PROMPT, 1, 1536, 1024, has_mask=True)
LEFT = 0, 0, 1200, 1600
"""What may change."""


@pytest_asyncio.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer(models={**MODELS, **DALL_E}) as server:
        yield server


def white_on_black() -> Image.Image:
    image = Image.new("RGB", SIZE)
    image.paste("white", LEFT)
    return image


def dirty() -> Image.Image:
    """Return a mask with so much dirt that its JPEG is large."""
    dirt = Image.frombytes("L", SIZE, Random(3).randbytes(SIZE[0] * SIZE[1])).point(lambda value: value // 20)
    return ImageChops.difference(white_on_black().convert("L"), dirt)


def transparent() -> Image.Image:
    """Return a rough picture, so that its file is large, with a hole."""
    block = Random(1).randbytes(SIZE[0] * 50 * 3)
    image = Image.frombytes("RGB", SIZE, block * (SIZE[1] // 50)).convert("RGBA")
    image.paste((0, 0, 0, 0), LEFT)
    return image


MASKS = {
    "white on black, jpeg": (encoded(dirty(), "JPEG", quality=100), 2_000_000),
    "white on black, png": (encoded(white_on_black(), "PNG", compress_level=0), 4_000_000),
    "transparent, png": (encoded(transparent(), "PNG", compress_level=0), 4_000_000),
    "transparent, webp": (encoded(transparent(), "WEBP", quality=50), 100_000),
}
"""And how large the files are at least."""


async def changed(
    server: OpenAIServer, model: str, picture: bytes, mask: bytes | None, plan: Plan = PLAN
) -> tuple[Image.Image, tuple[Upload, ...]]:
    """Return what was drawn and what was sent for it."""
    recorder, engine = Recorder(), connected(server, model)
    async with Sandbox() as sandbox:
        given = [await prepare_input(sandbox, each, "picture") for each in (picture, mask) if each is not None]
        inputs = [InputPicture(each.data, each.mime, each.width, each.height) for each in given]
        await draw(
            engine,
            dataclasses.replace(plan, has_mask=mask is not None),
            inputs[:1],
            inputs[1] if mask is not None else None,
            recorder.run(),
            timeout_s=60,
            sandbox=sandbox,
        )
    await engine.aclose()
    return recorder.images[0], server.calls()[-1].uploads


@pytest.mark.parametrize("kind", MASKS)
async def test_a_large_mask_of_either_polarity_changes_what_it_marks(server: OpenAIServer, kind: str) -> None:
    mask, least = MASKS[kind]
    before = sample(SIZE)
    assert len(mask) > least

    after, sent = await changed(server, "gpt-image-2", encoded(before, "PNG"), mask)

    before = before.resize(after.size)
    assert differ_by(after, before, (0, 0, 740, 1024)) > 20
    assert differ_by(after, before, (796, 0, 1536, 1024)) < 2
    assert [each.name for each in sent] == ["image", "mask"]
    assert sent[1].size < 4_000_000 and sent[1].pixels == SIZE


@pytest.mark.parametrize("kind", MASKS)
async def test_dall_e_2_gets_a_square_with_alpha_under_4_mb(server: OpenAIServer, kind: str) -> None:
    block = Random(2).randbytes(SIZE[0] * 100 * 3)
    rough = Image.frombytes("RGB", SIZE, block * (SIZE[1] // 100))
    plan = dataclasses.replace(PLAN, width=512, height=512)

    after, sent = await changed(server, "dall-e-2", encoded(rough, "PNG", compress_level=1), MASKS[kind][0], plan)

    assert after.size == (512, 512)
    picture, mask = sent
    side = picture.pixels[0]
    assert picture.pixels == mask.pixels == (side, side)
    assert max(picture.size, mask.size) < 4_000_000


async def test_dall_e_2_without_a_mask_gets_what_is_transparent_or_everything(server: OpenAIServer) -> None:
    plan = dataclasses.replace(PLAN, width=256, height=256)
    hole = sample((256, 256)).convert("RGBA")
    hole.paste((0, 0, 0, 0), (0, 0, 128, 256))

    part, _ = await changed(server, "dall-e-2", encoded(hole, "PNG"), None, plan)
    whole, _ = await changed(server, "dall-e-2", encoded(sample((256, 256)), "JPEG"), None, plan)

    assert differ_by(part, sample((256, 256)), (128, 0, 256, 256)) == 0
    assert differ_by(part, sample((256, 256)), (0, 0, 128, 256)) > 10
    assert differ_by(whole, sample((256, 256)), (0, 0, 256, 256)) > 10


async def test_without_the_core_the_server_would_refuse_it(server: OpenAIServer) -> None:
    """The server's own checks find what is wrong with unfitted pictures, or the tests above would show nothing."""
    picture = encoded(sample((64, 64)), "PNG")
    jpeg = encoded(Image.new("L", (64, 64)), "JPEG")
    palette = encoded(sample((64, 64)).quantize(8), "PNG", transparency=3)
    for model, mask in (("gpt-image-2", jpeg), ("gpt-image-2", palette), ("dall-e-2", None)):
        engine = connected(server, model)
        given = [InputPicture(each, "image/png", 64, 64) for each in (picture, mask) if each is not None]
        plan = dataclasses.replace(PLAN, width=1024, height=1024, has_mask=mask is not None)
        with pytest.raises(EngineRejected):
            await draw(engine, plan, given[:1], given[1] if mask is not None else None, Recorder().run(), timeout_s=60)
        await engine.aclose()


async def test_a_cancel_does_not_wait_for_the_fitting(server: OpenAIServer) -> None:
    engine, run = connected(server), Recorder().run()
    data = encoded(sample(SIZE), "PNG")
    async with Sandbox(children=1) as sandbox:
        busy = asyncio.create_task(sandbox.call(max, range(10**15)))  # so the fitting waits for a child
        inputs = [InputPicture(data, "image/png", *SIZE)]
        drawing = asyncio.create_task(draw(engine, PLAN, inputs, inputs[0], run, timeout_s=60, sandbox=sandbox))
        while not sandbox._busy:
            await asyncio.sleep(0.01)
        run.cancelled.set()
        with pytest.raises(Cancelled):
            await drawing
        busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)
    await engine.aclose()
    assert server.calls() == []


def differ_by(one: Image.Image, other: Image.Image, part: tuple[int, int, int, int]) -> float:
    """Return how much the colours differ within a part, 0-255."""
    difference = ImageChops.difference(one.crop(part), other.crop(part).convert("RGB"))
    return max(ImageStat.Stat(difference).mean)
