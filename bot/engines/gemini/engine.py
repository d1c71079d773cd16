"""The engine: draws and edits with Google's image models."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any
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
from bot.engines.gemini.bodies import OWN, Call, change, generation
from bot.engines.gemini.models import bare, facts
from bot.engines.gemini.service import Service
from bot.errors import EngineError, EngineRejected, UnknownChoice
from bot.i18n.marks import N_
from bot.net.client import Http

OFFICIAL = "generativelanguage.googleapis.com"
"""Here the list of models is complete."""
A_MODEL = N_("model")
SUGGESTED = 3
"""Models named to a person who chose one that there is not."""
LONGEST_CHOICE = 60
"""Characters of what they chose that are repeated."""


class GeminiEngine(BaseEngine):
    """One address of the Gemini API and the models configured for it."""

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
    ) -> None:
        """`http`: its base ends in /v1beta as a rule; the engine closes it. `params` are merged into every request to
        generate, last, `edit_params` into those to edit. Raises ValueError("<key>: what is wrong").
        """
        if not model:
            raise ValueError("model: is needed, for example gemini-3.1-flash-image")
        for name, values in (("params", params), ("edit_params", edit_params)):
            try:
                json.dumps(values, allow_nan=False)
            except (TypeError, ValueError) as error:
                raise ValueError(f"{name}: cannot be sent as JSON: {error}") from error
            if own := OWN & values.keys():
                raise ValueError(f"{name}: may not hold {', '.join(sorted(own))}; Easel sets that itself")
        self.id = id
        self._http = http
        self._service = Service(id, http)
        self._official = urlsplit(http.base).hostname == OFFICIAL
        self._model = bare(model)
        self._edit_model = bare(edit_model or model)
        self._params = dict(params)
        self._edit_params = dict(edit_params)
        self._corrections = corrections

    def capabilities(self, model: str | None = None) -> Capabilities:
        """What is known of the model by its name, corrected by what the operator knows."""
        drawing, changing = facts(model or self._model), facts(model or self._edit_model)
        return Capabilities(
            edit=changing.edit,
            max_inputs=changing.max_inputs,
            inputs=changing.inputs,
            max_count=min(drawing.max_count, changing.max_count),
            sizes=drawing.sizes,
        ).corrected(self._corrections)

    async def generate(self, task: GenerateTask, run: Run) -> Result:
        """Draw from words, in one call."""
        model = task.model or self._model
        return await self._draw(generation(task, model, facts(model), self._params), run)

    async def edit(self, task: EditTask, run: Run) -> Result:
        """Change the given pictures, in one call."""
        run.check()
        model = task.model or self._edit_model
        return await self._draw(await change(task, model, facts(model), self._edit_params), run)

    async def _draw(self, call: Call, run: Run) -> Result:
        try:
            drawing = await self._service.draw(call, facts(call.model).prices, run)
        except EngineRejected as error:
            if error.args_["field"] == "model" and not call.own_model:
                raise await run.unless_cancelled(self._no_such_model(call.model, error)) from error
            raise
        failure = drawing.failure
        missing = call.count - len(drawing.pictures)
        found, drawing.pictures = drawing.pictures[: call.count], []
        while found:  # each is let go of as soon as it is stored
            try:
                await run.picture(DrawnPicture(found.pop(0)))
            except EngineError as error:  # the others may be good
                failure, missing = error, missing + 1
        if missing > 0 and failure is not None:
            raise failure
        return Result(model=call.model, cost=drawing.cost, facts=drawing.facts)

    async def _no_such_model(self, model: str, error: EngineError) -> EngineError:
        """Return the error that names models there are; the one given where that cannot be told."""
        try:
            names = [each.id for each in await self.models()]
        except EngineError:
            return error
        if not names or model in names:
            return error
        near = difflib.get_close_matches(model, names, SUGGESTED) or names[:SUGGESTED]
        value = model if len(model) <= LONGEST_CHOICE else model[: LONGEST_CHOICE - 1] + "…"
        return UnknownChoice(engine=self.id, what=A_MODEL, value=value, known=", ".join(near), detail=error.detail)

    async def models(self) -> list[Model]:
        """List what the service lists, models that draw first; only the configured ones where it has no list."""
        listed = await self._service.models()
        if not listed:
            return [Model(name) for name in dict.fromkeys((self._model, self._edit_model))]
        return [Model(each.name, each.title) for each in sorted(listed, key=lambda each: not _draws(each.name))]

    async def check(self, draw: bool = False) -> Health:
        """List the models, which costs nothing and needs the key; with `draw` draw the smallest picture there is."""
        try:
            listed = await self._service.models()
        except EngineError as error:
            return checking.failed(self._http.base, error)
        if draw:
            return await checking.tried(self, self._http.base, self._model)
        told, certain = self._about_models(None if listed is None else [each.name for each in listed])
        return Health(certain, f"Reached {self._http.base}{told}")

    def _about_models(self, names: list[str] | None) -> tuple[str, bool]:
        """Say whether the configured models are among those on offer, and whether all may be well."""
        if not names:
            return (
                ", which lists no models (most addresses end in /v1beta): only a drawing shows whether address, key "
                "and model are right.",
                not self._official,
            )
        return checking.among((self._model, self._edit_model), names, complete=self._official)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()


def _draws(model: str) -> bool:
    """Tell whether a model draws, as far as its name shows."""
    return facts(model).known or "image" in model.lower() or "banana" in model.lower()
