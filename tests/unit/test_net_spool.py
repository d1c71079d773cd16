"""Pictures out of streamed JSON: whatever the borders of the chunks, and whatever a server thinks base64 looks like."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
import textwrap
from collections.abc import Callable

import pytest

from bot.net.errors import Malformed, TooLong
from bot.net.spool import SHORT, Blob, json_with_blobs
from tests.support.net import answer_of

PICTURE = random.Random(1).randbytes(4_003)
STANDARD = base64.b64encode(PICTURE).decode()
URL_SAFE = base64.urlsafe_b64encode(PICTURE).decode()
LIMITS = {"max_blobs": 8, "blob_limit": 100_000}


async def spooled(text: str | bytes, size: int = 1000, **limits: int) -> object:
    """Read a JSON text that arrives in pieces of this size."""
    data = text.encode() if isinstance(text, str) else text
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return await json_with_blobs(answer_of(pieces), **{**LIMITS, **limits})


async def one_string(inside: str, size: int = 1000, **limits: int) -> object:
    """Return what becomes of a JSON string, given without its quotes."""
    value = await spooled(f'{{"first": 1, "it": "{inside}", "last": [2]}}', size, **limits)
    assert isinstance(value, dict)
    assert (value["first"], value["last"]) == (1, [2])
    return value["it"]


def wrapped(width: int, newline: str) -> str:
    return newline.join(textwrap.wrap(STANDARD, width)) + newline


ENCODINGS: dict[str, str] = {
    "standard": STANDARD,
    "url-safe": URL_SAFE,
    "without padding": STANDARD.rstrip("="),
    "url-safe without padding": URL_SAFE.rstrip("="),
    "half a padding": STANDARD.removesuffix("="),
    "slashes escaped": STANDARD.replace("/", "\\/"),
    "by number": STANDARD.replace("=", "\\u003d").replace("+", "\\u002B").replace("/", "\\u002f"),
    "all by number": "".join(f"\\u{ord(character):04x}" for character in STANDARD),
    "lines": wrapped(76, "\\n"),
    "lines of Windows": wrapped(64, "\\r\\n"),
    "lines not escaped": wrapped(76, "\n"),
    "spaces around": f"  {STANDARD}\\t ",
}


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64, 1001, 100_000])
@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_every_way_to_write_base64(encoding: str, size: int) -> None:
    assert len(STANDARD) - len(STANDARD.rstrip("=")) == 2
    assert await one_string(ENCODINGS[encoding], size) == Blob(PICTURE, None)


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize(
    ("head", "mime"),
    [
        ("data:image/png;base64,", "image/png"),
        ("data:image\\/png;base64,", "image/png"),
        ("DATA:Image/JPEG;charset=utf-8;BASE64,", "image/jpeg"),
        ("data:;base64,", None),
    ],
)
async def test_data_urls(head: str, mime: str | None, size: int) -> None:
    assert await one_string(head + STANDARD, size) == Blob(PICTURE, mime)
    assert await one_string(head + wrapped(76, "\\n"), size) == Blob(PICTURE, mime)


@pytest.mark.parametrize("padding", range(3))
@pytest.mark.parametrize("length", range(3075, 3081))
async def test_the_end_whatever_is_left_over(length: int, padding: int) -> None:
    encoded = base64.b64encode(PICTURE[:length]).decode().rstrip("=")
    assert await one_string(encoded + "=" * (-len(encoded) % 4), 100) == Blob(PICTURE[:length], None)
    if padding > -len(encoded) % 4:
        assert await one_string(encoded + "=" * padding, 100) == encoded + "=" * padding


NOT_BASE64: dict[str, Callable[[str], str]] = {
    "ends with another character": lambda text: text + "!",
    "begins with another character": lambda text: "!" + text,
    "another character inside": lambda text: text[:5000] + "~" + text[5000:],
    "padding inside": lambda text: text[:5000] + "==" + text[5000:],
    "padding in the middle of four": lambda text: text[:5001] + "=" + text[5001:],
    "too much padding": lambda text: text + "=",
    "one character left over": lambda text: text.rstrip("=") + "A" * ((1 - len(text.rstrip("="))) % 4),
    "both alphabets": lambda text: text[:5000] + "+/-_" + text[5000:],
    "a backslash": lambda text: text[:5000] + "\\\\" + text[5000:],
    "ends with a backslash": lambda text: text + "\\\\",
    "a quote inside": lambda text: text[:2000] + '\\"' + text[2000:],
    "a quote at the beginning": lambda text: '\\"' + text,
    "a backslash and a quote at the beginning": lambda text: '\\\\\\"' + text,
    "a quote at the end": lambda text: text + '\\"',
    "letters of other scripts": lambda text: text[:5000] + "é" + text[5000:],
    "a data URL without base64": lambda text: "data:text/plain," + text,
    "a data URL without a comma": lambda text: "data:" + text,
    "words": lambda text: "a rather long text without a full stop " * 200,
}


@pytest.mark.parametrize("size", [1, 3, 1000, 100_000])
@pytest.mark.parametrize("change", NOT_BASE64)
async def test_what_is_not_base64_stays_text(change: str, size: int) -> None:
    inside = NOT_BASE64[change](STANDARD)
    assert await one_string(inside, size) == json.loads(f'"{inside}"')


async def test_what_follows_an_escaped_backslash_and_a_quote_is_a_string_of_its_own() -> None:
    value = await spooled(f'["\\\\", "{STANDARD}", "\\\\\\\\", "{STANDARD}"]')
    assert value == ["\\", Blob(PICTURE, None), "\\\\", Blob(PICTURE, None)]


@pytest.mark.parametrize("size", [1, 100, 100_000])
async def test_short_strings_are_text_whatever_they_look_like(size: int) -> None:
    assert await one_string("A" * SHORT, size) == "A" * SHORT
    assert await one_string("A" * (SHORT + 4), size) == Blob(bytes((SHORT + 4) // 4 * 3), None)


@pytest.mark.parametrize("size", [1, 999, 100_000])
async def test_several_pictures_wherever_they_are(size: int) -> None:
    picture, other = Blob(PICTURE, None), Blob(PICTURE[::-1], None)
    text = json.dumps(
        {
            "images": [STANDARD, base64.b64encode(PICTURE[::-1]).decode(), STANDARD],
            "parts": [{"inlineData": {"data": STANDARD, "mimeType": "image/png"}, "thought": True}],
            "seed": 7,
        },
        indent=1,
    )
    assert await spooled(text, size) == {
        "images": [picture, other, picture],
        "parts": [{"inlineData": {"data": picture, "mimeType": "image/png"}, "thought": True}],
        "seed": 7,
    }
    assert await spooled(f'"{STANDARD}"', size) == picture


async def test_limits() -> None:
    two = f'["{STANDARD}", "{STANDARD}"]'
    assert await spooled(two, max_blobs=2, blob_limit=len(PICTURE)) == [Blob(PICTURE, None)] * 2
    with pytest.raises(TooLong, match="1 picture"):
        await spooled(two, max_blobs=1)
    with pytest.raises(TooLong):
        await spooled(two, max_blobs=0)
    for size in (1, 100_000):
        with pytest.raises(TooLong, match=f"{len(PICTURE) - 1} bytes"):
            await spooled(two, size, blob_limit=len(PICTURE) - 1)


@pytest.mark.parametrize("size", [10, 100_000])
async def test_the_limit_of_text_counts_everything_but_pictures(size: int) -> None:
    text = f'["{"word. " * 1000}", "{STANDARD}", "{"word. " * 1000}"]'
    assert await spooled(text, size, text_limit=12_100) == ["word. " * 1000, Blob(PICTURE, None), "word. " * 1000]
    for limit in (11_000, 5_000, 100, 1):
        with pytest.raises(TooLong, match="text"):
            await spooled(text, size, text_limit=limit)
    with pytest.raises(TooLong, match="text"):
        await spooled(" " * 5000, size, text_limit=4999)


@pytest.mark.parametrize("size", [10, 1000, 100_000])
async def test_a_picture_may_be_longer_than_all_text(size: int) -> None:
    assert await one_string(STANDARD, size, text_limit=100) == Blob(PICTURE, None)


async def test_base64_too_long_for_text_that_goes_wrong_in_the_end() -> None:
    for end in ("!", "=", "A==="):
        with pytest.raises(Malformed, match="base64"):
            await one_string(STANDARD + end, 10, text_limit=5000)


NO_JSON: list[str | bytes] = [
    "",
    "nope",
    "{",
    f'{{"a": "{STANDARD}',
    f'{{"a": "{STANDARD}"',
    f'"{STANDARD}" "{STANDARD}"',
    f'{{"{STANDARD}": 1}}',  # JSON, but a picture is no key
    f"{{{STANDARD}}}",
    b'{"a": "\xff"}',
    "[" * 100_000,
    '"\\x"',
]


@pytest.mark.parametrize("text", NO_JSON)
async def test_what_is_no_json(text: str | bytes) -> None:
    with pytest.raises(Malformed):
        await spooled(text)


async def test_a_mark_order_mark_is_let_pass() -> None:
    assert await spooled(b"\xef\xbb\xbf" + f'["{STANDARD}"]'.encode()) == [Blob(PICTURE, None)]


async def test_memory_stays_near_the_size_of_the_picture() -> None:
    """In a process of its own, whose heap was large before: that changes how memory is given out."""
    program = """
        import asyncio, base64, re
        from pathlib import Path
        from bot.net.client import Answer
        from bot.net.spool import json_with_blobs

        SIZE = 20_000_000
        old = [bytes(30_000_000) for _ in range(3)]
        del old

        def memory(name):
            return int(re.search(name + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

        async def body():
            yield b'{"data": [{"b64_json": "'
            for start in range(0, SIZE, 48_000):
                yield base64.b64encode(start.to_bytes(4, "big") * (min(48_000, SIZE - start) // 4))
            yield b'"}]}'

        async def main():
            Path("/proc/self/clear_refs").write_text("5")
            before = memory("VmRSS")
            value = await json_with_blobs(Answer(200, {}, body(), 1 << 30), max_blobs=1, blob_limit=SIZE)
            assert len(value["data"][0]["b64_json"].data) == SIZE
            print((memory("VmHWM") - before) / SIZE)

        asyncio.run(main())
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], check=True, capture_output=True, text=True, timeout=60
    )
    assert 0.9 < float(run.stdout) < 1.2
