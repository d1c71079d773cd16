"""How many pixels are decoded at once, and in which order: first come, first served, and nothing is lost."""

from __future__ import annotations

import asyncio
import struct
from itertools import accumulate
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.pictures.budget import PixelBudget
from bot.pictures.header import pixels_of
from bot.pictures.sandbox import ChildDied, Sandbox
from tests.support.picture_calls import note_while_held, wait_for_file
from tests.support.pictures import (
    animated,
    avif_bomb,
    dirty,
    encoded,
    gif_bomb,
    jpeg_bomb,
    jpeg_segment,
    photo,
    png_bomb,
    webp_bomb,
)


class Watched(PixelBudget):
    """Notes how many pixels are held."""

    def __init__(self, pixels: int) -> None:
        super().__init__(pixels)
        self.order: list[int] = []
        self.held = 0
        self.most = 0

    async def work(self, number: int, pixels: int, end: asyncio.Event) -> None:
        """Hold pixels until the end is told."""
        async with self.holding(pixels):
            self.order.append(number)
            self.held += pixels
            self.most = max(self.most, self.held)
            try:
                await end.wait()
            finally:
                self.held -= pixels


async def turns() -> None:
    """Let every task that can go on do so until none can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_nobody_overtakes_a_large_picture_that_waits() -> None:
    budget, ends = Watched(100), [asyncio.Event() for _ in range(5)]
    sizes = [60, 30, 90, 10, 10]
    tasks = [asyncio.create_task(budget.work(number, size, ends[number])) for number, size in enumerate(sizes)]
    await turns()
    assert budget.order == [0, 1]
    ends[0].set()
    await turns()
    assert budget.order == [0, 1]
    ends[1].set()
    await turns()
    assert budget.order == [0, 1, 2, 3]
    ends[2].set()
    await turns()
    assert budget.order == [0, 1, 2, 3, 4]
    for end in ends:
        end.set()
    await asyncio.gather(*tasks)


async def test_what_is_larger_than_all_runs_alone_and_nothing_needs_no_room() -> None:
    budget, ends = Watched(100), [asyncio.Event() for _ in range(4)]
    sizes = [1, 500, 1, 0]
    tasks = [asyncio.create_task(budget.work(number, size, ends[number])) for number, size in enumerate(sizes)]
    await turns()
    assert budget.order == [0, 3]
    ends[0].set()
    await turns()
    assert budget.order == [0, 3, 1]
    ends[1].set()
    await turns()
    assert budget.order == [0, 3, 1, 2]
    for end in ends:
        end.set()
    await asyncio.gather(*tasks)


async def test_a_cancelled_waiter_lets_those_behind_it_go() -> None:
    budget, end = Watched(100), asyncio.Event()
    first, large, small = (asyncio.create_task(budget.work(number, (80, 90, 20)[number], end)) for number in range(3))
    await turns()
    assert budget.order == [0]
    large.cancel()
    await turns()
    assert budget.order == [0, 2]
    end.set()
    await asyncio.gather(first, small)


async def test_a_waiter_cancelled_as_its_turn_comes_gives_it_back() -> None:
    budget, end = Watched(100), asyncio.Event()
    async with budget.holding(100):
        second, third = (asyncio.create_task(budget.work(number, 100, end)) for number in (2, 3))
        await turns()
    second.cancel()  # its turn has come, and it has not gone on yet
    await turns()
    assert budget.order == [3]
    end.set()
    await third


steps = st.lists(
    st.tuples(st.sampled_from(["come", "go", "cancel"]), st.integers(0, 150), st.integers(0, 20)), max_size=60
)


@given(steps)
def test_the_budget_holds_and_all_is_given_back_whatever_happens(steps: list[tuple[str, int, int]]) -> None:
    async def check() -> None:
        budget = Watched(100)
        tasks: list[asyncio.Task[None]] = []
        ends: list[asyncio.Event] = []
        for step, pixels, which in steps:
            if step == "come":
                ends.append(asyncio.Event())
                tasks.append(asyncio.create_task(budget.work(len(tasks), min(pixels, 100), ends[-1])))
            elif tasks and step == "go":
                ends[which % len(ends)].set()
            elif tasks:
                tasks[which % len(tasks)].cancel()
            await asyncio.sleep(0)
        for end in ends:
            end.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert budget.most <= 100
        alone = asyncio.Event()
        last = asyncio.create_task(budget.work(-1, 100, alone))
        await turns()
        assert budget.order[-1] == -1, "all of it is free again"
        alone.set()
        await last

    asyncio.run(check())


# ── in the sandbox ──────────────────────────────────────────────────────────────────────────────────────────────


def files(directory: Path, count: int) -> list[Path]:
    """Return pictures of 64 x 48 = 3072 pixels."""
    made = [directory / f"{number}.png" for number in range(count)]
    for path in made:
        path.write_bytes(encoded(photo(), "PNG"))
    return made


async def test_no_more_pixels_are_decoded_at_once_than_allowed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with Sandbox(children=4, pixels=2 * 3072) as sandbox:
        calls = [sandbox.call(note_while_held, path, str(log)) for path in files(tmp_path, 12)]
        await asyncio.gather(*calls)
    held = list(accumulate(int(line) for line in log.read_text().split()))  # noted inside
    assert len(held) == 24
    assert max(held) <= 2
    assert held[-1] == 0


async def test_as_many_are_decoded_at_once_as_are_allowed(tmp_path: Path) -> None:
    first, second = files(tmp_path, 2)
    async with Sandbox(children=3, pixels=2 * 3072) as sandbox:
        one = sandbox.call(wait_for_file, first, str(tmp_path / "a"), str(tmp_path / "b"))
        other = sandbox.call(wait_for_file, second, str(tmp_path / "b"), str(tmp_path / "a"))
        assert all(await asyncio.gather(one, other)), "each waits for the other to have begun"


async def test_a_cancelled_call_gives_its_pixels_back(tmp_path: Path) -> None:
    first, second, third = files(tmp_path, 3)
    async with Sandbox(children=2, pixels=3072) as sandbox:
        mark = tmp_path / "begun"
        running = asyncio.create_task(sandbox.call(wait_for_file, first, str(mark), str(tmp_path / "never")))
        while not mark.exists():
            await asyncio.sleep(0.01)
        waiting = asyncio.create_task(sandbox.call(note_while_held, second, str(tmp_path / "log")))
        last = asyncio.create_task(sandbox.call(note_while_held, third, str(tmp_path / "log")))
        await turns()
        waiting.cancel()
        running.cancel()
        await last
        outcomes = await asyncio.gather(running, waiting, return_exceptions=True)
    assert [type(each) for each in outcomes] == [asyncio.CancelledError] * 2


async def test_closing_ends_a_call_that_waits_for_pixels(tmp_path: Path) -> None:
    first, second = files(tmp_path, 2)
    sandbox = Sandbox(children=2, pixels=3072)
    mark = tmp_path / "begun"
    running = asyncio.create_task(sandbox.call(wait_for_file, first, str(mark), str(tmp_path / "never")))
    while not mark.exists():
        await asyncio.sleep(0.01)
    waiting = asyncio.create_task(sandbox.call(note_while_held, second, str(tmp_path / "log")))
    while not sandbox._budget._waiting:
        await asyncio.sleep(0.01)
    await sandbox.aclose()
    outcomes = await asyncio.gather(running, waiting, return_exceptions=True)
    assert [type(each) for each in outcomes] == [ChildDied, ChildDied]
    assert not (tmp_path / "log").exists()


# ── headers ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_headers_tell_the_pixels(tmp_path: Path, format: str) -> None:
    path = tmp_path / "picture"
    for data in (encoded(photo(50, 30), format), dirty(format, photo(50, 30))):
        path.write_bytes(data)
        assert pixels_of(path) == 1500


@pytest.mark.parametrize(
    "data",
    [
        encoded(photo(50, 30), "WEBP", lossless=True),
        encoded(photo(50, 30).convert("RGBA"), "WEBP", quality=50),
        encoded(photo(50, 30), "JPEG", progressive=True),
        encoded(photo(50, 30).convert("CMYK"), "JPEG"),
        encoded(Image.new("I;16", (50, 30)), "PNG"),
        encoded(photo(50, 30), "JPEG")[:2]
        + jpeg_segment(0xE2, bytes(65_000)) * 40  # a large profile, in pieces
        + b"\xff\xff"
        + encoded(photo(50, 30), "JPEG")[2:],
    ],
)
def test_headers_of_every_kind_tell_the_pixels(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "picture"
    path.write_bytes(data)
    assert pixels_of(path) == 1500


@pytest.mark.parametrize(
    ("bomb", "pixels"),
    [
        (png_bomb(), 16000**2),
        (webp_bomb(), 16383**2),
        (jpeg_bomb(), 65000**2),
        (gif_bomb(), 65535**2),
        (avif_bomb(), 16000**2),
        (animated("WEBP"), 64 * 48),
    ],
)
def test_what_claims_much_counts_as_much(tmp_path: Path, bomb: bytes, pixels: int) -> None:
    path = tmp_path / "picture"
    path.write_bytes(bomb)
    assert pixels_of(path) == pixels


def test_damaged_files_and_none_count_nothing_and_never_raise(tmp_path: Path) -> None:
    path = tmp_path / "picture"
    assert pixels_of(path) == pixels_of(tmp_path) == 0
    random = Random(5)
    for format in ("PNG", "JPEG", "WEBP", "GIF", "AVIF"):
        whole = encoded(photo(), format)
        for length in (0, 1, 4, 12, 16, 20, 24, 28, 40):
            path.write_bytes(whole[:length])
            assert pixels_of(path) in (0, 64 * 48)
        for _ in range(200):
            damaged = bytearray(whole)
            for _ in range(20):
                damaged[random.randrange(min(400, len(whole)))] = random.randrange(256)
            path.write_bytes(damaged)
            assert pixels_of(path) >= 0
    path.write_bytes(b"\xff\xd8" + struct.pack(">BBH", 0xFF, 0xE0, 0) * 5000)
    assert pixels_of(path) == 0
