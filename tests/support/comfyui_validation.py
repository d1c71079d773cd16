"""What the ComfyUI server finds wrong with a prompt before it queues it, in the true shapes (0.3.64, 0.38)."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.comfyui_files import Files
from tests.support.comfyui_node_kinds import Spec
from tests.support.comfyui_nodes import CLASSES

Reasons = list[dict[str, Any]]
LONGEST_LIST = 20
"""Options that a refusal names; of more it only tells the number."""


@dataclass(slots=True)
class Verdict:
    """Either an `error`, or outputs that can be computed; some outputs may have been left out even then."""

    outputs: list[str] = field(default_factory=list)
    error: dict[str, Any] | None = None
    node_errors: dict[str, Any] = field(default_factory=dict)


def problem(type: str, message: str, details: str = "", **extra: Any) -> dict[str, Any]:
    """Return an error, of a prompt or of a node, as the server words it."""
    return {"type": type, "message": message, "details": details, "extra_info": extra}


def validate(
    graph: Mapping[str, Any], files: Files, models: list[str], *, modern: bool, targets: Sequence[str] | None = None
) -> Verdict:
    """Judge a prompt. Raises whatever the real server answers 500 for: a list, a number where a node should be."""
    outputs = []
    for id, node in graph.items():
        if "class_type" not in node:
            return Verdict(error=_missing_class(id, node, None, modern))
        if node["class_type"] not in CLASSES:
            return Verdict(error=_missing_class(id, node, node["class_type"], modern))
        if CLASSES[node["class_type"]].saves and (targets is None or id in targets):
            outputs.append(id)
    if not outputs:
        return Verdict(error=problem("prompt_no_outputs", "Prompt has no outputs"))
    return _Validation(graph, files, models, modern).verdict(outputs)


def _missing_class(id: str, node: Any, class_type: str | None, modern: bool) -> dict[str, Any]:
    details = f"Node ID '#{id}'"
    if modern:
        title = node.get("_meta", {}).get("title", class_type)  # AttributeError for a workflow in the UI's format
        text = f"Node '{title}' not found. The custom node may not be installed."
        if class_type is None:
            text = (
                f"Node '{title or f'ID #{id}'}' has no class_type. The workflow may be corrupted or a custom node is "
                "missing."
            )
        return problem("missing_node_type", text, details, node_id=id, class_type=class_type, node_title=title)
    text = f"Cannot execute because node {class_type} does not exist."
    if class_type is None:
        text = "Cannot execute because a node is missing the class_type property."
    return problem("invalid_prompt", text, details)


class _Validation:
    def __init__(self, graph: Mapping[str, Any], files: Files, models: list[str], modern: bool) -> None:
        self._graph = graph
        self._modern = modern
        self._files = files
        self._models = models
        self._found: dict[str, Reasons | None] = {}
        """What is wrong with each node looked at: None = right, [] = only something upstream is wrong."""

    def verdict(self, outputs: list[str]) -> Verdict:
        good, refused, node_errors = [], [], dict[str, Any]()
        for output in outputs:
            try:
                reasons = self._node(output, ())
            except Exception as raised:
                reasons = [_exception("exception_during_validation", "Exception when validating node", raised)]
                self._found[output] = reasons
            if reasons is None:
                good.append(output)
                continue
            refused += [f"{each['message']}: {each['details']}" for each in reasons]
            for id, found in self._found.items():
                if found:
                    class_type = self._graph[id]["class_type"]
                    fresh = {"errors": found, "dependent_outputs": [], "class_type": class_type}
                    node_errors.setdefault(id, fresh)["dependent_outputs"].append(output)
        if good:
            return Verdict(good, node_errors=node_errors)
        type = "prompt_outputs_failed_validation"
        error = problem(type, "Prompt outputs failed validation", "\n".join(refused))
        return Verdict(error=error, node_errors=node_errors)

    def _node(self, id: str, below: tuple[str, ...]) -> Reasons | None:
        """Return what is wrong with a node that the nodes `below` hang on; [] when it is only what it hangs on."""
        if id in self._found:
            return self._found[id]
        if id in below:
            return self._circle((*below[below.index(id) :], id))
        node = self._graph[id]
        given = node["inputs"]
        class_ = CLASSES[node["class_type"]]
        reasons: Reasons = []
        upstream_right = True
        for name, spec in class_.required(self._files, self._models).items():
            if name not in given:
                reasons.append(problem("required_input_missing", "Required input is missing", name, input_name=name))
            elif isinstance(given[name], list):
                wrong = self._link(name, spec, given[name])
                if wrong:
                    reasons.append(wrong)
                else:
                    upstream_right &= self._upstream(name, spec, given[name], (*below, id))
            elif wrong := self._value(name, spec, given):
                reasons.append(wrong)
        reasons = [*(self._found.get(id) or []), *reasons]  # a circle may have been found already
        right = upstream_right and not reasons
        self._found[id] = None if right else reasons
        return self._found[id]

    def _circle(self, path: tuple[str, ...]) -> Reasons:
        """Note that these nodes hang on each other; old versions refuse them without a reason."""
        if not self._modern:
            return []
        details = " -> ".join(f"{id} ({self._graph[id]['class_type']})" for id in path)
        nodes = list(dict.fromkeys(path))
        for id in nodes:
            text = "Dependency cycle detected"
            self._found[id] = [problem("dependency_cycle", text, details, node_id=id, cycle_nodes=nodes)]
        return self._found[path[-1]] or []

    def _link(self, name: str, spec: Spec, link: list[Any]) -> dict[str, Any] | None:
        about = {"input_name": name, "input_config": _config(spec)}
        if len(link) != 2:
            text = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
            return problem("bad_linked_input", text, name, **about, received_value=link)
        source, slot = link
        received = CLASSES[self._graph[source]["class_type"]].gives[slot]
        if received != spec[0]:
            wanted = "COMBO" if isinstance(spec[0], list) else spec[0]
            details = f"{name}, received_type({received}) mismatch input_type({wanted})"
            text = "Return type mismatch between linked nodes"
            return problem("return_type_mismatch", text, details, **about, received_type=received, linked_node=link)
        return None

    def _upstream(self, name: str, spec: Spec, link: list[Any], below: tuple[str, ...]) -> bool:
        source = link[0]
        try:
            return self._node(source, below) is None
        except Exception as error:
            text = "Exception when validating inner node"
            reason = _exception("exception_during_inner_validation", text, error)
            about = {"input_name": name, "input_config": _config(spec), "exception_message": str(error)}
            reason["extra_info"] |= {**about, "linked_node": link}
            self._found[source] = [reason]
            return False

    def _value(self, name: str, spec: Spec, given: dict[str, Any]) -> dict[str, Any] | None:
        """Judge a value; numbers that came as text become numbers."""
        kind, value = spec[0], given[name]
        limits = _config(spec)[1]
        about: dict[str, Any] = {"input_name": name, "input_config": _config(spec), "received_value": value}
        if limits.get("image_upload"):
            if isinstance(value, str) and self._files.annotated(value) is not None:
                return None
            details = f"{name} - Invalid image file: {value}"
            text = "Custom validation failed for node"
            return problem("custom_validation_failed", text, details, input_name=name)
        if isinstance(kind, list):
            if value in kind:
                return None
            short = len(kind) <= LONGEST_LIST
            if not short:
                about["input_config"] = None
            listed = str(kind) if short else f"(list of length {len(kind)})"
            return problem("value_not_in_list", "Value not in list", f"{name}: '{value}' not in {listed}", **about)
        convert = {"INT": int, "FLOAT": float, "STRING": str}.get(kind)
        if convert is not None:
            try:
                value = given[name] = convert(value)
            except (TypeError, ValueError) as error:
                text = f"Failed to convert an input value to a {kind} value"
                details = f"{name}, {value}, {error}"
                return problem("invalid_input_type", text, details, **about, exception_message=str(error))
        if "min" in limits and value < limits["min"]:
            text = f"Value {value} smaller than min of {limits['min']}"
            return problem("value_smaller_than_min", text, name, **about)
        if "max" in limits and value > limits["max"]:
            text = f"Value {value} bigger than max of {limits['max']}"
            return problem("value_bigger_than_max", text, name, **about)
        return None


def _config(spec: Spec) -> Spec:
    """Return an input's type and options as errors show them."""
    return spec if len(spec) > 1 else [*spec, {}]


def _exception(type: str, text: str, error: Exception) -> dict[str, Any]:
    trace = traceback.format_tb(error.__traceback__)
    return problem(type, text, str(error), exception_type=error.__class__.__name__, traceback=trace)
