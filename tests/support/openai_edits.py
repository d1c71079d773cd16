"""The form of an edit: what its files must be, and its fields as the values they stand for."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from PIL import Image, UnidentifiedImageError

from tests.support.openai_models import FIXED_SIZES, MOST_INPUTS, error, invalid
from tests.support.serving_calls import Call, Reply, Upload

WITH_ALPHA = ("RGBA", "LA")
_MIMES = ("image/jpeg", "image/png", "image/webp")
_NUMBERS = ("n", "output_compression", "partial_images")
LARGEST_INPUT = 50_000_000
LARGEST_MASK = 4_000_000
"""Also of dall-e-2's picture. All three are less than so many bytes."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The pictures of an edit."""

    pictures: tuple[bytes, ...] = ()
    mask: bytes | None = None
    wrong: Reply | None = None
    """What is wrong with them or with the form."""

    def nearest_size(self) -> str:
        """Return the fixed size whose shape is nearest to the first picture's."""
        if not self.pictures:
            return FIXED_SIZES[0]
        width, height = Image.open(io.BytesIO(self.pictures[0])).size
        if width == height:
            return "1024x1024"
        return "1536x1024" if width > height else "1024x1536"


def from_form(call: Call) -> tuple[dict[str, Any], Inputs]:
    """Return an edit's values, of JSON types, and its pictures."""
    try:
        values = {name: _value(name, text) for name, text in call.fields.items()}
        return values, _inputs(call)
    except _Wrong as wrong:
        return {}, Inputs(wrong=wrong.reply)


class _Wrong(Exception):
    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


def _value(name: str, text: str) -> object:
    if name in ("image", "image[]", "mask"):
        raise _Wrong(invalid(name, f"Invalid type for '{name}': expected a file, but got a string.", "invalid_type"))
    if name in _NUMBERS:
        return int(text) if text.lstrip("-").isdigit() else text
    if name == "stream":
        return text.lower() == "true"
    return text


def _inputs(call: Call) -> Inputs:
    if not call.headers.get("content-type", "").startswith("multipart/form-data"):
        raise _Wrong(error(400, "Unsupported content type. This API method takes 'multipart/form-data' requests."))
    images = [each for each in call.uploads if each.name in ("image", "image[]")]
    masks = [each for each in call.uploads if each.name == "mask"]
    for each in call.uploads:
        if each.name not in ("image", "image[]", "mask"):
            raise _Wrong(invalid(each.name, f"Unknown parameter: '{each.name}'.", "unknown_parameter"))
    for name, found in (("image", [each for each in images if each.name == "image"]), ("mask", masks)):
        if len(found) > 1:
            text = "You provided multiple values for this parameter, whereas only one is allowed."
            raise _Wrong(invalid(name, f"Duplicate parameter: '{name}'. {text}", "duplicate_parameter"))
    if not images:
        raise _Wrong(invalid("image", "Missing required parameter: 'image'.", "missing_required_parameter"))
    if len(images) > MOST_INPUTS:
        text = (
            f"Expected an array with maximum length {MOST_INPUTS}, but got an array with length {len(images)} instead."
        )
        raise _Wrong(invalid("image", f"Invalid 'image': array too long. {text}", "array_above_max_length"))
    for number, each in enumerate(images, 1):
        _check(each, f"Invalid image file or mode for image {number}, please check your image file.")
        if each.size >= LARGEST_INPUT:
            raise _Wrong(invalid(each.name, f"Image {number} is larger than 50 MB.", "image_too_large"))
    if call.fields.get("model") == "dall-e-2":
        _check_old(images, masked=bool(masks))
    if masks:
        _check_mask(masks[0], images[0])
    return Inputs(tuple(each.data for each in images), masks[0].data if masks else None)


def _check(upload: Upload, broken: str) -> None:
    """Look at the type a file is said to be, and at what it is."""
    if upload.mime not in _MIMES:
        supported = "Supported file formats are 'image/jpeg', 'image/png', and 'image/webp'."
        text = f"Invalid file '{upload.name}': unsupported mimetype ('{upload.mime}'). {supported}"
        raise _Wrong(invalid(upload.name, text, "unsupported_file_mimetype"))
    try:
        with Image.open(io.BytesIO(upload.data), formats=("PNG", "JPEG", "WEBP")) as picture:
            picture.load()
    except (UnidentifiedImageError, OSError, SyntaxError):
        raise _Wrong(invalid(upload.name, broken, "invalid_image_file")) from None


def _check_old(images: list[Upload], *, masked: bool) -> None:
    """Look at what dall-e-2 takes: one square PNG with an alpha channel that says what may change if no mask does."""
    first = images[0]
    if len(images) > 1:
        raise _Wrong(invalid("image", "Invalid 'image': only one image is supported.", "array_above_max_length"))
    with Image.open(io.BytesIO(first.data)) as picture:
        format, mode, square = picture.format, picture.mode, picture.width == picture.height
        clear = mode in WITH_ALPHA and picture.getchannel("A").getextrema()[0] == 0
    if format != "PNG" or first.size >= LARGEST_MASK:
        text = "Uploaded image must be a PNG and less than 4 MB."
    elif not square:
        text = "Uploaded image must be square."
    elif mode not in WITH_ALPHA:
        text = f"Invalid input image - format must be in ['RGBA', 'LA'], got {mode}."
    elif not masked and not clear:
        text = "Invalid input image - without a mask, the image must have transparency."
    else:
        return
    raise _Wrong(invalid("image", text, "invalid_image_format"))


def _check_mask(mask: Upload, first: Upload) -> None:
    broken = "Invalid mask image format - the mask must be a PNG with an alpha channel."
    _check(mask, broken)
    with Image.open(io.BytesIO(mask.data)) as picture:
        right = picture.format == "PNG" and picture.mode in WITH_ALPHA
    if not right:
        raise _Wrong(invalid("mask", broken, "invalid_mask_image_format"))
    if mask.pixels != first.pixels:
        text = "Invalid mask image format - mask size does not match image size."
        raise _Wrong(invalid("mask", text, "invalid_mask_image_format"))
    if mask.size >= LARGEST_MASK:
        raise _Wrong(invalid("mask", "The mask is larger than 4 MB.", "image_too_large"))
