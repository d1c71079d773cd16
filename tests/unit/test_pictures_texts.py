"""Texts in picture files: written without touching a pixel, read back by Pillow and by us, and never a way to break."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from bot.pictures.infotext import Infotext, read, write
from bot.pictures.metadata import take_apart
from bot.pictures.texts import Format, read_texts, with_infotext, with_text
from tests.support.pictures import dirty, encoded, opened, photo, wide_profile

FADING = photo(33, 17).convert("RGBA")
FADING.putalpha(FADING.getchannel("R"))
DEEP = encoded(Image.new("I;16", (4, 4), 4660), "PNG")
PICTURES: dict[str, tuple[Format, bytes]] = {
    "PNG": ("PNG", encoded(photo(), "PNG")),
    "PNG with alpha": ("PNG", encoded(FADING, "PNG")),
    "PNG with a profile": ("PNG", encoded(photo(), "PNG", icc_profile=wide_profile())),
    "PNG with a palette": ("PNG", encoded(photo().quantize(16), "PNG", transparency=bytes(range(16)))),
    "PNG with 16 bits": ("PNG", DEEP),
    "JPEG": ("JPEG", encoded(photo(), "JPEG")),
    "JPEG, progressive": ("JPEG", encoded(photo(), "JPEG", progressive=True, restart_marker_blocks=2)),
    "JPEG, CMYK": ("JPEG", encoded(photo().convert("CMYK"), "JPEG")),
    "JPEG with a profile": ("JPEG", encoded(photo(), "JPEG", icc_profile=wide_profile())),
    "JPEG with a long profile": ("JPEG", encoded(photo(), "JPEG", icc_profile=wide_profile() + bytes(150_000))),
    "WebP": ("WEBP", encoded(photo(), "WEBP")),
    "WebP with alpha": ("WEBP", encoded(FADING, "WEBP")),
    "WebP, lossless": ("WEBP", encoded(photo(), "WEBP", lossless=True)),
    "WebP, lossless with alpha": ("WEBP", encoded(FADING, "WEBP", lossless=True)),
    "WebP with a profile": ("WEBP", encoded(FADING, "WEBP", icc_profile=wide_profile())),
}
ASCII, LATIN_1, WIDE = "a red fox: 5\nSteps: 20", "ein Füchschen, £5", "红狐狸 🦊\nSteps: 20"
AMBIGUOUS = "Ã©, read wrongly"
"""Latin-1 whose bytes are UTF-8, too."""
FOX = Infotext("a red fox, 狐\nin the snow", "blurry", {"Steps": "20", "Seed": "5", "Size": "64x48", "Model": "a, b"})


def seen_by_pillow(data: bytes) -> str:
    """Return the text as programs with Pillow find it: in PNG by name, else the comment without its prefix."""
    image = opened(data)
    if image.format == "PNG":
        text = image.info["parameters"]
        assert isinstance(text, str)
        return str(text)
    comment = image.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]
    assert comment[:8] == b"UNICODE\0"
    return str(comment[8:].decode("utf-16-be"))


def same_pixels(data: bytes, other: bytes) -> bool:
    before, after = opened(data), opened(other)
    assert (before.mode, before.size, before.getpalette()) == (after.mode, after.size, after.getpalette())
    return before.tobytes() == after.tobytes()


@pytest.mark.parametrize("text", [ASCII, LATIN_1, WIDE, AMBIGUOUS, ""])
@pytest.mark.parametrize("name", PICTURES)
def test_a_text_is_written_and_no_pixel_changed(name: str, text: str) -> None:
    format, data = PICTURES[name]
    found = with_text(data, format, text)
    assert seen_by_pillow(found) == text
    assert list(read_texts(found, format).values()) == ([text] if text or format == "PNG" else [])
    assert same_pixels(data, found)
    assert opened(found).info.get("icc_profile") == opened(data).info.get("icc_profile")
    assert opened(found).info.get("transparency") == opened(data).info.get("transparency")
    assert (
        take_apart(found, format, keep_profile=True).picture
        == take_apart(with_text(found, format, "other"), format, keep_profile=True).picture
    ), "nothing but the text differs"


WORDS = st.text().map(lambda text: text.replace("\0", ""))
FACTS = st.dictionaries(st.from_regex("[A-Z][a-z]{1,9}", fullmatch=True), WORDS)


@given(st.sampled_from(sorted(PICTURES)), st.builds(Infotext, WORDS, WORDS, FACTS))
def test_what_is_described_is_read_again(name: str, infotext: Infotext) -> None:
    format, data = PICTURES[name]
    found = with_infotext(data, format, infotext)
    text = write(infotext)
    assert same_pixels(data, found)
    assert seen_by_pillow(found) == text
    assert list(read_texts(found, format).values()) == ([text] if text or format == "PNG" else [])


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_everything_else_the_file_said_is_gone_but_the_profile_stays(format: Format) -> None:
    data = dirty(format)
    data = data.removesuffix(b"SECRET")  # behind the end: nothing that inspection leaves
    found = with_text(data, format, ASCII)
    assert b"SECRET" not in found
    assert b"adobe:ns" not in found
    assert opened(found).info["icc_profile"] == opened(data).info["icc_profile"]
    assert same_pixels(data, found)
    assert len(read_texts(found, format)) == 1


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_a_text_is_replaced_not_added(format: Format) -> None:
    data = encoded(photo(), format)
    assert with_text(with_text(data, format, WIDE), format, ASCII) == with_text(data, format, ASCII)


def test_png_has_the_text_before_its_pixels_in_the_kind_of_chunk_pillow_takes() -> None:
    data = encoded(photo(), "PNG")
    for text, kind in ((ASCII, b"tEXt"), (LATIN_1, b"tEXt"), (WIDE, b"iTXt"), (AMBIGUOUS, b"iTXt")):
        found = with_text(data, "PNG", text)
        assert found.index(kind + b"parameters\0") < found.index(b"IDAT")
        info = PngInfo()
        info.add_text("parameters", text)
        if text != AMBIGUOUS:
            assert info.chunks[0][0] == kind


def test_webp_without_the_extended_header_gets_it_with_the_size_and_alpha_of_the_picture() -> None:
    for image, lossless, flags in ((photo(33, 17), False, 0x08), (photo(33, 17), True, 0x08), (FADING, True, 0x18)):
        data = encoded(image, "WEBP", lossless=lossless)
        assert data[12:16] != b"VP8X"
        found = with_text(data, "WEBP", ASCII)
        assert found[12:16] == b"VP8X"
        assert found[20] == flags
        assert (found[24:27], found[27:30]) == (b"\x20\0\0", b"\x10\0\0")
        assert struct.unpack_from("<I", found, 4)[0] == len(found) - 8


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_a_prompt_of_32_000_characters_goes_into_every_format(format: Format) -> None:
    for sign in "x狐":
        infotext = Infotext(sign * 32_000, "blurry", FOX.facts)
        found = with_infotext(encoded(photo(), format), format, infotext)
        assert read(read_texts(found, format)) == infotext


def test_what_a_jpeg_has_no_room_for_is_cut_the_prompt_first() -> None:
    data = encoded(photo(), "JPEG")
    found = with_infotext(data, "JPEG", Infotext("狐" * 50_000, "blurry", FOX.facts))
    again = read(read_texts(found, "JPEG"))
    assert again is not None
    assert again.prompt == "狐" * (len(again.prompt) - 1) + "…"
    assert len(again.prompt) > 32_000
    assert (again.negative, again.facts) == ("blurry", FOX.facts)
    assert same_pixels(data, found)
    with pytest.raises(ValueError, match="too long"):
        with_text(data, "JPEG", "狐" * 50_000)


def test_a_jpeg_takes_twice_as_much_in_ascii() -> None:
    text = "x" * 65_000
    assert read_texts(with_text(encoded(photo(), "JPEG"), "JPEG", text), "JPEG") == {"UserComment": text}


def test_facts_that_alone_are_too_long_are_cut_as_well() -> None:
    infotext = Infotext("a fox\nNegative prompt: x", "no", {f"Fact {number}": "狐" * 3_000 for number in range(300)})
    found = read(read_texts(with_infotext(encoded(photo(), "JPEG"), "JPEG", infotext), "JPEG"))
    assert found is not None
    assert found.prompt == "a fox\nNegative prompt: x"
    assert found.facts["Fact 0"].endswith("狐…")


def test_lone_surrogates_and_nul_harm_no_file() -> None:
    for format in ("PNG", "JPEG", "WEBP"):
        found = with_text(encoded(photo(), format), format, "a\ud800b\0c")
        assert list(read_texts(found, format).values()) == ["a?bc"] or format != "PNG"
        assert seen_by_pillow(found).startswith("a")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_damaged_files_are_refused_when_written_and_no_trouble_when_read(format: Format) -> None:
    data = with_text(dirty(format), format, WIDE)
    refused = 0
    for end in range(8, len(data), 7):
        read_texts(data[:end], format)
        try:
            with_text(data[:end], format, ASCII)
        except ValueError:
            refused += 1
    assert refused > 10


@pytest.mark.parametrize("start", [b"RIFF\x04\0\0\0WEBP", b"RIFF\x0c\0\0\0WEBPABCD\0\0\0\0", b"RIFF"])
def test_a_webp_without_a_picture_is_refused(start: bytes) -> None:
    with pytest.raises(ValueError, match=r"no picture|ends early"):
        with_text(start, "WEBP", ASCII)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
@given(damage=st.data())
def test_no_damage_raises_anything_but_value_errors(format: Format, damage: st.DataObject) -> None:
    data = bytearray(with_text(dirty(format, photo(8, 8)), format, WIDE))
    for _ in range(damage.draw(st.integers(1, 5))):
        data[damage.draw(st.integers(8, min(len(data), 400) - 1))] = damage.draw(st.integers(0, 255))
    read(read_texts(bytes(data), format))
    try:
        with_text(bytes(data), format, ASCII)
    except ValueError:
        return
