"""The samplers of a graph: which nodes draw, what they draw from, and the nodes that tell them how."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from bot.engines.comfyui.proposal import Place
from bot.engines.comfyui.tracing import MODEL, PICTURE, Link, Nodes, link

MOST_SAMPLERS = 24
GUIDED_BY = ("positive", "guider", "conditioning", "cond")
"""A sampler is a node with one of these linked to it that has one of the next; two where nothing to draw over is
linked to it.
"""
DRAWS_WITH = frozenset({"steps", "seed", "noise_seed", "sigmas", "noise"})
NEGATIVES = ("negative", "neg_conditioning", "uncond", "negative_conditioning")
SIGMAS = re.compile(r"sigmas.*")
SAVES = re.compile(r"(?i)(?:save|preview).*|.*image ?sav.*|.*save ?image.*")
"""Classes that give away what they are handed, as the usual node packs name them."""
SAVED = re.compile(r"(?:.*_)?images?")
SAVES_TOO = frozenset({"image_output", "save_prefix"})
"""Inputs of samplers that save what they draw themselves."""

MODEL_NAMES = ("ckpt_name", "unet_name", "gguf_name", "model_name", "base_ckpt_name", "diffusion_model", "model_path")
"""Inputs that hold the file of a model; that of a LoRA is called otherwise."""

SETTINGS = {
    "seed": ("noise_seed", "seed"),
    "steps": ("steps",),
    "guidance": ("cfg", "cfg_conds"),
    "strength": ("denoise",),
    "sampler": ("sampler_name", "sampler"),
    "scheduler": ("scheduler",),
}
"""Roles and what samplers, and the nodes behind them, call them."""


@dataclass(frozen=True, slots=True)
class Sampler:
    """A node that draws."""

    id: str
    parts: tuple[str, ...]
    """Itself and the nodes that tell it how: guider, noise, sampler, sigmas."""
    positive: Link | None
    negative: Link | None
    start: Link | None
    """What it draws over: the latent, or a picture."""
    model: Link | None

    def place(self, nodes: Nodes, role: str) -> Place | None:
        """Return where it is told one of SETTINGS: an input of a node of its own, perhaps linked to another."""
        for node in self.parts:
            for key in SETTINGS[role]:
                value = nodes.inputs(node).get(key)
                # `sampler` is mostly a link to the node that holds the name, which is a part itself.
                if value is not None and not (key == "sampler" and link(value)):
                    return Place(node, key)
        return None


def number(value: object) -> TypeGuard[int | float]:
    """Tell whether an input holds a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def word(value: object) -> TypeGuard[str]:
    """Tell whether an input holds a name or a text."""
    return isinstance(value, str)


def kind_of(role: str) -> Callable[[object], bool]:
    """Return the check for what a role's inputs hold."""
    return word if role in ("sampler", "scheduler") else number


def savers(nodes: Nodes) -> tuple[str, ...]:
    """Return the nodes that give pictures away; where none has a name for it, those that nothing is linked to."""
    saving = [id_ for id_ in nodes.graph if _saves(nodes, id_)]
    lasting = [id_ for id_ in saving if not nodes.kind(id_).startswith("Preview")]
    if lasting or saving:
        return tuple(lasting or saving)
    used = {each[0] for id_ in nodes.graph for value in nodes.inputs(id_).values() if (each := link(value))}
    return tuple(id_ for id_ in nodes.graph if id_ not in used and nodes.linked(id_, SAVED))


def _saves(nodes: Nodes, id_: str) -> bool:
    if SAVES.fullmatch(nodes.kind(id_)):
        return bool(nodes.linked(id_, SAVED))
    return not SAVES_TOO.isdisjoint(nodes.inputs(id_))


def samplers(nodes: Nodes, live: Collection[str]) -> list[Sampler]:
    """Return the samplers among these nodes, those first that do not work on what another one drew."""
    found = [_sampler(nodes, id_) for id_ in nodes.graph if id_ in live and _samples(nodes, id_)][:MOST_SAMPLERS]
    ids = {each.id for each in found}

    def later(sampler: Sampler) -> bool:
        return any(node in ids - {sampler.id} for node, _ in nodes.along(sampler.start, PICTURE))

    return sorted(found, key=later)


def _samples(nodes: Nodes, id_: str) -> bool:
    draws_with = DRAWS_WITH.intersection(nodes.inputs(id_))
    enough = 1 if nodes.linked(id_, PICTURE) else 2
    return nodes.link(id_, *GUIDED_BY) is not None and len(draws_with) >= enough


def _sampler(nodes: Nodes, id_: str) -> Sampler:
    guider = nodes.link(id_, "guider")
    told = [id_, *([guider[0]] if guider else [])]
    others = [nodes.link(id_, "noise"), nodes.link(id_, "sampler")]
    sigmas = [node for node, _ in nodes.along(nodes.link(id_, "sigmas"), SIGMAS)]
    parts = (*told, *(each[0] for each in others if each), *sigmas)
    starts = nodes.linked(id_, PICTURE)
    latents = [key for key in starts if "latent" in key or "samples" in key]
    return Sampler(
        id=id_,
        parts=tuple(dict.fromkeys(part for part in parts if part in nodes.graph)),
        positive=_first(nodes, told, ("positive", "conditioning", "cond1", "cond")),
        negative=_first(nodes, told, NEGATIVES),
        start=nodes.link(id_, *latents, *starts),
        model=_first(nodes, parts, [key for part in parts for key in nodes.linked(part, MODEL)]),
    )


def _first(nodes: Nodes, ids: Sequence[str], keys: Sequence[str]) -> Link | None:
    return next((found for id_ in ids if (found := nodes.link(id_, *keys)) is not None), None)


def models(nodes: Nodes, start: Link | None) -> Iterator[str]:
    """Yield the nodes that a model comes through, up to those that load it."""
    for node, _ in nodes.along(start, MODEL):
        yield node


def loaded(nodes: Nodes, sampler: Sampler) -> Iterator[Place]:
    """Yield where the files stand that a sampler's model is loaded from: several when models are merged."""
    for node in models(nodes, sampler.model):
        for key in MODEL_NAMES if not nodes.linked(node, MODEL) else ():  # what is fed a model loads something for it
            if key in nodes.inputs(node) and (place := nodes.settled(Place(node, key), word)):
                yield place
                break
