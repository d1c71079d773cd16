"""The node classes of the ComfyUI server: what they take and give, and real pictures out of very cheap models."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image, ImageFilter
from PIL.PngImagePlugin import PngInfo

from tests.support.comfyui_files import Escape, Files
from tests.support.openai_pictures import drawn

Inputs = Mapping[str, Any]
"""A node's inputs with their links followed."""
Spec = list[Any]
"""One input as `/object_info` gives it: `["INT", {…}]`, `[[options…], {…}]` or `["MODEL"]`."""

SAMPLERS = ["euler", "euler_ancestral", "heun", "dpmpp_2m", "dpmpp_2m_sde", "lcm", "ddim", "uni_pc"]
SCHEDULERS = ["simple", "normal", "karras", "exponential", "sgm_uniform", "ddim_uniform", "beta"]
LARGEST = 16384


@dataclass(frozen=True, slots=True)
class Latent:
    """Pictures on their way through a sampler, kept in pixels."""

    pictures: tuple[Image.Image, ...]
    empty: bool = False
    mask: Image.Image | None = None
    """White = to be drawn."""


@dataclass(frozen=True, slots=True)
class Work:
    """What nodes need beside their inputs."""

    files: Files
    graph: Mapping[str, Any]
    extra: Mapping[str, Any] = field(default_factory=dict)
    black: bool = False


@dataclass(frozen=True, slots=True)
class NodeClass:
    """A class of nodes."""

    required: Callable[[Files, list[str]], dict[str, Spec]]
    """The inputs, given the files and the names of the models there are."""
    gives: tuple[str, ...]
    run: Callable[[Work, Inputs], Any]
    """Returns one value per output; an output node returns what it saved."""
    saves: bool = False
    category: str = "image"


def _whole(default: int, least: int, most: int, **more: Any) -> Spec:
    return ["INT", {"default": default, "min": least, "max": most, **more}]


def _real(default: float, least: float, most: float) -> Spec:
    return ["FLOAT", {"default": default, "min": least, "max": most, "step": 0.01}]


def _text(default: str = "") -> Spec:
    return ["STRING", {"multiline": True, "dynamicPrompts": True, "default": default}]


def fixed(**specs: Spec) -> Callable[[Files, list[str]], dict[str, Spec]]:
    """Return inputs that depend on nothing."""
    return lambda files, models: specs


# ── what the classes do ─────────────────────────────────────────────────────────────────────────────────────────


def _load_checkpoint(work: Work, given: Inputs) -> tuple[str, str, str]:
    return given["ckpt_name"], given["ckpt_name"], given["ckpt_name"]


def _encode_text(work: Work, given: Inputs) -> tuple[str]:
    return (given["text"],)


def _empty_latent(work: Work, given: Inputs) -> tuple[Latent]:
    size = given["width"] // 8 * 8, given["height"] // 8 * 8
    return (Latent((Image.new("RGB", size),) * given["batch_size"], empty=True),)


def sampled(given: Inputs, strength: float = 1.0) -> Latent:
    """Return the sampler's result; `strength` below 1 is a half-finished one."""
    latent: Latent = given["latent_image"]
    words = f"{given['model']} {given['positive']} {given['negative']} {given['seed']}"
    mask = None if latent.mask is None else latent.mask.resize(latent.pictures[0].size)
    done = []
    for number, base in enumerate(latent.pictures):
        over = drawn(f"{words} {number}", *base.size)
        part = strength if latent.empty else given["denoise"] * strength
        blended = Image.blend(base, over, part)
        done.append(blended if mask is None else Image.composite(blended, base, mask))
    return replace(latent, pictures=tuple(done), empty=False)


def _sample(work: Work, given: Inputs) -> tuple[Latent]:
    return (sampled(given),)


def _decode(work: Work, given: Inputs) -> tuple[tuple[Image.Image, ...]]:
    pictures: tuple[Image.Image, ...] = given["samples"].pictures
    return (tuple(Image.new("RGB", each.size) for each in pictures) if work.black else pictures,)


