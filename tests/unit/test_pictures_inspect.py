"""Pictures from outside: what is refused, and how; what passes."""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from PIL import Image

from bot.errors import (
    Animated,
    BadPicture,
    FileTooLarge,
    MaskSize,
    PictureTooLarge,
    StorageFull,
    UnknownType,
)
from bot.pictures.inspect import (
    InputLimits,
    Inspected,
    NotAPicture,
    inspect_result,
    prepare_input,
    same_size_or_refuse,
)
from bot.pictures.sandbox import MEBIBYTE, Sandbox, T, Ts
from tests.support import pictures
from tests.support.pictures import animated, encoded, photo

pytestmark = pytest.mark.asyncio(loop_scope="module")

FORMATS = "PNG", "JPEG", "WEBP", "GIF", "AVIF"
SMALL = 128 * MEBIBYTE
"""Too little memory to decode a bomb."""


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("cat.png", encoded(photo(), "PNG"))
    return file.getvalue()


NO_PICTURES = {
    "zip": zipped(),
    "text": b"Dear Easel, please draw a fox.",
    "html": b"<!doctype html><img src=fox.png>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "empty": b"",
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100),
    "bmp": encoded(photo(), "BMP"),
    "tiff": encoded(photo(), "TIFF"),
    "psd": b"8BPS\0\1" + bytes(100),
    "junk before": b" " + encoded(photo(), "PNG"),
}


@pytest.mark.parametrize("kind", NO_PICTURES)
async def test_what_is_no_picture_is_refused_by_content(sandbox: Sandbox, kind: str) -> None:
    with pytest.raises(UnknownType, match=r"“fox\.png”"):
        await prepare_input(sandbox, NO_PICTURES[kind], "fox.png")


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "AVIF"])
async def test_animations_are_refused(sandbox: Sandbox, format: str) -> None:
    with pytest.raises(Animated, match="“fox” is animated"):
        await prepare_input(sandbox, animated(format), "fox")


async def test_a_phone_picture_with_a_second_frame_is_its_first(sandbox: Sandbox) -> None:
    data = animated("MPO")
    found = await prepare_input(sandbox, data, "phone.jpg")
    assert found.mime == "image/jpeg"
    with Image.open(io.BytesIO(found.data)) as kept, Image.open(io.BytesIO(data)) as given:
        assert kept.format == "JPEG"
        assert kept.tobytes() == given.tobytes()


async def test_too_many_bytes_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(FileTooLarge, match="25 MB"):
        await prepare_input(sandbox, bytes(25_000_001), "fox")


BOMBS = {
    "PNG": (pictures.png_bomb(), "16000 × 16000"),
    "JPEG": (pictures.jpeg_bomb(), "65000 × 65000"),
    "WEBP": (pictures.webp_bomb(), "16383 × 16383"),
    "GIF": (pictures.gif_bomb(), "65535 × 65535"),
    "AVIF": (pictures.avif_bomb(), "16000 × 16000"),
}


@pytest.mark.parametrize("format", FORMATS)
async def test_bombs_are_refused_by_their_header(format: str) -> None:
    data, size = BOMBS[format]
    async with Sandbox(memory_bytes=SMALL) as small:
        with pytest.raises(PictureTooLarge, match=f"{size} pixels; I take pictures of up to 40 megapixels"):
            await prepare_input(small, data, "bomb")


@pytest.mark.parametrize("format", FORMATS)
async def test_truncated_pictures_are_refused(sandbox: Sandbox, format: str) -> None:
    data = encoded(photo(), format)
    for length in (len(data) // 2, len(data) - 3):
        with pytest.raises(BadPicture, match="“fox”"):
            await prepare_input(sandbox, data[:length], "fox")


async def test_a_picture_that_takes_too_long_is_bad() -> None:
    async with Sandbox(timeout_s=0.001) as hasty:
        with pytest.raises(BadPicture) as caught:
            await prepare_input(hasty, encoded(photo(), "PNG"), "fox")
    assert "TimeoutError" in caught.value.detail


async def test_a_picture_that_takes_too_much_memory_is_bad() -> None:
    limits = InputLimits(max_pixels=16000 * 16000)
    async with Sandbox(memory_bytes=SMALL) as small:
        with pytest.raises(BadPicture) as caught:
            await prepare_input(small, pictures.png_bomb(), "bomb", limits)
        assert "MemoryError" in caught.value.detail
        await prepare_input(small, encoded(photo(), "PNG"), "fox")


async def test_a_picture_that_kills_its_child_is_bad() -> None:
    class Crashing(Sandbox):
        async def call(self, function: Callable[[*Ts], T], *args: *Ts, timeout_s: float | None = None) -> T:
            return await super().call(os._exit, 1)

    async with Crashing() as sandbox:
        with pytest.raises(BadPicture) as caught:
            await prepare_input(sandbox, encoded(photo(), "PNG"), "fox")
    assert "ChildDied" in caught.value.detail


class Prepared(Sandbox):
    """A sandbox with scratch directories in which a file leads somewhere else."""

    file = ""
    leads_to = ""

    @contextlib.asynccontextmanager
    async def scratch(self) -> AsyncIterator[Path]:
        async with super().scratch() as directory:
            (directory / self.file).symlink_to(self.leads_to)
            yield directory


@pytest.mark.parametrize("file", ["source", "target"])
@pytest.mark.parametrize(("leads_to", "expected"), [("/dev/full", StorageFull), ("/", IsADirectoryError)])
async def test_trouble_with_the_disk_is_not_the_pictures_fault(
    file: str, leads_to: str, expected: type[Exception]
) -> None:
    async with Prepared() as sandbox:
        sandbox.file, sandbox.leads_to = file, leads_to
        with pytest.raises(expected):
            await prepare_input(sandbox, pictures.dirty("PNG"), "fox")
        with pytest.raises(expected):
            await inspect_result(sandbox, pictures.dirty("PNG"))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
async def test_clean_pictures_are_the_same_object(sandbox: Sandbox, format: str) -> None:
    data = encoded(photo(), format)
    found = await prepare_input(sandbox, data, "fox")
    assert found.data is data
    assert found == Inspected(data, f"image/{format.lower()}", 64, 48, transparent=False)


NO_RESULTS = {
    **NO_PICTURES,
    "gif": encoded(photo(), "GIF"),
    "avif": encoded(photo(), "AVIF"),
    "animated": animated("WEBP"),
    "bomb": pictures.png_bomb(),
    "truncated": encoded(photo(), "PNG")[:-40],
    "half a jpeg": encoded(photo(), "JPEG")[:1000],
}


@pytest.mark.parametrize("kind", NO_RESULTS)
async def test_what_engines_may_not_return(sandbox: Sandbox, kind: str) -> None:
    with pytest.raises(NotAPicture):
        await inspect_result(sandbox, NO_RESULTS[kind])


async def test_a_mask_must_have_the_size_of_its_picture(sandbox: Sandbox) -> None:
    picture = await prepare_input(sandbox, encoded(photo(64, 48), "PNG"), "fox")
    same_size_or_refuse(picture, picture)
    mask = await prepare_input(sandbox, encoded(photo(48, 64), "PNG"), "mask")
    with pytest.raises(MaskSize, match=r"mask is 48x64 .* picture is 64x48"):
        same_size_or_refuse(picture, mask)
