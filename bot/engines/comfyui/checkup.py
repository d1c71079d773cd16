"""Whether a server has what the workflows need, and which models it offers."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from bot.engines.base import Health, Model
from bot.engines.comfyui.client import Client, Refusal
from bot.engines.comfyui.workflow import Workflow, inputs
from bot.net.errors import Malformed, NetError

Classes = Mapping[str, Mapping[str, object] | None]
"""Node class → what it takes and gives; None = the server does not have it."""

MODEL_FILES = frozenset({".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".sft", ".onnx"})
SOCKET_ONLY = "SaveImageWebsocket"
"""Sends its pictures to whoever listens and keeps none."""
OWN_MODEL = ("ckpt_name", "unet_name")
"""The inputs by which the usual loaders are told their model."""
THE_WORKFLOWS = "workflow"
"""What the model is called where the graph decides and does not say its name."""


async def check(client: Client, base: str, workflows: Mapping[str, Workflow], model: str) -> Health:
    """Ask for the server's version and for every node class and model file the workflows name. Never raises."""
    try:
        stats = await client.stats()
        names = {name for workflow in workflows.values() for name in workflow.classes()}
        classes = {name: await client.node_class(name) for name in sorted(names)}
    except (NetError, Refusal) as error:
        return Health(False, f"{base}: {_trouble(error)}")
    problems = [
        f"workflow {name}: {problem}"
        for name, workflow in workflows.items()
        for problem in _problems(workflow, classes, model)
    ]
    if problems:
        return Health(False, f"{base}: {'; '.join(problems)}.")
    return Health(True, f"{_server(stats)} at {base} is ready to {' and '.join(sorted(workflows, reverse=True))}.")


async def offered(client: Client, workflows: Sequence[Workflow]) -> list[Model]:
    """List the models the graph's loader offers or, where none is mapped, name the graph's own.

    Raises NetError, Refusal.
    """
    workflow = next((each for each in workflows if each.takes("model")), None)
    if workflow is None:
        own = [inputs(node).get(key) for each in workflows for node in each.graph.values() for key in OWN_MODEL]
        named = dict.fromkeys(name for name in own if isinstance(name, str) and name)
        return [Model(name) for name in named or (THE_WORKFLOWS,)]
    place = workflow.nodes["model"]
    info = await client.node_class(str(workflow.graph[place.ids[0]]["class_type"]))
    names = options(info or {}, place.key) or await client.files("checkpoints")
    return [Model(name) for name in dict.fromkeys(names)]


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


def _problems(workflow: Workflow, classes: Classes, model: str) -> Iterator[str]:
    if missing := [name for name in workflow.classes() if classes[name] is None]:
        yield f"the server lacks the node class{'es' if len(missing) > 1 else ''} {', '.join(missing)}"
    else:
        saving = [name for name in workflow.classes() if (classes[name] or {}).get("output_node")]
        if not set(saving) - {SOCKET_ONLY}:
            yield "no node saves a picture where it can be fetched; use SaveImage"
    filled = workflow.fill({"model": model} if model else {})
    for node_id, node in filled.graph.items():
        info = classes[str(node["class_type"])] or {}
        for key, wanted in inputs(node).items():
            if not isinstance(wanted, str) or PurePosixPath(wanted).suffix.lower() not in MODEL_FILES:
                continue
            if (having := options(info, key)) and wanted not in having:
                near = _near(wanted, having)
                yield f"node {node_id} ({node['class_type']}) needs “{wanted}”, which the server lacks{near}"


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
        return "something answers, but it is not ComfyUI; is the address right?"
    if isinstance(error, NetError):
        return f"no answer: {error.detail}"
    if error.status in (401, 403):
        return f"the credentials are refused (HTTP {error.status}); set auth, api_key or headers"
    if error.status in (404, 405):
        return f"something answers, but it is not ComfyUI (HTTP {error.status}); is the address right?"
    return f"the server is in trouble (HTTP {error.status})"
