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


@dataclass(frozen=True, slots=True)
class NodeInput:
    """Where a role is in a graph: the input `key` of these nodes."""

    ids: tuple[str, ...]
    key: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A graph with a task's values in it."""

    graph: Graph
    written: Mapping[tuple[str, str], str]
    """(node id, input) → the role whose value stands there."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """A graph and the roles of its inputs. `load` checks that they fit each other.

    Roles: prompt negative model image mask width height count steps seed guidance strength. All nodes of a role get the
    same value, except those of `image`: the first gets the first picture and so on, and nodes that are left over get
    the last one again, so that a graph made for three pictures also runs with one.

    A mask is uploaded as Easel has it: transparent pixels may change. That is what the MASK output of LoadImage means,
    and LoadImageMask if its channel is `alpha`.
    """

    graph: Graph
    nodes: Mapping[str, NodeInput]

    @classmethod
    def load(cls, path: Path, nodes: Mapping[str, NodeInput]) -> Self:
        """Read a file. Raises ValueError("file: …" or "nodes.<role>: …") with a sentence for the operator."""
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
        return cls.parse(text, nodes, str(path))

    @classmethod
    def parse(cls, text: str, nodes: Mapping[str, NodeInput], name: str = "this") -> Self:
        """Read a graph from JSON; `name` is what its mistakes call it. Raises as `load` does."""
        try:
            # Exported graphs may say `"is_changed": [NaN]`, which no other JSON reader takes.
            value = json.loads(text.removeprefix("\ufeff"), parse_constant=lambda name: None)
        except ValueError as error:
            where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
            raise ValueError(f"file: {name} is not JSON{where}") from None
        except RecursionError:
            raise ValueError(f"file: {name} is nested too deeply to be a workflow") from None
        workflow = cls(_graph(value, name), nodes)
        workflow._check()
        return workflow

    def takes(self, role: str) -> bool:
        """Tell whether the graph has a place for this."""
        return role in self.nodes

    def own(self, role: str) -> object:
        """Return the value the graph itself has for a role; None if it is mapped nowhere, or comes from a node."""
        node = self.nodes.get(role)
        value = inputs(self.graph[node.ids[0]]).get(node.key) if node is not None else None
        return None if isinstance(value, list) else value

    def classes(self) -> list[str]:
        """Return the node classes the graph needs, each once, in its order."""
        return list(dict.fromkeys(str(node["class_type"]) for node in self.graph.values()))

    def fill(self, values: Mapping[str, object], pictures: Sequence[str] = ()) -> Filled:
        """Return the graph with these values by role and uploaded pictures.

        What has no place in it is left out, and what is None stays as the graph has it.
        """
        graph = dict(self.graph)
        written: dict[tuple[str, str], str] = {}

        def write(node_id: str, role: str, value: object) -> None:
            key, node = self.nodes[role].key, graph[node_id]
            graph[node_id] = {**node, "inputs": {**inputs(node), key: value}}
            written[node_id, key] = role

        for role, value in values.items():
            for node_id in self.nodes[role].ids if role in self.nodes and value is not None else ():
                write(node_id, role, value)
        if pictures and (image := self.nodes.get("image")) is not None:
            for index, node_id in enumerate(image.ids):
                write(node_id, "image", pictures[min(index, len(pictures) - 1)])
        return Filled(graph, written)

    def texts(self, graph: Graph) -> list[str]:
        """Return a person's words in a filled graph, the longest first: they belong into no log."""
        places = (node for role in ("prompt", "negative") if (node := self.nodes.get(role)) is not None)
        found = {inputs(graph.get(id_, {})).get(node.key) for node in places for id_ in node.ids}
        return sorted((text for text in found if isinstance(text, str) and text.strip()), key=len, reverse=True)

    def _check(self) -> None:
        if "prompt" not in self.nodes:
            raise ValueError('nodes.prompt: must say where the prompt goes, such as { ids = ["6"], key = "text" }')
        taken: dict[tuple[str, str], str] = {}
        for role, node in self.nodes.items():
            for node_id in node.ids:
                self._check_input(role, node_id, node.key)
                if (other := taken.setdefault((node_id, node.key), role)) != role:
                    where = f"“{node.key}” of node {_named(node_id, self.graph[node_id])}"
                    raise ValueError(f"nodes.{role}: {where} is the place for {other} already")

    def _check_input(self, role: str, node_id: str, key: str) -> None:
        if (node := self.graph.get(node_id)) is None:
            fitting = [_named(id_, each) for id_, each in self.graph.items() if key in inputs(each)]
            where = f"those with an input “{key}” are {_listed(fitting)}" if fitting else f"none has an input “{key}”"
            raise ValueError(f"nodes.{role}: there is no node {node_id} in the graph; {where}")
        if key not in inputs(node):
            raise ValueError(
                f"nodes.{role}: node {_named(node_id, node)} has no input “{key}”; it has {_listed(inputs(node))}"
            )
        channel = inputs(node).get("channel")
        if role == "mask" and node["class_type"] == "LoadImageMask" and channel != "alpha":
            raise ValueError(
                f"nodes.mask: node {_named(node_id, node)} reads the channel “{channel}”; Easel's masks are in the "
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
            raise ValueError(f"file: node {_named(node_id, node)} in {name} has no inputs, not even an empty table")
    return value


def _named(node_id: str, node: Mapping[str, object]) -> str:
    return f"{node_id} ({node['class_type']})"


def _listed(names: Collection[str]) -> str:
    def some() -> Iterator[str]:
        yield from list(names)[:NAMED]
        if len(names) > NAMED:
            yield f"{len(names) - NAMED} more"

    return ", ".join(some()) or "none"
