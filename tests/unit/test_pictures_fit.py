"""One picture over a limit: what is tried, in which order, what it keeps, and that it fits whatever it is."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from random import Random

import pytest
from PIL import Image, ImageChops, ImageStat

from bot.errors import TooLarge
from bot.pictures.fit import Fitted, Loss, fit
from bot.pictures.inspect import prepare_input
from bot.pictures.preview import small
from bot.pictures.sandbox import MEBIBYTE, Sandbox
from tests.support.pictures import encoded, exif, opened, photo, png_chunk, wide_profile

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDER: tuple[Loss, ...] = "lossless", "quality", "smaller"


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Return what compresses worst, the same every time."""
    channels = len(mode)
    return Image.frombytes(mode, (width, height), Random(width * height).randbytes(width * height * channels))


def painting(width: int, height: int) -> Image.Image:
    """Return soft shapes with some grain."""
    shapes = noise(8, 6).resize((width, height), Image.Resampling.BICUBIC)
    return Image.blend(shapes, noise(width, height), 0.1)


def mime(data: bytes) -> str:
    with Image.open(io.BytesIO(data)) as image:
        return Image.MIME[str(image.format)]


async def descend(sandbox: Sandbox, data: bytes) -> list[Fitted]:
    """Return what each step makes of a picture: the limit is always one byte less than the last one took."""
    steps: list[Fitted] = []
    with contextlib.suppress(TooLarge):
        while len(steps) < 100:
            limit = len(steps[-1].data if steps else data) - 1
            steps.append(await fit(sandbox, data, mime(data), limit))
            assert len(steps[-1].data) <= limit
            assert mime(steps[-1].data) == steps[-1].mime
            assert opened(steps[-1].data).size == (steps[-1].width, steps[-1].height)
    losses = [step.loss for step in steps]
    assert losses == sorted(losses, key=ORDER.index), "no step gives up more than it must"
    return steps


async def test_what_fits_is_the_same_object_and_needs_no_child() -> None:
    sandbox = Sandbox()
    await sandbox.aclose()
    data = encoded(photo(), "PNG")
    assert await fit(sandbox, data, "image/png", len(data)) == Fitted(data, "image/png", None, None, "none")


async def test_a_png_goes_down_step_by_step(sandbox: Sandbox) -> None:
    image = noise(400, 300)
    steps = await descend(sandbox, encoded(image, "PNG"))
    assert steps[0].loss == "lossless" and steps[0].mime == "image/webp"
    assert opened(steps[0].data).tobytes() == image.tobytes()
    assert (steps[1].loss, steps[1].mime, steps[1].width, steps[1].height) == ("quality", "image/webp", 400, 300)
    assert (steps[2].loss, steps[2].mime, steps[2].width, steps[2].height) == ("quality", "image/jpeg", 400, 300)
    assert all((step.loss, step.mime) == ("smaller", "image/jpeg") for step in steps[3:])
    assert (steps[-1].width, steps[-1].height) == (256, 192)


