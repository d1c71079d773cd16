"""The protocol every engine implements, and the values it exchanges with the core.

An engine is one configured image service. The core asks `capabilities()` first and adapts the request, so `generate`
and `edit` only ever see what the engine said it can do. To write one, copy `demo.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from bot.errors import Cancelled
from bot.sizes import SizeRule
from bot.types import Lora


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine (with one of its models) can do. The core adapts to it and says what it adapted."""

    generate: bool = True
    edit: bool = False
    mask: bool = False
    max_inputs: int = 1
    """Input pictures of one edit."""
    max_count: int = 1
    """Pictures of one call to generate or edit."""
    sizes: SizeRule = field(default_factory=SizeRule)
    seed: bool = False
    steps: bool = False
    guidance: bool = False
    strength: bool = False
    negative: bool = False
    sampler: bool = False
    loras: bool = False
    styles: bool = False
    upscale: bool = False
    describe: bool = False
    progress: bool = False
    preview: bool = False
    cancel: bool = False
    resumable: bool = False
    """A running job can be re-attached by its handle after a restart."""
    free: bool = False
    """Drawing costs nothing, so a job cut off by a crash may be drawn once more."""


Nature = Literal["free", "resumable", "paid"]
"""Whether a drawing cut off by a crash may be repeated, can be re-attached, or must be left as it is."""


@dataclass(frozen=True, slots=True)
class InputPicture:
    """A picture given to an edit: inspected, upright, free of metadata, decodable."""

    data: bytes
    mime: str
    """`image/png`, `image/jpeg` or `image/webp`."""
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What both kinds of task have. `None` = not asked; the engine's own default holds."""

    prompt: str
    count: int
    width: int
    """Pixels, as the height: a size the engine said it can do."""
    height: int
    seed: int | None = None
    negative: str = ""
    model: str | None = None
    steps: int | None = None
    guidance: float | None = None
    sampler: str | None = None
    scheduler: str | None = None
    loras: tuple[Lora, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateTask(Task):
    """A picture to be drawn from words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditTask(Task):
    """Pictures to be changed as the prompt says; the result has `width` × `height` pixels where the engine can."""

    inputs: tuple[InputPicture, ...]
    """The picture to change first, then references."""
    mask: InputPicture | None = None
    """As large as the first input; transparent pixels may change, opaque ones stay. Each engine converts it."""
    strength: float | None = None
    """Denoising strength: 0 keeps the picture, 1 replaces it."""


@dataclass(frozen=True, slots=True)
class DrawnPicture:
    """One picture as the engine gave it, bytes unchanged."""

    data: bytes
    seed: int | None = None
    """The seed it was drawn with, where the engine tells."""


@dataclass(frozen=True, slots=True)
class Result:
    """What is to be said about a finished call, beside its pictures."""

    model: str | None = None
    revised_prompt: str | None = None
    cost: float | None = None
    """In the currency of the engine's prices, by the engine's own usage report."""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Model:
    """A model an engine offers."""

    id: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """The outcome of a check."""

    ok: bool
    sentence: str
    """English, one line, for operators: what was reached, or what to do about it."""


class Run:
    """What an engine may tell while it works, and must obey. One per attempt of a job.

    The engine calls `progress` as often as it likes (the core thins it out), `picture` for each finished picture as
    soon as it has it, `submitted` before it waits for a job it could find again, and looks at `cancelled`.
    """

    def __init__(
        self,
        *,
        deadline: float,
        on_picture: Callable[[DrawnPicture], Awaitable[None]],
        on_progress: Callable[[float | None, bytes | None], None] = lambda fraction, preview: None,
        on_submitted: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        """`deadline` is in the running event loop's time (`loop.time()`)."""
        self.deadline = deadline
        self.cancelled = asyncio.Event()
        """Set when the job must stop: the engine stops its own job at the server and raises Cancelled."""
        self._on_picture = on_picture
        self._on_progress = on_progress
        self._on_submitted = on_submitted
        self.drawn = 0
        """Pictures handed over so far."""
        self._taking = asyncio.Lock()
        self.failure: Exception | None = None
        """What kept the core from taking a picture."""
        self._part = (0.0, 1.0)

    def begin_part(self, start: float, width: float) -> None:
        """Say that the next call is this part of the whole job (both 0-1); for the core, which may call repeatedly."""
        self._part = (start, width)

    def progress(self, fraction: float | None, preview: bytes | None = None) -> None:
        """Tell how far the whole call is (0-1, None = unknown) and show a small picture (any web format)."""
        start, width = self._part
        self._on_progress(None if fraction is None else start + min(max(fraction, 0.0), 1.0) * width, preview)

    async def picture(self, picture: DrawnPicture) -> None:
        """Hand over a finished picture; it is inspected and stored before this returns.

        Raises BadAnswer when the bytes are no whole picture, and whatever keeps the core from storing it: that is the
        job's error, also if the engine makes another of it on the way.
        """
        async with self._taking:  # one after the other, however an engine calls
            try:
                await self._on_picture(picture)
            except Exception as error:
                self.failure = error
                raise
            self.drawn += 1

    async def submitted(self, handle: str) -> None:
        """Store the engine's own job id, so that a restarted process can `resume` it."""
        if self._on_submitted is not None:
            await self._on_submitted(handle)

    def check(self) -> None:
        """Raise Cancelled if the job must stop."""
        if self.cancelled.is_set():
            raise Cancelled

    async def pause(self, seconds: float) -> None:
        """Sleep, but wake up and raise Cancelled as soon as the job must stop."""
        try:
            await asyncio.wait_for(self.cancelled.wait(), seconds)
        except TimeoutError:
            return
        raise Cancelled


class Engine(Protocol):
    """One configured image service.

    It raises only `EngineError` subclasses and `Cancelled`; hands over at least one picture through `run.picture` or
    raises; never repeats a request whose outcome is unknown; logs neither prompts nor keys. When some pictures of
    several fail, it hands over the others and raises: the core keeps what came.
    """

    id: str

    def capabilities(self, model: str | None = None) -> Capabilities:
        """Say what the engine can do with this model (None = its default); never asks the network."""
        ...

    async def generate(self, task: GenerateTask, run: Run) -> Result:
        """Draw `task.count` pictures from words."""
        ...

    async def edit(self, task: EditTask, run: Run) -> Result:
        """Change the given pictures."""
        ...

    async def models(self) -> list[Model]:
        """List the models on offer."""
        ...

    async def check(self, draw: bool = False) -> Health:
        """Make a real, authenticated call, free of charge unless `draw` asks for a tiny picture. Never raises."""
        ...

    async def resume(self, handle: str, run: Run) -> Result:
        """Re-attach to a job submitted by an earlier process. Only called where `Capabilities.resumable`."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
