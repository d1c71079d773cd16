"""The engine: draws and edits with a service that speaks OpenAI's images API."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

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
from bot.engines.openai.answers import Address
from bot.engines.openai.bodies import Call, change, generation
from bot.engines.openai.downloads import fetch
from bot.engines.openai.models import facts
from bot.engines.openai.service import LARGEST_PICTURE, Service
from bot.errors import EngineError, NothingDrawn
from bot.net.client import Http
from bot.net.guard import Guard
from bot.sizes import Exact, fit

OFFICIAL = "api.openai.com"
"""Here previews are known to work, and the list of models is complete."""
FORMATS = ("png", "jpeg", "webp")
"""What can be stored of the formats a service may draw: any other would be paid for and thrown away."""
TRIAL_S = 180.0
"""How long a picture drawn by `check` may take."""


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
        corrections: Mapping[str, Any] = {},
        elsewhere: Http | None = None,
    ) -> None:
        """`http`: its base ends in /v1 as a rule. `params` go into every request to generate, last, `edit_params` into
        those to edit. `elsewhere` fetches pictures that are given as addresses of other servers; by default public
        addresses only. The engine closes both. Raises ValueError("<key>: what is wrong").
        """
        if not model:
            raise ValueError("model: is needed, for example gpt-image-2")
        for name, values in (("params", params), ("edit_params", edit_params)):
            try:
                json.dumps(values, allow_nan=False)
            except (TypeError, ValueError) as error:
                raise ValueError(f"{name}: cannot be sent as JSON: {error}") from error
            if values.get("output_format", "png") not in FORMATS:
                raise ValueError(f"{name}.output_format: must be one of {', '.join(FORMATS)}")
        self.id = id
        self._http = http
        self._elsewhere = elsewhere or Http(http.origin, Guard(private=False))
        self._service = Service(id, http)
        self._official = urlsplit(http.base).hostname == OFFICIAL
        self._model = model
        self._edit_model = edit_model or model
        self._params = dict(params)
        self._edit_params = dict(edit_params)
        self._corrections = corrections

    def capabilities(self, model: str | None = None) -> Capabilities:
        """What is known of the model by its name, corrected by what the operator knows."""
        drawing, changing = facts(model or self._model), facts(model or self._edit_model)
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
        streamed = can.preview and task.count == 1  # OpenAI: "Streaming is only supported with n=1."
        size = (task.width, task.height)
        return await self._draw(generation(task, model, size, self._params, streamed=streamed), can, run)

    async def edit(self, task: EditTask, run: Run) -> Result:
        """Change the given pictures, in one call."""
        model = task.model or self._edit_model
        can = self.capabilities(model)
        streamed = can.preview and task.count == 1
        # The size was chosen by the rule of the model that generates.
        size = fit(Exact(task.width, task.height), can.sizes, sys.maxsize)
        return await self._draw(change(task, model, size, self._edit_params, streamed=streamed), can, run)

    async def _draw(self, call: Call, can: Capabilities, run: Run) -> Result:
        drawing = await self._service.draw(call, run)
        failure = drawing.failure
        if not drawing.pictures:  # how LiteLLM and xAI say that the content was refused, and others that they failed
            raise failure or NothingDrawn(engine=self.id, detail="the answer holds no picture")
        if can.progress:
            run.progress(1.0)
        missing = call.count
        found, drawing.pictures = drawing.pictures[: call.count], []
        while found:  # each is let go of as soon as it is stored
            try:
                await run.picture(await self._picture(found.pop(0), run))
                missing -= 1
            except EngineError as error:  # the others may be good
                failure = error
        if missing and failure is not None:
            raise failure
        return Result(model=call.model, revised_prompt=drawing.revised_prompt, facts=drawing.facts)

    async def _picture(self, found: bytes | Address, run: Run) -> DrawnPicture:
        """Return a picture. One that has arrived is, even if the time is up meanwhile: it is paid for."""
        if isinstance(found, Address):
            fetching = fetch(self.id, found.url, self._http, self._elsewhere, LARGEST_PICTURE)
            found = await run.unless_cancelled(fetching)
        return DrawnPicture(found)

    async def models(self) -> list[Model]:
        """List what the service lists, models known to draw first; only the configured ones where it has no list."""
        names = await self._service.models() or list(dict.fromkeys((self._model, self._edit_model)))
        return [Model(name) for name in sorted(names, key=lambda name: not facts(name).known)]

    async def check(self, draw: bool = False) -> Health:
        """List the models, which costs nothing and needs the key; with `draw` draw the smallest picture there is."""
        try:
            names = await self._service.models()
            told, certain = self._about_models(names)
            if draw:
                width, height = await self._trial()
                return Health(True, f"Reached {self._http.base} and drew {width} × {height} with {self._model}.")
        except EngineError as error:
            return Health(False, " ".join(f"{self._http.base}: {error}".split()))
        except TimeoutError:
            return Health(False, f"{self._http.base} drew nothing within {TRIAL_S:.0f} seconds.")
        return Health(certain, f"Reached {self._http.base}{told}")

    def _about_models(self, names: list[str] | None) -> tuple[str, bool]:
        """Say whether the configured models are among those on offer, and whether all may be well."""
        if not names:
            return (
                ", which lists no models (most addresses end in /v1): only a drawing shows whether address, key and "
                "model are right.",
                True,
            )
        missing = [name for name in dict.fromkeys((self._model, self._edit_model)) if name not in names]
        if not missing:
            return f": the key is accepted, {self._model} is among its {len(names)} models.", True
        # Gateways need not list every name they take.
        return f", which does not list {' or '.join(missing)} among its {len(names)} models.", not self._official

    async def _trial(self) -> tuple[int, int]:
        """Draw the smallest picture; return its size as asked for. Raises EngineError, TimeoutError."""

        async def take(picture: DrawnPicture) -> None:
            """Any picture will do."""

        width, height = fit(Exact(1, 1), self.capabilities().sizes, sys.maxsize)
        run = Run(deadline=asyncio.get_running_loop().time() + TRIAL_S, on_picture=take)
        async with asyncio.timeout(TRIAL_S):
            await self.generate(GenerateTask(prompt="a red fox", count=1, width=width, height=height), run)
        return width, height

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()
        await self._elsewhere.aclose()
