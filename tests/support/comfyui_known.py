"""The graphs in `comfyui_graphs/`, in the API format as ComfyUI exports them, and small changes to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "comfyui_graphs"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
Graph = dict[str, dict[str, Any]]


def node(kind: str, title: str = "", /, **inputs: object) -> dict[str, Any]:
    """Return a node; `title` is what it is called in ComfyUI."""
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": title or kind}}


def known(name: str, **changed: dict[str, Any] | None) -> Graph:
    """Return a graph with other nodes (`n20=node(…)`) in the place of its own or beside them; None takes one out."""
    graph: Graph = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    nodes = graph | {id_[1:]: each for id_, each in changed.items() if each is not None}
    return {id_: each for id_, each in nodes.items() if changed.get(f"n{id_}", each) is not None}


def told(name: str, id_: str, **inputs: object) -> Graph:
    """Return a graph with other inputs in one node."""
    graph = known(name)
    graph[id_]["inputs"] |= inputs
    return graph
