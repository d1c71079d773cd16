"""The engine: tasks turned into prompts."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from uuid import uuid4

from bot.engines.base import (
    BaseEngine,
    Capabilities,
    DrawnPicture,
    EditTask,
    GenerateTask,
    Health,
    InputPicture,
    Model,
    ModelKind,
    Result,
    Run,
    Task,
)
from bot.engines.comfyui import checkup
from bot.engines.comfyui.blank import clear_png, grey_png
from bot.engines.comfyui.client import Client, Refusal
from bot.engines.comfyui.errors import Errors
from bot.engines.comfyui.feed import Feed
from bot.engines.comfyui.job import POLL_S, FilesGone, Job, Ticket
from bot.engines.comfyui.repertoire import Chosen, Repertoire
from bot.engines.comfyui.workflow import Filled, Workflow, renamed
from bot.errors import BadAnswer, BotError, EngineError, EngineMisconfigured, EngineRejected, LostJob, UnknownChoice
from bot.i18n.marks import N_
from bot.net.client import Http
from bot.net.errors import NetError
from bot.pictures.inspect import sniff

MAX_SEED = 2**31 - 1
CHECK_SIZE, CHECK_STEPS, CHECK_S = 256, 4, 120.0
"""What a check draws, and how many seconds it may take: the first drawing after a start loads the model."""
SHORTEST_SECRET = 6
"""Characters; anything shorter, such as a number in a header, is in many texts by chance."""
CHOICES: Mapping[str, tuple[ModelKind, str]] = {
    "model": ("model", N_("model")),
    "sampler": ("sampler", N_("sampler")),
    "scheduler": ("scheduler", N_("scheduler")),
}
"""Roles whose values the server has a list of, and what people call such a value."""


class ComfyUIEngine(BaseEngine):
    """Runs the operator's workflows on one ComfyUI server, or one behind SwarmUI.

    A batch has one seed: it is told for each of its pictures, and the same request with that seed draws all of them
    again.
    """

    def __init__(
        self,
        id: str,
        http: Http,
        *,
        workflows: Mapping[str, Workflow],
        model: str = "",
        defaults: Mapping[str, object] = {},
        org_key: str = "",
        secrets: Sequence[str] = (),
        corrections: Mapping[str, object] = {},
        poll_s: float = POLL_S,
    ) -> None:
        """`workflows` by name: see `Repertoire`, as for `defaults` (role → value) and `model` (a value for that role,
        or a workflow's name). `org_key` is for paid nodes; with it drawing costs money. `secrets` (keys, tokens) are
        kept out of what a server says. `poll_s` is how often a prompt is looked at.

        Raises ValueError("key: what is wrong").
        """
        self.id = id
        self._repertoire = Repertoire(workflows, {"model": model, **defaults}, corrections, free=not org_key)
        self._http = http
        self._can_pay = bool(org_key)
        self._poll_s = poll_s
        self._client = Client(http, org_key)
        self._feed = Feed(http)
        self._errors = Errors(
            id,
            tuple(workflows.values()),
            secrets=tuple(each for each in (org_key, *secrets) if len(each) >= SHORTEST_SECRET),
            free=self.capabilities().free,
        )

    def capabilities(self, model: str | None = None) -> Capabilities:
        """Of the workflow of this name; else the same for every model: the graphs decide."""
        return self._repertoire.capabilities(model)

    async def generate(self, task: GenerateTask, run: Run) -> Result:
        """Run the workflow that draws from words."""
        run.check()
        return await self._draw(self._taken(self._repertoire.generating(task.model)), task, run)

    async def edit(self, task: EditTask, run: Run) -> Result:
        """Upload the pictures and run the workflow that changes them; where no mask is given, its mask masks all."""
        run.check()
        chosen = self._taken(self._repertoire.editing(task.model, len(task.inputs), masked=task.mask is not None))
        pictures, mask = await run.unless_cancelled(self._upload(chosen.workflow, task))
        return await self._draw(chosen, task, run, pictures, mask)

    async def resume(self, handle: str, run: Run) -> Result:
        """Wait for a prompt sent by an earlier process and hand over its pictures."""
        run.check()
        try:
            ticket = Ticket.read(handle)
        except (ValueError, TypeError) as error:
            raise LostJob(engine=self.id, detail="the stored handle cannot be read") from error
        try:
            await self._job(ticket, run).resume()
        except FilesGone as error:
            raise LostJob(engine=self.id, detail="the files of the job are gone") from error
        return Result(model=ticket.model)

    async def models(self) -> list[Model]:
        """List what the mapped nodes offer, and the workflows chosen by name. Raises EngineError."""
        try:
            return await checkup.offered(self._client, self._repertoire.unasked, list(self._repertoire.named))
        except (NetError, Refusal) as error:
            raise self._errors.unreachable(error) from error

    async def check(self, draw: bool = False) -> Health:
        """Ask the server for all node classes and models the graphs name; with `draw`, run one on a small size."""
        health = await checkup.check(self._client, self._http.base, self._repertoire, can_pay=self._can_pay)
        if not draw or not health.ok:
            return health

        async def on_picture(picture: DrawnPicture) -> None:
            if sniff(picture.data) is None:
                raise BadAnswer(engine=self.id, detail="what was drawn is no picture")

        run = Run(deadline=asyncio.get_running_loop().time() + CHECK_S, on_picture=on_picture)
        side, steps = CHECK_SIZE, CHECK_STEPS
        try:
            if self._repertoire.generating(None) is not None:
                await self.generate(GenerateTask(prompt="a fox", count=1, width=side, height=side, steps=steps), run)
            else:
                given = InputPicture(grey_png(side, side), "image/png", side, side)
                await self.edit(
                    EditTask(prompt="a fox", count=1, width=side, height=side, steps=steps, inputs=(given,)), run
                )
        except BotError as error:
            return Health(False, " ".join(str(error).split()))
        return health

    async def aclose(self) -> None:
        """Close the websocket and the connections."""
        await self._feed.aclose()
        await self._http.aclose()

    # ── within ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _taken(self, chosen: Chosen | None) -> Chosen:
        if chosen is None:
            raise EngineRejected(engine=self.id, field="model", detail="the workflow is for another use")
        return chosen

    async def _draw(
        self, chosen: Chosen, task: Task, run: Run, pictures: Sequence[str] = (), mask: str | None = None
    ) -> Result:
        """Fill the graph and run it; once more under other file names when the server only remembers old ones."""
        workflow = chosen.workflow
        asked = _values(task, chosen)
        self._check_model(workflow, asked["model"])
        values = {role: chosen.defaults.get(role) if value is None else value for role, value in asked.items()}
        seed = (_fresh_seed() if task.seed is None else task.seed) if workflow.takes("seed") else None
        model = chosen.name or values["model"] if workflow.takes("model") else chosen.name
        shown = str(model or workflow.own("model") or "") or None
        filled = workflow.fill(values | {"mask": mask, "seed": seed}, pictures)
        for _ in range(2 if self._errors.free else 1):
            ticket = Ticket(str(uuid4()), task.count, seed, shown)
            try:
                await self._job(ticket, run).draw(filled)
                return Result(model=ticket.model)
            except EngineRejected as error:
                raise await self._rejected(error, workflow, asked, values) from error
            except FilesGone:
                if (graph := renamed(filled.graph, ticket.id[:8])) is not None:
                    filled = Filled(graph, filled.written)
                elif seed is not None:
                    seed = _fresh_seed()
                    filled = workflow.fill(values | {"mask": mask, "seed": seed}, pictures)
                else:
                    break
        raise BadAnswer(engine=self.id, detail="the server names files it does not have")

    def _check_model(self, workflow: Workflow, model: object) -> None:
        """Refuse a model where the graph has its own; the names that `models` gives those are taken."""
        own = checkup.own_models(self._repertoire.unasked)
        if model and not workflow.takes("model") and model not in own:
            raise self._unknown("model", str(model), [*own, *self._repertoire.named])

    async def _rejected(
        self, error: EngineRejected, workflow: Workflow, asked: Mapping[str, object], values: Mapping[str, object]
    ) -> EngineError:
        """Return what a refused value means: the operator's, one that is not on the server's list, or just wrong."""
        role = str(error.args_["field"])
        if values.get(role) is not None and asked.get(role) is None:
            return EngineMisconfigured(engine=self.id, detail=f"{role}: {error.detail}")
        if role in CHOICES:
            try:
                known = await checkup.values(self._client, [workflow], CHOICES[role][0])
            except (NetError, Refusal):
                return error
            if known and values[role] not in known:
                return self._unknown(role, str(values[role]), known, error.detail)
        return error

    def _unknown(self, role: str, value: str, known: Sequence[str], detail: str = "") -> UnknownChoice:
        near = ", ".join(checkup.nearest(value, known))
        return UnknownChoice(engine=self.id, what=CHOICES[role][1], value=value, known=near, detail=detail)

    def _job(self, ticket: Ticket, run: Run) -> Job:
        return Job(ticket, run, client=self._client, feed=self._feed, errors=self._errors, poll_s=self._poll_s)

    async def _upload(self, workflow: Workflow, task: EditTask) -> tuple[list[str], str | None]:
        """Store the pictures the graph has a place for; return their names there, and the mask's."""
        mask = task.mask
        if workflow.takes("mask") and mask is None:
            first = task.inputs[0]
            clear = await asyncio.to_thread(clear_png, first.width, first.height)
            mask = InputPicture(clear, "image/png", first.width, first.height)
        try:
            names = [await self._client.upload(each) for each in task.inputs[: len(workflow.places("image"))]]
            if mask is None or not workflow.takes("mask"):
                return names, None
            return names, await self._client.upload(mask)
        except (NetError, Refusal) as error:
            raise self._errors.unreachable(error) from error


def _fresh_seed() -> int:
    return secrets.randbelow(MAX_SEED)


def _values(task: Task, chosen: Chosen) -> dict[str, object]:
    """Return what the task says, by role; None where it says nothing."""
    return {
        "prompt": task.prompt,
        "negative": task.negative or None,
        "model": None if chosen.name else task.model or None,
        "width": task.width,
        "height": task.height,
        "count": task.count,
        "steps": task.steps,
        "guidance": task.guidance,
        "strength": task.strength if isinstance(task, EditTask) else None,
        "sampler": task.sampler or None,
        "scheduler": task.scheduler or None,
    }
