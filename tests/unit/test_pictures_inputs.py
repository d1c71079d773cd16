"""Inputs of an edit: unchanged where they fit, else scaled, re-encoded, squared, and the mask with them."""

from __future__ import annotations

import dataclasses
import io
from random import Random

import pytest
from PIL import Image, ImageChops, ImageStat

from bot.errors import MaskMarksNothing, MaskSize, UnfitPicture
from bot.pictures.inputs import InputPicture, InputRule, fit_inputs, prepare_mask
from bot.pictures.inspect import Inspected, prepare_input
from bot.pictures.sandbox import MEBIBYTE, Sandbox
from tests.support.pictures import encoded, photo

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANY = InputRule()
OLD = InputRule(formats=("image/png",), max_bytes=200_000, square=True, max_mask_bytes=4000, needs_mask=True)
"""That of dall-e-2 with smaller limits."""


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    return Image.frombytes(mode, (width, height), Random(width).randbytes(width * height * len(mode)))


def soft(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Return something like a photo."""
    image = Image.blend(noise(8, 6).resize((width, height), Image.Resampling.BICUBIC), noise(width, height), 0.06)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize((width, height)))
    return image


def box(width: int, height: int) -> Image.Image:
    """Return a mask, white in its left half."""
    image = Image.new("L", (width, height))
    image.paste(255, (0, 0, width // 2, height))
    return image


def given(image: Image.Image, format: str = "PNG", **options: int) -> InputPicture:
    return InputPicture(encoded(image, format, **options), f"image/{format.lower()}", image.width, image.height)


def opened(picture: InputPicture) -> Image.Image:
    with Image.open(io.BytesIO(picture.data)) as image:
        image.load()
        assert Image.MIME[str(image.format)] == picture.mime
        assert image.size == (picture.width, picture.height)
        return image


def alike(one: Image.Image, other: Image.Image) -> bool:
    other = other.convert(one.mode).resize(one.size, Image.Resampling.LANCZOS)
    return max(ImageStat.Stat(ImageChops.difference(one, other)).rms) < 12


# ── pictures ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_fits_is_the_same_object_and_needs_no_child() -> None:
    sandbox = Sandbox()
    await sandbox.aclose()
    inputs = given(photo()), given(photo(), "JPEG"), given(photo(), "WEBP")
    rule = InputRule(max_pixels=64 * 48, max_bytes=max(len(each.data) for each in inputs))
    kept, mask = await fit_inputs(sandbox, inputs, None, rule)
    assert all(one is other for one, other in zip(kept, inputs, strict=True))
    assert mask is None


async def test_only_what_does_not_fit_is_changed(sandbox: Sandbox) -> None:
    inputs = given(photo()), given(soft(640, 480))
    kept, _ = await fit_inputs(sandbox, inputs, None, InputRule(max_pixels=64 * 48))
    assert kept[0] is inputs[0]
    assert (kept[1].width, kept[1].height) == (64, 48)


@pytest.mark.parametrize("size", [(640, 480), (481, 640), (2000, 3), (3, 2000), (333, 333)])
@pytest.mark.parametrize("most", [100_000, 1000])
async def test_too_many_pixels_become_fewer_of_the_same_aspect(
    sandbox: Sandbox, size: tuple[int, int], most: int
) -> None:
    before = given(soft(*size))
    ((after,), _) = await fit_inputs(sandbox, [before], None, InputRule(max_pixels=most))
    assert after.width * after.height <= most
    if size[0] * size[1] <= most:
        assert after is before
    else:
        scale = (most / (size[0] * size[1])) ** 0.5
        assert abs(after.width - size[0] * scale) <= 1 and abs(after.height - size[1] * scale) <= 1
        opened(after)


@pytest.mark.parametrize(
    ("image", "format", "rule", "mime"),
    [
        (soft(400, 300), "JPEG", InputRule(max_pixels=10_000), "image/jpeg"),
        (soft(400, 300), "PNG", InputRule(max_pixels=10_000), "image/png"),
        (soft(400, 300), "WEBP", InputRule(max_pixels=10_000), "image/png"),
        (soft(400, 300), "JPEG", InputRule(formats=("image/png",)), "image/png"),
        (soft(400, 300), "WEBP", InputRule(formats=("image/png", "image/jpeg")), "image/png"),
        (soft(400, 300), "PNG", InputRule(formats=("image/jpeg",)), "image/jpeg"),
        (soft(400, 300, "RGBA"), "PNG", InputRule(max_pixels=10_000), "image/png"),
    ],
)
async def test_the_format_stays_or_becomes_one_the_engine_takes(
    sandbox: Sandbox, image: Image.Image, format: str, rule: InputRule, mime: str
) -> None:
    ((after,), _) = await fit_inputs(sandbox, [given(image, format)], None, rule)
    assert after.mime == mime
    assert alike(opened(after), image)
    assert opened(after).mode == image.mode


async def test_too_many_bytes_are_first_a_matter_of_the_format(sandbox: Sandbox) -> None:
    before = given(soft(400, 300))
    ((after,), _) = await fit_inputs(sandbox, [before], None, InputRule(max_bytes=len(before.data) - 1))
    assert (after.mime, after.width, after.height) == ("image/jpeg", 400, 300)
    ((smaller,), _) = await fit_inputs(sandbox, [before], None, InputRule(max_bytes=len(after.data) - 1))
    assert smaller.mime == "image/jpeg" and len(smaller.data) < len(after.data)
    assert 256 <= smaller.width < 400 and abs(smaller.width * 3 / 4 - smaller.height) <= 1


async def test_transparency_never_becomes_black(sandbox: Sandbox) -> None:
    before = given(soft(600, 400, "RGBA"))
    ((after,), _) = await fit_inputs(sandbox, [before], None, InputRule(max_bytes=len(before.data) // 2))
    assert (after.mime, opened(after).mode) == ("image/png", "RGBA")
    assert len(after.data) <= len(before.data) // 2
    ((flat,), _) = await fit_inputs(sandbox, [before], None, InputRule(formats=("image/jpeg",)))
    assert min(opened(flat).crop((0, 0, 600, 20)).convert("L").tobytes()) > 200, "white where nothing is"


async def test_a_picture_that_cannot_be_small_enough_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(UnfitPicture, match="smaller one"):
        await fit_inputs(sandbox, [given(noise(400, 300))], None, InputRule(max_bytes=500))


async def test_a_picture_that_takes_too_much_memory_is_refused() -> None:
    large = given(Image.new("RGB", (6000, 5000)))
    async with Sandbox(memory_bytes=112 * MEBIBYTE) as small:
        with pytest.raises(UnfitPicture) as caught:
            await fit_inputs(small, [large], None, InputRule(max_pixels=1000))
    assert "MemoryError" in caught.value.detail


async def test_pictures_are_squared_with_a_transparent_border(sandbox: Sandbox) -> None:
    image = soft(120, 80)
    ((after,), mask) = await fit_inputs(sandbox, [given(image, "JPEG", quality=95)], None, OLD)
    square = opened(after)
    assert (after.mime, square.mode, square.size) == ("image/png", "RGBA", (120, 120))
    alpha = square.getchannel("A")
    assert alpha.getbbox() == (0, 20, 120, 100) and alpha.crop((0, 20, 120, 100)).getextrema() == (255, 255)
    assert alike(square.crop((0, 20, 120, 100)).convert("RGB"), image)
    assert mask is not None and opened(mask).size == (120, 120)


# ── masks ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rule", [ANY, InputRule(max_pixels=50_000), InputRule(mask="white", max_pixels=9000), OLD])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "transparent", "stored"])
async def test_the_mask_goes_with_its_picture_in_the_form_of_the_engine(
    sandbox: Sandbox, rule: InputRule, kind: str
) -> None:
    size = 480, 320
    if kind == "transparent":
        clear = soft(*size).convert("RGBA")
        clear.putalpha(box(*size).point(lambda value: 255 - value))
        mask = given(clear, "WEBP")
    else:
        mask = given(box(*size), "JPEG" if kind == "JPEG" else "PNG")
    picture = given(soft(*size))
    if kind == "stored":
        mask = as_input(await prepare_mask(sandbox, inspected(mask), inspected(picture)))

    (after,), made = await fit_inputs(sandbox, [picture], mask, rule)

    assert made is not None and made.mime == "image/png"
    assert (made.width, made.height) == (after.width, after.height)
    assert len(made.data) <= rule.max_mask_bytes and len(after.data) <= rule.max_bytes
    image = opened(made)
    assert image.mode == ("L" if rule.mask == "white" else "RGBA")
    change = image if rule.mask == "white" else image.getchannel("A").point(lambda value: 255 - value)
    width, height = change.size
    top, bottom = (height // 3, height * 2 // 3) if rule.square else (0, height)
    assert change.crop((0, top, width // 2 - 8, bottom)).getextrema() == (255, 255)
    assert change.crop((width // 2 + 8, top, width, bottom)).getextrema() == (0, 0)


async def test_a_mask_too_rough_for_its_limit_makes_its_picture_smaller(sandbox: Sandbox) -> None:
    rough = noise(900, 600, "L").point(lambda value: value // 128 * 255)
    rule = InputRule(max_mask_bytes=30_000)
    (after,), made = await fit_inputs(sandbox, [given(soft(900, 600))], given(rough), rule)
    assert made is not None and len(made.data) <= 30_000
    assert (made.width, made.height) == (after.width, after.height) == opened(after).size
    assert 256 * 256 <= after.width * after.height < 900 * 600
    with pytest.raises(UnfitPicture):
        await fit_inputs(sandbox, [given(soft(900, 600))], given(rough), InputRule(max_mask_bytes=500))


async def test_only_the_first_picture_is_bound_to_the_mask(sandbox: Sandbox) -> None:
    inputs = given(soft(300, 200)), given(soft(500, 100))
    after, made = await fit_inputs(sandbox, inputs, given(box(300, 200)), InputRule(max_pixels=20_000))
    assert made is not None and (made.width, made.height) == (after[0].width, after[0].height) == (173, 115)
    assert after[1].width * after[1].height <= 20_000


async def test_transparency_is_the_mask_where_one_is_needed_and_none_was_given(sandbox: Sandbox) -> None:
    rule = InputRule(needs_mask=True)
    hole = soft(300, 200)
    hole.putalpha(box(300, 200).point(lambda value: 255 - value))
    for image, expected in ((hole, box(300, 200)), (soft(300, 200), Image.new("L", (300, 200), 255))):
        picture = given(image)
        (after,), made = await fit_inputs(sandbox, [picture], None, rule)
        assert after is picture and made is not None
        change = opened(made).getchannel("A").point(lambda value: 255 - value)
        assert change.tobytes() == expected.tobytes()
    assert (await fit_inputs(sandbox, [given(hole)], None, ANY))[1] is None


async def test_a_mask_of_another_size_is_refused_with_both_named(sandbox: Sandbox) -> None:
    with pytest.raises(MaskSize, match=r"30x20.*300x200"):
        await fit_inputs(sandbox, [given(soft(300, 200))], given(box(30, 20)), ANY)
    with pytest.raises(MaskSize, match=r"30x20.*300x200"):
        await prepare_mask(sandbox, inspected(given(box(30, 20))), inspected(given(soft(300, 200))))


async def test_a_mask_that_marks_nothing_is_refused_wherever_it_is_met(sandbox: Sandbox) -> None:
    picture, nothing = given(soft(300, 200)), given(Image.new("L", (300, 200), 255))
    with pytest.raises(MaskMarksNothing, match="white on black"):
        await prepare_mask(sandbox, inspected(nothing), inspected(picture))
    with pytest.raises(MaskMarksNothing):
        await fit_inputs(sandbox, [picture], nothing, ANY)


async def test_a_prepared_mask_is_a_small_png_whatever_was_sent(sandbox: Sandbox) -> None:
    picture = given(soft(1600, 1200), "JPEG")
    clear = noise(1600, 1200).convert("RGBA")
    clear.putalpha(box(1600, 1200).point(lambda value: 255 - value))
    for sent in (encoded(box(1600, 1200), "JPEG"), encoded(clear, "PNG", compress_level=1)):
        mask = await prepare_input(sandbox, sent, "mask")
        made = await prepare_mask(sandbox, mask, inspected(picture))
        assert (made.mime, made.width, made.height, made.transparent) == ("image/png", 1600, 1200, True)
        assert len(made.data) < 20_000


def inspected(picture: InputPicture) -> Inspected:
    return Inspected(**dataclasses.asdict(picture), transparent=False)


def as_input(picture: Inspected) -> InputPicture:
    return InputPicture(picture.data, picture.mime, picture.width, picture.height)
