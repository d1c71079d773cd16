"""The engine: what its workflows can do, and tasks turned into prompts."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import uuid4

from bot.engines.base import (
    BaseEngine,
    Capabilities,
    DrawnPicture,
    EditTask,
    GenerateTask,
    Health,
    InputPicture,
    InputRule,
    Model,
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
from bot.engines.comfyui.workflow import Filled, Workflow, renamed
from bot.errors import BadAnswer, BotError, LostJob
from bot.net.client import Http
from bot.net.errors import NetError
from bot.pictures.inspect import sniff
from bot.sizes import SizeRule

GENERATE, EDIT = "generate", "edit"
"""The names of the workflows that are used."""
BATCH = 4
"""Pictures of one prompt where the graph has a place for the count."""
MULTIPLE = 8
"""The latent space has one cell for 8 × 8 pixels; EmptyLatentImage cuts what is over."""
LARGEST_INPUT = 100_000_000
"""Bytes: the server takes requests of 100 MiB."""
MAX_SEED = 2**31 - 1
CHECK_SIZE, CHECK_STEPS, CHECK_S = 256, 4, 120.0
"""What a check draws, and how many seconds it may take: the first drawing after a start loads the model."""


class ComfyUIEngine(BaseEngine):
    """Runs the operator's workflows on one ComfyUI server.

    An option is offered when any workflow has a place for it, `count` only when all have. A batch has one seed: it is
    told for each of its pictures, and the same request with that seed draws all of them again.
    """

    def __init__(
        self,
        id: str,
        http: Http,
        *,
        workflows: Mapping[str, Workflow],
        model: str = "",
        corrections: Mapping[str, object] = {},
        poll_s: float = POLL_S,
    ) -> None:
        """`workflows` holds `generate`, `edit` or both; `poll_s` is how often a prompt is looked at.

        Raises ValueError("key: what is wrong").
        """
        self._workflows = {name: workflows[name] for name in (GENERATE, EDIT) if name in workflows}
        if not self._workflows:
            raise ValueError("workflows: must hold one called generate, or edit, or both")
        if EDIT in workflows and not workflows[EDIT].takes("image"):
            raise ValueError("workflows.edit.nodes.image: must say which node takes the picture to change")
        if model and not any(each.takes("model") for each in self._workflows.values()):
            raise ValueError("model: no workflow has a place for it; say which in nodes.model")
        self.id = id
        self._http = http
        self._model = model
        own = _capabilities(self._workflows)
        self._capabilities = own.corrected(corrections)
        for name in corrections:
            said, true = getattr(self._capabilities, name), getattr(own, name)
            if (said is True and not true) or (name == "max_inputs" and said > true):
                raise ValueError(f"supports.{name}: no workflow has a place for that; add it to its nodes")
        self._poll_s = poll_s
        self._client = Client(http)
        self._feed = Feed(http)
        self._errors = Errors(id, tuple(self._workflows.values()))

    def capabilities(self, model: str | None = None) -> Capabilities:
        """The same for every model: the graphs decide."""
        return self._capabilities

    async def generate(self, task: GenerateTask, run: Run) -> Result:
        """Run the workflow `generate`."""
        run.check()
        return await self._draw(self._workflows[GENERATE], task, run)

    async def edit(self, task: EditTask, run: Run) -> Result:
        """Upload the pictures and run the workflow `edit`; where none is given, its mask masks everything."""
        run.check()
        workflow = self._workflows[EDIT]
        pictures, mask = await run.unless_cancelled(self._upload(workflow, task))
        return await self._draw(workflow, task, run, pictures, mask)

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
        """List what the mapped loader offers. Raises EngineError."""
        try:
            return await checkup.offered(self._client, list(self._workflows.values()))
        except (NetError, Refusal) as error:
            raise self._errors.unreachable(error) from error

    async def check(self, draw: bool = False) -> Health:
        """Ask the server for all node classes and model files the graphs name; with `draw`, run one on a small size."""
        health = await checkup.check(self._client, self._http.base, self._workflows, self._model)
        if not draw or not health.ok:
            return health

        async def on_picture(picture: DrawnPicture) -> None:
            if sniff(picture.data) is None:
                raise BadAnswer(engine=self.id, detail="what was drawn is no picture")

        run = Run(deadline=asyncio.get_running_loop().time() + CHECK_S, on_picture=on_picture)
        try:
            if GENERATE in self._workflows:
                await self.generate(
                    GenerateTask(prompt="a fox", count=1, width=CHECK_SIZE, height=CHECK_SIZE, steps=CHECK_STEPS),
                    run,
                )
            else:
                given = InputPicture(grey_png(CHECK_SIZE, CHECK_SIZE), "image/png", CHECK_SIZE, CHECK_SIZE)
                await self.edit(
                    EditTask(
                        prompt="a fox",
                        count=1,
                        width=CHECK_SIZE,
                        height=CHECK_SIZE,
                        steps=CHECK_STEPS,
                        inputs=(given,),
                    ),
                    run,
                )
        except BotError as error:
            return Health(False, " ".join(str(error).split()))
        return health

    async def aclose(self) -> None:
        """Close the websocket and the connections."""
        await self._feed.aclose()
        await self._http.aclose()

    # ── within ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _draw(
        self,
        workflow: Workflow,
        task: Task,
        run: Run,
        pictures: Sequence[str] = (),
        mask: str | None = None,
    ) -> Result:
        """Fill the graph and run it; once more under other file names when the server only remembers old ones."""
        seed = (_fresh_seed() if task.seed is None else task.seed) if workflow.takes("seed") else None
        chosen = (task.model or self._model) if workflow.takes("model") else ""
        own = workflow.own("model")
        model = chosen or (own if isinstance(own, str) else None)
        values = _values(task, mask=mask, model=chosen or None)
        filled = workflow.fill(values | {"seed": seed}, pictures)
        for _ in range(2):
            ticket = Ticket(str(uuid4()), task.count, seed, model)
            try:
                await self._job(ticket, run).draw(filled)
                return Result(model=ticket.model)
            except FilesGone:
                if (graph := renamed(filled.graph, ticket.id[:8])) is not None:
                    filled = Filled(graph, filled.written)
                elif seed is not None:
                    seed = _fresh_seed()
                    filled = workflow.fill(values | {"seed": seed}, pictures)
                else:
                    break
        raise BadAnswer(engine=self.id, detail="the server names files it does not have")

    def _job(self, ticket: Ticket, run: Run) -> Job:
        return Job(
            ticket,
            run,
            client=self._client,
            feed=self._feed,
            errors=self._errors,
            free=self._capabilities.free,
            poll_s=self._poll_s,
        )

    async def _upload(self, workflow: Workflow, task: EditTask) -> tuple[list[str], str | None]:
        """Store the pictures the graph has a place for; return their names there, and the mask's."""
        images = workflow.nodes["image"].ids
        mask = task.mask
        if workflow.takes("mask") and mask is None:
            first = task.inputs[0]
            clear = await asyncio.to_thread(clear_png, first.width, first.height)
            mask = InputPicture(clear, "image/png", first.width, first.height)
        try:
            names = [await self._client.upload(picture) for picture in task.inputs[: len(images)]]
            if mask is None or not workflow.takes("mask"):
                return names, None
            return names, await self._client.upload(mask)
        except (NetError, Refusal) as error:
            raise self._errors.unreachable(error) from error


