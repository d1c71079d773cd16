"""The demo engine: draws without any model, so that everything else can be tried. The template for new engines.

What an engine has to do is all in this file: say what it can (`capabilities`), draw and edit while it tells its
progress and obeys `run`, and turn whatever goes wrong into an `EngineError`. Another engine would call its service
where this one calls its painters, which live in `demo_art` and run in the sandbox.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from bot.engines.base import (
    BaseEngine,
    Capabilities,
    DrawnPicture,
    EditTask,
    GenerateTask,
    Health,
    Model,
    Result,
    Run,
    Task,
)
from bot.engines.demo_art import NoFont
from bot.engines.demo_art.stages import STAGES, Sheet, draw_stage, edit_stage
from bot.errors import EngineError, EngineTimeout, MissingFont, OutOfMemory
from bot.i18n.marks import N_
from bot.pictures.sandbox import ChildDied, Sandbox
from bot.sizes import SizeRule

MODEL = Model("demo", N_("Demonstration, no model"))
CAPABILITIES = Capabilities(
    edit=True,
    mask=True,
    max_count=10,
    sizes=SizeRule(multiple=8, minimum=64, maximum=2048, default=(1024, 1024)),
    seed=True,
    strength=True,
    progress=True,
    preview=True,
    cancel=True,
    free=True,
)
SECONDS = 1.5
"""The least time a picture takes where the configuration says nothing: enough to watch it come into focus."""
STAGE_TIMEOUT_S = 20

Painter = Callable[[Sheet, int], bytes]
"""Paints a stage of a sheet in the sandbox and returns a preview; the last stage writes the picture."""


class DemoEngine(BaseEngine):
    """Draws landscapes with a subject from a prompt's words, and really changes given pictures.

    The same words, seed and size make the same bytes; each further picture of a call has the next seed.
    """

    def __init__(self, id: str, sandbox: Sandbox, params: Mapping[str, object]) -> None:
        """`params` may hold `seconds`, the least time a picture takes (0-600). Raises ValueError for anything else."""
        for name in params.keys() - {"seconds"}:
            raise ValueError(f"params.{name} is unknown; the demo engine has only params.seconds")
        seconds = params.get("seconds", SECONDS)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 600:
            raise ValueError("params.seconds must be a number between 0 and 600")
        self.id = id
        self._sandbox = sandbox
        self._seconds = float(seconds)

    def capabilities(self, model: str | None = None) -> Capabilities:
        """The same for every model: there is none."""
        return CAPABILITIES

    async def generate(self, task: GenerateTask, run: Run) -> Result:
        """Paint `task.count` pictures from the prompt's words."""
        with self._told():
            return await self._make(task, partial(draw_stage, task.prompt), run)

    async def edit(self, task: EditTask, run: Run) -> Result:
        """Change the first input as the prompt says; references are not looked at."""
        strength = 1.0 if task.strength is None else task.strength
        with self._told():
            async with self._sandbox.scratch() as directory:
                source, mask = directory / "source", directory / "mask"
                await self._sandbox.write(source, task.inputs[0].data)
                if task.mask is not None:
                    await self._sandbox.write(mask, task.mask.data)
                masked = str(mask) if task.mask is not None else None
                return await self._make(task, partial(edit_stage, task.prompt, str(source), masked, strength), run)

    async def _make(self, task: Task, painter: Painter, run: Run) -> Result:
        """Make all pictures stage by stage, telling the progress and stopping as soon as the job must stop."""
        first = secrets.randbelow(2**32) if task.seed is None else task.seed
        async with self._sandbox.scratch() as directory:
            for number in range(task.count):
                path = directory / f"{number}.png"
                sheet = Sheet(task.width, task.height, first + number, str(path))
                for stage in range(STAGES):
                    run.check()
                    preview = await self._sandbox.call(painter, sheet, stage, timeout_s=STAGE_TIMEOUT_S)
                    run.progress((number + (stage + 1) / STAGES) / task.count, preview)
                    await run.pause(self._seconds / STAGES)
                await run.picture(DrawnPicture(await self._sandbox.read(path), sheet.seed))
        return Result(model=MODEL.id)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what can go wrong in the sandbox into what people may be told."""
        try:
            yield
        except MemoryError as error:
            raise OutOfMemory(engine=self.id) from error
        except TimeoutError as error:
            raise EngineTimeout(engine=self.id, seconds=STAGE_TIMEOUT_S) from error
        except NoFont as error:
            raise MissingFont(engine=self.id) from error
        except (ChildDied, OSError) as error:
            raise EngineError(engine=self.id, detail=repr(error)) from error

    async def models(self) -> list[Model]:
        """The one there is."""
        return [MODEL]

    async def check(self, draw: bool = False) -> Health:
        """Nothing can be out of reach; with `draw` a tiny picture is painted."""
        if draw:
            try:
                with self._told():
                    async with self._sandbox.scratch() as directory:
                        sheet = Sheet(64, 64, 0, str(directory / "fox.png"))
                        await self._sandbox.call(draw_stage, "a fox", sheet, STAGES - 1, timeout_s=STAGE_TIMEOUT_S)
            except EngineError as error:
                return Health(False, str(error))
        return Health(True, "Ready: it needs no model, no key and no network.")

    async def aclose(self) -> None:
        """Nothing to let go of; the sandbox is the caller's."""
