"""A graph's links, followed against their direction.

There are thousands of node classes, and most name their inputs as ComfyUI's own do (nodes.py, comfy_extras/): so the
names of inputs are gone by, and classes only where nothing else tells. Graphs may come from strangers: a walk takes no
output of a node twice, and few altogether.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from bot.engines.comfyui.proposal import Place, Words
from bot.engines.comfyui.workflow import Graph, inputs
from bot.i18n.marks import N_

Link = tuple[str, int]
"""A node and which of its outputs."""

LONGEST_WALK = 2_000
"""Outputs; the largest graphs in use have some hundreds of nodes."""
LONGEST_NAME = 60
"""Characters of a node's class or id in a sentence."""
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
"""What may not get to a terminal or into a line of TOML, from a file somebody else made."""

TEXTS = frozenset(
    {"clip_g", "clip_l", "t5xxl", "bert", "mt5xl", "llama", "qwen25_7b", "byt5", "value", "wildcard", "populated_text"}
)
TEXT = re.compile(
    r"(?:.+_)?(?:text|prompt|string)(?:_?[a-z\d])?|(?:positive|negative)(?:_text|_prompt)?|(?:text|prompt)_(?:posi|nega)tive"
)
NO_TEXT = re.compile(r"system_.*|.*(?:template|enum)")
SHOWN = re.compile(r"(?:Show|Display|Preview).*")
"""Classes that keep what went through them last in an input of their own."""
CONDITIONING = re.compile(r"(?:base_)?cond(?:itioning)?(?:_?(?:\d|to|from|base|add))?|.*_conditioning")
PICTURE = re.compile(
    r"(?:.*_)?(?:latents?|latent_image|samples|pixels|images?|destination|source|clip_vision_output)(?:_?(?:\d|to|from))?"
)
"""Inputs that take latents or pixels."""
MODEL = re.compile(r"(?:base_|unet_)?model(?:_?\d)?")
ZERO = "ConditioningZeroOut"
"""The class behind which no words count."""
MASK = re.compile(r".*mask.*")
PASSED_ON = re.compile(
    r"any|any_?\d+|input_?\d*|on_true|on_false|anything|.*pipe|(?:base_)?(?:ctx|context)|value|.*tuple"
)
"""Inputs of nodes that only hand something on, whatever it is: switches, pipes, contexts."""
BROKEN = N_(
    "The input “{key}” of node {node} comes from node {source}, which is not in the file. Connect it in ComfyUI, and "
    "export the workflow again."
)


def link(value: object) -> Link | None:
    """Return the output that a link `[node id, slot]` names, None if the value is no link."""
    match value:
        case [str() as node, int() as slot]:
            return node, slot
    return None


def clean(text: object, most: int = LONGEST_NAME) -> str:
    """Return text of a file for one line of a terminal: without control characters, and shortened with “…”."""
    line = CONTROL.sub(" ", str(text)[: most + 1]).strip()
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


