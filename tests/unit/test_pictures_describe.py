"""A picture described on its way out, and pictures of others asked what they are."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from importlib.metadata import version

import pytest
import pytest_asyncio
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bot.pictures.describe import added_bytes, described, infotext_in, of_plan, read_from
from bot.pictures.fit import fit
from bot.pictures.infotext import Infotext, write
from bot.pictures.inspect import inspect_result
from bot.pictures.sandbox import MEBIBYTE, Sandbox
from bot.types import Lora, Plan
from tests.support.pictures import animated, dirty, encoded, loaded_modules, photo

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOX = Infotext("a red fox, 狐", "blurry", {"Steps": "20", "Seed": "5", "Size": "64x48"})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(timeout_s=110) as sandbox:
        yield sandbox


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return image.tobytes()


async def test_a_plan_is_told_in_automatic1111_s_words_and_order() -> None:
    plan = Plan(
        kind="edit",
        engine="home_gpu",
        prompt="a fox",
        count=2,
        width=512,
        height=512,
        negative="blurry",
        seed=1,
        model="sdxl",
        steps=20,
        guidance=7.0,
        strength=0.45,
        sampler="euler",
        scheduler="karras",
        loras=(Lora("fur", 0.8), Lora("snow")),
    )
    found = of_plan(plan, width=640, height=480, seed=2**64 - 1, prompt="a red fox")
    assert write(found) == (
        "a red fox\nNegative prompt: blurry\nSteps: 20, Sampler: euler, Schedule type: karras, CFG scale: 7, "
        "Seed: 18446744073709551615, Size: 640x480, Model: sdxl, Denoising strength: 0.45, "
        f'Loras: "fur:0.8, snow:1", Engine: home_gpu, Version: Easel {version("easel")}'
    )


async def test_a_plan_without_choices_is_told_without_them() -> None:
    plan = Plan(kind="generate", engine="cloud", prompt="a fox", count=1, width=None, height=None, seed=0)
    found = of_plan(plan, width=64, height=48, seed=None, model="gpt-image-2")
    assert list(found.facts) == ["Seed", "Size", "Model", "Engine", "Version"]
    assert (found.prompt, found.facts["Seed"], found.facts["Model"]) == ("a fox", "0", "gpt-image-2")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
async def test_an_inspected_picture_is_described_and_read_again(sandbox: Sandbox, format: str) -> None:
    inspected = await inspect_result(sandbox, dirty(format))
    found = await described(inspected.data, FOX)
    assert pixels(found) == pixels(inspected.data)
    assert await read_from(sandbox, found) == FOX


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
async def test_a_picture_turned_upright_is_described_as_it_is_then(sandbox: Sandbox, format: str) -> None:
    inspected = await inspect_result(sandbox, dirty(format, orientation=6))
    found = await described(inspected.data, FOX)
    assert pixels(found) == pixels(inspected.data)
    with Image.open(io.BytesIO(found)) as image:
        assert image.size == (48, 64)
        assert 0x0112 not in image.getexif()


async def test_a_text_that_makes_a_picture_too_large_is_left_out() -> None:
    data = encoded(photo(), "PNG")
    whole = await described(data, FOX)
    assert await described(data, FOX, len(whole)) == whole
    assert await described(data, FOX, len(whole) - 1) == data


async def test_a_picture_made_to_fit_keeps_its_text_within_the_limit(sandbox: Sandbox) -> None:
    stored = await described(encoded(photo(256, 256), "PNG"), FOX)
    infotext = await infotext_in(stored)
    assert infotext == FOX
    limit = len(stored) - 1
    fitted = await fit(sandbox, stored, "image/png", limit - added_bytes(infotext))
    assert await infotext_in(fitted.data) is None
    found = await described(fitted.data, infotext, limit)
    assert len(found) <= limit
    assert pixels(found) == pixels(fitted.data)
    assert await read_from(sandbox, found) == FOX


@pytest.mark.parametrize("text", ["", "a red fox", "狐🦊" * 500])
async def test_what_a_text_adds_is_known_before(text: str) -> None:
    infotext = Infotext(text, "", FOX.facts)
    fading = photo(33, 17).convert("RGBA")
    fading.putalpha(fading.getchannel("R"))
    for data in (
        encoded(photo(), "JPEG"),
        encoded(photo(), "WEBP"),
        encoded(photo(), "WEBP", lossless=True),
        encoded(fading, "WEBP"),
    ):
        added = len(await described(data, infotext)) - len(data)
        assert 0 < added <= added_bytes(infotext) < added + 40


async def test_a_picture_without_a_text_has_none() -> None:
    assert await infotext_in(encoded(photo(), "PNG")) is None
    assert await infotext_in(b"fox") is None


async def test_what_is_no_picture_is_not_described() -> None:
    with pytest.raises(ValueError, match="neither PNG nor JPEG nor WebP"):
        await described(b"fox", FOX)


@pytest.mark.parametrize("data", [b"", b"fox", encoded(photo(), "GIF"), animated("WEBP"), dirty("JPEG")[:99]])
async def test_files_that_say_nothing_are_nothing(sandbox: Sandbox, data: bytes) -> None:
    assert await read_from(sandbox, data) is None


async def test_a_hostile_picture_takes_the_child_s_time_and_memory_only(sandbox: Sandbox) -> None:
    """Ten megabytes of JSON, of which each byte becomes an object of its own."""
    info = PngInfo()
    info.add_text("prompt", '{"1":[' + "{}," * 3_400_000 + "{}]}", zip=True)
    data = encoded(photo(), "PNG", pnginfo=info)
    assert await read_from(sandbox, data) is None
    async with Sandbox(memory_bytes=256 * MEBIBYTE, timeout_s=110) as small:
        assert await read_from(small, data) is None


async def test_the_longest_answer_fits_into_a_message(sandbox: Sandbox) -> None:
    facts = ", ".join(f"Fact {number}: {'🦊' * 2_000}" for number in range(60))
    info = PngInfo()
    info.add_itxt("parameters", f"{'🦊' * 60_000}\nNegative prompt: {'🦊' * 60_000}\n{facts}")
    found = await read_from(sandbox, encoded(photo(), "PNG", pnginfo=info))
    assert found is not None
    assert (len(found.prompt), len(found.negative), len(found.facts)) == (50_000, 50_000, 60)


async def test_reading_loads_nothing_but_the_standard_library_and_pillow() -> None:
    async with Sandbox(timeout_s=110) as fresh:
        await read_from(fresh, encoded(photo(), "PNG"))
        packages = {name.partition(".")[0] for name in await fresh.call(loaded_modules)}
    assert packages.isdisjoint({"asyncio", "sqlalchemy", "aiohttp", "pydantic", "structlog", "click"})
