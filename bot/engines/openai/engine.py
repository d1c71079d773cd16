"""The engine: draws and edits with a service that speaks OpenAI's images API."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from bot.engines import checking
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
)
from bot.engines.openai import costs
from bot.engines.openai import params as parameters
from bot.engines.openai.answers import Address, Drawing
from bot.engines.openai.bodies import Call, Form, Params, change, generation
from bot.engines.openai.downloads import fetch
from bot.engines.openai.layout import OPENAI, Layout
from bot.engines.openai.models import Facts, facts
from bot.engines.openai.service import LARGEST_PICTURE, Service
from bot.errors import EngineError, EngineRejected, NothingDrawn, UnknownChoice
from bot.i18n.marks import N_
from bot.net.client import Http
from bot.net.guard import Guard
from bot.sizes import Exact, fit

OFFICIAL = "api.openai.com"
"""Here previews are known to work, and the list of models is complete."""
UNSENDABLE = ("strength", "sampler", "loras", "styles", "upscale", "describe", "cancel")
"""Capabilities that no operator can give it: the API has no name for what they need."""
V1_HINT = " (most addresses end in /v1)"
MODEL = N_("model")

T = TypeVar("T", GenerateTask, EditTask)


class OpenAIEngine(BaseEngine):
    """One service and the models configured for it."""

    def __init__(
        self,
        id: str,
        http: Http,
        *,
        model: str,
        edit_model: str = "",
        params: Mapping[str, object] = {},
        edit_params: Mapping[str, object] = {},
        steps: int | None = None,
        guidance: float | None = None,
        corrections: Mapping[str, Any] = {},
        layout: Layout = OPENAI,
        elsewhere: Http | None = None,
    ) -> None:
        """`http`: its base ends in /v1 as a rule. `params` go into every request to generate, last, `edit_params` into
        those to edit; `steps` and `guidance` hold where a task says nothing. `elsewhere` fetches pictures that are
        given as addresses of other servers; by default public addresses only. The engine closes both. Raises
        ValueError("<key>: what is wrong").
        """
        model = model or layout.deployment
        if not model:
            raise ValueError("model: is needed, for example gpt-image-2")
        if layout.deployment and edit_model:
            raise ValueError("edit_model: the address names one deployment for all; take /deployments/… out of it")
        self._layout = layout
        self._model = model
        self._edit_model = edit_model or model
        for key, each in (("model", self._model), ("edit_model", self._edit_model)):
            try:
                layout.path("", each)
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from error
        parameters.check("params", params, layout.line(self._model), edits=False)
        parameters.check("edit_params", edit_params, layout.line(self._edit_model), edits=True)
        for name in UNSENDABLE:
            if corrections.get(name):
                raise ValueError(f"supports.{name}: cannot be true; the images API has no such thing")
        for name, value in (("steps", steps), ("guidance", guidance)):
            if value is not None and not corrections.get(name):
                raise ValueError(f"{name}: needs supports.{name} = true; OpenAI's own models do not take it")
        self.id = id
        self._http = http
        self._elsewhere = elsewhere or Http(http.origin, Guard(private=False))
        self._service = Service(id, http)
        self._official = urlsplit(http.base).hostname == OFFICIAL
        self._params = dict(params)
        self._edit_params = dict(edit_params)
        self._steps, self._guidance = steps, guidance
        self._corrections = corrections

    def capabilities(self, model: str | None = None) -> Capabilities:
        """What is known of the model by its name, corrected by what the operator knows."""
        drawing, changing = self._facts(model or self._model), self._facts(model or self._edit_model)
        previews = bool(self._corrections.get("preview", self._official and drawing.previews))
        return Capabilities(
            edit=changing.edit,
            mask=changing.mask,
            max_inputs=changing.max_inputs,
            inputs=changing.inputs,
            max_count=min(drawing.max_count, changing.max_count),
            sizes=drawing.sizes,
            progress=previews,
            preview=previews,
        ).corrected(self._corrections)

    async def generate(self, task: GenerateTask, run: Run) -> Result:
        """Draw `task.count` pictures from words, in one call."""
        model = task.model or self._model
        can = self.capabilities(model)
        form = self._form("/images/generations", model, (task.width, task.height), can, self._params)
        return await self._draw(generation(self._completed(task), form), can, task.seed, run)

    async def edit(self, task: EditTask, run: Run) -> Result:
        """Change the given pictures, in one call."""
        model = task.model or self._edit_model
        can = self.capabilities(model)
        # The size was chosen by the rule of the model that generates.
        size = fit(Exact(task.width, task.height), can.sizes, sys.maxsize)
        form = self._form("/images/edits", model, size, can, self._edit_params)
        return await self._draw(change(self._completed(task), form), can, task.seed, run)

    def _facts(self, model: str) -> Facts:
        return facts(self._layout.line(model))

    def _form(self, path: str, model: str, size: tuple[int, int], can: Capabilities, params: Params) -> Form:
        """Return what a call has beside its task. Raises EngineRejected, UnknownChoice for a model it cannot name."""
        if self._layout.deployment and model != self._model:
            raise UnknownChoice(engine=self.id, what=MODEL, value=model, known=self._model)
        try:
            path = self._layout.path(path, model)
        except ValueError as error:
            raise EngineRejected(engine=self.id, field="model", detail=str(error)) from error
        response_format = self._facts(model).response_format
        return Form(path, model, size, can, params, not self._layout.in_path, response_format)

    def _completed(self, task: T) -> T:
        """Return a task with the operator's values where it says nothing."""
        steps = self._steps if task.steps is None else task.steps
        guidance = self._guidance if task.guidance is None else task.guidance
        return dataclasses.replace(task, steps=steps, guidance=guidance)

    async def _draw(self, call: Call, can: Capabilities, seed: int | None, run: Run) -> Result:
        drawing = await self._service.draw(call, run)
        failure = drawing.failure
        if not drawing.pictures:  # how LiteLLM and xAI say that the content was refused, and others that they failed
            raise failure or NothingDrawn(engine=self.id, detail="the answer holds no picture")
        if can.progress:
            run.progress(1.0)
        known = seed if can.seed and call.count == 1 else None  # of several nobody tells which has which
        missing = call.count
        found, drawing.pictures = drawing.pictures[: call.count], []
        while found:  # each is let go of as soon as it is stored
            try:
                await run.picture(await self._picture(found.pop(0), known, run))
                missing -= 1
            except EngineError as error:  # the others may be good
                failure = error
        if missing and failure is not None:
            raise failure
        return Result(
            model=call.model,
            revised_prompt=drawing.revised_prompt,
            cost=self._cost(call.model, drawing),
            facts=drawing.facts,
        )

    def _cost(self, model: str, drawing: Drawing) -> float | None:
        """Return the dollars a call cost, as the service says or as its tokens cost at OpenAI."""
        each = costs.prices(self._layout.line(model))
        return drawing.cost or (None if each is None else costs.by_tokens(drawing.usage, each))

    async def _picture(self, found: bytes | Address, seed: int | None, run: Run) -> DrawnPicture:
        """Return a picture. One that has arrived is, even if the time is up meanwhile: it is paid for."""
        if isinstance(found, Address):
            fetching = fetch(self.id, found.url, self._http, self._elsewhere, LARGEST_PICTURE)
            found = await run.unless_cancelled(fetching)
        return DrawnPicture(found, seed)

    async def models(self) -> list[Model]:
        """List what the service lists, models known to draw first; only the configured ones where it has no list.

        Azure lists the models there are, not the deployments, which alone can be asked.
        """
        names = None if self._layout.azure else await self._service.models()
        listed = names or list(dict.fromkeys((self._model, self._edit_model)))
        return [Model(name) for name in sorted(listed, key=lambda name: not facts(name).known)]

    async def check(self, draw: bool = False) -> Health:
        """List the models, which costs nothing and needs the key; with `draw` draw the smallest picture there is."""
        try:
            names = await self._service.models()
        except EngineError as error:
            return checking.failed(self._http.base, error)
        if draw:
            return await checking.tried(self, self._http.base, self._model)
        told, certain = self._about_models(names)
        return Health(certain, f"Reached {self._http.base}{told}")

    def _about_models(self, names: list[str] | None) -> tuple[str, bool]:
        """Say whether the configured models are among those on offer, and whether all may be well."""
        if not names:
            hint, needed = ("", "api_version, key and deployment") if self._layout.azure else (V1_HINT, "key and model")
            return f", which lists no models{hint}: only a drawing shows whether address, {needed} are right.", True
        if self._layout.azure:
            asked = (self._layout.deployment,) if self._layout.deployment else (self._model, self._edit_model)
            told = " and ".join(dict.fromkeys(asked))
            return f": the key is accepted; only a drawing shows whether there is a deployment {told}.", True
        return checking.among((self._model, self._edit_model), names, complete=self._official)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()
        await self._elsewhere.aclose()