async def test_lossless_is_not_tried_where_it_cannot_be_enough(sandbox: Sandbox) -> None:
    flat = encoded(Image.new("RGB", (512, 512), "red"), "PNG", compress_level=0)
    assert (await fit(sandbox, flat, "image/png", len(flat) // 2 + 1)).loss == "lossless"
    assert (await fit(sandbox, flat, "image/png", len(flat) // 2 - 1)).loss == "quality"


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
async def test_what_is_lossy_already_is_never_written_losslessly(sandbox: Sandbox, format: str) -> None:
    steps = await descend(sandbox, encoded(painting(300, 400), format, quality=100))
    assert [step.loss for step in steps[:1]] == ["quality"]
    assert steps[-1].loss == "smaller"


PALETTE = painting(300, 240).quantize(16)
OPAQUE = {
    "grey": encoded(painting(300, 240).convert("L"), "PNG"),
    "1 bit": encoded(painting(300, 240).convert("1"), "PNG"),
    "palette": encoded(PALETTE, "PNG"),
    "opaque alpha": encoded(painting(300, 240).convert("RGBA"), "PNG"),
    "grey jpeg": encoded(painting(300, 240).convert("L"), "JPEG", quality=100),
    "a profile": encoded(painting(300, 240), "PNG", icc_profile=wide_profile()),
    "cmyk": encoded(painting(300, 240).convert("CMYK"), "JPEG", quality=100),
    "webp": encoded(painting(300, 240), "WEBP", lossless=True),
}


@pytest.mark.parametrize("kind", OPAQUE)
async def test_every_mode_looks_as_before(sandbox: Sandbox, kind: str) -> None:
    whole = opened((await prepare_input(sandbox, OPAQUE[kind], "fox")).data).convert("RGB")  # in sRGB
    for step in (steps := await descend(sandbox, OPAQUE[kind])):
        image = opened(step.data).convert("RGB")
        assert not image.info.get("icc_profile")
        if step.loss == "lossless":
            assert image.tobytes() == whole.tobytes()
        same_size = whole.resize(image.size, Image.Resampling.LANCZOS)
        assert max(ImageStat.Stat(ImageChops.difference(image, same_size)).rms) < 25
    if kind == "1 bit":
        assert [step.loss for step in steps] == ["lossless"], "nothing else makes two colours so small"
    else:
        assert (steps[-1].loss, steps[-1].mime) == ("smaller", "image/jpeg")


def with_alpha(mode: str) -> bytes:
    """Return a picture, opaque at the left, that fades to the right."""
    image = painting(320, 240).convert("RGBA")
    fading = Image.linear_gradient("L").rotate(90).resize(image.size)
    image.putalpha(ImageChops.invert(fading))
    if mode == "P":
        return encoded(PALETTE.resize((320, 240)), "PNG", transparency=bytes(range(0, 256, 16)))
    if mode == "WEBP":
        return encoded(image, "WEBP", quality=100)
    return encoded(image.convert(mode), "PNG")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "WEBP"])
async def test_transparency_stays(sandbox: Sandbox, mode: str) -> None:
    data = with_alpha(mode)
    alpha = opened(data).convert("RGBA").getchannel("A")
    for step in (steps := await descend(sandbox, data)):
        assert step.mime == "image/webp"
        kept = opened(step.data).getchannel("A")
        if step.loss == "smaller":
            assert max(ImageStat.Stat(ImageChops.difference(kept, alpha.resize(kept.size))).rms) < 20
        else:
            assert kept.tobytes() == alpha.tobytes()
    assert steps[-1].loss == ("lossless" if mode == "P" else "smaller")  # nothing else makes so few colours so small


def png_of_16_bits(image: Image.Image, colour_type: int) -> bytes:
    """Return a PNG that Pillow reads, with 8 bits, and does not write."""
    width, height = image.size
    pixels, row = image.tobytes(), width * len(image.getbands())
    deep = bytearray((1 + 2 * row) * height)
    for y in range(height):
        start = y * (1 + 2 * row) + 1
        deep[start : start + 2 * row : 2] = pixels[y * row : (y + 1) * row]
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header), png_chunk(b"IDAT", zlib.compress(deep)), png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


KEYED: dict[str, int | tuple[int, int, int]] = {"RGB": (200, 30, 40), "L": 90, "P": 3}
"""The colour of a mode that is to be transparent."""


@pytest.mark.parametrize("mode", KEYED)
async def test_a_colour_that_stands_for_nothing_stays_transparent(sandbox: Sandbox, mode: str) -> None:
    image = painting(320, 240)
    image.paste((200, 30, 40), (40, 40, 200, 200))
    image = image.quantize(16) if mode == "P" else image.convert(mode)
    if mode == "L":
        image.paste(90, (40, 40, 200, 200))
    data = encoded(image, "PNG", transparency=KEYED[mode])
    clear = opened(data).convert("RGBA").getchannel("A")
    assert clear.getextrema() == (0, 255)
    for step in await descend(sandbox, data):
        assert step.mime == "image/webp", "JPEG would show it black"
        if step.loss != "smaller":
            assert opened(step.data).getchannel("A").tobytes() == clear.tobytes()


async def test_16_bits_with_alpha_keep_their_alpha(sandbox: Sandbox) -> None:
    data = png_of_16_bits(painting(64, 64).convert("RGBA"), 6)
    found = await fit(sandbox, data, "image/png", len(data) // 3)
    assert found.mime == "image/webp"
    assert opened(found.data).mode == "RGB"  # all of it is opaque
    half = painting(64, 64).convert("RGBA")
    half.putalpha(Image.linear_gradient("L").resize((64, 64)))
    data = png_of_16_bits(half, 6)
    found = await fit(sandbox, data, "image/png", len(data) // 3)
    assert opened(found.data).getchannel("A").tobytes() == half.getchannel("A").tobytes()


async def test_room_is_left_for_a_text(sandbox: Sandbox) -> None:
    data = encoded(painting(200, 150), "PNG")
    assert (await fit(sandbox, data, "image/png", len(data) + 500, reserve=500)).loss == "none"
    for reserve in (1, 500, len(data) // 2):
        found = await fit(sandbox, data, "image/png", len(data), reserve=reserve)
        assert found.loss != "none" and len(found.data) <= len(data) - reserve
    for reserve in (len(data), len(data) + 1):
        with pytest.raises(TooLarge):
            await fit(sandbox, data, "image/png", len(data), reserve=reserve)


async def test_a_transparent_preview_is_shown_on_white(sandbox: Sandbox) -> None:
    image = noise(600, 600, "RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 600, 300))
    shown = await small(sandbox, encoded(image, "PNG"))
    assert shown is not None
    assert min(opened(shown).crop((0, 0, 512, 240)).convert("L").tobytes()) > 250


async def test_16_bits_made_8_are_not_called_lossless(sandbox: Sandbox) -> None:
    deep = png_of_16_bits(painting(64, 64), 2)
    for data, loss in ((encoded(painting(64, 64), "PNG"), "lossless"), (deep, "quality")):
        found = await fit(sandbox, data, "image/png", len(data) - 1)
        assert found.loss == loss
        assert opened(found.data).tobytes() == painting(64, 64).tobytes()


async def test_a_stored_picture_that_is_to_be_turned_is_turned(sandbox: Sandbox) -> None:
    data = encoded(noise(60, 40), "JPEG", quality=100, exif=exif(6))
    found = await fit(sandbox, data, "image/jpeg", len(data) - 1)
    assert (found.width, found.height) == (40, 60)
    assert b"SECRET" not in found.data


@pytest.mark.parametrize(
    ("size", "mode", "expected"),
    [
        ((16_500, 8), "RGB", ("image/jpeg", 16_500, 8, "quality")),
        ((16_500, 8), "RGBA", ("image/webp", 16_383, 8, "smaller")),
        ((8, 16_500), "RGBA", ("image/webp", 8, 16_383, "smaller")),
        ((66_000, 2), "RGB", ("image/jpeg", 65_500, 2, "smaller")),
    ],
)
async def test_sides_longer_than_a_format_has(
    sandbox: Sandbox, size: tuple[int, int], mode: str, expected: tuple[object, ...]
) -> None:
    data = encoded(noise(*size, mode), "PNG")
    found = await fit(sandbox, data, "image/png", len(data) - 1)
    assert (found.mime, found.width, found.height, found.loss) == expected


async def test_too_large_names_the_limit(sandbox: Sandbox) -> None:
    data = encoded(noise(300, 200), "PNG")
    with pytest.raises(TooLarge, match=r"\(1 MB\)"):
        await fit(sandbox, data, "image/png", 2000)


@pytest.mark.parametrize(
    ("mode", "expected"), [("RGB", ("image/jpeg", "quality")), ("RGBA", ("image/webp", "smaller"))]
)
async def test_a_format_that_takes_too_much_memory_is_passed_over(mode: str, expected: tuple[str, Loss]) -> None:
    image = noise(500, 500).resize((2000, 2000))
    if mode == "RGBA":
        image.putalpha(Image.radial_gradient("L").resize(image.size))
    data = encoded(image, "JPEG", quality=100) if mode == "RGB" else encoded(image, "PNG", compress_level=1)
    async with Sandbox(memory_bytes=112 * MEBIBYTE) as small:
        found = await fit(small, data, mime(data), len(data) - 1)
    assert (found.mime, found.loss) == expected


@pytest.mark.parametrize(("mode", "size"), [("RGB", (8000, 5000)), ("RGBA", (40_000, 1000))])
async def test_40_megapixels_fit_in_the_usual_memory(sandbox: Sandbox, mode: str, size: tuple[int, int]) -> None:
    image = Image.linear_gradient("L").resize(size).convert(mode)
    if mode == "RGBA":
        image.putalpha(image.getchannel("R"))
    data = encoded(image, "JPEG") if mode == "RGB" else encoded(image, "PNG", compress_level=1)
    found = await fit(sandbox, data, mime(data), len(data) // 3)
    assert found.loss == "smaller"
    assert found.width and found.height and abs(found.width * size[1] / size[0] - found.height) <= 1
    assert opened(found.data).size == (found.width, found.height)
