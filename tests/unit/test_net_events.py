"""Server-sent events: framing as the standard has it, pictures in the data, and how a stream may end."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.net.errors import Broken, Malformed, TooLong
from bot.net.events import Event, events
from bot.net.spool import Blob
from tests.support.net import answer_of

PICTURE = random.Random(1).randbytes(100_000)
ENCODED = base64.b64encode(PICTURE).decode()
SIZES = [1, 2, 3, 17, 65536]


async def read(text: str | bytes, size: int = 65536, **limits: int) -> list[Event]:
    """Read a stream that arrives in pieces of this size."""
    data = text.encode() if isinstance(text, str) else text
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    limits = {"max_blobs": 2, "blob_limit": len(PICTURE)} | limits
    return [event async for event in events(answer_of(pieces), **limits)]


STREAMS: dict[str, tuple[str, list[Any]]] = {
    "nothing": ("", []),
    "one": ('data: {"a": 1}\n\n', [("message", {"a": 1})]),
    "named": (
        "event: partial\ndata: 1\n\nevent: done\ndata: 2\n\ndata: 3\n\n",
        [("partial", 1), ("done", 2), ("message", 3)],
    ),
    "the name may come later, and the last one counts": ("data: 1\nevent: a\nevent: b\n\n", [("b", 1)]),
    "carriage returns": ("event: a\rdata: 1\r\rdata: 2\r\r", [("a", 1), ("message", 2)]),
    "both": ("event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", [("a", 1), ("message", 2)]),
    "mixed": ("data: 1\r\n\ndata: 2\n\r\ndata: 3\r\r\n", [("message", 1), ("message", 2), ("message", 3)]),
    "no space": ("data:1\n\n", [("message", 1)]),
    "two spaces": ('event:  a\ndata:  " x"\n\n', [(" a", " x")]),
    "several lines of data": ('data: {"a":\ndata: 1,\ndata\ndata: "b": "c"}\n\n', [("message", {"a": 1, "b": "c"})]),
    "comments": (": hello\ndata: 1\n:\n: data: 2\n\n: end\n\n", [("message", 1)]),
    "other fields": ("id: 7\nretry: 100\ndataset: 2\ndata: 1\nDATA: 3\nno colon\n\n", [("message", 1)]),
    "an event without data": ("event: ping\n\ndata: 1\n\n", [("message", 1)]),
    "empty data": ("event: ping\ndata\n\ndata: \n\ndata: 1\n\n", [("message", 1)]),
    "byte order mark": ("\ufeffdata: 1\n\n", [("message", 1)]),
    "byte order mark and comment": ("\ufeff: hello\n\n\ndata: 1\n\n", [("message", 1)]),
    "colons and line separators": ('data: "a: b\u2028c\x85de"\n\n', [("message", "a: b\u2028c\x85de")]),
    "said to be done": ("data: 1\n\ndata: [DONE]\n\ndata: 2\n\n", [("message", 1)]),
    "said to be done without an end": ("data: 1\n\ndata: [DONE]", [("message", 1)]),
    "without an empty line at the end": (
        'data: 1\n\nevent: done\ndata: {"a": 2}',
        [("message", 1), ("done", {"a": 2})],
    ),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("stream", STREAMS)
async def test_framing(stream: str, size: int) -> None:
    text, expected = STREAMS[stream]
    assert [(event.name, event.data) for event in await read(text, size)] == expected


@pytest.mark.parametrize("size", [19, 5000, 65536])
@pytest.mark.parametrize("newline", ["\n", "\r", "\r\n"])
async def test_pictures(newline: str, size: int) -> None:
    partial = json.dumps({"index": 0, "b64_json": ENCODED})
    completed = json.dumps({"b64_json": ENCODED, "usage": {"n": 1}})
    lines = ["event: image_generation.partial_image", f"data: {partial}", ""]
    lines += ["event: image_generation.completed", f"data: {completed}", ""]
    assert await read("".join(line + newline for line in lines), size) == [
        Event("image_generation.partial_image", {"index": 0, "b64_json": Blob(PICTURE, None)}),
        Event("image_generation.completed", {"b64_json": Blob(PICTURE, None), "usage": {"n": 1}}),
    ]


async def test_limits_are_for_each_event() -> None:
    one = f'data: ["{ENCODED}", "{"word. " * 100}"]\n\n'
    assert len(await read(one * 5, max_blobs=1, text_limit=700)) == 5
    for limits in ({"max_blobs": 0}, {"blob_limit": len(PICTURE) - 1}, {"text_limit": 600}):
        with pytest.raises(TooLong):
            await read(one, **limits)


@pytest.mark.parametrize("size", [1, 65536])
async def test_what_never_ends_is_not_kept(size: int) -> None:
    with pytest.raises(TooLong, match="name"):
        await read("event: " + "x" * 1000, size)
    with pytest.raises(TooLong, match="text"):
        await read("data: " + "x" * 1000, size, text_limit=900)
    with pytest.raises(TooLong, match="text"):
        await read("data:\n" * 1000, size, text_limit=900)
    assert await read(": " + "x" * 10_000, size) == []
    assert await read("x" * 10_000 + ": y", size) == []


@pytest.mark.parametrize("rest", ['{"b64_json": "' + ENCODED[:9000], '{"a": 1', '{"a": 1\n', "[DO"])
async def test_a_stream_cut_off_within_an_event(rest: str) -> None:
    with pytest.raises(Broken):
        await read(f"data: 1\n\ndata: {rest}")


async def test_data_that_is_no_json() -> None:
    with pytest.raises(Malformed):
        await read("data: not json\n\n")


async def test_events_come_as_they_are_ready() -> None:
    arrived = 0

    def pieces() -> Any:
        nonlocal arrived
        for arrived in range(1, 4):
            yield b"data: %d\n\n" % arrived

    stream = events(answer_of(pieces()), max_blobs=1, blob_limit=1)
    async for event in stream:
        assert event.data == arrived


texts = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)


@given(
    stream=st.lists(
        st.tuples(st.none() | texts.filter(lambda name: len(name.encode()) < 200), st.lists(texts, min_size=1)),
        max_size=5,
    ),
    newlines=st.integers(0, 1 << 32),
    size=st.integers(1, 40),
)
async def test_all_streams_are_read_as_they_were_written(
    stream: list[tuple[str | None, list[str]]], newlines: int, size: int
) -> None:
    chance = random.Random(newlines)
    text, expected = "", []
    for name, data in stream:
        written = json.dumps(data, ensure_ascii=False, indent=chance.choice([None, 1]))
        lines = [f"event: {name}"] if name else []
        lines += [f"data: {line}" for line in written.split("\n")]
        for line in [*lines, ""]:
            text += line + chance.choice(["\r\n", "\n"])
        expected.append(Event(name or "message", data))
    assert await read(text, size) == expected
