"""Masks: what people give, in either polarity, becomes one form; each engine gets its own; nothing else is a mask."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from bot.pictures import masks
from bot.pictures.decode import Format
from bot.pictures.inspect import sniff
from tests.support.pictures import encoded, opened, photo

MOST = 40_000_000
SIZE = (120, 80)
BOX = (30, 20, 90, 60)
"""What may change in the masks below."""
ANY = 10**9
"""Bytes."""


def white(soft: bool = False) -> Image.Image:
    """Return a mask that is white in the box; soft: brighter towards the right of it."""
    image = Image.new("L", SIZE)
    inside = (BOX[2] - BOX[0], BOX[3] - BOX[1])
    image.paste(Image.linear_gradient("L").rotate(90).resize(inside) if soft else 255, BOX)
    return image


def clear(mode: str = "RGBA") -> Image.Image:
    """Return a picture that is transparent in the box."""
    image = photo(*SIZE).convert(mode)
    image.putalpha(white().point(lambda value: 255 - value))
    return image


def keyed() -> bytes:
    """Return a picture without an alpha channel in which one colour is transparent."""
    image = Image.new("RGB", SIZE, "black")
    image.paste((255, 0, 255), BOX)
    return encoded(image, "PNG", transparency=(255, 0, 255))


def palette() -> bytes:
    image = Image.new("P", SIZE)
    image.putpalette([0, 0, 0, 255, 255, 255])
    image.paste(1, BOX)
    return encoded(image, "PNG", transparency=bytes([255, 0]))


def normalised(directory: Path, data: bytes) -> Image.Image | None:
    """Return what may change by the internal form, None if the mask was not taken."""
    source, target = directory / "source", directory / "target"
    target.unlink(missing_ok=True)
    source.write_bytes(data)
    if not masks.normalise(source, target, _format(data), MOST):
        assert not target.exists()
        return None
    image = opened(target.read_bytes())
    assert (image.format or "PNG", image.mode) == ("PNG", "RGBA")
    assert image.convert("RGB").getextrema() == ((0, 0),) * 3, "nothing of what was given is in it"
    return image.getchannel("A").point(lambda value: 255 - value)


def _format(data: bytes) -> Format:
    format = sniff(data)
    assert format is not None
    return format


GIVEN = {
    "white on black, png": encoded(white(), "PNG"),
    "white on black, 1 bit": encoded(white().convert("1"), "PNG"),
    "white on black, rgb": encoded(white().convert("RGB"), "PNG"),
    "white on black, palette": encoded(white().convert("P"), "PNG"),
    "white on black, 16 bits": encoded(white().convert("I;16").point(lambda value: value * 256), "PNG"),
    "white on black, opaque alpha": encoded(white().convert("RGBA"), "PNG"),
    "white on black, lossless webp": encoded(white().convert("RGB"), "WEBP", lossless=True),
    "transparent, rgba": encoded(clear(), "PNG"),
    "transparent, grey": encoded(clear("L"), "PNG"),
    "transparent, webp": encoded(clear(), "WEBP", quality=60),
    "transparent, one colour": keyed(),
    "transparent, palette": palette(),
}


@pytest.mark.parametrize("kind", GIVEN)
def test_either_polarity_says_the_same(tmp_path: Path, kind: str) -> None:
    change = normalised(tmp_path, GIVEN[kind])
    assert change is not None
    assert change.tobytes() == white().tobytes()


@pytest.mark.parametrize("quality", [30, 75, 95])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_the_dirt_of_a_jpeg_is_not_in_its_mask(tmp_path: Path, quality: int, mode: str) -> None:
    dirt = Image.frombytes("L", SIZE, Random(2).randbytes(SIZE[0] * SIZE[1])).point(lambda value: value // 30)
    sent = encoded(ImageChops.difference(white(), dirt).convert(mode), "JPEG", quality=quality)
    left, top, right, bottom = BOX
    inside, outside = (left + 10, top + 10, right - 10, bottom - 10), (0, 0, left - 16, SIZE[1])
    assert opened(sent).convert("L").crop(outside).getextrema() != (0, 0)

    change = normalised(tmp_path, sent)

    assert change is not None
    assert change.crop(inside).getextrema() == (255, 255)
    assert change.crop(outside).getextrema() == (0, 0)


def test_grey_is_kept_as_it_is(tmp_path: Path) -> None:
    soft = white(soft=True)
    half_clear = Image.new("RGBA", SIZE)
    half_clear.putalpha(soft.point(lambda value: 255 - value))
    for data in (encoded(soft, "PNG"), encoded(half_clear, "PNG")):
        change = normalised(tmp_path, data)
        assert change is not None
        assert change.tobytes() == soft.tobytes()


@pytest.mark.parametrize(
    "data",
    [
        encoded(Image.new("L", SIZE, 0), "PNG"),
        encoded(Image.new("L", SIZE, 255), "PNG"),
        encoded(Image.new("RGB", SIZE, "white"), "JPEG"),
        encoded(Image.new("RGB", SIZE, "black"), "JPEG"),
        encoded(Image.new("L", SIZE, 128), "PNG"),
        encoded(Image.new("RGBA", SIZE, "white"), "PNG"),
        encoded(Image.frombytes("L", SIZE, Random(1).randbytes(9600)).point(lambda value: value // 16), "PNG"),
        encoded(Image.frombytes("L", SIZE, Random(1).randbytes(9600)).point(lambda value: 255 - value // 16), "PNG"),
        encoded(Image.new("RGBA", SIZE, (0, 0, 0, 250)), "PNG"),
    ],
)
def test_what_marks_nothing_is_no_mask(tmp_path: Path, data: bytes) -> None:
    assert normalised(tmp_path, data) is None


def test_all_may_change_where_a_mask_is_transparent_everywhere(tmp_path: Path) -> None:
    change = normalised(tmp_path, encoded(Image.new("RGBA", SIZE, (0, 0, 0, 0)), "PNG"))
    assert change is not None
    assert change.getextrema() == (255, 255)


levels = st.binary(min_size=48, max_size=48)


@given(levels, st.booleans())
def test_the_form_that_is_stored_stays_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, hard: bool
) -> None:
    directory = tmp_path_factory.mktemp("mask")
    image = Image.frombytes("L", (8, 6), data)
    first = normalised(directory, encoded(image.point(lambda value: value // 128 * 255) if hard else image, "PNG"))
    if first is None:
        return
    again = normalised(directory, masks.as_alpha_png(first))
    assert again is not None
    assert again.tobytes() == first.tobytes()


@given(levels)
def test_the_forms_of_engines_say_the_same(data: bytes) -> None:
    change = Image.frombytes("L", (8, 6), data)
    alpha, grey = opened(masks.as_alpha_png(change)), opened(masks.as_white_png(change))
    assert (alpha.mode, grey.mode) == ("RGBA", "L")
    assert grey.tobytes() == data
    assert alpha.getchannel("A").tobytes() == bytes(255 - value for value in data)


def test_a_picture_is_its_own_mask_where_it_is_transparent() -> None:
    own = masks.mask_of(clear())
    assert own is not None
    assert own.tobytes() == white().tobytes()
    assert masks.mask_of(photo()) is None
    assert masks.mask_of(photo().convert("RGBA")) is None


# ── scaled along ────────────────────────────────────────────────────────────────────────────────────────────────


def fitted(
    directory: Path,
    data: bytes,
    size: tuple[int, int],
    *,
    square: bool = False,
    form: masks.Form = "white",
    limit: int = ANY,
) -> Image.Image | None:
    source, target = directory / "source", directory / "target"
    source.write_bytes(data)
    if not masks.fit(source, target, _format(data), size, square, form, limit, MOST):
        return None
    assert len(target.read_bytes()) <= limit
    return opened(target.read_bytes())


def test_a_hard_mask_stays_hard_when_it_is_scaled(tmp_path: Path) -> None:
    for size in ((60, 40), (41, 27), (7, 5)):
        image = fitted(tmp_path, encoded(white(), "PNG"), size)
        assert image is not None and image.size == size
        assert set(image.tobytes()) == {0, 255}
    half = fitted(tmp_path, encoded(white(), "PNG"), (60, 40))
    assert half is not None and half.getbbox() == (15, 10, 45, 30)


def test_a_soft_mask_is_scaled_without_halos(tmp_path: Path) -> None:
    image = Image.new("L", (400, 400))
    ImageDraw.Draw(image).ellipse((100, 100, 300, 300), fill=255, outline=128, width=4)
    small = fitted(tmp_path, encoded(image, "PNG"), (100, 100))
    assert small is not None and len(set(small.tobytes())) > 2
    assert small.crop((0, 0, 100, 24)).getextrema() == (0, 0)
    assert small.crop((40, 40, 60, 60)).getextrema() == (255, 255)


def test_the_border_of_a_squared_picture_may_change(tmp_path: Path) -> None:
    for form in ("white", "alpha"):
        image = fitted(tmp_path, encoded(white(), "PNG"), (60, 60), square=True, form=form)
        assert image is not None and image.size == (60, 60)
        change = image if form == "white" else image.getchannel("A").point(lambda value: 255 - value)
        assert change.crop((0, 0, 60, 10)).getextrema() == change.crop((0, 50, 60, 60)).getextrema() == (255, 255)
        assert change.crop((0, 10, 15, 50)).getextrema() == (0, 0)
        assert change.crop((15, 20, 45, 40)).getextrema() == (255, 255)


def test_a_rough_mask_loses_steps_until_its_file_is_small_enough(tmp_path: Path) -> None:
    image = Image.frombytes("L", (200, 200), Random(3).randbytes(40_000))
    data = encoded(image, "PNG")
    whole = len(masks.as_white_png(image))
    steps: list[int] = []
    for limit in (whole, whole - 1, whole // 3):
        found = fitted(tmp_path, data, (200, 200), limit=limit)
        assert found is not None
        steps.append(len(set(found.tobytes())))
        assert max(abs(one - other) for one, other in zip(found.tobytes(), image.tobytes(), strict=True)) <= 128
    assert steps == [256, 16, 2]
    assert fitted(tmp_path, data, (200, 200), limit=whole // 30) is None
