"""The protocol every engine implements, and the values it exchanges with the core.

An engine is one configured image service. The core asks `capabilities()` first and adapts the request, so `generate`
and `edit` only ever see what the engine said it can do. To write one, copy `demo.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from bot.errors import Cancelled
from bot.pictures import inputs as pictures
from bot.sizes import SizeRule
from bot.types import Lora

_T = TypeVar("_T")
STORING_S = 8.0
"""How long a call that is cancelled waits for a picture that is being stored."""

InputPicture = pictures.InputPicture
InputRule = pictures.InputRule
Corrections = Mapping[str, Any]
"""What an operator knows better of an engine's model: values by the names of `Capabilities`."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine (with one of its models) can do. The core adapts to it and says what it adapted."""

    generate: bool = True
    edit: bool = False
    mask: bool = False
    max_inputs: int = 1
    """Input pictures of one edit."""
    inputs: InputRule = field(default_factory=InputRule)
    """What they and the mask must be: the core makes them so."""
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

    def corrected(self, corrections: Corrections) -> Capabilities:
        """Return these with an operator's corrections."""
        return dataclasses.replace(self, **corrections)


Nature = Literal["free", "resumable", "paid"]
"""Whether a drawing cut off by a crash may be repeated, can be re-attached, or must be left as it is."""


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
    """A PNG as large as the first input; it says what may change as the engine's `InputRule.mask` wants it."""
    strength: float | None = None
    """Denoising strength: 0 keeps the picture, 1 replaces it."""


@dataclass(slots=True)
class DrawnPicture:
    """One picture as the engine gave it, bytes unchanged."""

    data: bytes
    seed: int | None = None
    """The seed it was drawn with, where the engine tells."""

    def taken(self) -> bytes:
        """Return the data and let go of it: whoever handed it over still holds this, and the data may be large."""
        data, self.data = self.data, b""
        return data


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
        self.known = 0
        """Pictures that `resume` will hand over and that are stored already."""
        self.failure: Exception | None = None
        """What kept the core from taking a picture."""
        self._part = (0.0, 1.0)

    def begin_part(self, start: float, width: float) -> None:
        """Say that the next call is this part of the whole job (both 0-1); for the core, which may call repeatedly."""
        self._part = (start, width)

    def begin_again(self, drawn: int, known: int = 0) -> None:
        """Say that `drawn` pictures are stored already, of which `resume` hands over the last `known` once more."""
        self.drawn, self.known = drawn, known

    def progress(self, fraction: float | None, preview: bytes | None = None) -> None:
        """Tell how far the whole call is (0-1, None = unknown) and show a picture; a large one is made smaller."""
        start, width = self._part
        self._on_progress(None if fraction is None else start + min(max(fraction, 0.0), 1.0) * width, preview)

    async def picture(self, picture: DrawnPicture) -> None:
        """Hand over a finished picture; it is inspected and stored before this returns, also when it is cancelled.

        Raises BadAnswer when the bytes are no whole picture, and whatever keeps the core from storing it: that is the
        job's error, also if the engine makes another of it on the way.
        """
        async with self._taking:  # one after the other, however an engine calls
            if self.known:
                self.known -= 1
                return
            storing = asyncio.ensure_future(self._store(picture))
            try:
                await asyncio.shield(storing)
            except asyncio.CancelledError:  # it is there, and may be paid for
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(storing, STORING_S)
                raise

    async def _store(self, picture: DrawnPicture) -> None:
        try:
            await self._on_picture(picture)
        except Exception as error:
            self.failure = error
            raise
        self.drawn += 1

    async def submitted(self, handle: str) -> None:
        """Store the engine's own job id, so that a restarted process can `resume` it. To be called before the job is
        sent where the engine lets its client choose the id: then no crash comes between.
        """
        if self._on_submitted is not None:
            await self._on_submitted(handle)

    def check(self) -> None:
        """Raise Cancelled if the job must stop."""
        if self.cancelled.is_set():
            raise Cancelled

    async def unless_cancelled(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do this work, but stop it and raise Cancelled as soon as the job must stop."""
        doing = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self.cancelled.wait())
        try:
            await asyncio.wait({doing, stop}, return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                return doing.result()
            raise Cancelled
        finally:
            stop.cancel()
            if not doing.done():
                doing.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await doing

    async def pause(self, seconds: float) -> None:
        """Sleep, but wake up and raise Cancelled as soon as the job must stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.cancelled.wait(), seconds)
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
        """Re-attach to a job submitted by an earlier process and hand over all its pictures, in the order they have.

        Raises LostJob when the engine surely neither has it nor will. Only called where `Capabilities.resumable`.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
