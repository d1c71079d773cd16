"""The requests of the images API: a JSON object to generate, a form to edit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.engines.base import EditTask, GenerateTask, InputPicture
from bot.net.client import Part

PARTIALS = 2
"""Partial pictures asked for where they are shown while the engine draws."""
EXTENSIONS: Mapping[str, str] = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}

Params = Mapping[str, object]
"""What the operator adds to every request."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call that draws."""

    path: str
    model: str
    prompt: str
    count: int
    own_model: bool
    """The model is the configured one, not a person's choice."""
    json: Mapping[str, object] | None = None
    parts: tuple[Part, ...] | None = None


def generation(task: GenerateTask, model: str, size: tuple[int, int], params: Params, *, streamed: bool) -> Call:
    """Return the call that draws from words, with nothing in it that a server may not know but `params`."""
    fields = {**_fields(task, model, size, streamed=streamed), **params}
    return Call("/images/generations", model, task.prompt, task.count, task.model is None, json=fields)


def change(task: EditTask, model: str, size: tuple[int, int], params: Params, *, streamed: bool) -> Call:
    """Return the call that changes pictures."""
    fields = {**_fields(task, model, size, streamed=streamed), **params}
    parts = [Part(name, _text(value)) for name, value in fields.items() if value is not None]
    name = "image" if len(task.inputs) == 1 else "image[]"  # many servers take one of the two forms only
    parts += [_file(name, f"image-{number}", picture) for number, picture in enumerate(task.inputs, 1)]
    if task.mask is not None:
        parts.append(_file("mask", "mask", task.mask))
    return Call("/images/edits", model, task.prompt, task.count, task.model is None, parts=tuple(parts))


def _fields(task: GenerateTask | EditTask, model: str, size: tuple[int, int], *, streamed: bool) -> dict[str, object]:
    fields: dict[str, object] = {
        "prompt": task.prompt,
        "model": model,
        "n": task.count,
        "size": f"{size[0]}x{size[1]}",
    }
    return {**fields, "stream": True, "partial_images": PARTIALS} if streamed else fields


def _text(value: object) -> bytes:
    """Return a value as a field of a form; half a character, which UTF-8 cannot say, becomes `?`."""
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "replace")


def _file(field: str, name: str, picture: InputPicture) -> Part:
    """Return a file; without a name and a type some servers refuse it."""
    return Part(field, picture.data, filename=f"{name}.{EXTENSIONS[picture.mime]}", mime=picture.mime)
