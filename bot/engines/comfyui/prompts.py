"""Where a graph takes the words from: the texts behind the positive and the negative conditioning of its samplers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.engines.comfyui.proposal import NOTHING, Place, Words
from bot.engines.comfyui.samplers import SETTINGS, Sampler, number
from bot.engines.comfyui.tracing import ZERO, Link, Nodes
from bot.i18n.marks import N_

POSITIVE = N_("the positive text of {node}")
NEGATIVE = N_("the negative text of {node}")
SAME = N_("The positive and the negative text come from the same node, so a negative prompt has no place.")
ZEROED = N_("The negative text is switched off by node {node}, so a negative prompt has no place.")
POSITIVE_ZEROED = N_("The positive text is switched off by node {node}, so a prompt has no place.")
UNKNOWN = N_("The text of {node} could not be followed further than node {last}, which Easel does not know.")


POSITIVE_TITLE = re.compile(r"(?i)prompt|positive|提示|正面|正向")
NEGATIVE_TITLE = re.compile(r"(?i)negative|负面|負面|反向|负向|負向")
UNTITLED = "CLIP Text Encode (Prompt)"
"""What ComfyUI calls each text encoder that nobody gave a title."""

Group = tuple[Place, ...]
"""Texts that are told the same."""


@dataclass(frozen=True, slots=True)
class Found:
    """The places that get a text, and what else could have been meant."""

    first: Group = ()
    others: tuple[Group, ...] = ()
    why: Words = NOTHING


@dataclass(frozen=True, slots=True)
class Prompts:
    """What `read` finds."""

    positive: Found
    negative: Found
    remarks: tuple[Words, ...] = ()


def read(nodes: Nodes, samplers: Sequence[Sampler]) -> Prompts:
    """Find the texts. What the first sampler is told counts; others take part where they say the same."""
    main = samplers[0]
    positive = {each.id: list(_groups(nodes, each.positive, "positive")) for each in samplers}
    negative = {each.id: list(_groups(nodes, each.negative, "negative")) for each in samplers}
    used = {place for groups in positive.values() for group in groups for place in group}
    apart = {id_: [group for group in groups if used.isdisjoint(group)] for id_, groups in negative.items()}
    remarks: list[Words] = []
    if zeroed := _zeroed(nodes, main.positive, "positive"):
        remarks.append(Words(POSITIVE_ZEROED, {"node": zeroed}))
    elif main.positive and not positive[main.id]:
        last = [node for node, _ in nodes.encoders(main.positive, "positive")][-1:]
        remarks += [Words(UNKNOWN, {"node": nodes.named(main.id), "last": nodes.named(node)}) for node in last]
    if negative[main.id] and not apart[main.id]:
        remarks.append(Words(SAME))
    if zeroed := _zeroed(nodes, main.negative, "negative"):
        remarks.append(Words(ZEROED, {"node": zeroed}))
    return Prompts(
        _found(nodes, positive, POSITIVE, POSITIVE_TITLE),
        _found(nodes, apart, NEGATIVE, NEGATIVE_TITLE),
        tuple(remarks),
    )


def _zeroed(nodes: Nodes, start: Link | None, side: str) -> str:
    """Return what a sentence calls the nodes that switch a text off, empty if there is none."""
    return nodes.listed(node for node, _ in nodes.encoders(start, side) if nodes.kind(node) == ZERO)


def _groups(nodes: Nodes, start: Link | None, side: str) -> Iterator[Group]:
    """Yield the texts of each encoder; its own are one group: SDXL's and Flux's two models are told the same."""
    for node, slot in nodes.encoders(start, side):
        group: list[Place] = []
        others: list[Place] = []
        for key in nodes.text_keys(node, slot, side):
            if (source := nodes.link(node, key)) is None:
                group.append(Place(node, key))
            elif texts := nodes.strings(source, side):
                group.append(texts[0])
                others += texts[1:]
        if group:
            yield tuple(dict.fromkeys(group))
        yield from ((place,) for place in dict.fromkeys(others) if place not in group)


def _found(nodes: Nodes, groups: Mapping[str, Sequence[Group]], why: str, title: re.Pattern[str]) -> Found:
    """Choose of the first sampler's groups that one whose node's title says so, else the first; those with the same
    text go with it.
    """
    every = list(dict.fromkeys(group for each in groups.values() for group in each))
    own = next((each for each in groups.values() if each), [])
    if not own:
        return Found()
    titled = [group for group in own if _title_says(nodes, group[0].node, title)]
    first = titled[0] if len(titled) == 1 else own[0]
    texts = {nodes.value(place) for place in first}
    same = [group for group in every if {nodes.value(place) for place in group} <= texts]
    places = dict.fromkeys((*first, *(place for group in same for place in group)))
    users = [id_ for id_, each in groups.items() if any(group in (first, *same) for group in each)]
    others = [group for group in every if group != first and group not in same]
    return Found(tuple(places), tuple(others), Words(why, {"node": nodes.listed(users)}))


def _title_says(nodes: Nodes, node: str, title: re.Pattern[str]) -> bool:
    found = nodes.title(node)
    return found != UNTITLED and title.search(found) is not None


def named(nodes: Nodes, live: Sequence[str]) -> Iterator[tuple[str, list[Place]]]:
    """Yield roles and the inputs that their names alone speak for."""
    texts = [Place(id_, key) for id_ in live for key in nodes.text_keys(id_, 0, "positive")]
    yield "prompt", [place for place in texts if isinstance(nodes.value(place), str)]
    negative = [Place(id_, key) for id_ in live for key in nodes.text_keys(id_, 1, "negative")]
    yield "negative", [place for place in negative if place not in texts and nodes.value(place) is not None]
    keys: dict[str, tuple[str, ...]] = {
        "width": ("width", "empty_latent_width"),
        "height": ("height", "empty_latent_height"),
        "count": ("batch_size",),
    }
    for role in ("seed", "steps", "guidance"):
        keys[role] = SETTINGS[role]
    for role, names in keys.items():
        found = [Place(id_, key) for id_ in live for key in names if key in nodes.inputs(id_)]
        yield role, [place for place in found if number(nodes.value(place))]
