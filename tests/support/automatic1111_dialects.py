"""What sets the servers of the AUTOMATIC1111 family apart, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Rows = list[dict[str, Any]]


def _sampler(name: str, *aliases: str) -> dict[str, Any]:
    return {"name": name, "aliases": list(aliases), "options": {}}


def _checkpoint(name: str, hash: str) -> dict[str, Any]:
    return {
        "title": f"{name}.safetensors [{hash}]",
        "model_name": name,
        "hash": hash,
        "sha256": hash * 6,
        "filename": f"/home/somebody/models/Stable-diffusion/{name}.safetensors",
        "config": None,
    }


CHECKPOINTS = [_checkpoint("dreamshaper_8", "879db523c3"), _checkpoint("sd_xl_base_1.0", "31e35c80fc")]
SAMPLERS = [
    _sampler("DPM++ 2M", "k_dpmpp_2m"),
    _sampler("DPM++ SDE", "k_dpmpp_sde"),
    _sampler("DPM++ 2M SDE", "k_dpmpp_2m_sde"),
    _sampler("Euler a", "k_euler_a", "k_euler_ancestral"),
    _sampler("Euler", "k_euler"),
]
SCHEDULERS = [
    {"name": name, "label": label, "aliases": aliases, "default_rho": -1.0, "need_inner_model": False}
    for name, label, aliases in (
        ("automatic", "Automatic", None),
        ("karras", "Karras", None),
        ("exponential", "Exponential", None),
        ("sgm_uniform", "SGM Uniform", ["SGMUniform"]),
    )
]
STYLES = [
    {"name": "--- mine ---", "prompt": "", "negative_prompt": ""},
    {"name": "Watercolour", "prompt": "{prompt}, watercolour", "negative_prompt": "photo"},
]
LORAS = [
    {
        "name": "sketch_v2",
        "alias": "Sketch",
        "path": "/home/somebody/models/Lora/sketch_v2.safetensors",
        "metadata": {"ss_tag_frequency": {"a": 1}},
    }
]
UPSCALERS = [
    {"name": name, "model_name": None, "model_path": None, "model_url": None, "scale": 4.0}
    for name in ("None", "Lanczos", "Nearest", "R-ESRGAN 4x+", "4x-UltraSharp")
]
LISTS: dict[str, Rows] = {
    "sd-models": CHECKPOINTS,
    "samplers": SAMPLERS,
    "schedulers": SCHEDULERS,
    "prompt-styles": STYLES,
    "loras": LORAS,
    "upscalers": UPSCALERS,
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """One program."""

    name: str
    lists: dict[str, Rows]
    """Path below /sdapi/v1 → what it lists; a path that is not here is 404."""
    also: dict[str, object]
    """Other things to GET, by their whole path."""
    failing: frozenset[str] = frozenset()
    """Lists that answer 500."""
    tasks: Literal["given", "own", "none"] = "given"
    """Whether /internal/progress knows tasks that clients name, only those of the page, or does not exist."""
    state: bool = True
    """There are progress and interrupt."""
    previews: bool = True
    no_content: bool = False
    """Interrupt answers 204."""
    jpeg: bool = False
    hires_needs_modules: bool = False
    sampler_404: bool = False
    info: Literal["whole", "seeds", "empty"] = "whole"
    one_picture: bool = False
    interrogate: str = "/sdapi/v1/interrogate"
    """Where pictures are described; empty for nowhere."""
    upscale: Literal["works", "fails", "missing"] = "works"
    error_key: str = "errors"
    """Where a 500 has its words, beside `error`."""
    plain_404: bool = False
    """Unknown routes have no JSON."""


_OPTIONS = {"samples_format": "png", "sd_model_checkpoint": CHECKPOINTS[0]["title"]}

A1111 = Dialect(
    "A1111",
    LISTS,
    {"/sdapi/v1/sd-vae": [], "/sdapi/v1/options": _OPTIONS, "/internal/ping": {}},
)
FORGE = Dialect(
    "Forge",
    LISTS,
    {"/sdapi/v1/sd-modules": [], "/sdapi/v1/options": _OPTIONS, "/internal/ping": {}},
    hires_needs_modules=True,
    error_key="message",
)
SDNEXT = Dialect(
    "SD.Next",
    LISTS,
    {
        "/sdapi/v1/sd-vae": [],
        "/sdapi/v1/options": _OPTIONS,
        "/sdapi/v1/version": {"app": "sd.next", "updated": "2026-07-01"},
        "/sdapi/v1/checkpoint": {"type": "sd", "class": "StableDiffusionPipeline", "title": CHECKPOINTS[0]["title"]},
    },
    failing=frozenset({"schedulers"}),
    tasks="own",
    no_content=True,
    jpeg=True,
    sampler_404=True,
    interrogate="/sdapi/v1/caption",
    upscale="fails",
)
SDCPP = Dialect(
    "stable-diffusion.cpp",
    {
        "sd-models": [
            {
                "title": "flux1-dev",
                "model_name": "flux1-dev",
                "filename": "flux1-dev.gguf",
                "hash": "8888888888",
                "sha256": "8888888888" * 6,
            }
        ],
        "samplers": [_sampler(name, name) for name in ("default", "euler", "euler_a", "dpm++2m")],
        "schedulers": [{"name": name, "label": name} for name in ("default", "discrete", "karras")],
        "loras": [{"name": "sketch_v2", "path": "sub/sketch_v2.safetensors"}],
        "upscalers": UPSCALERS,
    },
    {"/sdapi/v1/options": {"samples_format": "png", "sd_model_checkpoint": "flux1-dev"}},
    tasks="none",
    state=False,
    info="seeds",
    interrogate="",
    upscale="missing",
    plain_404=True,
)
KOBOLD = Dialect(
    "KoboldCpp",
    {
        "sd-models": [{"title": "inactive", "model_name": "inactive", "hash": "", "filename": ""}],
        "samplers": [_sampler("Euler", "k_euler"), _sampler("Euler a", "k_euler_a")],
    },
    {"/api/extra/version": {"result": "KoboldCpp", "version": "1.76"}, "/sdapi/v1/options": {}},
    tasks="none",
    state=False,
    info="empty",
    one_picture=True,
    upscale="missing",
    plain_404=True,
)
