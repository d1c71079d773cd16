"""What the ComfyUI server can be ordered to do wrong.

`server.order(comfyui_faults.OUT_OF_MEMORY)` means the next prompt that is submitted; a `Reply` needs the call it is
for: `server.order(comfyui_faults.SERVER_ERROR, on="GET /history")`.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.serving_calls import HTML, Order, Reply


@dataclass(frozen=True, slots=True)
class Failure:
    """A node that raises."""

    type: str
    """As the server names it: `ValueError`, `torch.OutOfMemoryError`."""
    message: str
    at: str = "KSampler"
    """The class of the node that raises, before it does anything else."""


@dataclass(frozen=True, slots=True)
class PromptFault(Order):
    """A prompt that is accepted and does not end well."""

    failure: Failure | None = None
    after_saving: bool = False
    """The failure comes when the first output is saved already, wherever it is `at`."""
    lost: bool = False
    """When its turn comes it is gone: not in the queue, never in the history, no events."""
    black: bool = False
    """What is decoded is black, with success (NaN in the model)."""
    without_outputs: bool = False
    """Success, and the history's outputs are empty."""
    without_events: bool = False
    """Nothing about it comes over the websocket."""
    answer_lost: bool = False
    """It is queued and runs, but the connection is closed instead of saying so."""


_MEMORY = (
    "Allocation on device 0 would exceed allowed memory. (out of memory)\nCurrently allocated : 7.31 GiB\n"
    "This error means you ran out of memory on your GPU.\n\nTIPS: If the workflow worked before you might have "
    "accidentally set the batch_size to a large number.\n"
)


def fails(type: str, message: str, at: str = "KSampler") -> PromptFault:
    """Let a node of this class raise."""
    return PromptFault(failure=Failure(type, message, at))


OUT_OF_MEMORY = fails("torch.OutOfMemoryError", _MEMORY)
CUDA_OUT_OF_MEMORY = fails("RuntimeError", "CUDA error: out of memory\nCUDA kernel errors might be reported later.\n")
ACCELERATOR_OUT_OF_MEMORY = fails("torch.AcceleratorError", "CUDA error: out of memory\n")
BROKEN_MODEL = fails(
    "safetensors_rust.SafetensorError",
    "Error while deserializing header: incomplete metadata, file not fully covered\n",
    "CheckpointLoaderSimple",
)
NO_CLIP = fails(
    "RuntimeError",
    "ERROR: clip input is invalid: None\n\nIf the clip is from a checkpoint loader node your checkpoint does not "
    "contain a valid clip or text encoder model.\n",
    "CLIPTextEncode",
)
FAILS_AFTER_SAVING = PromptFault(failure=Failure("ValueError", "the second branch is wrong\n"), after_saving=True)
LOST = PromptFault(lost=True)
BLACK = PromptFault(black=True)
NO_OUTPUTS = PromptFault(without_outputs=True)
NO_EVENTS = PromptFault(without_events=True)
ANSWER_LOST = PromptFault(answer_lost=True)

SERVER_ERROR = Reply.text(500, "500 Internal Server Error\n\nServer got itself in trouble")
BAD_GATEWAY = Reply.text(502, "<html><body><h1>502 Bad Gateway</h1></body></html>", HTML)
UNAUTHORIZED = Reply.text(
    401, "<html><body><h1>401 Authorization Required</h1></body></html>", HTML, WWW_Authenticate='Basic realm="comfy"'
)
UPLOAD_TOO_LARGE = Reply.text(413, "Maximum request body size 104857600 exceeded, actual body size 104857601")
NOT_FOUND = Reply(404, content_type="application/octet-stream")
UNDECODABLE = Reply(200, b"This is no picture. " * 400, "image/png")
"""For `on="GET /view"`."""
EMPTY_FILE = Reply(200, b"", "image/png")
SWARM_DENIED = Reply.text(401, "<html><body>Permission denied.</body></html>", HTML)
SWARM_NO_BACKEND = Reply.text(400, "<html><body>No ComfyUI backend available, loading failed.</body></html>", HTML)
SWARM_SCALING = Reply.json(
    400,
    {
        "error": "[SwarmUI] No backend available, but auto-scaling was triggered, and a new backend is loading. Please "
        "wait a moment, then retry."
    },
)
SWARM_NOTHING_FITS = Reply.json(400, {"error": "[SwarmUI] No functional comfy backend available to run this request."})
