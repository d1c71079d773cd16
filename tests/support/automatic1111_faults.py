"""What a server of the AUTOMATIC1111 family can be ordered to do wrong.

`server.order(automatic1111_faults.BLACK)` means the next drawing; a `Reply` may be for any call:
`server.order(automatic1111_faults.TOO_MANY, on="POST /internal/progress")`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tests.support.serving_calls import HTML, Order, Reply


@dataclass(frozen=True, slots=True)
class Twist(Order):
    """A drawing that ends with 200, and is not quite what is expected."""

    colour: tuple[int, int, int] | None = None
    """Every picture is this and nothing else."""
    pictures: tuple[bytes, ...] | None = None
    """Files instead of drawn ones."""
    grid: bool = False
    """All pictures in one come first, as with `return_grid`."""
    maps: int = 0
    """So many further pictures behind, as ControlNet's."""
    info: Literal["", "table", "broken"] | None = None
    """Empty, a table instead of a string, no JSON; None = as the dialect has it."""
    encoding: Literal["base64", "data url", "garbage"] = "base64"
    model: str | None = None
    """The checkpoint that draws, whatever was asked for."""
    drop: Literal["before", "headers", "half"] | None = None
    """Where the answer breaks off; the drawing is done."""


TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/home/somebody/stable-diffusion-webui/modules/api/api.py", line 445, in text2imgapi\n'
)


def error(type: str, words: str, key: str = "errors") -> Reply:
    """Return a 500 as the API's middleware words it."""
    return Reply.json(500, {"error": type, "detail": "", "body": "", key: words})


_MEMORY = (
    "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 7.78 GiB of which 11.75 MiB is "
    "free. See /home/somebody/docs/memory.txt for details."
)
OUT_OF_MEMORY = error("OutOfMemoryError", _MEMORY)
FORGE_OUT_OF_MEMORY = error("OutOfMemoryError", _MEMORY, "message")
NAN = error(
    "NansException",
    "A tensor with all NaNs was produced in Unet. This could be either because there's not enough precision to "
    "represent the picture, or because your video card does not support half type.",
)
NO_MODEL = error("RuntimeError", "model 'nothing.safetensors' not found")
BAD_IMAGE = Reply.json(500, {"detail": "Invalid encoded image"})
NO_SAMPLER = Reply.json(404, {"detail": "Sampler not found"})
NO_API = Reply.json(404, {"detail": "Not Found"})
WRONG_FIELD = Reply.json(
    422,
    {
        "detail": [
            {
                "type": "less_than_equal",
                "loc": ["body", "steps"],
                "msg": "Input should be less than or equal to 150",
                "input": 900,
            }
        ]
    },
)
SCRIPT_MISSING = Reply.json(422, {"detail": "always on script ControlNet not found"})
TRACEBACK = error("TypeError", TRACE + "TypeError: argument of type 'NoneType' is not iterable")
TEXT_500 = Reply.text(500, "Internal Server Error")
TOO_MANY = Reply.json(429, {"detail": "Rate limit exceeded"}, retry_after="7")
TOO_MANY_IN_WORDS = Reply.json(429, {"detail": "Too many requests, try again in 1m5s"})
TOO_MANY_SILENT = Reply.text(429, "slow down")
NOT_NOW = Reply.text(503, "<html><body>Service Temporarily Unavailable</body></html>", HTML)
BAD_GATEWAY = Reply.text(502, "<html><body><h1>502 Bad Gateway</h1></body></html>", HTML)
GATEWAY_TIMEOUT = Reply.text(504, "<html><body><h1>504 Gateway Time-out</h1></body></html>", HTML)
TUNNEL_TIMEOUT = Reply.text(524, "<html><head><title>524: A timeout occurred</title></head></html>", HTML)
HTML_LOGIN = Reply.text(200, "<!DOCTYPE html><html><body>Log in to continue</body></html>", HTML)
MOVED = Reply(302, headers={"location": "https://login.example/?token=abc"})
TOO_LARGE = Reply.text(413, "<html><body>413 Request Entity Too Large</body></html>", HTML)
NO_IMAGES = Reply.json(200, {"images": [], "parameters": {}, "info": ""})
NO_KEY = Reply.json(200, {"error": "nothing"})
DATA_LIST = Reply.json(200, {"images": None, "info": None})
BLACK = Twist(colour=(0, 0, 0))
GRID = Twist(grid=True)
MAPS = Twist(maps=2)
NO_INFO = Twist(info="")
TABLE_INFO = Twist(info="table")
BROKEN_INFO = Twist(info="broken")
DATA_URL = Twist(encoding="data url")
GARBAGE = Twist(encoding="garbage")
NO_PICTURE = Twist(pictures=(b"This is no picture. " * 400,))
CUT_BEFORE = Twist(drop="before")
CUT_HALFWAY = Twist(drop="half")
