"""What is read from the server's record of a finished prompt (`GET /history/{id}`, written once, at the end)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Self

from bot.engines.comfyui.workflow import Graph

STILL = frozenset({".png", ".jpg", ".jpeg", ".webp"})
"""What a picture's file name ends with; SaveVideo puts its .mp4 among the images, too."""
FILMS = frozenset({"gifs", "videos", "video"})
"""Keys of films: what ends like a picture there is an animation, or its first frame."""
ENDING = re.compile(r"\.\w{1,5}")


@dataclass(frozen=True, slots=True)
class SavedPicture:
    """A picture on the server's disk."""

    filename: str
    subfolder: str
    type: str
    """The folder: `output`, or `temp` for what a preview node shows."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a prompt ended early. All empty where the record does not say."""

    node: str = ""
    """`id, class`."""
    type: str = ""
    """Of the exception, such as `torch.OutOfMemoryError`."""
    message: str = ""
    interrupted: bool = False
    """Somebody stopped it."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a prompt ended, and what it left behind."""

    pictures: tuple[SavedPicture, ...]
    """Those saved as results, in the graph's order; what preview nodes show only where nothing was saved."""
    other: tuple[str, ...]
    """What else came out: `text`, `audio .flac`, `images .mp4` …"""
    failure: Failure | None
    """None = it ran to its end. A failed prompt may have saved pictures before it failed."""
    graph: Graph
    """The prompt as it ran."""

    @classmethod
    def read(cls, entry: Mapping[str, object]) -> Self:
        """Read a record, whatever is missing or strange in it."""
        graph = _graph(entry)
        outputs = _table(entry.get("outputs"))
        place = {node_id: position for position, node_id in enumerate(graph)}
        # The server keeps neither outputs nor output ids in an order of the graph's own (0.38: the ids are a set).
        ordered = sorted(outputs, key=lambda node_id: place.get(node_id, len(place)))
        found: dict[SavedPicture, None] = {}
        other: set[str] = set()
        for node_id in ordered:
            _sort(_table(outputs[node_id]), found, other)
        failure = _failure(_table(entry.get("status")))
        saved = tuple(each for each in found if each.type == "output")
        shown = tuple(each for each in found if each.type == "temp")
        return cls(saved or (shown if failure is None else ()), tuple(sorted(other)), failure, graph)


def _graph(entry: Mapping[str, object]) -> Graph:
    prompt = entry.get("prompt")
    graph = _table(prompt[2]) if isinstance(prompt, list) and len(prompt) > 2 else {}
    return {node_id: node for node_id, node in graph.items() if isinstance(node, dict)}


def _sort(output: Mapping[str, object], found: dict[SavedPicture, None], other: set[str]) -> None:
    """Add the still pictures of one node's output to those found, each once, and what else there is to the other.

    Most nodes call their pictures `images`; some do not, such as a comparer with `a_images` and `b_images`.
    """
    animated = output.get("animated")
    moving = isinstance(animated, list) and any(animated)
    for kind, values in output.items():
        for value in values if isinstance(values, list) and kind != "animated" else []:
            picture = _picture(_table(value))
            ending = PurePosixPath(picture.filename).suffix.lower() if picture else ""
            if picture is not None and ending in STILL and not moving and kind not in FILMS:
                found[picture] = None
            else:
                other.add(f"{kind} {ending}" if ENDING.fullmatch(ending) else kind)


def _picture(named: Mapping[str, object]) -> SavedPicture | None:
    filename, subfolder, type_ = (named.get(key, "") for key in ("filename", "subfolder", "type"))
    if not (isinstance(filename, str) and isinstance(subfolder, str) and isinstance(type_, str)):
        return None
    return SavedPicture(filename, subfolder, type_)


def _failure(status: Mapping[str, object]) -> Failure | None:
    """Return why it failed; None also where the status is missing, as in old versions."""
    if status.get("status_str") != "error":
        return None
    messages = status.get("messages")
    for message in reversed(messages if isinstance(messages, list) else []):
        if not isinstance(message, list) or len(message) < 2:
            continue
        kind, data = message[0], _table(message[1])
        if kind in ("execution_error", "execution_interrupted"):
            node = ", ".join(str(data[key]) for key in ("node_id", "node_type") if key in data)
            return Failure(
                node,
                str(data.get("exception_type", "")),
                str(data.get("exception_message", "")).strip(),
                interrupted=kind == "execution_interrupted",
            )
    return Failure()


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
