"""What every engine promises, as tests. For a new engine: `class TestMine(EngineContract)` with a fixture `engine`.

An engine is held to what its `capabilities()` claim: what it does not claim is not asked of it. The engine is the one
that people would use, its service a local server that speaks the service's dialect. Needs the extra `easel[testing]`
and, in pytest's configuration, `asyncio_mode = "auto"`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import ClassVar

import pytest
from PIL import Image, ImageChops

from bot.engines.base import (
    Capabilities,
    DrawnPicture,
    EditTask,
    Engine,
    GenerateTask,
    InputPicture,
    Run,
    UpscaleTask,
)
from bot.errors import Cancelled, EngineError
from bot.sizes import Exact, SizeRule, fit

PATIENCE_S = 30
"""Seconds after which a call hangs; nothing is measured by it."""
LARGEST_PREVIEW = 200_000
"""Bytes."""
STRANGE_PROMPTS = ["", " ", "🦊❄️", "\x00\x07", "'\"<>{}%s\\", "a fox " * 6000, "́" * 50]


def legal_size(rule: SizeRule, about: int = 256) -> tuple[int, int]:
    """The legal size nearest to `about` × `about`."""
    return fit(Exact(about, about), rule, sys.maxsize)


def opened(data: bytes) -> Image.Image:
    """Decode a whole picture."""
    with Image.open(BytesIO(data)) as image:
        return image.convert("RGB")


def png(image: Image.Image) -> InputPicture:
    """Hand a picture to an engine as PNG."""
    file = BytesIO()
    image.save(file, "PNG")
    return InputPicture(file.getvalue(), "image/png", image.width, image.height)


def sample(size: tuple[int, int]) -> Image.Image:
    """A picture in which any change shows: bright sky, dark land, something red."""
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    image.paste((214, 232, 250), (0, 0, size[0], size[1] // 2))
    image.paste((200, 60, 40), (size[0] // 8, size[1] // 2, size[0] // 3, size[1] * 3 // 4))
    return image


@dataclass
class Recorder:
    """Takes what an engine hands over; `on_progress` and `on_picture` may interfere."""

    pictures: list[DrawnPicture] = field(default_factory=list)
    progress: list[float] = field(default_factory=list)
    previews: list[bytes] = field(default_factory=list)
    interfere: Callable[[], None] = lambda: None

    def run(self) -> Run:
        """A run that records into this; call it within the event loop."""

        async def on_picture(picture: DrawnPicture) -> None:
            self.pictures.append(picture)
            self.interfere()

        def on_progress(fraction: float | None, preview: bytes | None) -> None:
            self.progress += [] if fraction is None else [fraction]
            self.previews += [] if preview is None else [preview]
            self.interfere()

        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        return Run(deadline=deadline, on_picture=on_picture, on_progress=on_progress)

    @property
    def images(self) -> list[Image.Image]:
        """The pictures, decoded."""
        return [opened(picture.data) for picture in self.pictures]


async def drawn(engine: Engine, count: int = 1, seed: int | None = 7, prompt: str = "a red fox") -> Recorder:
    """Let an engine draw."""
    recorder, (width, height) = Recorder(), legal_size(engine.capabilities().sizes)
    async with asyncio.timeout(PATIENCE_S):
        await engine.generate(
            GenerateTask(prompt=prompt, count=count, width=width, height=height, seed=seed), recorder.run()
        )
    return recorder


async def edited(
    engine: Engine, image: Image.Image, prompt: str = "make it night", mask: Image.Image | None = None
) -> Recorder:
    """Let an engine change a picture."""
    recorder = Recorder()
    masked = png(mask) if mask is not None else None
    width, height = image.size
    task = EditTask(prompt=prompt, count=1, width=width, height=height, inputs=(png(image),), mask=masked, seed=7)
    async with asyncio.timeout(PATIENCE_S):
        await engine.edit(task, recorder.run())
    return recorder


def differ(first: Image.Image, second: Image.Image) -> bool:
    """True when any pixel differs."""
    return first.size != second.size or ImageChops.difference(first, second).getbbox() is not None


def mask_of(engine: Engine, image: Image.Image) -> Image.Image:
    """A mask, in the form the engine wants, by which the left half of a picture may change."""
    left = (0, 0, image.width // 2, image.height)
    if engine.capabilities().inputs.mask == "white":
        mask = Image.new("L", image.size)
        mask.paste(255, left)
    else:
        mask = image.convert("RGBA")
        mask.paste((0, 0, 0, 0), left)
    return mask


class EngineContract:
    """One suite for all engines."""

    exact_mask: ClassVar[bool] = True
    """False where the service draws all pixels anew, whatever the mask says."""

    async def test_offers_a_model(self, engine: Engine) -> None:
        models = await engine.models()

        assert any(model.kind == "model" for model in models)
        assert all(model.id for model in models)
        assert len({(model.kind, model.id) for model in models}) == len(models)

    async def test_says_what_it_can_of_any_model(self, engine: Engine) -> None:
        for model in (None, *(model.id for model in await engine.models()), "no such model"):
            assert isinstance(engine.capabilities(model), Capabilities)

    @pytest.mark.parametrize("draw", [False, True])
    async def test_is_found_healthy(self, engine: Engine, draw: bool) -> None:
        health = await engine.check(draw=draw)

        assert health.ok
        assert health.sentence.strip() == health.sentence != ""
        assert "\n" not in health.sentence

    async def test_hands_over_as_many_whole_pictures_as_asked_in_the_size_asked(self, engine: Engine) -> None:
        can = engine.capabilities()
        count = min(3, can.max_count)

        recorder = await drawn(engine, count)

        assert [image.size for image in recorder.images] == [legal_size(can.sizes)] * count

    async def test_progress_only_grows_and_ends_complete(self, engine: Engine) -> None:
        can = engine.capabilities()

        recorder = await drawn(engine, min(2, can.max_count))

        assert recorder.progress == sorted(recorder.progress)
        assert all(0 <= fraction <= 1 for fraction in recorder.progress)
        assert (recorder.progress[-1:] == [1.0]) is can.progress

    async def test_previews_are_small_whole_pictures(self, engine: Engine) -> None:
        recorder = await drawn(engine)

        assert bool(recorder.previews) is engine.capabilities().preview
        for preview in recorder.previews:
            assert len(preview) <= LARGEST_PREVIEW
            assert min(opened(preview).size) > 0

    async def test_a_seed_draws_the_same_again_and_another_something_else(self, engine: Engine) -> None:
        first, again, other = [await drawn(engine, seed=seed) for seed in (0, 0, 1)]

        if engine.capabilities().seed:
            assert not differ(first.images[0], again.images[0])
            assert [picture.seed for picture in first.pictures] == [0]
        assert differ(first.images[0], other.images[0])

    async def test_pictures_of_one_call_differ(self, engine: Engine) -> None:
        if engine.capabilities().max_count > 1:
            one, two = (await drawn(engine, 2)).images

            assert differ(one, two)

    async def test_stops_before_it_begins(self, engine: Engine) -> None:
        recorder, (width, height) = Recorder(), legal_size(engine.capabilities().sizes)
        run = recorder.run()
        run.cancelled.set()

        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(Cancelled):
                await engine.generate(GenerateTask(prompt="a fox", count=1, width=width, height=height), run)

        assert recorder.pictures == []

    async def test_stops_in_the_middle_and_hands_over_nothing_more(self, engine: Engine) -> None:
        can, recorder = engine.capabilities(), Recorder()
        width, height = legal_size(can.sizes)
        run = recorder.run()
        if not can.cancel:
            return
        recorder.interfere = run.cancelled.set

        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(Cancelled):
                await engine.generate(
                    GenerateTask(prompt="a fox", count=can.max_count, width=width, height=height), run
                )

        assert len(recorder.pictures) == (0 if can.progress else 1)

    async def test_an_edit_changes_the_picture(self, engine: Engine) -> None:
        if engine.capabilities().edit:
            before = sample(legal_size(engine.capabilities().sizes))

            (after,) = (await edited(engine, before)).images

            assert after.size == before.size
            assert differ(before, after)

    async def test_an_edit_stops_when_it_is_cancelled(self, engine: Engine) -> None:
        can, recorder = engine.capabilities(), Recorder()
        if can.edit and can.cancel:
            given = sample(legal_size(can.sizes))
            run = recorder.run()
            run.cancelled.set()

            width, height = given.size
            task = EditTask(prompt="make it night", count=1, width=width, height=height, inputs=(png(given),))

            async with asyncio.timeout(PATIENCE_S):
                with pytest.raises(Cancelled):
                    await engine.edit(task, run)

            assert recorder.pictures == []

    async def test_a_mask_keeps_what_it_covers(self, engine: Engine) -> None:
        if engine.capabilities().mask:
            before = sample(legal_size(engine.capabilities().sizes))
            half = before.width // 2

            (after,) = (await edited(engine, before, mask=mask_of(engine, before))).images

            kept = (half, 0, before.width, before.height)
            assert differ(before, after)
            assert not self.exact_mask or not differ(before.crop(kept), after.crop(kept))

    async def test_a_picture_is_made_larger(self, engine: Engine) -> None:
        if engine.capabilities().upscale:
            before, recorder = sample((64, 48)), Recorder()

            async with asyncio.timeout(PATIENCE_S):
                await engine.upscale(UpscaleTask(picture=png(before), width=128, height=96), recorder.run())

            assert [image.size for image in recorder.images] == [(128, 96)]

    async def test_a_picture_is_described(self, engine: Engine) -> None:
        if engine.capabilities().describe:
            async with asyncio.timeout(PATIENCE_S):
                words = await engine.describe(png(sample((64, 48))))

            assert words.strip()

    @pytest.mark.parametrize("prompt", STRANGE_PROMPTS, ids=repr)
    async def test_draws_or_says_why_not_whatever_it_is_asked(self, engine: Engine, prompt: str) -> None:
        try:
            recorder = await drawn(engine, prompt=prompt)
        except EngineError:
            return
        assert len(recorder.pictures) == 1

    async def test_can_be_closed_twice(self, engine: Engine) -> None:
        await engine.aclose()
        await engine.aclose()
