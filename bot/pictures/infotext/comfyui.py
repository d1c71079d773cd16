"""What a ComfyUI graph draws: read from the API format that ComfyUI writes into its pictures as `prompt`.

There are thousands of node classes, and the inputs of most are named as those of ComfyUI's own (comfy_extras/ and
nodes.py): so inputs are gone by, not classes. A sampler is what has a `latent_image` and a `positive` or a `guider`;
everything else is found by following its links. Graphs come from strangers: a walk visits a node once, and few nodes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from bot.pictures.infotext.parameters import Infotext

Inputs = dict[str, Any]

LONGEST_WALK = 2_000
"""Nodes; the largest graphs in use have some hundreds."""
LONGEST_NUMBER_WALK = 8
"""Nodes that pass a number on: looked for at every node of a walk."""
MOST_SAMPLERS = 20
LONGEST_TEXT = 50_000
"""Characters of one text of a graph; longer ones are cut."""

NO_WORDS = frozenset({"ConditioningZeroOut"})
"""Classes behind which no words count."""
TEXTS = (
    *("text", "text_g", "text_l", "clip_g", "clip_l", "t5xxl", "bert", "mt5xl", "llama", "prompt", "user_prompt"),
    *("string", "value", "string_a", "string_b", "text_a", "text_b", "text_c", "text1", "text2", "text3"),
)
"""Inputs that hold words, of text encoders and of the nodes that put strings together."""
CONDITIONINGS = (
    *("conditioning", "conditioning_1", "conditioning_2", "conditioning_to", "conditioning_from"),
    *("cond1", "cond2"),
)
SIGMAS = ("sigmas", "sigmas_1")
LATENTS = ("latent_image", "latent", "latents", "samples", "samples1", "pixels", "image", "images")
"""Inputs by which one sampler works on what another drew, also by way of pixels."""
MODELS = ("model", "model1")
MODEL_NAMES = ("ckpt_name", "unet_name", "gguf_name", "model_name", "base_ckpt_name")
NUMBERS = ("value", "seed", "int", "float", "number")
"""Inputs of nodes that only hold a number for others."""


def read_comfyui(prompt_json: str) -> Infotext | None:
    """Return what the graph draws, by its first sampler that starts from nothing or a given picture; None if unknown.

    With several that are refined one after another, the first is the one whose seed, steps and size count. Never
    raises, whatever the text is.
    """
    try:
        found = json.loads(prompt_json)
    except (ValueError, RecursionError):
        return None
    return None if not isinstance(found, dict) else _Graph(found).read()


class _Graph:
    """The nodes of a graph, and ways to walk from one against the direction of the links."""

    def __init__(self, graph: dict[str, Any]) -> None:
        self._nodes: dict[str, Inputs] = {
            name: node["inputs"]
            for name, node in graph.items()
            if isinstance(node, dict)
            and isinstance(node.get("inputs"), dict)
            and isinstance(node.get("class_type"), str)
            and node["class_type"] not in NO_WORDS
        }

    def read(self) -> Infotext | None:
        samplers = [inputs for inputs in self._nodes.values() if _samples(inputs)][:MOST_SAMPLERS]
        first = [inputs for inputs in samplers if not any(map(_samples, self._walk(inputs["latent_image"], LATENTS)))]
        found = [self._infotext(inputs) for inputs in first or samplers]
        drawn = [infotext for infotext in found if infotext.prompt] or [each for each in found if each.facts]
        return drawn[0] if drawn else None

    def _infotext(self, sampler: Inputs) -> Infotext:
        guider = self._node(sampler.get("guider"))
        asked = guider | sampler  # what a guider has, KSampler has itself
        sigmas = next((each for each in self._walk(sampler.get("sigmas"), SIGMAS) if "steps" in each), {})
        noise = self._node(sampler.get("noise"))
        by_itself = sampler | sigmas | self._node(sampler.get("sampler")) | noise
        positive = next((asked[name] for name in ("positive", "conditioning", "cond1") if name in asked), None)
        facts = {
            "Steps": self._number(by_itself.get("steps")),
            "Sampler": _word(by_itself.get("sampler_name")),
            "Schedule type": _word(by_itself.get("scheduler")),
            "CFG scale": self._number(asked.get("cfg", asked.get("cfg_conds"))),
            "Distilled CFG Scale": self._guidance(positive),
            "Seed": self._number(by_itself.get("noise_seed", by_itself.get("seed"))),
            "Size": self._size(sampler["latent_image"]),
            "Model": self._model(asked.get("model", sigmas.get("model"))),
            "Denoising strength": self._number(by_itself.get("denoise")),
        }
        if facts["Denoising strength"] in ("1", "1.0"):
            facts["Denoising strength"] = ""
        return Infotext(
            self._words(positive, "positive"),
            self._words(asked.get("negative"), "negative"),
            {name: value for name, value in facts.items() if value},
        )

    def _walk(self, link: object, names: Sequence[str], most: int = LONGEST_WALK) -> Iterator[Inputs]:
        """Yield the inputs of the node linked to and of those its inputs of these names link to, in their order."""
        seen: set[str] = set()
        waiting = [link]
        while waiting and len(seen) < most:
            node = _linked(waiting.pop())
            if node is None or node in seen or node not in self._nodes:
                continue
            seen.add(node)
            inputs = self._nodes[node]
            yield inputs
            waiting += [inputs[name] for name in reversed(names) if name in inputs]

    def _node(self, link: object) -> Inputs:
        """Return the inputs of the node linked to, none if there is no such node."""
        return next(self._walk(link, ()), {})

    def _words(self, link: object, role: str) -> str:
        """Return the texts a conditioning is made of; `role` is what nodes that pass on two of them call it."""
        names = (*TEXTS, role, *CONDITIONINGS)
        texts: dict[str, None] = {}  # SDXL's and Flux's two encoders are mostly given the same
        left = LONGEST_TEXT
        for inputs in self._walk(link, names):
            for name in names:
                text = inputs.get(name)
                if isinstance(text, str) and text.strip() and left > 0:
                    text = text.strip()[:left]
                    left -= len(text)
                    texts[text] = None
        return "\n".join(texts)

    def _number(self, value: object) -> str:
        """Return a number as it stands there or in a node that holds it for others; empty if there is none."""
        if found := _figure(value):
            return found
        for inputs in self._walk(value, NUMBERS, LONGEST_NUMBER_WALK):
            for name in (*NUMBERS, "noise_seed", "steps", "cfg", "width", "height"):
                if found := _figure(inputs.get(name)):
                    return found
        return ""

    def _guidance(self, positive: object) -> str:
        """Return the guidance that models such as Flux take from the conditioning."""
        for inputs in self._walk(positive, CONDITIONINGS):
            if "guidance" in inputs:
                return self._number(inputs["guidance"])
        return ""

    def _size(self, latent: object) -> str:
        for inputs in self._walk(latent, LATENTS):
            width, height = self._number(inputs.get("width")), self._number(inputs.get("height"))
            if width.isdigit() and height.isdigit():
                return f"{width}x{height}"
        return ""

    def _model(self, link: object) -> str:
        names = (_word(inputs.get(name)) for inputs in self._walk(link, MODELS) for name in MODEL_NAMES)
        return next(filter(None, names), "")


def _samples(inputs: Inputs) -> bool:
    return "latent_image" in inputs and ("positive" in inputs or "guider" in inputs)


def _linked(value: object) -> str | None:
    """Return the node that a link `[node, output]` comes from, None if it is no link."""
    match value:
        case [str() | int() as node, int()]:
            return str(node)
    return None


def _word(value: object) -> str:
    return value.strip()[:LONGEST_TEXT] if isinstance(value, str) else ""


def _figure(value: object) -> str:
    """Return a number as text, empty if it is none."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) and value.strip().replace(".", "", 1).isdigit() else ""
