"""The protocol every engine implements, and the values it exchanges with the core.

An engine is one configured image service. The core asks `capabilities()` first and adapts the request, so `generate`
and `edit` only ever see what the engine said it can do. To write one, copy `demo.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from bot.engines.run import DrawnPicture, Run
from bot.errors import EngineError, LostJob
from bot.pictures import inputs as pictures
from bot.sizes import SizeRule
from bot.types import Lora

__all__ = [
    "BaseEngine",
    "Capabilities",
    "Corrections",
    "DrawnPicture",
    "EditTask",
    "Engine",
    "GenerateTask",
    "Health",
    "InputPicture",
    "InputRule",
    "Model",
    "Nature",
    "Result",
    "Run",
    "Task",
    "UpscaleTask",
]

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
    size: bool = True
    """Its size can be asked for. Where it cannot, whoever set the service up has chosen one."""
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
    style: str | None = None
    """One of the engine's own styles."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleTask:
    """A picture to be made larger, its content unchanged."""

    picture: InputPicture
    width: int
    """Pixels of the result, as the height; the aspect is the picture's."""
    height: int
    model: str | None = None
    """One of the engine's upscalers; None = its default."""


@dataclass(frozen=True, slots=True)
class Result:
    """What is to be said about a finished call, beside its pictures."""

    model: str | None = None
    revised_prompt: str | None = None
    cost: float | None = None
    """In the currency of the engine's prices, by the engine's own usage report."""
    facts: Mapping[str, Any] = field(default_factory=dict)


ModelKind = Literal["model", "sampler", "scheduler", "style", "lora", "upscaler"]
"""What a name on an engine's list is a name of: which option takes it."""


@dataclass(frozen=True, slots=True)
class Model:
    """Something an engine offers by name."""

    id: str
    title: str = ""
    kind: ModelKind = "model"


@dataclass(frozen=True, slots=True)
class Health:
    """The outcome of a check."""

    ok: bool
    sentence: str
    """English, one line, for operators: what was reached, or what to do about it."""


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
        """List the models on offer, and whatever else has a list: samplers, schedulers, styles, LoRAs, upscalers."""
        ...

    async def check(self, draw: bool = False) -> Health:
        """Make a real, authenticated call, free of charge unless `draw` asks for a tiny picture. Never raises."""
        ...

    async def resume(self, handle: str, run: Run) -> Result:
        """Re-attach to a job submitted by an earlier process and hand over all its pictures, in the order they have.

        Raises LostJob when the engine surely neither has it nor will. Only called where `Capabilities.resumable`.
        """
        ...

    async def upscale(self, task: UpscaleTask, run: Run) -> Result:
        """Make a picture larger. Only called where `Capabilities.upscale`."""
        ...

    async def describe(self, picture: InputPicture) -> str:
        """Say in words what a picture shows. Only called where `Capabilities.describe`."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


class BaseEngine:
    """What an engine need not write itself: answers to calls that its capabilities never lead to."""

    id: str

    async def resume(self, handle: str, run: Run) -> Result:
        """A call that was cut off cannot be found again."""
        raise LostJob(engine=self.id)

    async def upscale(self, task: UpscaleTask, run: Run) -> Result:
        """It cannot."""
        raise EngineError(engine=self.id, detail="cannot upscale")

    async def describe(self, picture: InputPicture) -> str:
        """It cannot."""
        raise EngineError(engine=self.id, detail="cannot describe")
