"""Looking at a workflow somebody brought: reading it, from a picture too, and comparing it with what a server has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from bot.engines.comfyui.checkup import MODEL_FILES, Classes, is_paid, nearest, options
from bot.engines.comfyui.client import Client, Refusal
from bot.engines.comfyui.proposal import Place, Proposal, Remark, Words
from bot.engines.comfyui.samplers import number
from bot.engines.comfyui.tracing import Nodes, clean, link
from bot.engines.comfyui.workflow import LARGEST_FILE, Graph, parse_graph
from bot.i18n.marks import N_
from bot.net.errors import Malformed, NetError
from bot.pictures.inspect import sniff
from bot.pictures.texts import read_texts

LARGEST_PICTURE = 256 * 2**20
"""Bytes: an 80 megapixel PNG of noise."""
CHUNK = "prompt"
"""What ComfyUI calls the text of its PNGs that holds the graph; `workflow` holds what its page saves."""
FILLED = frozenset({"image", "mask"})
"""Roles whose inputs always get a file of Easel's own."""
DYNAMIC = "COMFY_"
"""How the types of inputs begin that the server makes others of: they are not in the graph under their names."""

NO_ANSWER = N_("The workflow was not compared with the server: no answer ({detail}).")
NOT_COMFYUI = N_("The workflow was not compared with the server: what answers is not ComfyUI. Is the address right?")
BAD_STATUS = N_("The workflow was not compared with the server: it answers with HTTP {status}. Is the address right?")
NOT_ALLOWED = N_(
    "The workflow was not compared with the server: it refuses the credentials (HTTP {status}). Look at auth, api_key, "
    "headers and query of the engine."
)
NO_CLASS = N_(
    "The server does not know the class {kind} (node {nodes}). Install the node pack that brings it (in ComfyUI: "
    "Manager → Install Missing Custom Nodes), or update ComfyUI."
)
NO_MODEL = N_(
    "Node {node} needs the file “{value}” ({key}), which the server does not have. Put it there, or choose another; "
    "the nearest is “{near}”."
)
NO_MODELS = N_(
    "Node {node} needs the file “{value}” ({key}), but the server has no file of this kind at all. Put it into the "
    "folder for it, and reload ComfyUI's page."
)
NO_VALUE = N_("Node {node} has “{value}” for {key}, which this server does not know; the nearest is “{near}”.")
NO_PICTURE = N_(
    "Node {node} loads the picture “{value}”, which is not on the server. Upload it there, or map the node as image."
)
NO_INPUT = N_(
    "Node {node} says nothing for “{key}”, which this server wants to know. Open the workflow in that ComfyUI, and "
    "export it again."
)
TOO_SMALL = N_("{key} of node {node} is {value}; the server takes {limit} and more.")
TOO_LARGE = N_("{key} of node {node} is {value}; the server takes {limit} and less.")
NO_OUTPUT = N_("“{key}” of node {node} comes from an output that node {source} does not have. Connect it again.")
WRONG_TYPE = N_(
    "“{key}” of node {node} takes {wanted}, but what comes from node {source} is {given}. Connect it again."
)
NOTHING_SAVED = N_("No node of this workflow saves a picture on this server. Add a SaveImage node and export it again.")
PAID = N_("Node {nodes} has its work done by Comfy.org for money: the engine needs comfy_org_key.")


@dataclass(frozen=True, slots=True)
class Brought:
    """What was read from a file."""

    graph: Graph
    from_picture: bool = False


def read(path: Path) -> Brought:
    """Read a graph in the API format from a JSON file, or from a PNG that ComfyUI saved.

    Raises ValueError with a sentence for whoever gave the file.
    """
    try:
        with path.open("rb") as file:
            head = file.read(16)
            if sniff(head) is not None:
                return Brought(_from_picture(path), from_picture=True)
            data = head + file.read(LARGEST_FILE)
        if len(data) > LARGEST_FILE:
            raise ValueError(f"{path} is larger than {LARGEST_FILE // 2**20} MB, so it is no workflow")
        return Brought(parse_graph(data.decode(), str(path)))
    except FileNotFoundError:
        raise ValueError(f"there is no {path}") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is neither JSON nor a PNG") from None
    except ValueError as error:
        raise ValueError(str(error).removeprefix("file: ")) from None


def _from_picture(path: Path) -> Graph:
    with path.open("rb") as file:
        data = file.read(LARGEST_PICTURE)
    if (format := sniff(data)) != "PNG":
        raise ValueError(f"{path} is a {format} picture; only the PNG files that ComfyUI saves hold the workflow")
    if (text := read_texts(data, "PNG").get(CHUNK)) is None:
        raise ValueError(f"{path} holds no workflow: it was not saved by ComfyUI, or something took its texts out")
    return parse_graph(text, f"the workflow in {path}")


