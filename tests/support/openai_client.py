"""OpenAI's own client beside a local server, and pictures to give it."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from openai import AsyncOpenAI
from PIL import Image

from tests.support.openai_pictures import drawn, encoded
from tests.support.openai_server import OpenAIServer

MODEL = "gpt-image-2"
SMALL = "1024x640"
"""The fewest pixels there may be."""
File = tuple[str, bytes, str]
"""Name, bytes, MIME type."""


@asynccontextmanager
async def calling(server: OpenAIServer) -> AsyncIterator[AsyncOpenAI]:
    """Give a client with the right key that tries everything once."""
    async with AsyncOpenAI(api_key=server.key, base_url=server.url, max_retries=0) as client:
        yield client


def opened(b64: str | None) -> Image.Image:
    """Return the picture of an answer. Raises ValueError, OSError."""
    assert b64
    return Image.open(io.BytesIO(base64.b64decode(b64, validate=True)))


def picture(width: int = 96, height: int = 64, format: str = "png") -> File:
    """Return an input."""
    return f"input.{format}", encoded(drawn("input", width, height), format), f"image/{format}"


def mask(width: int = 96, height: int = 64) -> File:
    """Return a mask whose left half may change."""
    alpha = Image.new("L", (width, height), 255)
    alpha.paste(0, (0, 0, width // 2, height))
    image = Image.new("RGBA", (width, height))
    image.putalpha(alpha)
    return "mask.png", encoded(image, "png"), "image/png"
