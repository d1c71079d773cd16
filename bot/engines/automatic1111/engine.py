"""The engine: tasks turned into calls of the API, their names found among what the server has."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

import structlog

from bot.engines import checking
from bot.engines.automatic1111 import abilities, answers, bodies, checkup
from bot.engines.automatic1111.abandoned import RETRY_S
from bot.engines.automatic1111.abilities import BATCH
from bot.engines.automatic1111.bodies import Chosen, Defaults
from bot.engines.automatic1111.client import CAPTION, IMG2IMG, INTERROGATE, TXT2IMG, UPSCALE, Client, Refusal
from bot.engines.automatic1111.errors import Call, Errors
from bot.engines.automatic1111.job import Server
from bot.engines.automatic1111.lists import Lists
from bot.engines.automatic1111.names import Names
from bot.engines.automatic1111.watching import POLL_S
from bot.engines.base import (
    BaseEngine,
    Capabilities,
    EditTask,
    GenerateTask,
    Health,
    InputPicture,
    Model,
    Result,
    Run,
    Task,
    UpscaleTask,
)
from bot.errors import (
    BadAnswer,
    EngineBusy,
    EngineError,
    EngineMisconfigured,
    NothingDrawn,
    OutOfMemory,
)
from bot.net.client import Http
from bot.net.encoding import in_base64
from bot.net.errors import NetError

log = structlog.get_logger(__name__)

T = TypeVar("T")

DESCRIBE_S = 180.0
"""The first time, the server fetches the models it looks with."""
CHECK_SIZE, CHECK_STEPS = 256, 2
"""Pixels a side, and steps, of what a check draws: smaller ones not every model can."""


class Automatic1111Engine(BaseEngine):
    """One server. What it claims to do is what A1111 can; for servers that can less, `corrections` say so."""

    def __init__(
        self,
        id: str,
        http: Http,
        *,
        model: str = "",
        edit_model: str = "",
        defaults: Defaults | None = None,
        params: Mapping[str, object] = {},
        edit_params: Mapping[str, object] = {},
        corrections: Mapping[str, Any] = {},
        poll_s: float = POLL_S,
    ) -> None:
        """`model`: the checkpoint; empty = what the server has loaded; `edit_model`: empty = `model`. `params` go into
        every request to generate, last, `edit_params` into those to edit. `poll_s` is how often a drawing is looked at.
        The engine closes `http`. Raises ValueError("<key>: what is wrong").
        """
        bodies.check_params("params", params)
        bodies.check_params("edit_params", edit_params)
        self.id = id
        self._http = http
        self._model = model
        self._edit_model = edit_model or model
        self._defaults = defaults or Defaults()
        self._params = dict(params)
        self._edit_params = dict(edit_params)
        self._corrections = corrections
        self._free = self.capabilities().free
        self._client = Client(http)
        self._errors = Errors(id, self._free)
        self._server = Server(self._client, self._errors, poll_s)
        self._lists = Lists(id, self._client)
        self._names = Names(id, self._lists, self._defaults)
        self._batch = BATCH

    def capabilities(self, model: str | None = None) -> Capabilities:
        """What the family can, in the size that suits the model."""
        return abilities.of(model or self._model, self._params).corrected(self._corrections)

    async def generate(self, task: GenerateTask, run: Run) -> Result:
        """Draw `task.count` pictures from words, in one call."""
        chosen = await self._ready(task, run, self._model)

        def body(batch: int) -> dict[str, object]:
            return bodies.generation(task, chosen, self._defaults, self._params, batch)

        return await self._draw(TXT2IMG, task, run, body, self._params)

    async def edit(self, task: EditTask, run: Run) -> Result:
        """Change the first picture, in one call; with a mask only where that is white."""
        chosen = await self._ready(task, run, self._edit_model)
        first, mask = task.inputs[0], task.mask
        image = await in_base64(first.data)
        pictures = image, None if mask is None else await in_base64(mask.data)

        def body(batch: int) -> dict[str, object]:
            return bodies.change(task, chosen, self._defaults, self._edit_params, batch, pictures)

        return await self._draw(IMG2IMG, task, run, body, self._edit_params)

    async def upscale(self, task: UpscaleTask, run: Run) -> Result:
        """Make a picture larger. It cannot be stopped at the server, which does not say whose turn it is."""
        await self._free_server(run)
        upscaler = await self._asking(run, self._names.upscaler(task.model))
        body = bodies.enlargement(task, upscaler, await in_base64(task.picture.data))
        answer = await self._server.draw(UPSCALE, body, run, Call(own_model=task.model is None), watched=False)
        await run.picture(answers.upscaled(self.id, answer))
        return Result(model=upscaler)

    async def describe(self, picture: InputPicture) -> str:
        """Have CLIP say what a picture shows; SD.Next, which calls that a caption, with OpenCLIP."""
        image = await in_base64(picture.data)
        asked: tuple[tuple[str, dict[str, object]], ...] = (
            (INTERROGATE, {"image": image, "model": "clip"}),
            (CAPTION, {"backend": "openclip", "image": image}),
        )
        for path, body in asked:
            try:
                return answers.caption(self.id, await self._client.draw(path, body, DESCRIBE_S))
            except NetError as error:
                raise self._errors.broken(error, Call()) from error
            except Refusal as refusal:
                if not refusal.missing:
                    raise self._errors.refused(refusal, Call()) from refusal
        detail = "the server has nothing that describes pictures: say so with supports = { describe = false }"
        raise EngineMisconfigured(engine=self.id, detail=detail)

    async def models(self) -> list[Model]:
        """List checkpoints, samplers, schedulers, styles, LoRAs and upscalers. Raises EngineError."""
        try:
            found = await self._lists.all()
            if not found and not self._model:
                await self._client.get("/sdapi/v1/sd-models")  # says why
        except (NetError, Refusal) as error:
            raise self._errors.asked(error) from error
        if self._model and not any(each.kind == "model" for each in found):
            found.insert(0, Model(self._model))
        return found

    async def check(self, draw: bool = False) -> Health:
        """Ask for the lists and whether they have what is configured; with `draw`, draw a small picture."""
        health = await checkup.check(
            self._client, self._lists, self._http.base, (self._model, self._edit_model), self._defaults
        )
        if health.ok:
            self._server.habits.forget()  # what it lacked it may have since
        if not draw or not health.ok:
            return health

        tried = await checking.tried(self, self._http.base, self._model, side=CHECK_SIZE, steps=CHECK_STEPS)
        return health if tried.ok else tried

    async def aclose(self) -> None:
        """Let go of what is still under way, and of the connections."""
        await self._server.abandoned.aclose()
        await self._http.aclose()

    # ── drawing ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _ready(self, task: Task, run: Run, model: str) -> Chosen:
        """Wait until the server is free of what was cancelled, and find what the task names."""
        await self._free_server(run)
        return await self._asking(run, self._names.chosen(task, model))

    async def _draw(
        self, path: str, task: Task, run: Run, body: Callable[[int], dict[str, object]], params: Mapping[str, object]
    ) -> Result:
        """Have a call drawn and hand over its pictures; picture by picture where all at once are too many for it."""
        limit = params.get("batch_size", BATCH)
        batch = min(self._batch, limit if isinstance(limit, int) else BATCH, task.count)
        call = Call((task.prompt, task.negative), task.model is None)
        sent = body(batch)
        try:
            answer = await self._server.draw(path, sent, run, call)
        except OutOfMemory:
            if batch == 1 or not self._free:
                raise
            log.info("out of memory: pictures are drawn one after the other from now on", engine=self.id, batch=batch)
            self._batch = batch = 1
            sent = body(batch)
            answer = await self._server.draw(path, sent, run, call)
        drawing = answers.drawing(self.id, answer, task.count, task.seed)
        del answer  # it holds the pictures, too
        halted = await self._server.stopped_by_others()
        if halted:  # all that were drawn at once with the one that was stopped are half done
            del drawing.pictures[max(0, len(drawing.pictures) - batch) :]
        return await self._hand_over(drawing, task, run, sent, halted=halted)

    async def _hand_over(
        self, drawing: answers.Drawing, task: Task, run: Run, sent: Mapping[str, object], *, halted: bool
    ) -> Result:
        failure: EngineError | None = None
        if drawing.broken:
            failure = BadAnswer(engine=self.id, detail=f"{drawing.broken} pictures are not base64")
        handed = 0
        while drawing.pictures:  # each is let go of as soon as it is stored
            run.check()
            try:
                await run.picture(drawing.pictures.pop(0))
                handed += 1
            except EngineError as error:  # the others may be good
                failure = error
        if halted and handed < task.count:
            raise EngineError(engine=self.id, detail="stopped by somebody at the server")
        if failure is not None:
            raise failure
        if not handed:  # SD.Next, when it failed or is still loading its model
            raise NothingDrawn(engine=self.id, detail="the answer holds no picture; is a model loaded?")
        if self.capabilities().progress:
            run.progress(1.0)
        prompt = drawing.prompt if drawing.prompt != sent["prompt"] else None
        model = drawing.model or task.model or (self._edit_model if isinstance(task, EditTask) else self._model)
        return Result(model=model or None, revised_prompt=prompt, facts=drawing.facts)

    # ── what is asked before ────────────────────────────────────────────────────────────────────────────────────

    async def _free_server(self, run: Run) -> None:
        """Wait a moment for the end of what was cancelled. Raises EngineBusy: so long, another server is better."""
        run.check()
        if self._server.abandoned.busy and not await run.unless_cancelled(self._server.abandoned.gone()):
            detail = "the server still works on a drawing that was cancelled"
            raise EngineBusy(engine=self.id, retry_after=RETRY_S, detail=detail)

    async def _asking(self, run: Run, work: Coroutine[Any, Any, T]) -> T:
        """Ask something before a drawing, and stop asking when the run must stop. Raises EngineError, Cancelled."""
        try:
            return await run.unless_cancelled(work)
        except Refusal as refusal:
            raise self._errors.asked(refusal) from refusal
