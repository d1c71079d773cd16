"""Whether a server has what the workflows need, and which models, samplers and schedulers it offers."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from bot.engines.base import Health, Model, ModelKind
from bot.engines.comfyui.client import Client, Refusal
from bot.engines.comfyui.repertoire import Chosen, Repertoire
from bot.engines.comfyui.workflow import Workflow, inputs
from bot.net.errors import Malformed, NetError

Classes = Mapping[str, Mapping[str, object] | None]
"""Node class → what it takes and gives; None = the server does not have it."""

MODEL_FILES = frozenset({".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".sft", ".onnx"})
OWN_MODEL = ("ckpt_name", "unet_name")
"""The inputs by which the usual loaders are told their model."""
THE_WORKFLOWS = "workflow"
"""What the model is called where the graph decides and does not say its name."""
CHOICES: tuple[ModelKind, ...] = ("model", "sampler", "scheduler")
"""Roles whose values the server has a list of."""
PAID_MODULE = "comfy_api_nodes"
ADDRESS = "is the address right? That of SwarmUI ends in /ComfyBackendDirect"
NEAREST = 5
"""Names that are told when one is not known."""


async def check(client: Client, base: str, repertoire: Repertoire, *, can_pay: bool) -> Health:
    """Ask for the server's version and for every node class, model, sampler and scheduler the workflows name.

    `can_pay`: there is a key for paid nodes. Never raises.
    """
    workflows = repertoire.ready()
    try:
        stats = await client.stats()
        names = {name for each in workflows.values() for name in each.workflow.classes()}
        classes = {name: await client.node_class(name) for name in sorted(names)}
    except (NetError, Refusal) as error:
        return Health(False, f"{base}: {_trouble(error)}")
    problems = [
        f"workflow {name}: {problem}"
        for name, each in workflows.items()
        for problem in _problems(each, classes, can_pay)
    ]
    if problems:
        return Health(False, f"{base}: {'; '.join(problems)}.")
    return Health(True, f"{_server(stats)} at {base} is ready to {repertoire.uses}.")


async def offered(client: Client, workflows: Sequence[Workflow], named: Sequence[str]) -> list[Model]:
    """List the models, samplers and schedulers the graphs' nodes offer, and the workflows that are chosen by name.

    Where no loader is mapped, the graphs' own models stand for the first. Raises NetError, Refusal.
    """
    found: dict[tuple[ModelKind, str], Model] = {}
    for kind in CHOICES:
        names = await values(client, workflows, kind)
        if kind == "model":
            names = [*(names or own_models(workflows)), *named]
        for name in names:
            found.setdefault((kind, name), Model(name, kind=kind))
    return list(found.values())


async def values(client: Client, workflows: Sequence[Workflow], role: ModelKind) -> list[str]:
    """Return the values the server has for a role, by the first workflow with a place for it.

    None where no workflow has. Raises NetError, Refusal.
    """
    for workflow in workflows:
        for node_id, key in workflow.places(role):
            info = await client.node_class(str(workflow.graph[node_id]["class_type"]))
            if names := options(info or {}, key):
                return list(dict.fromkeys(names))
    is_mapped = any(workflow.takes(role) for workflow in workflows)
    return list(dict.fromkeys(await client.files("checkpoints"))) if role == "model" and is_mapped else []


def own_models(workflows: Sequence[Workflow]) -> list[str]:
    """Return what the graphs' own models are called."""
    own = [inputs(node).get(key) for each in workflows for node in each.graph.values() for key in OWN_MODEL]
    return list(dict.fromkeys(name for name in own if isinstance(name, str) and name)) or [THE_WORKFLOWS]


def nearest(wanted: str, having: Sequence[str]) -> list[str]:
    """Return those of some names that look most like one, and others if these are few."""
    alike = {name.casefold(): name for name in reversed(having)}
    close = difflib.get_close_matches(wanted.casefold(), alike, n=NEAREST, cutoff=0.4)
    return list(dict.fromkeys([*(alike[each] for each in close), *having]))[:NEAREST]


def options(info: Mapping[str, object], key: str) -> list[str]:
    """Return the values a node class offers for an input; none when it is no list, or unknown.

    Written `[[values…], {…}]` by most nodes and `["COMBO", {"options": [values…]}]` by newer ones.
    """
    takes = info.get("input")
    for group in ("required", "optional"):
        described = takes.get(group) if isinstance(takes, dict) else None
        spec = described.get(key) if isinstance(described, dict) else None
        if isinstance(spec, list) and spec:
            more = spec[1] if len(spec) > 1 and isinstance(spec[1], dict) else {}
            values = more.get("options") if spec[0] == "COMBO" else spec[0]
            return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
    return []


def _problems(chosen: Chosen, classes: Classes, can_pay: bool) -> Iterator[str]:
    workflow = chosen.workflow
    having = {name: classes[name] or {} for name in workflow.classes()}
    if missing := [name for name in having if classes[name] is None]:
        yield f"the server lacks the node class{'es' if len(missing) > 1 else ''} {', '.join(missing)}"
    elif not any(info.get("output_node") for info in having.values()):
        yield "no node saves a picture; use SaveImage"
    if not can_pay and (paid := [name for name, info in having.items() if is_paid(info)]):
        yield f"{', '.join(paid)} asks Comfy.org for money; set comfy_org_key"
    filled = workflow.fill(chosen.defaults)
    places = {place for role in CHOICES for place in workflow.places(role)}
    for node_id, node in filled.graph.items():
        for key, wanted in inputs(node).items():
            if not isinstance(wanted, str):
                continue
            if (node_id, key) not in places and PurePosixPath(wanted).suffix.lower() not in MODEL_FILES:
                continue
            names = options(having[str(node["class_type"])], key)
            if names and wanted not in names:
                near = _near(wanted, names)
                yield f"node {node_id} ({node['class_type']}) needs “{wanted}”, which the server lacks{near}"


def is_paid(info: Mapping[str, object]) -> bool:
    """Tell whether a node class has its work done by Comfy.org, for money."""
    return bool(info.get("api_node")) or str(info.get("python_module", "")).startswith(PAID_MODULE)


def _near(wanted: str, having: Sequence[str]) -> str:
    found = difflib.get_close_matches(wanted, having, n=1)
    return f" (it has “{found[0]}”)" if found else ""


def _server(stats: Mapping[str, object]) -> str:
    """Return the server's version and what it draws on."""
    system, devices = stats.get("system"), stats.get("devices")
    version = system.get("comfyui_version") if isinstance(system, dict) else None
    device = devices[0] if isinstance(devices, list) and devices and isinstance(devices[0], dict) else {}
    name = str(device.get("name", "")).split(" : ")[0]  # "cuda:0 NVIDIA GeForce RTX 3090 : cudaMallocAsync"
    return " ".join(f"ComfyUI {version or ''}".split()) + (f" on {name}" if name else "")


def _trouble(error: NetError | Refusal) -> str:
    if isinstance(error, Malformed):
        return f"something answers, but it is not ComfyUI; {ADDRESS}"
    if isinstance(error, NetError):
        return f"no answer: {error.detail}"
    if error.status in (401, 403):
        return f"the credentials are refused (HTTP {error.status}); set auth, api_key, headers or query"
    if error.no_backend:
        return "SwarmUI has no ComfyUI backend that runs; look at its page Server → Backends"
    if error.status in (404, 405):
        return f"something answers, but it is not ComfyUI (HTTP {error.status}); {ADDRESS}"
    return f"the server is in trouble (HTTP {error.status})"
