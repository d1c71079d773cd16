"""The workflows in `workflows/` (API format) and their node ids, the same in all three."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "workflows"
GENERATE, EDIT, INPAINT = FOLDER / "generate.json", FOLDER / "edit.json", FOLDER / "inpaint.json"

SAMPLER = "3"
CHECKPOINT = "4"
LATENT = "5"
"""EmptyLatentImage: width, height, batch_size; in `generate.json`."""
PROMPT = "6"
NEGATIVE = "7"
DECODE = "8"
SAVE = "9"
IMAGE = "10"
"""LoadImage; in `edit.json` and `inpaint.json`."""
SCALE = "11"
"""ImageScale: width, height; in `edit.json`."""
ENCODE = "12"
REPEAT = "13"
"""RepeatLatentBatch: amount; in `edit.json`."""
NOISE_MASK = "14"
"""SetLatentNoiseMask; in `inpaint.json`."""
MASK = "15"
"""LoadImageMask with channel `alpha`: transparent = drawn anew; in `inpaint.json`."""


def graph(path: Path = GENERATE, **inputs: Any) -> dict[str, Any]:
    """Return a workflow; `seed=7` and the like set that input in every node that has it and not from another node."""
    nodes: dict[str, Any] = json.loads(path.read_text("utf-8"))
    for node in nodes.values():
        own = {name for name, value in node["inputs"].items() if not isinstance(value, list)}
        node["inputs"] |= {name: value for name, value in inputs.items() if name in own}
    return nodes
