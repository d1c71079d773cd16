"""Where a graph takes size and number of its pictures from: the node that the first sampler's latent begins with."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.engines.comfyui.proposal import NOTHING, Place, Words
from bot.engines.comfyui.samplers import Sampler, models, number
from bot.engines.comfyui.tracing import PICTURE, Nodes
from bot.i18n.marks import N_

SIDES = (("width", "height"), ("empty_latent_width", "empty_latent_height"))
REPEATS = re.compile(r"Repeat.*Batch")
PRESET = re.compile(r".*(?:aspect|resolution|preset|dimensions).*")

WHY = N_("the size that {node} starts from")
DECIDED = N_("The size cannot be chosen: node {source} decides it.")
ONE_NUMBER = N_("Width and height both come from node {source}, so they cannot be chosen. Give each a node of its own.")
OVERRULED = N_("Node {node} also has a preset ({key}: {value}), which may overrule width and height.")


@dataclass(frozen=True, slots=True)
class Size:
    """What `read` finds."""

    widths: tuple[Place, ...] = ()
    heights: tuple[Place, ...] = ()
    counts: tuple[Place, ...] = ()
    why: Words = NOTHING
    remarks: tuple[Words, ...] = ()


def read(nodes: Nodes, main: Sampler) -> Size:
    """Find the first nodes on the way of the latent that have a size and a number of pictures."""
    way = [node for node, _ in nodes.along(main.start, PICTURE)] or [main.id]
    counts = [Place(node, "batch_size") for node in way if "batch_size" in nodes.inputs(node)]
    counts += [Place(node, "amount") for node in way if REPEATS.fullmatch(nodes.kind(node))]
    settled = tuple(place for each in counts if (place := nodes.settled(each, number)))
    for node in way:
        for keys in SIDES:
            found = nodes.inputs(node)
            # What has a corner too cuts a piece out.
            if all(key in found for key in keys) and "x" not in found:
                return _size(nodes, main, node, keys, settled)
    return Size(counts=settled)


def _size(nodes: Nodes, main: Sampler, node: str, keys: tuple[str, str], counts: tuple[Place, ...]) -> Size:
    sides = [_side(nodes, Place(node, key), role) for key, role in zip(keys, ("width", "height"), strict=True)]
    sources = [source[0] for key in keys if (source := nodes.link(node, key))]
    width, height = sides
    if width is None or height is None:
        return Size(counts=counts, remarks=(Words(DECIDED, {"source": nodes.listed(sources) or nodes.named(node)}),))
    if width == height:
        return Size(counts=counts, remarks=(Words(ONE_NUMBER, {"source": nodes.named(width.node)}),))
    remarks = [
        Words(OVERRULED, {"node": nodes.named(width.node), "key": key, "value": value})
        for key, value in nodes.inputs(width.node).items()
        if PRESET.fullmatch(key) and isinstance(value, str)
    ]
    also = [
        id_
        for id_ in dict.fromkeys((*models(nodes, main.model), *main.parts))
        if id_ != node
        and all(
            nodes.value(Place(id_, role)) == nodes.value(place)
            for role, place in (("width", width), ("height", height))
        )
    ]
    return Size(
        (width, *(Place(id_, "width") for id_ in also)),
        (height, *(Place(id_, "height") for id_ in also)),
        counts,
        Words(WHY, {"node": nodes.named(main.id)}),
        tuple(remarks),
    )


def _side(nodes: Nodes, place: Place, role: str) -> Place | None:
    """Return where a side stands; of a node that gives both, the input of that name."""
    if (source := nodes.link(place.node, place.key)) and number(nodes.value(Place(source[0], role))):
        return Place(source[0], role)
    return nodes.settled(place, number)
