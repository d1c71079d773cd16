"""The one worker of the AUTOMATIC1111 server: first come, first served, and nobody can leave the queue."""

from __future__ import annotations

import asyncio
import io
import random
from dataclasses import dataclass, field
from typing import Any

import pybase64
from PIL import Image

from tests.support.automatic1111_faults import Twist
from tests.support.openai_pictures import drawn
from tests.support.serving import PATIENCE_S, Watch

PREVIEW = (64, 64)


@dataclass(slots=True)
class Drawing:
    """One call to txt2img or img2img."""

    task_id: str
    fields: dict[str, Any]
    twist: Twist
    known: bool
    """The server knows it by `task_id`."""
    pictures: list[Image.Image] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def size(self) -> tuple[int, int]:
        """As it is drawn: what is over a multiple of 8 is cut."""
        return int(self.fields.get("width", 512)) // 8 * 8, int(self.fields.get("height", 512)) // 8 * 8


class Worker:
    """Draws, and says how far it is."""

    def __init__(self, changes: Watch, *, one_picture: bool, watched: bool) -> None:
        """`watched`: each step waits until somebody looked how far it is, so that all of it is seen."""
        self._changes = changes
        self._one_picture = one_picture
        self._watched = watched
        self.allowed = float("inf")
        self.looks = 0
        self.pending: list[Drawing] = []
        self.running: Drawing | None = None
        self.drawn: list[Drawing] = []
        """All that ended, in order."""
        self.finished: list[str] = []
        self.interrupted = False
        self.interrupts = 0
        self.jobs = 0
        self.step = self.steps = self.job_no = self.job_count = 0

    # ── what routes ask for ─────────────────────────────────────────────────────────────────────────────────────

    async def draw(self, drawing: Drawing) -> None:
        """Queue a drawing and wait for its end; whoever hangs up leaves it in the queue."""
        self.pending.append(drawing)
        self._changes.changed()
        await drawing.done.wait()

    def interrupt(self) -> None:
        """Stop whatever runs."""
        self.interrupts += 1
        self.interrupted = True
        self._changes.changed()

    def looked(self) -> None:
        """Somebody asked how far it is."""
        self.looks += 1
        self._changes.changed()

    @property
    def fraction(self) -> float:
        """Of what runs."""
        if not self.job_count or not self.steps:
            return 0.0
        return min((self.job_no + self.step / self.steps) / self.job_count, 1.0)

    def preview(self) -> str | None:
        """Return what is seen of it, in base64."""
        if self.running is None or not self.step:
            return None
        words = f"{self.running.fields.get('prompt')} {self.job_no} {self.step}"
        file = io.BytesIO()
        drawn(words, *PREVIEW).save(file, "PNG")
        return pybase64.b64encode(file.getvalue()).decode()

    # ── working ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def work(self) -> None:
        """Draw, for ever."""
        while True:
            await self._changes.soon(lambda: bool(self.pending), None)
            self.running = drawing = self.pending.pop(0)
            self.interrupted = False
            self.jobs += 1
            self._changes.changed()
            await self._draw(drawing)
            self.step = self.steps = self.job_no = self.job_count = 0
            self.running = None
            if drawing.known:
                self.finished = [*self.finished, drawing.task_id][-16:]
            self.drawn.append(drawing)
            drawing.done.set()
            self._changes.changed()

    async def _draw(self, drawing: Drawing) -> None:
        fields = drawing.fields
        batch = 1 if self._one_picture else int(fields.get("batch_size", 1))
        self.job_count = 1 if self._one_picture else int(fields.get("n_iter", 1))
        self.steps = min(int(fields.get("steps", 50)), 4)
        seed = int(fields.get("seed", -1))
        seed = random.getrandbits(31) if seed < 0 else seed
        drawing.seeds = [seed + number for number in range(batch * self.job_count)]
        for number in range(self.job_count):
            self.job_no = number
            for step in range(1, self.steps + 1):
                await self._turn()
                if self.interrupted:
                    break
                self.step = step
                self._changes.changed()
            done = self.step / self.steps
            for index in range(number * batch, (number + 1) * batch):
                drawing.pictures.append(await asyncio.to_thread(picture, drawing, drawing.seeds[index], done))
            if self.interrupted:
                break
            self.step = 0

    async def _turn(self) -> None:
        """Wait until the next step may be done, or is not to be."""
        looks = self.looks

        def may() -> bool:
            return self.interrupted or (self.allowed > 0 and (not self._watched or self.looks > looks))

        assert await self._changes.soon(may, PATIENCE_S), "nobody looks at what is drawn"
        self.allowed -= 1


def picture(drawing: Drawing, seed: int, done: float) -> Image.Image:
    """Return what a drawing looks like when so much of its steps are done."""
    fields, size = drawing.fields, drawing.size
    if drawing.twist.colour is not None:
        return Image.new("RGB", size, drawing.twist.colour)
    shown = {"styles", "sampler_name", "scheduler", "cfg_scale", "negative_prompt"}
    words = f"{fields.get('prompt')} {seed} {done} {sorted((key, str(fields[key])) for key in shown & fields.keys())}"
    over = drawn(words, *size)
    if not (given := fields.get("init_images")):
        return over
    base = opened(given[0]).convert("RGB").resize(size)
    strength = min(max(float(fields.get("denoising_strength", 0.75)), 0.0), 1.0)
    changed = Image.blend(base, over, strength)
    if not (mask := fields.get("mask")):
        return changed
    return Image.composite(changed, base, mask_of(opened(mask)).resize(size))


def mask_of(image: Image.Image) -> Image.Image:
    """Read a mask as A1111's `create_binary_mask` does: white, or opaque where there is transparency, is drawn anew."""
    if image.mode == "RGBA" and image.getchannel("A").getextrema() != (255, 255):
        image = image.getchannel("A")
    return image.convert("L").point([255 if level > 128 else 0 for level in range(256)])


def opened(text: str) -> Image.Image:
    """Return a picture given in base64. Raises OSError, ValueError."""
    image = Image.open(io.BytesIO(pybase64.b64decode(text.partition(",")[2] or text, validate=True)))
    image.load()
    return image


def encoded(image: Image.Image, format: str) -> bytes:
    """Return the file."""
    file = io.BytesIO()
    image.save(file, format, **({"compress_level": 1} if format == "PNG" else {"quality": 90}))
    return file.getvalue()
