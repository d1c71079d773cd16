"""What pictures of Easel's say of themselves, and what others' say: off the event loop, or in the sandbox."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

from bot.pictures import exif, texts
from bot.pictures.infotext import Infotext, read, write
from bot.pictures.inspect import sniff
from bot.pictures.sandbox import ChildDied, Sandbox
from bot.types import Plan

VERSION = f"Easel {version('easel')}"
LARGEST_FRAME = 32
"""Bytes around EXIF in a file: WebP's extended header of 18 and a chunk's of 8 and 1, or a JPEG segment's 10."""


def of_plan(plan: Plan, *, width: int, height: int, seed: int | None, model: str = "", prompt: str = "") -> Infotext:
    """Return what a picture of this size, in pixels, was drawn from: the plan, and what the engine told of it.

    `prompt` is the one really sent, if it was another. Names and order are AUTOMATIC1111's; `Engine`, `Loras` and the
    `Version` that names Easel are not among those it reads.
    """
    facts = {
        "Steps": _figure(plan.steps),
        "Sampler": plan.sampler or "",
        "Schedule type": plan.scheduler or "",
        "CFG scale": _figure(plan.guidance),
        "Seed": _figure(plan.seed if seed is None else seed),
        "Size": f"{width}x{height}",
        "Model": model or plan.model or "",
        "Denoising strength": _figure(plan.strength),
        "Loras": ", ".join(f"{lora.name}:{_figure(lora.weight)}" for lora in plan.loras),
        "Engine": plan.engine,
        "Version": VERSION,
    }
    return Infotext(prompt or plan.prompt, plan.negative, {name: value for name, value in facts.items() if value})


async def described(data: bytes, infotext: Infotext, limit: int | None = None) -> bytes:
    """Return an inspected picture with this as its text in place of any other; its pixels and profile stay as they are.

    The picture as it is if it had more than `limit` bytes with it. Raises ValueError when the file is damaged.
    """
    format = _format(data)
    if format is None:
        raise ValueError("neither PNG nor JPEG nor WebP")
    written = await asyncio.to_thread(texts.with_infotext, data, format, infotext)
    return written if limit is None or len(written) <= limit else data


def added_bytes(infotext: Infotext) -> int:
    """Return how many bytes at most `described` makes a JPEG or WebP larger, so that they can be kept free."""
    return len(exif.written(write(infotext))) + LARGEST_FRAME


async def infotext_in(stored: bytes) -> Infotext | None:
    """Return what `described` wrote into a picture of ours, None if nothing; quick, and for no stranger's file."""
    return await asyncio.to_thread(_own, stored)


async def read_from(sandbox: Sandbox, data: bytes) -> Infotext | None:
    """Return what anybody's picture says it was drawn from; None if it says nothing that can be read.

    None, too, when reading takes too much time or memory. Raises OSError for trouble of ours.
    """
    format = _format(data)
    if format is None:
        return None
    try:
        async with sandbox.scratch() as directory:
            source = directory / "source"
            await sandbox.write(source, data)
            return await sandbox.call(texts.read_file, source, format)
    except (ChildDied, TimeoutError, MemoryError):
        return None


def _own(stored: bytes) -> Infotext | None:
    format = _format(stored)
    return None if format is None else read(texts.read_texts(stored, format))


def _format(data: bytes) -> texts.Format | None:
    match sniff(data):
        case "PNG" | "JPEG" | "WEBP" as format:
            return format
    return None


def _figure(value: float | None) -> str:
    """Return a number as AUTOMATIC1111 writes it: without a point if it has no part behind one."""
    if value is None:
        return ""
    return str(int(value)) if float(value).is_integer() else str(value)
