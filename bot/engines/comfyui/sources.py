"""The picture files of a graph: which nodes load them, and what they are there for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.engines.comfyui.proposal import Place, Words
from bot.engines.comfyui.samplers import Sampler
from bot.engines.comfyui.tracing import MASK, MODEL, PICTURE, Link, Nodes, link
from bot.i18n.marks import N_

Use = Literal["start", "shown", "reference", "control", "style", "other"]
WEAK = frozenset({"control", "style", "other"})
"""Uses of pictures that people bring only where they bring no other."""

LOADS = re.compile(r"(?i).*load ?image.*")
LOADS_OTHERWISE = re.compile(r"(?i).*(?:mask|base64|url|path|batch|video|folder|dir|output).*")
"""Loaders whose input `image` is no name of an uploaded picture."""
ALPHA = "alpha"
GREYED = frozenset({"VAEEncodeForInpaint"})
"""Classes that paint over what is masked before the sampler sees it."""

WHY: dict[Use, str] = {
    "start": N_("the picture that {node} starts from"),
    "shown": N_("the picture that {node} looks at"),
    "reference": N_("the reference picture of {node}"),
    "control": N_("the control picture of {node}"),
    "style": N_("the picture for the style, used by {node}"),
    "other": N_("a picture that {node} works with"),
}
SEVERAL_PICTURES = N_(
    "The first picture goes to node {first}, the next to {others}. A single picture goes to all of them."
)
PICTURE_ELSEWHERE = N_("Node {node} keeps its own file, which must be on the ComfyUI server: no sampler works with it.")
PICTURE_KEPT = N_("Node {node} keeps its own file, which must be on the ComfyUI server: it is {why}.")
MASK_ALONE = N_("the mask: what of the picture may change")
ONE_FILE = N_(
    "Node {node} gives the picture and, from its transparency, the mask. Easel hands over two files: add a second "
    "LoadImage node, take its MASK output in the place of this one's, and export the workflow again."
)
CHANNEL = N_(
    "Node {node} reads the mask from the channel “{channel}”, but Easel's masks are in the alpha channel. Choose "
    "“alpha” there, and export the workflow again."
)
COLOURS = N_(
    "The mask is made from the colours of the picture in node {node}, but Easel's masks are in the alpha channel. Use "
    "the MASK output of that node, without ImageToMask, and export the workflow again."
)
INVERTED = N_(
    "Node {node} turns the mask round. Easel's masks are transparent where the picture may change, and LoadImage gives "
    "that as it is wanted: without this node, the marked part changes."
)
MADE = N_("The mask is made by node {node}, so nobody can bring one.")


@dataclass(frozen=True, slots=True)
class Picture:
    """A node that loads a picture, and what for."""

    id: str
    use: Use
    user: str
    """The node it is for."""


@dataclass(frozen=True, slots=True)
class Masks:
    """Where masks come from."""

    places: tuple[Place, ...] = ()
    problems: tuple[Words, ...] = ()
    remarks: tuple[Words, ...] = ()


def pictures(nodes: Nodes, samplers: Sequence[Sampler]) -> list[Picture]:
    """Return the nodes that load a picture, each once: those first that are drawn over, then those looked at."""
    found: dict[str, Picture] = {}
    for use, user, at in sorted(_uses(nodes, samplers), key=lambda each: list(WHY).index(each[0])):
        for node, slot in nodes.along(at, PICTURE):
            if slot == 0 and loads(nodes, node) and node not in found:
                found[node] = Picture(node, use, user)
    return list(found.values())


def unused(nodes: Nodes, live: Collection[str], but: Collection[str]) -> list[str]:
    """Return the nodes that load a picture for something else than the samplers: to be put over the result, say."""
    return [id_ for id_ in _seen(nodes, live) if id_ not in but]


def _seen(nodes: Nodes, live: Collection[str]) -> list[str]:
    """Return the nodes that load a picture that these nodes look at, not only at its mask."""
    taken = {source for id_ in live for value in nodes.inputs(id_).values() if (source := link(value))}
    return [id_ for id_ in nodes.graph if (id_, 0) in taken and loads(nodes, id_)]


def _uses(nodes: Nodes, samplers: Sequence[Sampler]) -> Iterator[tuple[Use, str, Link | None]]:
    for sampler in samplers:
        yield "start", sampler.id, sampler.start
        for side, start in (("positive", sampler.positive), ("negative", sampler.negative)):
            for node, slot in nodes.encoders(start, side):
                inputs = nodes.inputs(node)
                use: Use = "shown" if nodes.text_keys(node, slot, side) else "reference"
                if any("control" in key for key in inputs):
                    use = "control"
                for key in nodes.linked(node, PICTURE):
                    yield use, node, link(inputs[key])
        for node, _ in nodes.along(sampler.model, MODEL):
            for key in nodes.linked(node, PICTURE):
                yield "style", node, nodes.link(node, key)
        for node in _seen(nodes, nodes.upstream([sampler.id])):
            yield "other", sampler.id, (node, 0)


def loads(nodes: Nodes, node: str) -> bool:
    """Tell whether a node loads a picture that was uploaded."""
    kind = nodes.kind(node)
    named = LOADS.fullmatch(kind) and not LOADS_OTHERWISE.fullmatch(kind)
    return bool(named) and isinstance(nodes.inputs(node).get("image"), str)


def masks(nodes: Nodes, samplers: Sequence[Sampler], images: Sequence[str]) -> Masks:
    """Return where the masks of what is drawn over come from; `images` are the nodes that load the picture itself."""
    places: dict[Place, None] = {}
    problems: dict[str, Words] = {}
    remarks: dict[str, Words] = {}
    for node, key in _masked(nodes, samplers):
        maker = ""
        for at, slot in nodes.walk(nodes.link(node, key), lambda node, slot: _onward(nodes, node)):
            maker = at
            kind, channel = nodes.kind(at), nodes.value(Place(at, "channel"))
            if kind == "InvertMask":
                remarks[at] = Words(INVERTED, {"node": nodes.named(at)})
            if kind.startswith("LoadImageMask") and channel != ALPHA:
                problems[at] = Words(CHANNEL, {"node": nodes.named(at), "channel": channel})
            elif kind.startswith("LoadImageMask"):
                places[Place(at, "image")] = None
            elif loads(nodes, at) and slot == 0:
                problems[at] = Words(COLOURS, {"node": nodes.named(at)})
            elif loads(nodes, at) and at in images:
                problems[at] = Words(ONE_FILE, {"node": nodes.named(at)})
            elif loads(nodes, at):
                places[Place(at, "image")] = None
            else:
                continue
            maker = ""
            break
        if maker:
            remarks[maker] = Words(MADE, {"node": nodes.named(maker)})
    return Masks(tuple(places), tuple(problems.values()), tuple(remarks.values()))


def _masked(nodes: Nodes, samplers: Sequence[Sampler]) -> Iterator[tuple[str, str]]:
    """Yield the inputs by which masks limit what is drawn: beside the pixels or latents that are drawn over."""
    for sampler in samplers:
        drawn = [node for node, _ in nodes.along(sampler.start, PICTURE)]
        told = [node for node, _ in nodes.encoders(sampler.positive, "positive")]
        for node in dict.fromkeys((*drawn, *(each for each in told if nodes.linked(each, PICTURE)))):
            for key in nodes.linked(node, MASK):
                yield node, key


def _onward(nodes: Nodes, node: str) -> list[str]:
    by = nodes.linked(node, MASK)
    return by or (nodes.linked(node, PICTURE) if nodes.kind(node).startswith("ImageToMask") else [])
