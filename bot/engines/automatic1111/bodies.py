"""Tasks as the requests of the API (`modules/api/models.py`). Fields a server does not know, it ignores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.engines.automatic1111.choices import Entry
from bot.engines.base import EditTask, GenerateTask, Task, UpscaleTask

STEPS = 20
"""Where nobody says: the page's own default. The API's is 50."""
STRENGTH = 0.75
"""The API's default, said because SD.Next has another."""
CROP_AND_RESIZE = 1
"""A picture of another shape than the size asked for is cut, not stretched."""
INPAINTING: Mapping[str, object] = {
    "mask_blur": 4,
    "inpainting_fill": 1,  # begin with what is there
    "inpaint_full_res": False,  # the whole picture is looked at, so that what is new fits into it
    "inpaint_full_res_padding": 32,
    "inpainting_mask_invert": 0,
}
"""How an edit with a mask is made; `edit_params` may say otherwise. White is drawn anew."""
OWN = frozenset({"n_iter", "force_task_id", "send_images", "init_images", "include_init_images"})
"""Fields that are no operator's to set: what is read from the answer depends on them."""
HIRES_MODULES = ["Use same choices"]

Params = Mapping[str, object]
"""What the operator adds to every request."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where a task does not say; None or empty = the server's own default."""

    steps: int | None = None
    guidance: float | None = None
    strength: float | None = None
    sampler: str = ""
    scheduler: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The names of a task, as the server has them."""

    model: str | None = None
    sampler: str | None = None
    scheduler: str | None = None
    style: str | None = None
    loras: tuple[tuple[Entry, float], ...] = field(default=())
    """With their weights."""


def check_params(name: str, params: Params) -> None:
    """Raise ValueError("<key>: what is wrong") for params that cannot be sent, or may not be."""
    try:
        json.dumps(params, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: cannot be sent as JSON: {error}") from error
    if forbidden := sorted(OWN & params.keys()):
        raise ValueError(f"{name}.{forbidden[0]}: Easel sets that itself")
    batch = params.get("batch_size", 1)
    if not isinstance(batch, int) or isinstance(batch, bool) or batch < 1:
        raise ValueError(f"{name}.batch_size: must be a whole number, 1 or larger: as many are drawn at once at most")


def generation(task: GenerateTask, chosen: Chosen, defaults: Defaults, params: Params, batch: int) -> dict[str, object]:
    """Return the body of txt2img."""
    return _finished(_common(task, chosen, defaults, batch), params)


def change(
    task: EditTask, chosen: Chosen, defaults: Defaults, params: Params, batch: int, pictures: tuple[str, str | None]
) -> dict[str, object]:
    """Return the body of img2img; `pictures` are the first input and its mask in base64."""
    image, mask = pictures
    strength = defaults.strength if task.strength is None else task.strength
    body = _common(task, chosen, defaults, batch) | {
        "init_images": [image],
        "denoising_strength": STRENGTH if strength is None else strength,
        "resize_mode": CROP_AND_RESIZE,
        "include_init_images": False,
    }
    if mask is not None:
        body |= {"mask": mask, **INPAINTING}
    return _finished(body, params)


def enlargement(task: UpscaleTask, upscaler: str, image: str) -> dict[str, object]:
    """Return the body of extra-single-image."""
    return {
        "image": image,
        "resize_mode": 1,  # to a size
        "upscaling_resize_w": task.width,
        "upscaling_resize_h": task.height,
        "upscaling_crop": True,
        "upscaler_1": upscaler,
    }


def _common(task: Task, chosen: Chosen, defaults: Defaults, batch: int) -> dict[str, object]:
    """Return what both kinds of request have. `batch` pictures are drawn at once, as often as it takes."""
    tags = [f"<lora:{lora.name}:{weight:g}>" for lora, weight in chosen.loras if not lora.path]
    named = [{"path": lora.path, "multiplier": weight} for lora, weight in chosen.loras if lora.path]
    batch = min(batch, task.count)
    guidance = defaults.guidance if task.guidance is None else task.guidance
    said: dict[str, object | None] = {
        "cfg_scale": guidance,
        "sampler_name": chosen.sampler,
        "scheduler": chosen.scheduler,
        "styles": None if chosen.style is None else [chosen.style],
        "lora": named or None,
        "override_settings": None if chosen.model is None else {"sd_model_checkpoint": chosen.model},
    }
    return {
        "prompt": " ".join([task.prompt, *tags]) if tags else task.prompt,
        "negative_prompt": task.negative,
        "seed": -1 if task.seed is None else task.seed,
        "steps": task.steps or defaults.steps or STEPS,
        "width": task.width,
        "height": task.height,
        "batch_size": batch,
        "n_iter": -(-task.count // batch),
        "send_images": True,
        "save_images": False,
        **{name: value for name, value in said.items() if value is not None},
    }


def _finished(body: dict[str, object], params: Params) -> dict[str, object]:
    """Return the body with the operator's params, which hold."""
    params = {name: value for name, value in params.items() if name != "batch_size"}  # a limit, and obeyed as one
    own, theirs = body.get("override_settings"), params.get("override_settings")
    body = body | params
    if isinstance(own, dict) and isinstance(theirs, dict):
        body["override_settings"] = own | theirs
    if body.get("enable_hr"):  # Forge answers 500 without the first, and its default of the second is 1.0
        body.setdefault("hr_additional_modules", HIRES_MODULES)
        if "cfg_scale" in body:
            body.setdefault("hr_cfg", body["cfg_scale"])
    return body
