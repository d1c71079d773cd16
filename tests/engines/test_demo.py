"""The demo engine keeps the contract, draws the same again, and says what went wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar, TypeVarTuple

import pytest
import pytest_asyncio
from PIL import Image, ImageChops, ImageStat

from bot.engines.base import DrawnPicture, GenerateTask, Run
from bot.engines.demo import DemoEngine
from bot.engines.demo_art.stages import PREVIEW_BYTES, STAGES
from bot.engines.testing import PATIENCE_S, EngineContract, Recorder, differ, drawn, edited, sample
from bot.errors import BotError, Cancelled, EngineError, EngineTimeout, LostJob, MissingFont, OutOfMemory
from bot.pictures.sandbox import ChildDied, Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

FOX = "a red fox in the snow at dusk"
NO_FONT_HAS = "𓂀𓃠"
"""Hieroglyphs: letters no font the engine looks for can draw."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def engine(sandbox: Sandbox) -> DemoEngine:
    return DemoEngine("demo", sandbox, {"seconds": 0})


def difference(first: Image.Image, second: Image.Image) -> float:
    """Mean difference of two pictures, 0-255."""
    return sum(ImageStat.Stat(ImageChops.difference(first, second.resize(first.size))).mean) / 3


class TestDemoEngine(EngineContract):
    """The contract."""


@pytest.mark.parametrize("seconds", [-1, 601, float("nan"), "1", None, True, [1]])
async def test_refuses_other_than_a_number_of_seconds(sandbox: Sandbox, seconds: object) -> None:
    with pytest.raises(ValueError, match=r"^params\.seconds must be a number between 0 and 600$"):
        DemoEngine("demo", sandbox, {"seconds": seconds})


async def test_names_a_parameter_it_does_not_know(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match=r"^params\.second is unknown; the demo engine has only params\.seconds$"):
        DemoEngine("demo", sandbox, {"second": 1})


async def test_each_picture_of_a_call_is_the_one_its_own_seed_draws(engine: DemoEngine) -> None:
    several, single = await drawn(engine, 3, seed=5, prompt=FOX), await drawn(engine, seed=7, prompt=FOX)

    assert [picture.seed for picture in several.pictures] == [5, 6, 7]
    assert several.pictures[2].data == single.pictures[0].data


async def test_draws_with_a_new_seed_each_time_when_none_is_given(engine: DemoEngine) -> None:
    first, second = await drawn(engine, seed=None), await drawn(engine, seed=None)

    assert first.pictures[0].seed != second.pictures[0].seed
    assert differ(first.images[0], second.images[0])


async def test_another_seed_is_another_composition_another_size_is_not(engine: DemoEngine) -> None:
    recorder = Recorder()
    for seed, side in ((1, 256), (1, 512), (2, 256)):
        await engine.generate(GenerateTask(prompt=FOX, count=1, width=side, height=side, seed=seed), recorder.run())
    small, large, other = recorder.images

    assert difference(small, large) < 5
    assert difference(small, other) > 10


@pytest.mark.parametrize(("width", "height"), [(64, 64), (64, 2048), (2048, 64), (512, 768), (2048, 2048)])
async def test_draws_any_size_in_its_rule(engine: DemoEngine, width: int, height: int) -> None:
    recorder = Recorder()

    await engine.generate(GenerateTask(prompt=FOX, count=1, width=width, height=height, seed=1), recorder.run())

    assert recorder.images[0].size == (width, height)
    assert max(map(len, recorder.previews)) <= PREVIEW_BYTES


async def test_a_picture_comes_into_focus(engine: DemoEngine) -> None:
    recorder = await drawn(engine, prompt=FOX)
    final = recorder.images[0]

    blur = [difference(final.resize((192, 192)), preview) for preview in map(opened_preview, recorder.previews)]

    assert len(blur) == STAGES
    assert blur == sorted(blur, reverse=True)


def opened_preview(data: bytes) -> Image.Image:
    return Recorder(pictures=[DrawnPicture(data)]).images[0]


async def test_a_picture_takes_at_least_the_seconds_it_was_given(sandbox: Sandbox) -> None:
    waited: list[float] = []

    class Watch(Run):
        async def pause(self, seconds: float) -> None:
            waited.append(seconds)

    async def take(picture: DrawnPicture) -> None:
        assert sum(waited) == pytest.approx(6.0)

    run = Watch(deadline=0, on_picture=take)
    await DemoEngine("demo", sandbox, {"seconds": 6}).generate(
        GenerateTask(prompt="a cat", count=1, width=64, height=64), run
    )

    assert run.drawn == 1


async def test_cancelling_ends_a_long_pause_at_once(sandbox: Sandbox) -> None:
    recorder = Recorder()
    run = recorder.run()
    recorder.interfere = run.cancelled.set

    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(Cancelled):
            await DemoEngine("demo", sandbox, {"seconds": 600}).generate(
                GenerateTask(prompt="a cat", count=1, width=64, height=64), run
            )

    assert recorder.pictures == []


async def test_edits_are_the_same_again_too(engine: DemoEngine) -> None:
    first, again = [await edited(engine, sample((128, 128)), "make it night and add snow") for _ in range(2)]

    assert first.pictures == again.pictures


async def test_mirroring_twice_gives_the_picture_back(engine: DemoEngine) -> None:
    """So the demonstration line neither moves nor piles up: it is taken off before the edit and put on after."""
    given = (await drawn(engine, prompt=FOX)).images[0]

    once = (await edited(engine, given, "mirror it")).images[0]
    twice = (await edited(engine, once, "mirror it")).images[0]

    assert difference(given, once) > 5
    assert max(ImageChops.difference(given, twice).tobytes()) <= 12


async def test_says_that_a_font_is_missing(engine: DemoEngine) -> None:
    with pytest.raises(MissingFont):
        await edited(engine, sample((128, 128)), f"write “{NO_FONT_HAS}” on it")


async def test_cannot_resume(engine: DemoEngine) -> None:
    with pytest.raises(LostJob):
        await engine.resume("handle", Recorder().run())


class Broken(Sandbox):
    """A sandbox in which every call fails."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def call(self, function: Callable[[*Ts], T], *args: *Ts, timeout_s: float | None = None) -> T:
        raise self.error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), OutOfMemory),
        (TimeoutError(), EngineTimeout),
        (ChildDied("status 1"), EngineError),
        (OSError("no space left on device"), EngineError),
    ],
    ids=repr,
)
async def test_tells_what_went_wrong_in_the_sandbox(error: Exception, told: type[BotError]) -> None:
    async with Broken(error) as sandbox:
        engine, recorder = DemoEngine("demo", sandbox, {}), Recorder()

        with pytest.raises(EngineError) as caught:
            await engine.generate(GenerateTask(prompt="a fox", count=1, width=64, height=64), recorder.run())
        health = await engine.check(draw=True)

    assert type(caught.value) is told
    assert recorder.pictures == []
    assert not health.ok