class Nodes:
    """The nodes of a graph, and ways to go from one to what it is fed by."""

    def __init__(self, graph: Graph) -> None:
        """`graph` is in the API format."""
        self.graph = graph

    def inputs(self, node: str) -> dict[str, object]:
        """Return a node's inputs, none of a node that is not there."""
        return dict(inputs(self.graph.get(node, {})))

    def kind(self, node: str) -> str:
        """Return the class of a node, empty if it is not there."""
        return str(self.graph.get(node, {}).get("class_type", ""))

    def named(self, node: str) -> str:
        """Return a node as a sentence names it: `3 (KSampler)`."""
        return f"{clean(node)} ({clean(self.kind(node))})"

    def listed(self, nodes: Iterable[str]) -> str:
        """Return several as a sentence names them, each once."""
        return ", ".join(map(self.named, dict.fromkeys(nodes)))

    def title(self, node: str) -> str:
        """Return what the node is called in ComfyUI; empty if nothing is said."""
        meta = self.graph.get(node, {}).get("_meta")
        title = meta.get("title") if isinstance(meta, dict) else None
        return title if isinstance(title, str) else ""

    def value(self, place: Place) -> object:
        """Return what stands in an input, None if it is not there or a link."""
        value = inputs(self.graph.get(place.node, {})).get(place.key)
        return None if isinstance(value, list) else value

    def link(self, node: str, *keys: str) -> Link | None:
        """Return where the first of these inputs that is linked comes from."""
        found = inputs(self.graph.get(node, {}))
        return next((each for key in keys if (each := link(found.get(key))) is not None), None)

    def linked(self, node: str, pattern: re.Pattern[str]) -> list[str]:
        """Return the linked inputs of such a name."""
        return [key for key, value in self.inputs(node).items() if pattern.fullmatch(key) and link(value)]

    def walk(self, start: Link | None, onward: Callable[[str, int], Iterable[str]]) -> Iterator[Link]:
        """Yield the output and those it is made from by way of the inputs `onward(node, slot)`, depth first."""
        seen: set[Link] = set()
        waiting = [start]
        while waiting and len(seen) < LONGEST_WALK:
            at = waiting.pop()
            if at is None or at in seen or at[0] not in self.graph:
                continue
            seen.add(at)
            yield at
            waiting += [self.link(at[0], key) for key in reversed(list(onward(*at)))]

    def along(self, start: Link | None, pattern: re.Pattern[str]) -> Iterator[Link]:
        """Walk by the inputs of such a name, and through nodes that hand things on."""
        return self.walk(start, lambda node, slot: self.linked(node, pattern) or self.linked(node, PASSED_ON))

    def upstream(self, ends: Sequence[str]) -> set[str]:
        """Return these nodes and all they are made from."""
        seen: set[str] = set()
        waiting = list(ends)
        while waiting:
            node = waiting.pop()
            if node not in seen and node in self.graph:
                seen.add(node)
                waiting += [each[0] for value in self.inputs(node).values() if (each := link(value))]
        return seen

    def broken(self, among: Collection[str]) -> Iterator[Words]:
        """Yield a sentence for each link of these nodes that leads nowhere."""
        for id_ in self.graph:
            for key, value in self.inputs(id_).items() if id_ in among else ():
                if (source := link(value)) and source[0] not in self.graph:
                    yield Words(BROKEN, {"key": clean(key), "node": self.named(id_), "source": clean(source[0])})

    # ── values ──────────────────────────────────────────────────────────────────────────────────────────────────

    def settled(self, place: Place, fits: Callable[[object], bool]) -> Place | None:
        """Return where the value of an input stands: there, or in the node that it comes from; None if in none.

        `fits` says whether a value is of the right kind. A node that makes its output of several things is passed over:
        what it gives is not what stands in it.
        """
        seen: set[Place] = set()
        while place not in seen:
            seen.add(place)
            found = self.inputs(place.node)
            if (source := link(found.get(place.key))) is None:
                return place if fits(found.get(place.key)) else None
            feeding = self.inputs(source[0])
            own = [key for key, value in feeding.items() if fits(value)]
            links = [key for key, value in feeding.items() if link(value)]
            if place.key in feeding:
                place = Place(source[0], place.key)
            elif len(own) == 1 and not links:
                return Place(source[0], own[0])
            elif seeds := [key for key in own if key in ("seed", "noise_seed") and place.key in ("seed", "noise_seed")]:
                return Place(source[0], seeds[0])
            elif len(links) == 1 and not own:
                place = Place(source[0], links[0])
            else:
                return None
        return None

    # ── words ───────────────────────────────────────────────────────────────────────────────────────────────────

    def text_keys(self, node: str, slot: int, side: str) -> list[str]:
        """Return the inputs of a node that hold words, or take them from another node, for this side."""
        other = "negative" if side == "positive" else "positive"
        keys = [
            key
            for key, value in self.inputs(node).items()
            if (key in TEXTS or TEXT.fullmatch(key))
            and not NO_TEXT.fullmatch(key)
            and (link(value) if SHOWN.match(self.kind(node)) else isinstance(value, str) or link(value))
            and not (link(value) and key in ("positive", "negative"))
        ]
        own = [key for key in keys if side in key]
        return own or [key for key in keys if other not in key]

    def strings(self, start: Link | None, side: str) -> list[Place]:
        """Return the places of the texts an output is put together from."""
        found: dict[Place, None] = {}
        for node, slot in self.walk(start, lambda node, slot: self._more_text(node, slot, side)):
            for key in self.text_keys(node, slot, side):
                if isinstance(self.inputs(node)[key], str):
                    found[Place(node, key)] = None
        return list(found)

    def _more_text(self, node: str, slot: int, side: str) -> list[str]:
        keys = self.text_keys(node, slot, side)
        return [key for key in keys if self.link(node, key)] if keys else self.linked(node, re.compile(".*"))

    def encoders(self, start: Link | None, side: str) -> Iterator[Link]:
        """Yield what a conditioning is made of, the nodes that encode its texts among it."""
        return self.walk(start, lambda node, slot: self.conditionings(node, slot, side))

    def conditionings(self, node: str, slot: int, side: str) -> list[str]:
        """Return the inputs by which a node is given the conditioning that it changes and gives on."""
        if self.kind(node) == ZERO:
            return []
        found = self.inputs(node)
        if link(found.get("positive")) and link(found.get("negative")):
            return [side]
        keys = self.linked(node, CONDITIONING)
        if not keys and link(found.get(side)):
            keys = [side]
        return keys or ([] if self.text_keys(node, slot, side) else self.linked(node, PASSED_ON))