def _fresh_seed() -> int:
    return secrets.randbelow(MAX_SEED)


def _values(task: Task, **more: object) -> dict[str, object]:
    """Return what the task says, by role; what it does not say (None) stays as the graph has it."""
    return {
        "prompt": task.prompt,
        "negative": task.negative or None,
        "width": task.width,
        "height": task.height,
        "count": task.count,
        "steps": task.steps,
        "guidance": task.guidance,
        "strength": task.strength if isinstance(task, EditTask) else None,
        **more,
    }


def _capabilities(workflows: Mapping[str, Workflow]) -> Capabilities:
    """Return what these graphs can do."""
    edit = workflows.get(EDIT)

    def any_takes(role: str) -> bool:
        return any(each.takes(role) for each in workflows.values())

    return Capabilities(
        generate=GENERATE in workflows,
        edit=edit is not None,
        mask=edit is not None and edit.takes("mask"),
        max_inputs=len(edit.nodes["image"].ids) if edit is not None else 1,
        inputs=InputRule(max_bytes=LARGEST_INPUT, needs_mask=edit is not None and edit.takes("mask")),
        max_count=BATCH if all(each.takes("count") for each in workflows.values()) else 1,
        sizes=_sizes(workflows.get(GENERATE)),
        seed=any_takes("seed"),
        steps=any_takes("steps"),
        guidance=any_takes("guidance"),
        strength=edit is not None and edit.takes("strength"),
        negative=any_takes("negative"),
        progress=True,
        preview=True,
        cancel=True,
        resumable=True,
        free=True,
    )


def _sizes(workflow: Workflow | None) -> SizeRule:
    """Return the sizes; where nobody asks for one, the graph's own holds."""
    rule = SizeRule(multiple=MULTIPLE)
    width, height = (workflow.own("width"), workflow.own("height")) if workflow is not None else (None, None)
    if not isinstance(width, int) or not isinstance(height, int):
        return rule
    if min(width, height) < rule.minimum or max(width, height) > rule.maximum:
        return rule
    return replace(rule, default=(width // MULTIPLE * MULTIPLE, height // MULTIPLE * MULTIPLE))
