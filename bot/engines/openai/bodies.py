"""The requests of the images API: a JSON object to generate, a form to edit."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from bot.engines.base import Capabilities, EditTask, GenerateTask, InputPicture
from bot.net.client import Part

PARTIALS = 2
"""Partial pictures asked for where they are shown while the engine draws."""
EXTENSIONS: Mapping[str, str] = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
DIFFUSION: Mapping[str, str] = {
    "seed": "seed",
    "steps": "num_inference_steps",
    "guidance": "guidance_scale",
    "negative": "negative_prompt",
}
"""What a person may ask for, as vLLM-Omni and others name it; sent where the operator says that a server takes it."""

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
    optional: frozenset[str]
    """Parameters without which the result is still as asked."""
    json: Mapping[str, object] | None = None
    parts: tuple[Part, ...] | None = None

    def without(self, names: Collection[str]) -> Call:
        """Return this call without those of these parameters that are optional."""
        left_out = self.optional & set(names)
        if "stream" in left_out:
            left_out |= {"partial_images"}  # is refused without it
        if not left_out:
            return self
        return replace(
            self,
            optional=self.optional - left_out,
            json=self.json and {name: value for name, value in self.json.items() if name not in left_out},
            parts=self.parts and tuple(part for part in self.parts if part.name not in left_out),
        )


@dataclass(frozen=True, slots=True)
class Form:
    """What a call has beside its task."""

    path: str
    model: str
    """The task's or the configured one."""
    size: tuple[int, int]
    can: Capabilities
    """Of the model."""
    params: Params
    in_body: bool = True
    """The body names the model."""
    response_format: str = ""
    """Empty: is not sent."""


def generation(task: GenerateTask, form: Form) -> Call:
    """Return the call that draws from words, with nothing in it that a server may not know but `params`."""
    fields = _fields(task, form)
    return Call(form.path, form.model, task.prompt, task.count, task.model is None, _optional(fields, form), fields)


def change(task: EditTask, form: Form) -> Call:
    """Return the call that changes pictures."""
    fields = _fields(task, form)
    parts = [Part(name, _text(value)) for name, value in fields.items() if value is not None]
    name = "image" if len(task.inputs) == 1 else "image[]"  # many servers take one of the two forms only
    parts += [_file(name, f"image-{number}", picture) for number, picture in enumerate(task.inputs, 1)]
    if task.mask is not None:
        parts.append(_file("mask", "mask", task.mask))
    optional = _optional(fields, form)
    return Call(form.path, form.model, task.prompt, task.count, task.model is None, optional, parts=tuple(parts))


def _fields(task: GenerateTask | EditTask, form: Form) -> dict[str, object]:
    fields: dict[str, object] = {"prompt": task.prompt}
    if form.in_body:
        fields["model"] = form.model
    fields |= {"n": task.count, "size": f"{form.size[0]}x{form.size[1]}"}
    for name, parameter in DIFFUSION.items():
        if getattr(form.can, name) and (value := getattr(task, name)) not in (None, ""):
            fields[parameter] = value
    if form.can.preview and task.count == 1:  # OpenAI: "Streaming is only supported with n=1."
        fields |= {"stream": True, "partial_images": PARTIALS}
    if form.response_format:
        fields["response_format"] = form.response_format
    return fields | dict(form.params)


def _optional(fields: Mapping[str, object], form: Form) -> frozenset[str]:
    """Return what may be left out: not what a person asked for, unless a server does just that without being asked."""
    optional = {*form.params, "stream", "partial_images", "response_format"}
    if fields["n"] == 1:
        optional.add("n")
    if form.can.sizes.fixed == (form.size,):
        optional.add("size")
    return frozenset(optional & fields.keys())


def _text(value: object) -> bytes:
    """Return a value as a field of a form; half a character, which UTF-8 cannot say, becomes `?`."""
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "replace")


def _file(field: str, name: str, picture: InputPicture) -> Part:
    """Return a file; without a name and a type some servers refuse it."""
    return Part(field, picture.data, filename=f"{name}.{EXTENSIONS[picture.mime]}", mime=picture.mime)
