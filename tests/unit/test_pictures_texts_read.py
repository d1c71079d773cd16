"""Texts in anybody's picture files: read whatever program wrote them, bounded, and never a reason to raise."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bot.pictures import exif
from bot.pictures.infotext import Infotext, read
from bot.pictures.texts import MOST_TEXTS, Format, read_texts
from tests.support.pictures import encoded, jpeg_segment, photo, png_chunk
from tests.support.pictures import exif as camera

PARAMETERS = "a 狐\nSteps: 1, Seed: 2, Size: 8x8"


def png_with(*chunks: bytes) -> bytes:
    """Return a PNG with these chunks behind its header."""
    data = encoded(photo(8, 8), "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def test_every_kind_of_text_in_png_is_read_wherever_it_stands() -> None:
    info = PngInfo()
    info.add_text("plain", "fox")
    info.add_text("zipped", "fox " * 99, zip=True)
    info.add_itxt("wide", "狐", lang="ja", tkey="狐")
    info.add_itxt("wide zipped", "狐" * 99, zip=True)
    data = encoded(photo(), "PNG", pnginfo=info)
    behind = data[:-12] + png_chunk(b"tEXt", b"late\0caf\xe9") + png_chunk(b"tEXt", "utf\0é".encode()) + data[-12:]
    assert read_texts(behind, "PNG") == {
        "plain": "fox",
        "zipped": "fox " * 99,
        "wide": "狐",
        "wide zipped": "狐" * 99,
        "late": "café",
        "utf": "é",
    }


@pytest.mark.parametrize(
    "chunk",
    [
        png_chunk(b"zTXt", b"bomb\0\0" + zlib.compress(bytes(50_000_000))),
        png_chunk(b"iTXt", b"bomb\0\1\0\0\0" + zlib.compress(bytes(50_000_000))),
        png_chunk(b"tEXt", b"huge\0" + bytes(11_000_000)),
        png_chunk(b"zTXt", b"damaged\0\0" + b"no zlib"),
        png_chunk(b"zTXt", b"cut\0\0" + zlib.compress(b"fox" * 99)[:-9]),
        png_chunk(b"iTXt", b"method\0\1\7\0\0fox"),
    ],
)
def test_texts_that_are_bombs_or_damaged_are_left_out_and_the_others_read(chunk: bytes) -> None:
    assert read_texts(png_with(chunk, png_chunk(b"tEXt", b"fox\0red")), "PNG") == {"fox": "red"}


def test_no_more_texts_are_read_than_a_picture_has_reason_for() -> None:
    many = [png_chunk(b"tEXt", b"%d\0fox" % number) for number in range(1_000)]
    assert len(read_texts(png_with(*many), "PNG")) == MOST_TEXTS
    large = [png_chunk(b"zTXt", b"%d\0\0" % number + zlib.compress(bytes(9_000_000))) for number in range(10)]
    assert len(read_texts(png_with(*large), "PNG")) == 2


def user_comment(comment: bytes, order: str) -> bytes:
    """Return EXIF with a camera's directory before the comment, in this byte order."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    first = struct.pack(f"{order}IHHHI4sHHIIIH", 8, 2, 0x010F, 2, 3, b"Fox\0", 0x8769, 4, 1, 38, 0, 1)
    entry = struct.pack(f"{order}HHIII", 0x9286, 7, len(comment), 56, 0)
    return mark + first + entry + comment


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("comment", "text"),
    [
        (b"UNICODE\0" + PARAMETERS.encode("utf-16-be"), PARAMETERS),
        (b"UNICODE\0" + "a fox, Steps: 1".encode("utf-16-le"), "a fox, Steps: 1"),
        (b"UNICODE\0" + "狐 fox".encode("utf-16"), "狐 fox"),
        (b"UNICODE\0" + "fox".encode("utf-16-be") + b"\0\0", "fox"),
        (b"UNICODE\0" + "fox".encode("utf-16-le") + b"\0", "fox"),
        (b"ASCII\0\0\0a fox   ", "a fox"),
        (bytes(8) + "狐".encode(), "狐"),
        ("no prefix, 狐".encode(), "no prefix, 狐"),
        (b"JIS\0\0\0\0\0\xff\xfe", None),
        (bytes(20), None),
    ],
)
def test_comments_of_all_encodings_and_orders_are_read(comment: bytes, text: str | None, order: str) -> None:
    tiff = user_comment(comment, order)
    jpeg = encoded(photo(), "JPEG")
    jpeg = jpeg[:20] + jpeg_segment(0xE1, b"Exif\0\0" + tiff) + jpeg[20:]
    files: dict[Format, bytes] = {
        "JPEG": jpeg,
        "PNG": png_with(png_chunk(b"eXIf", tiff)),
        "WEBP": encoded(photo(), "WEBP", exif=tiff),
    }
    for format, data in files.items():
        assert read_texts(data, format) == ({} if text is None else {"UserComment": text})


def test_the_graph_in_comfyui_s_webp_is_read() -> None:
    graph: dict[str, Any] = {
        "1": {"class_type": "KSampler", "inputs": {"seed": 5, "positive": ["2", 0], "latent_image": ["3", 0]}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red fox"}},
    }
    tags = Image.Exif()
    tags[0x0110] = "prompt:" + json.dumps(graph)
    tags[0x010F] = "workflow:{}"
    found = read_texts(encoded(photo(), "WEBP", exif=tags), "WEBP")
    assert read(found) == Infotext("a red fox", "", {"Seed": "5"})


def test_what_cameras_write_is_no_comment() -> None:
    assert read_texts(encoded(photo(), "JPEG", exif=camera(6)), "JPEG") == {}


@given(
    st.binary(max_size=80) | st.binary(max_size=60).map(lambda tail: b"MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1" + tail)
)
def test_no_exif_raises(tiff: bytes) -> None:
    assert set(exif.texts(tiff)) <= {"UserComment", "prompt"}