def _floored(pictures: tuple[Image.Image, ...]) -> tuple[Image.Image, ...]:
    width, height = pictures[0].width // 8 * 8, pictures[0].height // 8 * 8
    return tuple(each.crop((0, 0, width, height)) for each in pictures)


def _encode(work: Work, given: Inputs) -> tuple[Latent]:
    return (Latent(_floored(given["pixels"])),)


def _encode_for_inpaint(work: Work, given: Inputs) -> tuple[Latent]:
    grown = given["mask"].filter(ImageFilter.MaxFilter(given["grow_mask_by"] // 2 * 2 + 1))
    return (Latent(_floored(given["pixels"]), mask=grown),)


def _set_mask(work: Work, given: Inputs) -> tuple[Latent]:
    return (replace(given["samples"], mask=given["mask"]),)


def _repeat(work: Work, given: Inputs) -> tuple[Latent]:
    latent: Latent = given["samples"]
    return (replace(latent, pictures=latent.pictures * given["amount"]),)


def _load_image(work: Work, given: Inputs) -> tuple[tuple[Image.Image, ...], Image.Image]:
    picture = Image.open(io.BytesIO(work.files.annotated(given["image"]) or b""))
    mask = Image.new("L", (64, 64))
    if picture.has_transparency_data:
        mask = picture.convert("RGBA").getchannel("A").point(lambda level: 255 - level)
    return (picture.convert("RGB"),), mask


def _load_mask(work: Work, given: Inputs) -> tuple[Image.Image]:
    picture = Image.open(io.BytesIO(work.files.annotated(given["image"]) or b"")).convert("RGBA")
    channel = picture.getchannel(given["channel"][0].upper())
    return (channel.point(lambda level: 255 - level) if given["channel"] == "alpha" else channel,)


def _scale(work: Work, given: Inputs) -> tuple[tuple[Image.Image, ...]]:
    pictures: tuple[Image.Image, ...] = given["image"]
    width, height = given["width"], given["height"]
    width = width or round(pictures[0].width * height / pictures[0].height)
    height = height or round(pictures[0].height * width / pictures[0].width)
    return (tuple(each.resize((width, height)) for each in pictures),)


def _empty_image(work: Work, given: Inputs) -> tuple[tuple[Image.Image, ...]]:
    colour = tuple(given["color"].to_bytes(3, "big"))
    return ((Image.new("RGB", (given["width"], given["height"]), colour),) * given["batch_size"],)


def _save(work: Work, given: Inputs) -> dict[str, Any]:
    return _written(work, given["images"], given["filename_prefix"], "output")


def _preview(work: Work, given: Inputs) -> dict[str, Any]:
    return _written(work, given["images"], f"ComfyUI_temp_{secrets.token_hex(3)}", "temp")


def _written(work: Work, pictures: tuple[Image.Image, ...], prefix: str, type: str) -> dict[str, Any]:
    texts = PngInfo()
    texts.add_text("prompt", json.dumps(work.graph))
    for name, value in work.extra.get("extra_pnginfo", {}).items():
        texts.add_text(name, json.dumps(value))
    saved = []
    for picture in pictures:
        file = io.BytesIO()
        picture.save(file, "PNG", pnginfo=texts, compress_level=1)
        try:
            saved.append(work.files.save(prefix, file.getvalue(), type).json())
        except Escape:
            raise Exception("**** ERROR: Saving image outside the output folder is not allowed.") from None
    return {"images": saved}


_SIDE = _whole(512, 16, LARGEST, step=8)
_IMAGE_UPLOAD = {"image_upload": True}
CLASSES: Mapping[str, NodeClass] = {
    "CheckpointLoaderSimple": NodeClass(
        lambda files, models: {"ckpt_name": [models, {"tooltip": "The name of the checkpoint (model) to load."}]},
        ("MODEL", "CLIP", "VAE"),
        _load_checkpoint,
        category="loaders",
    ),
    "CLIPTextEncode": NodeClass(fixed(text=_text(), clip=["CLIP"]), ("CONDITIONING",), _encode_text),
    "EmptyLatentImage": NodeClass(
        fixed(width=_SIDE, height=_SIDE, batch_size=_whole(1, 1, 4096)), ("LATENT",), _empty_latent
    ),
    "KSampler": NodeClass(
        fixed(
            model=["MODEL"],
            seed=_whole(0, 0, 2**64 - 1, control_after_generate=True),
            steps=_whole(20, 1, 10000),
            cfg=_real(8.0, 0.0, 100.0),
            sampler_name=[SAMPLERS, {}],
            scheduler=[SCHEDULERS, {}],
            positive=["CONDITIONING"],
            negative=["CONDITIONING"],
            latent_image=["LATENT"],
            denoise=_real(1.0, 0.0, 1.0),
        ),
        ("LATENT",),
        _sample,
        category="sampling",
    ),
    "VAEDecode": NodeClass(fixed(samples=["LATENT"], vae=["VAE"]), ("IMAGE",), _decode),
    "VAEEncode": NodeClass(fixed(pixels=["IMAGE"], vae=["VAE"]), ("LATENT",), _encode),
    "VAEEncodeForInpaint": NodeClass(
        fixed(pixels=["IMAGE"], vae=["VAE"], mask=["MASK"], grow_mask_by=_whole(6, 0, 64)),
        ("LATENT",),
        _encode_for_inpaint,
    ),
    "SetLatentNoiseMask": NodeClass(fixed(samples=["LATENT"], mask=["MASK"]), ("LATENT",), _set_mask),
    "RepeatLatentBatch": NodeClass(fixed(samples=["LATENT"], amount=_whole(1, 1, 64)), ("LATENT",), _repeat),
    "LoadImage": NodeClass(
        lambda files, models: {"image": [files.top_level_inputs(), _IMAGE_UPLOAD]}, ("IMAGE", "MASK"), _load_image
    ),
    "LoadImageMask": NodeClass(
        lambda files, models: {
            "image": [files.top_level_inputs(), _IMAGE_UPLOAD],
            "channel": [["alpha", "red", "green", "blue"], {}],
        },
        ("MASK",),
        _load_mask,
    ),
    "ImageScale": NodeClass(
        fixed(
            image=["IMAGE"],
            upscale_method=[["nearest-exact", "bilinear", "area", "bicubic", "lanczos"], {}],
            width=_whole(512, 0, LARGEST),
            height=_whole(512, 0, LARGEST),
            crop=[["disabled", "center"], {}],
        ),
        ("IMAGE",),
        _scale,
    ),
    "EmptyImage": NodeClass(
        fixed(
            width=_whole(512, 1, LARGEST),
            height=_whole(512, 1, LARGEST),
            batch_size=_whole(1, 1, 4096),
            color=_whole(0, 0, 0xFFFFFF),
        ),
        ("IMAGE",),
        _empty_image,
    ),
    "SaveImage": NodeClass(fixed(images=["IMAGE"], filename_prefix=_text("ComfyUI")), (), _save, saves=True),
    "PreviewImage": NodeClass(fixed(images=["IMAGE"]), (), _preview, saves=True),
}


def object_info(name: str, files: Files, models: list[str], combos: bool) -> dict[str, Any]:
    """Return what `/object_info` says of a class; `combos`: lists in the newer form, `["COMBO", {"options": […]}]`."""
    class_ = CLASSES[name]
    required = {key: list(spec) for key, spec in class_.required(files, models).items()}
    if combos:
        for key, (kind, *options) in required.items():
            if isinstance(kind, list):
                required[key] = ["COMBO", {"options": kind, **options[0]}]
    return {
        "input": {"required": required},
        "input_order": {"required": list(required)},
        "output": list(class_.gives),
        "output_is_list": [False] * len(class_.gives),
        "output_name": list(class_.gives),
        "name": name,
        "display_name": name,
        "description": "",
        "python_module": "nodes",
        "category": class_.category,
        "output_node": class_.saves,
    }
