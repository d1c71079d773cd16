"""A ComfyUI graph in the API format, and which of its inputs take the prompt, the seed, the picture and so on."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

Graph = Mapping[str, Mapping[str, object]]
"""Node id → node: `class_type`, `inputs` (a value, or a link `[node id, slot]`) and perhaps `_meta`."""

LARGEST_FILE = 16 * 2**20
"""Bytes; a graph of a thousand nodes has less than one MiB."""
NAMED = 12
"""Nodes or inputs named in a mistake; more help nobody."""
HOW_TO_EXPORT = (
    "in ComfyUI choose File → Export (API); older versions: switch on the dev mode options in the settings, then "
    "“Save (API Format)”"
)


SOCKET_ONLY, FETCHABLE = "SaveImageWebsocket", "PreviewImage"
"""Node classes with the same input: one sends its pictures to whoever listens and keeps none; those of the other can
be fetched until the server restarts."""


@dataclass(frozen=True, slots=True)
class NodeInput:
    """The input `key` of these nodes."""

    ids: tuple[str, ...]
    key: str


@dataclass(frozen=True, slots=True)
class FixedInput(NodeInput):
    """Inputs that have a value of the operator's, whatever the graph says."""

    value: str | int | float | bool


Places = Mapping[str, Sequence[NodeInput]]
"""Role → where it is in a graph: several rows where its input has another name in other nodes."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A graph with a task's values in it."""

    graph: Graph
    written: Mapping[tuple[str, str], str]
    """(node id, input) → the role whose value stands there."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """A graph and the roles of its inputs. `load` checks that they fit each other.

    Roles: prompt negative model image mask width height count steps seed guidance strength sampler scheduler. All
    places of a role get the same value, except those of `image`: the first gets the first picture and so on, and those
    left over get the last one again, so that a graph made for three pictures also runs with one.

    A mask is uploaded as Easel has it: transparent pixels may change. That is what the MASK output of LoadImage means,
    and LoadImageMask if its channel is `alpha`.
    """

    graph: Graph
    """With the fixed values in it."""
    nodes: Places

    @classmethod
    def load(cls, path: Path, nodes: Places, fixed: Sequence[FixedInput] = ()) -> Self:
        """Read a file. Raises ValueError("file: …", "nodes.<role>: …" or "fixed: …") with a sentence for operators."""
        try:
            if path.stat().st_size > LARGEST_FILE:
                raise ValueError(f"file: {path} is larger than {LARGEST_FILE // 2**20} MB, so it is no workflow")
            text = path.read_text("utf-8")
        except FileNotFoundError:
            raise ValueError(f"file: there is no {path}") from None
        except OSError as error:
            raise ValueError(f"file: {path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ValueError(f"file: {path} is not JSON") from None
        return cls.parse(text, nodes, fixed, str(path))

    @classmethod
    def parse(cls, text: str, nodes: Places, fixed: Sequence[FixedInput] = (), name: str = "this") -> Self:
        """Read a graph from JSON; `name` is what its mistakes call it. Raises as `load` does."""
        workflow = cls(_fetchable(parse_graph(text, name)), nodes)
        workflow._check(fixed)
        graph = dict(workflow.graph)
        for row in fixed:
            for id_ in row.ids:
                graph[id_] = _with(graph[id_], row.key, row.value)
        workflow = cls(graph, nodes)
        workflow._check_masks()
        return workflow

    def takes(self, role: str) -> bool:
        """Tell whether the graph has a place for this."""
        return role in self.nodes

    def places(self, role: str) -> list[tuple[str, str]]:
        """Return where a role is: (node id, input), in the mapping's order."""
        return [(id_, row.key) for row in self.nodes.get(role, ()) for id_ in row.ids]

    def own(self, role: str) -> object:
        """Return the value the graph itself has for a role; None if it is mapped nowhere, or comes from a node."""
        for node_id, key in self.places(role)[:1]:
            value = inputs(self.graph[node_id]).get(key)
            return None if isinstance(value, list) else value
        return None

    def classes(self) -> list[str]:
        """Return the node classes the graph needs, each once, in its order."""
        return list(dict.fromkeys(str(node["class_type"]) for node in self.graph.values()))

    def fill(self, values: Mapping[str, object], pictures: Sequence[str] = ()) -> Filled:
        """Return the graph with these values by role and uploaded pictures.

        What has no place in it is left out, and what is None stays as the graph has it.
        """
        graph = dict(self.graph)
        written: dict[tuple[str, str], str] = {}
        rows = [(role, place, value) for role, value in values.items() for place in self.places(role)]
        if pictures:
            last = len(pictures) - 1
            rows += [("image", place, pictures[min(i, last)]) for i, place in enumerate(self.places("image"))]
        for role, (node_id, key), value in rows:
            if value is not None:
                graph[node_id] = _with(graph[node_id], key, value)
                written[node_id, key] = role
        return Filled(graph, written)

    def texts(self, graph: Graph) -> list[str]:
        """Return a person's words in a filled graph, the longest first: they belong into no log."""
        places = [*self.places("prompt"), *self.places("negative")]
        found = {inputs(graph.get(id_, {})).get(key) for id_, key in places}
        return sorted((text for text in found if isinstance(text, str) and text.strip()), key=len, reverse=True)

    def _check(self, fixed: Sequence[FixedInput]) -> None:
        if not self.places("prompt"):
            raise ValueError('nodes.prompt: must say where the prompt goes, such as { ids = ["6"], key = "text" }')
        taken: dict[tuple[str, str], str] = {}
        rows = [(f"nodes.{role}", each) for role, rows in self.nodes.items() for each in rows]
        for name, row in [*rows, *(("fixed", each) for each in fixed)]:
            for node_id in row.ids:
                self._check_input(name, node_id, row.key)
                place = (node_id, row.key)
                if (other := taken.get(place)) is not None:
                    said = "is named twice" if other == name else f"is the place for {other[len('nodes.') :]} already"
                    raise ValueError(f"{name}: “{row.key}” of node {named(node_id, self.graph[node_id])} {said}")
                taken[place] = name

    def _check_input(self, name: str, node_id: str, key: str) -> None:
        """`name` is what the operator calls the row: nodes.<role> or fixed."""
        if (node := self.graph.get(node_id)) is None:
            fitting = [named(id_, each) for id_, each in self.graph.items() if key in inputs(each)]
            where = f"those with an input “{key}” are {listed(fitting)}" if fitting else f"none has an input “{key}”"
            raise ValueError(f"{name}: there is no node {node_id} in the graph; {where}")
        if key not in inputs(node):
            raise ValueError(f"{name}: node {named(node_id, node)} has no input “{key}”; it has {listed(inputs(node))}")

    def _check_masks(self) -> None:
        for node_id, _ in self.places("mask"):
            node = self.graph[node_id]
            channel = inputs(node).get("channel")
            if node["class_type"] == "LoadImageMask" and channel != "alpha":
                raise ValueError(
                    f"nodes.mask: node {named(node_id, node)} reads the channel “{channel}”; Easel's masks are in the "
                    "alpha channel, so choose “alpha” there"
                )


