"""What holds for all JSON and all ways to cut it into chunks: what comes out is what `json.loads` says."""

from __future__ import annotations

import base64
import json
import random
import re
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.net.errors import Malformed
from bot.net.spool import SHORT, Blob, json_with_blobs
from tests.support.net import answer_of


@dataclass(frozen=True)
class Encoded:
    """A picture and how its string is written."""

    blob: Blob
    string: str


@st.composite
def pictures(draw: st.DrawFn) -> Encoded:
    """A picture in some encoding, longer than any string that is surely text."""
    data = random.Random(draw(st.integers(0, 1000))).randbytes(draw(st.integers(3100, 9000)))
    text = draw(st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]))(data).decode()
    if draw(st.booleans()):
        text = text.rstrip("=")
    for character, others in (("/", ["/", "\\/", "\\u002F"]), ("=", ["=", "\\u003d"]), ("+", ["+", "\\u002b"])):
        text = text.replace(character, draw(st.sampled_from(others)))
    if draw(st.booleans()) and "\\" not in text:
        text = "\\n".join(re.findall(".{1,76}", text))
    mime = draw(st.sampled_from([None, "image/png", "image/webp"]))
    return Encoded(Blob(data, mime), f"data:{mime};base64,{text}" if mime else text)


def awkward_texts() -> st.SearchStrategy[str]:
    """Texts with quotes, backslashes and long stretches that look like base64 for a while."""
    piece = st.sampled_from(['"', "\\", "/", "é", "\U0001f408", " ", "!", "data:", ",", "A" * 4000, "QUJD" * 1100, "="])
    short = st.text(max_size=8)
    return short | st.lists(piece | short, max_size=5).map("".join).filter(lambda text: not looks_like_a_picture(text))


def looks_like_a_picture(text: str) -> bool:
    return len(json.dumps(text)) > SHORT and re.fullmatch(r"(data:,)?[\sA-Za-z0-9+/_=-]*", text) is not None


def values() -> st.SearchStrategy[object]:
    simple = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | awkward_texts()
    return st.recursive(
        simple | pictures(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=8,
    )


def written(value: object, *, ascii_only: bool, indent: int | None) -> tuple[bytes, object]:
    """Return the value as JSON, and what it must be read as."""
    found: list[Encoded] = []

    def plain(value: object) -> object:
        if isinstance(value, Encoded):
            found.append(value)
            return f"\0picture {len(found) - 1}\0"
        if isinstance(value, list):
            return [plain(item) for item in value]
        return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value

    def expected(value: object) -> object:
        if isinstance(value, Encoded):
            return value.blob
        if isinstance(value, list):
            return [expected(item) for item in value]
        return {key: expected(item) for key, item in value.items()} if isinstance(value, dict) else value

    text = json.dumps(plain(value), ensure_ascii=ascii_only, indent=indent)
    text = re.sub(r"\\u0000picture (\d+)\\u0000", lambda match: found[int(match[1])].string, text)
    return text.encode("utf-8", "surrogatepass"), expected(value)


def cut(data: bytes, seed: int, size: int) -> list[bytes]:
    """Cut into pieces of random length, `size` at most, some of them empty."""
    chance = random.Random(seed)
    pieces, start = [], 0
    while start < len(data):
        end = start + chance.randint(0, size)
        pieces.append(data[start:end])
        start = end
    return pieces


async def read(data: bytes, seed: int, size: int) -> object:
    return await json_with_blobs(answer_of(cut(data, seed, size)), max_blobs=100, blob_limit=100_000)


chunking = {"seed": st.integers(0, 1 << 32), "size": st.sampled_from([1, 7, 100, 4095, 5000, 65536])}


@given(value=values(), ascii_only=st.booleans(), indent=st.sampled_from([None, 1]), **chunking)
async def test_pictures_are_decoded_and_all_else_is_as_json_says(
    value: object, ascii_only: bool, indent: int | None, seed: int, size: int
) -> None:
    data, expected = written(value, ascii_only=ascii_only, indent=indent)
    try:
        data.decode()
    except UnicodeDecodeError:  # half a character, which Python writes as it is when not told to escape
        with pytest.raises(Malformed):
            await read(data, seed, size)
    else:
        assert await read(data, seed, size) == expected


STRETCHES = [b'"', b"\\", b'\\"', b"[", b"]", b":", b",", b"{", b"}", b" ", b"A" * 4097, b"QUJD" * 1024, b"=", b"\xc3"]


@given(stretches=st.lists(st.sampled_from(STRETCHES), max_size=12), **chunking)
@example(stretches=[b"[", b'"', b"A" * 4097, b"AAA", b'"', b",", b'"', b'"', b"]"], seed=0, size=1)
@example(stretches=[b'"', *[b"A" * 4097] * 11], seed=0, size=1)
async def test_anything_is_read_the_same_however_it_is_cut(stretches: list[bytes], seed: int, size: int) -> None:
    data = b"".join(stretches)
    assert await outcome(data, seed, size) == await outcome(data, seed, len(data))


async def outcome(data: bytes, seed: int, size: int) -> object:
    try:
        return await read(data, seed, size)
    except Malformed:
        return Malformed
