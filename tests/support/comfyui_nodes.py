"""The node classes of the ComfyUI server: what they take and give, and real pictures out of very cheap models."""

from __future__ import annotations

import io
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PIL import Image, ImageFilter

from tests.support.comfyui_files import Files
from tests.support.comfyui_more_nodes import MORE_CLASSES
from tests.support.comfyui_node_kinds import Inputs, Latent, NodeClass, Work, fixed, real, text, whole, written
from tests.support.openai_pictures import drawn

SAMPLERS = ["euler", "euler_ancestral", "heun", "dpmpp_2m", "dpmpp_2m_sde", "lcm", "ddim", "uni_pc"]
SCHEDULERS = ["simple", "normal", "karras", "exponential", "sgm_uniform", "ddim_uniform", "beta"]
LARGEST = 16384
PREVIEW_SIDE = 512


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


def half_done(given: Inputs, part: float) -> bytes:
    """Return a JPEG of the first picture at this part of its steps."""
    picture = sampled(given, part).pictures[0]
    picture.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=95)
    return file.getvalue()


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
    return written(work, given["images"], given["filename_prefix"], "output")


def _preview(work: Work, given: Inputs) -> dict[str, Any]:
    return written(work, given["images"], f"ComfyUI_temp_{secrets.token_hex(3)}", "temp")


_SIDE = whole(512, 16, LARGEST, step=8)
_IMAGE_UPLOAD = {"image_upload": True}
CLASSES: Mapping[str, NodeClass] = {
    "CheckpointLoaderSimple": NodeClass(
        lambda files, models: {"ckpt_name": [models, {"tooltip": "The name of the checkpoint (model) to load."}]},
        ("MODEL", "CLIP", "VAE"),
        _load_checkpoint,
        category="loaders",
    ),
    "CLIPTextEncode": NodeClass(fixed(text=text(), clip=["CLIP"]), ("CONDITIONING",), _encode_text),
    "EmptyLatentImage": NodeClass(
        fixed(width=_SIDE, height=_SIDE, batch_size=whole(1, 1, 4096)), ("LATENT",), _empty_latent
    ),
    "KSampler": NodeClass(
        fixed(
            model=["MODEL"],
            seed=whole(0, 0, 2**64 - 1, control_after_generate=True),
            steps=whole(20, 1, 10000),
            cfg=real(8.0, 0.0, 100.0),
            sampler_name=[SAMPLERS, {}],
            scheduler=[SCHEDULERS, {}],
            positive=["CONDITIONING"],
            negative=["CONDITIONING"],
            latent_image=["LATENT"],
            denoise=real(1.0, 0.0, 1.0),
        ),
        ("LATENT",),
        _sample,
        category="sampling",
    ),
    "VAEDecode": NodeClass(fixed(samples=["LATENT"], vae=["VAE"]), ("IMAGE",), _decode),
    "VAEEncode": NodeClass(fixed(pixels=["IMAGE"], vae=["VAE"]), ("LATENT",), _encode),
    "VAEEncodeForInpaint": NodeClass(
        fixed(pixels=["IMAGE"], vae=["VAE"], mask=["MASK"], grow_mask_by=whole(6, 0, 64)),
        ("LATENT",),
        _encode_for_inpaint,
    ),
    "SetLatentNoiseMask": NodeClass(fixed(samples=["LATENT"], mask=["MASK"]), ("LATENT",), _set_mask),
    "RepeatLatentBatch": NodeClass(fixed(samples=["LATENT"], amount=whole(1, 1, 64)), ("LATENT",), _repeat),
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
            width=whole(512, 0, LARGEST),
            height=whole(512, 0, LARGEST),
            crop=[["disabled", "center"], {}],
        ),
        ("IMAGE",),
        _scale,
    ),
    "EmptyImage": NodeClass(
        fixed(
            width=whole(512, 1, LARGEST),
            height=whole(512, 1, LARGEST),
            batch_size=whole(1, 1, 4096),
            color=whole(0, 0, 0xFFFFFF),
        ),
        ("IMAGE",),
        _empty_image,
    ),
    "SaveImage": NodeClass(fixed(images=["IMAGE"], filename_prefix=text("ComfyUI")), (), _save, saves=True),
    "PreviewImage": NodeClass(fixed(images=["IMAGE"]), (), _preview, saves=True),
    **MORE_CLASSES,
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
        "python_module": "comfy_api_nodes.nodes_bfl" if class_.paid else "nodes",
        "category": class_.category,
        "output_node": class_.saves,
        **({"api_node": class_.paid} if class_.paid or combos else {}),  # newer nodes say it when they are not, too
    }