def inputs(node: Mapping[str, object]) -> Mapping[str, object]:
    """Return a node's inputs."""
    found = node.get("inputs")
    return found if isinstance(found, dict) else {}


def renamed(graph: Graph, mark: str) -> Graph | None:
    """Return the graph with `mark` in the names of the files it saves; None when it names none.

    The server answers a graph it has just run with the old files, also when they are gone. With other names it saves
    the same pictures once more.
    """
    prefixed = {id_ for id_, node in graph.items() if isinstance(inputs(node).get("filename_prefix"), str)}
    if not prefixed:
        return None
    return {
        id_: {**node, "inputs": {**inputs(node), "filename_prefix": f"{inputs(node)['filename_prefix']}_{mark}"}}
        if id_ in prefixed
        else node
        for id_, node in graph.items()
    }


def parse_graph(text: str, name: str = "this") -> Graph:
    """Read a graph in the API format; `name` is what its mistakes call it. Raises ValueError("file: …")."""
    try:
        # Exported graphs may say `"is_changed": [NaN]`, which no other JSON reader takes.
        value = json.loads(text.removeprefix("\ufeff"), parse_constant=lambda name: None)
    except ValueError as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise ValueError(f"file: {name} is not JSON{where}") from None
    except RecursionError:
        raise ValueError(f"file: {name} is nested too deeply to be a workflow") from None
    return _graph(value, name)


def named(node_id: str, node: Mapping[str, object]) -> str:
    """Return what a node is called in sentences: its id and class."""
    return f"{node_id} ({node['class_type']})"


def listed(names: Collection[str]) -> str:
    """Return the first of some names, and how many more there are."""

    def some() -> Iterator[str]:
        yield from list(names)[:NAMED]
        if len(names) > NAMED:
            yield f"{len(names) - NAMED} more"

    return ", ".join(some()) or "none"


def _graph(value: object, name: str) -> Graph:
    """Return the value if it is a graph in the API format."""
    if isinstance(value, dict) and isinstance(value.get("nodes"), list):
        raise ValueError(
            f"file: {name} is a workflow as ComfyUI's page saves it; export it for the API: {HOW_TO_EXPORT}"
        )
    if not isinstance(value, dict) or not value:
        raise ValueError(f"file: {name} is no workflow in the API format; {HOW_TO_EXPORT}")
    for node_id, node in value.items():
        if not isinstance(node, dict) or not isinstance(node.get("class_type"), str):
            raise ValueError(
                f"file: “{node_id[:40]}” in {name} is no node, so it is no workflow in the API format; {HOW_TO_EXPORT}"
            )
        if not isinstance(node.get("inputs"), dict):
            raise ValueError(f"file: node {named(node_id, node)} in {name} has no inputs, not even an empty table")
    return value


def _fetchable(graph: Graph) -> Graph:
    """Return the graph with its pictures where they can be fetched: a websocket may miss those sent over it."""
    return {
        id_: {**node, "class_type": FETCHABLE} if node["class_type"] == SOCKET_ONLY else node
        for id_, node in graph.items()
    }


def _with(node: Mapping[str, object], key: str, value: object) -> Mapping[str, object]:
    return {**node, "inputs": {**inputs(node), key: value}}
