"""Inputs of an edit and its mask, made what an engine takes; the pixels are handled in the sandbox."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from bot.errors import MaskMarksNothing, MaskSize, StorageFull, UnfitPicture
from bot.pictures import decode, encode, masks
from bot.pictures.inspect import MIMES, RESULT_PIXELS, Inspected, same_size_or_refuse, sniff
from bot.pictures.sandbox import ChildDied, Sandbox

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

PNG = MIMES["PNG"]
TIMEOUT_S = 60
"""A PNG of 40 million pixels takes some ten seconds to be written, and may have to be written several times."""
FEWEST_PIXELS = 256 * 256
"""A picture is not made smaller than this for its mask's sake."""


@dataclass(frozen=True, slots=True)
class InputPicture:
    """A picture given to an edit: inspected, upright, free of metadata, decodable."""

    data: bytes
    mime: str
    """`image/png`, `image/jpeg` or `image/webp`."""
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class InputRule:
    """Which input pictures and masks an engine takes. The core fits them to it before it calls `edit`."""

    formats: tuple[str, ...] = tuple(MIMES.values())
    """MIME types, PNG or JPEG among them."""
    max_pixels: int = sys.maxsize
    """Of one picture: width times height."""
    max_bytes: int = sys.maxsize
    """Of one picture's file."""
    square: bool = False
    """Pictures are as wide as high, PNG, and have an alpha channel (dall-e-2): a transparent border makes them so."""
    mask: masks.Form = "alpha"
    """How the mask says what may change. It is a PNG as large as the first picture."""
    max_mask_bytes: int = sys.maxsize
    needs_mask: bool = False
    """It draws nothing without a mask: then transparent pixels of the first picture may change, or all if none is."""


async def prepare_mask(sandbox: Sandbox, mask: Inspected, picture: Inspected) -> Inspected:
    """Return the mask of a picture in the one form that is stored: a PNG whose transparent pixels may change.

    Raises MaskSize; MaskMarksNothing when it is neither transparent anywhere nor white on black; what `fit_inputs`
    raises for trouble with its file.
    """
    same_size_or_refuse(picture, mask)
    async with sandbox.scratch() as directory:
        source, target = directory / "source", directory / "target"
        await sandbox.write(source, mask.data)
        if not await _in_child(sandbox, masks.normalise, source, target, _format(mask.data), RESULT_PIXELS):
            raise MaskMarksNothing
        return Inspected(await sandbox.read(target), PNG, mask.width, mask.height, transparent=True)


async def fit_inputs(
    sandbox: Sandbox, inputs: Sequence[InputPicture], mask: InputPicture | None, rule: InputRule
) -> tuple[tuple[InputPicture, ...], InputPicture | None]:
    """Return the inputs as the rule wants them, the ones that fit unchanged, and the mask in the engine's form.

    Pictures keep their aspect and lose as little as they can; the mask is scaled along with the first. Any picture that
    `prepare_mask` takes will do as mask. Raises MaskSize, MaskMarksNothing, UnfitPicture (it cannot be made small
    enough, or that takes too much time or memory), StorageFull, and OSError for other trouble of ours.
    """
    if mask is not None and (mask.width, mask.height) != (inputs[0].width, inputs[0].height):
        sizes = [f"{each.width}x{each.height}" for each in (mask, inputs[0])]
        raise MaskSize(mask=sizes[0], picture=sizes[1])
    masked = mask is not None or rule.needs_mask
    if not masked and all(_fits(each, rule) for each in inputs):
        return tuple(inputs), mask
    async with sandbox.scratch() as directory:
        fitted = [await _picture(sandbox, directory, each, rule) for each in inputs]
        if not masked:
            return tuple(fitted), None
        while (made := await _mask(sandbox, directory, inputs[0], mask, fitted[0], rule)) is None:
            pixels = fitted[0].width * fitted[0].height // 2
            if pixels < FEWEST_PIXELS:
                raise UnfitPicture
            fitted[0] = await _picture(sandbox, directory, inputs[0], replace(rule, max_pixels=pixels))
        return tuple(fitted), made


def _fits(picture: InputPicture, rule: InputRule) -> bool:
    return (
        picture.mime in rule.formats
        and picture.width * picture.height <= rule.max_pixels
        and len(picture.data) <= rule.max_bytes
        and not rule.square  # whether there is an alpha channel, only the child can tell
    )


async def _picture(sandbox: Sandbox, directory: Path, picture: InputPicture, rule: InputRule) -> InputPicture:
    if _fits(picture, rule):
        return picture
    source, target = directory / "picture", directory / "fitted"
    await sandbox.write(source, picture.data)
    found = await _in_child(
        sandbox,
        encode.fit_input,
        source,
        target,
        _format(picture.data),
        [format for format, mime in MIMES.items() if mime in rule.formats],
        rule.max_pixels,
        rule.max_bytes,
        rule.square,
        RESULT_PIXELS,
    )
    if found is None:
        raise UnfitPicture
    return InputPicture(await sandbox.read(target), MIMES[found.format], found.width, found.height)


async def _mask(
    sandbox: Sandbox,
    directory: Path,
    first: InputPicture,
    mask: InputPicture | None,
    fitted: InputPicture,
    rule: InputRule,
) -> InputPicture | None:
    """Return the mask for the fitted first picture, None if it is too large. Without one it is the picture's own."""
    source, target = directory / "mask", directory / "made"
    given = mask or first
    await sandbox.write(source, given.data)
    size = fitted.width, fitted.height
    made = await _in_child(
        sandbox,
        masks.own if mask is None else masks.fit,
        source,
        target,
        _format(given.data),
        size,
        rule.square,
        rule.mask,
        rule.max_mask_bytes,
        RESULT_PIXELS,
    )
    if made is None:
        raise MaskMarksNothing
    return InputPicture(await sandbox.read(target), PNG, *size) if made else None


def _format(data: bytes) -> decode.Format:
    format = sniff(data)
    if format is None:
        raise ValueError("not a stored picture")
    return format


async def _in_child(sandbox: Sandbox, function: Callable[[*Ts], T], *args: *Ts) -> T:
    """Return what the function returns, tried once more on a busy machine."""
    try:
        try:
            return await sandbox.call(function, *args, timeout_s=TIMEOUT_S)
        except (ChildDied, TimeoutError):
            return await sandbox.call(function, *args, timeout_s=TIMEOUT_S)
    except Exception as error:
        if not isinstance(error, OSError) or error.errno is None:  # Pillow's have no number
            raise UnfitPicture(detail=repr(error)) from error
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(detail=repr(error)) from error
        raise