async def compared(client: Client, graph: Graph, proposal: Proposal) -> Proposal:
    """Return the proposal with what stands in the way at this server. Never raises."""
    nodes = Nodes(graph)
    try:
        kinds = dict.fromkeys(nodes.kind(id_) for id_ in graph)
        classes = {kind: await client.node_class(kind) for kind in kinds}
    except (NetError, Refusal) as error:
        return replace(proposal, problems=(*proposal.problems, _trouble(error)))
    filled = {place for row in proposal.rows if row.role in FILLED for place in row.places}
    problems = [*_lacking(nodes, classes)]
    # Nodes that lead to no output are not looked at by the server either.
    live = nodes.upstream([id_ for id_ in graph if (classes[nodes.kind(id_)] or {}).get("output_node")])
    for id_ in graph:
        if id_ in live and (info := classes[nodes.kind(id_)]) is not None:
            problems += _misfits(nodes, id_, info, classes, filled)
    paid = [id_ for id_ in graph if is_paid(classes[nodes.kind(id_)] or {})]
    remarks = [Remark(Words(PAID, {"nodes": nodes.listed(paid)}))] if paid else []
    return replace(proposal, problems=(*proposal.problems, *problems), remarks=(*proposal.remarks, *remarks))


def _trouble(error: NetError | Refusal) -> Words:
    if isinstance(error, Refusal):
        return Words(NOT_ALLOWED if error.status in (401, 403) else BAD_STATUS, {"status": error.status})
    if isinstance(error, Malformed):
        return Words(NOT_COMFYUI)
    return Words(NO_ANSWER, {"detail": clean(error.detail, 200)})


def _lacking(nodes: Nodes, classes: Classes) -> Iterator[Words]:
    for kind, info in classes.items():
        if info is None:
            ids = [clean(id_) for id_ in nodes.graph if nodes.kind(id_) == kind]
            yield Words(NO_CLASS, {"kind": clean(kind), "nodes": ", ".join(ids)})
    if None not in classes.values() and not any((info or {}).get("output_node") for info in classes.values()):
        yield Words(NOTHING_SAVED)


def _misfits(
    nodes: Nodes, id_: str, info: Mapping[str, object], classes: Classes, filled: set[Place]
) -> Iterator[Words]:
    """Yield what the server would not accept in a node."""
    takes, inputs = info.get("input"), nodes.inputs(id_)
    for group in ("required", "optional"):
        specs = takes.get(group) if isinstance(takes, dict) else None
        for key, spec in specs.items() if isinstance(specs, dict) else ():
            if not isinstance(spec, list) or not spec or str(spec[0]).startswith(DYNAMIC):
                continue
            named = {"node": nodes.named(id_), "key": clean(key)}
            if key not in inputs:
                if group == "required":
                    yield Words(NO_INPUT, named)
            elif source := link(inputs[key]):
                yield from _mislinked(nodes, source, spec[0], classes, named)
            elif Place(id_, key) not in filled:
                more = spec[1] if len(spec) > 1 and isinstance(spec[1], dict) else {}
                args = {**named, "value": clean(inputs[key], 80)}
                yield from _outside(inputs[key], more, args)
                if isinstance(spec[0], list) or (spec[0] == "COMBO" and "remote" not in more):
                    yield from _unlisted(inputs[key], options(info, key), more, args)


def _mislinked(
    nodes: Nodes, source: tuple[str, int], wanted: object, classes: Classes, named: Mapping[str, object]
) -> Iterator[Words]:
    gives = (classes.get(nodes.kind(source[0])) or {}).get("output")
    if not isinstance(gives, list):  # the node or its class is missing, which is said already
        return
    args = {**named, "source": nodes.named(source[0])}
    if not 0 <= source[1] < len(gives):
        yield Words(NO_OUTPUT, args)
    elif not _fit(given := gives[source[1]], wanted):
        yield Words(WRONG_TYPE, {**args, "wanted": clean(wanted), "given": clean(given)})


def _fit(given: object, wanted: object) -> bool:
    """Tell whether an output may be linked to an input: lists of options and `*` fit anything."""
    if not isinstance(given, str) or not isinstance(wanted, str):
        return True
    if {given, wanted} & {"*", "COMBO"} or given.startswith(DYNAMIC):
        return True
    return not set(given.split(",")).isdisjoint(wanted.split(","))


def _outside(value: object, more: Mapping[str, object], args: Mapping[str, object]) -> Iterator[Words]:
    least, most = more.get("min"), more.get("max")
    if number(value) and number(least) and value < least:
        yield Words(TOO_SMALL, {**args, "limit": least})
    if number(value) and number(most) and value > most:
        yield Words(TOO_LARGE, {**args, "limit": most})


def _unlisted(
    value: object, names: Sequence[str], more: Mapping[str, object], args: Mapping[str, object]
) -> Iterator[Words]:
    if not isinstance(value, str) or value in names:
        return
    near = clean(next(iter(nearest(value, names)), ""), 80)
    if any(each.endswith("_upload") for each in more):
        if "/" not in value and "[" not in value:  # the list has the pictures of the folder itself only
            yield Words(NO_PICTURE, args)
    elif PurePosixPath(value).suffix.lower() in MODEL_FILES:
        yield Words(NO_MODEL, {**args, "near": near}) if names else Words(NO_MODELS, args)
    elif names:
        yield Words(NO_VALUE, {**args, "near": near})
