"""The requests of the Gemini API: `generateContent` to draw and to change, `predict` for Imagen.

Sources: google-genai 3.4 (its types, and what it sends), ai.google.dev/gemini-api/docs/image-generation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from bot.engines.base import EditTask, GenerateTask
from bot.engines.gemini.models import USUAL, Facts, Form, Method, bare
from bot.net.encoding import in_base64

OWN = frozenset({"contents", "instances"})
"""What a request is about: never left out, and not the operator's to set."""
_UNKNOWN = re.compile(r"Unknown name \\?\"([\w-]{1,80})\\?\"(?: at '([\w.\[\]-]{0,200})')?: Cannot find field")
_STEP = re.compile(r"[\w-]+")

Params = Mapping[str, object]
"""What the operator adds to every request."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call that draws."""

    method: Method
    model: str
    prompt: str
    count: int
    own_model: bool
    """The model is the configured one, not a person's choice."""
    json: Mapping[str, object]

    @property
    def path(self) -> str:
        """Where it is sent; a person may have named the model, so nothing in the name can lead elsewhere."""
        return f"/models/{quote(self.model, safe='')}:{self.method}"

    def without_unknown(self, words: str) -> Call | None:
        """Return this call without the fields that a server says it cannot find; None if that leaves out nothing."""
        json: object = self.json
        for name, at in _UNKNOWN.findall(words):
            json = _without(json, [*_STEP.findall(at), name])
        assert isinstance(json, Mapping)
        return None if json == self.json else replace(self, json=json)


def generation(task: GenerateTask, model: str, can: Facts, params: Params) -> Call:
    """Return the call that draws from words, with `params` merged in last."""
    form = can.form(task.width, task.height)
    json = _prediction(task, form) if can.method == "predict" else _contents([{"text": task.prompt}], form)
    return _call(task, model, can.method, json, params)


async def change(task: EditTask, model: str, can: Facts, params: Params) -> Call:
    """Return the call that changes pictures.

    One picture that keeps its shape is sent without one: then the result has exactly its shape, not the nearest of a
    list. With several the model might follow another than the first.
    """
    parts: list[object] = [
        {"inlineData": {"mimeType": each.mime, "data": await in_base64(each.data)}} for each in task.inputs
    ]
    form = can.form(task.width, task.height)
    first = task.inputs[0]
    kept = can.form(first.width, first.height)
    if len(task.inputs) == 1 and kept.aspect == form.aspect:
        form = replace(form, aspect="")
    return _call(task, model, "generateContent", _contents([*parts, {"text": task.prompt}], form), params)


def _call(task: GenerateTask | EditTask, model: str, method: Method, json: Params, params: Params) -> Call:
    return Call(method, bare(model), task.prompt, task.count, task.model is None, merged(json, params))


def _contents(parts: Sequence[object], form: Form) -> dict[str, object]:
    """Words are asked for beside pictures: so a model that refuses says why."""
    image = {"aspectRatio": form.aspect} if form.aspect else {}
    if form.size != USUAL:
        image["imageSize"] = form.size
    config: dict[str, object] = {"responseModalities": ["TEXT", "IMAGE"]}
    if image:
        config["imageConfig"] = image
    return {"contents": [{"role": "user", "parts": list(parts)}], "generationConfig": config}


def _prediction(task: GenerateTask, form: Form) -> dict[str, object]:
    parameters = {"sampleCount": task.count, "aspectRatio": form.aspect, "includeRaiReason": True}
    return {"instances": [{"prompt": task.prompt}], "parameters": parameters}


def merged(base: Params, more: Params) -> dict[str, object]:
    """Return both, objects within objects merged, `more` last. A name in snake_case is the one in camelCase: the API
    takes either, but not both.
    """
    found = dict(base)
    for key, value in more.items():
        name = _camel(key) if _camel(key) in found else key
        old = found.get(name)
        found[name] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return found


def _without(value: object, path: Sequence[str]) -> object:
    """Return a value without what is at a path, written in snake_case and with numbers for places in lists."""
    first, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        alike = {key for key in value if key not in OWN and _camel(key) == _camel(first)}
        if not rest:
            return {key: each for key, each in value.items() if key not in alike}
        return {key: _without(each, rest) if key in alike else each for key, each in value.items()}
    if isinstance(value, list) and first.isdecimal() and rest:
        return [_without(each, rest) if place == int(first) else each for place, each in enumerate(value)]
    return value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each[:1].upper() + each[1:] for each in others)
