"""ComfyUI's answers as EngineErrors.

Its error bodies hold tracebacks, paths of the server, lists of all its models and whole tensors as text: a few fields
are taken out for the log, without the person's words and the operator's keys, and none of it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from bot.engines.comfyui.client import LONGEST_READ, Refusal
from bot.engines.comfyui.history import Failure
from bot.engines.comfyui.workflow import Filled, Graph, Workflow
from bot.engines.errors import meaning
from bot.errors import (
    BadAnswer,
    ContentRefused,
    EngineAuth,
    EngineBusy,
    EngineError,
    EngineQuota,
    EngineRejected,
    EngineUnavailable,
    OutOfMemory,
    UnknownOutcome,
    WorkflowInvalid,
)
from bot.net import discretion
from bot.net.errors import Malformed, NetError, TooLong
from bot.net.said import Told

LONGEST_DETAIL = 500
"""Characters."""
UNKNOWN_NODE = "?"
VALUE_REFUSED = frozenset(
    {"value_not_in_list", "value_smaller_than_min", "value_bigger_than_max", "custom_validation_failed"}
)
"""Errors of a node that are about a value; all others are mistakes in the graph or in its mapping."""
NO_MEMORY = re.compile(r"out ?of ?memory|not enough memory|can't allocate memory", re.IGNORECASE)
"""In an exception's type or text; CUDA, HIP and the CPU's allocator each say it their own way."""
PAYING: Sequence[tuple[str, type[EngineError]]] = (
    ("Unauthorized: Please login first", EngineAuth),
    ("There is a problem with your account", EngineAuth),
    ("Payment Required", EngineQuota),
    ("no active subscription", EngineQuota),
)
"""What paid nodes raise when Comfy.org answers 401, 409 and 402 (`comfy_api_nodes/util/client.py`): nothing is charged.
A 429 is not here: another paid node of the graph may have done its work before.
"""


@dataclass(frozen=True, slots=True)
class _Complaint:
    """One error of one node in the answer to a prompt."""

    node_id: str
    node: str
    type: str
    key: str
    words: str


@dataclass(frozen=True, slots=True)
class Errors:
    """Makes the errors of one engine."""

    engine: str
    workflows: Sequence[Workflow]
    """They say where in a graph a person's words are."""
    secrets: Sequence[str] = field(default=(), repr=False)
    """Keys that belong into no log."""
    free: bool = True
    """Drawing costs nothing."""

    def unreachable(self, error: NetError | Refusal) -> EngineError:
        """No answer, or none to make sense of."""
        if isinstance(error, Refusal):
            return self.refused(error)
        if isinstance(error, TooLong | Malformed):
            return BadAnswer(engine=self.engine, detail=error.detail)
        return EngineUnavailable(engine=self.engine, detail=error.detail)

    def refused(self, refusal: Refusal, filled: Filled | None = None) -> EngineError:
        """An error status; `filled` is the prompt it answers, if it does."""
        detail = self._words(f"HTTP {refusal.status}: {refusal.said}", filled.graph if filled else {})
        answer = refusal.value if isinstance(refusal.value, dict) else {}
        match refusal.status:
            case 400 if filled is not None and isinstance(answer.get("error"), dict):
                return self._invalid(answer, filled, detail)
            case 400 if refusal.no_backend:
                return EngineUnavailable(engine=self.engine, detail=detail)
            case 401 | 403:
                return EngineAuth(engine=self.engine, detail=detail)
            case 402:
                return EngineQuota(engine=self.engine, detail=detail)
            case 413:
                return EngineRejected(engine=self.engine, field="image", detail=detail)
            case 429:
                wait = {} if refusal.retry_after is None else {"retry_after": refusal.retry_after}
                return EngineBusy(engine=self.engine, detail=detail, **wait)
            case 502 | 503 | 504:
                return EngineUnavailable(engine=self.engine, detail=detail)
        return EngineError(engine=self.engine, detail=detail)

    def failed(self, failure: Failure, graph: Graph) -> EngineError:
        """The prompt ran and failed."""
        said = f"node {failure.node or UNKNOWN_NODE}: {failure.type}: {failure.message}"
        detail = self._words("stopped by somebody at the server" if failure.interrupted else said, graph)
        return self._kind(failure)(engine=self.engine, detail=detail)

    def left_out(self, node_errors: Mapping[str, object], filled: Filled) -> EngineError:
        """The server ran a part of the prompt, in which there is no picture."""
        return self._invalid({"node_errors": node_errors}, filled, "")

    def _kind(self, failure: Failure) -> type[EngineError]:
        if NO_MEMORY.search(failure.type) or NO_MEMORY.search(failure.message):
            return OutOfMemory
        if kind := next((kind for words, kind in PAYING if words in failure.message), None):
            return kind
        if not self.free and meaning(Told(type=failure.type, words=failure.message)) is ContentRefused:
            return ContentRefused
        return EngineError if self.free else UnknownOutcome  # paid nodes before it have done their work

    def _invalid(self, answer: Mapping[str, object], filled: Filled, detail: str) -> EngineError:
        """The graph did not pass the server's checks: mistakes of the operator's come before a person's value."""
        complaints = list(_complaints(answer.get("node_errors")))
        if not complaints:
            return WorkflowInvalid(engine=self.engine, node=_meant(answer, filled.graph), detail=detail)
        said = "; ".join(f"node {each.node}: {each.type}: {each.words}" for each in complaints)
        detail = self._words(said, filled.graph)
        roles = [
            filled.written.get((each.node_id, each.key)) if each.type in VALUE_REFUSED else None for each in complaints
        ]
        for complaint, role in zip(complaints, roles, strict=True):
            if role is None:
                return WorkflowInvalid(engine=self.engine, node=complaint.node, detail=detail)
        return EngineRejected(engine=self.engine, field=roles[0], detail=detail)

    def _words(self, said: str, graph: Graph) -> str:
        """Return what the server said, short, on one line, without what a person wrote and without keys."""
        said = said[:LONGEST_READ]
        for text in (text for workflow in self.workflows for text in workflow.texts(graph)):
            said = discretion.without(said, text, "[prompt]")
        for secret in self.secrets:
            for form in {secret, quote(secret), quote_plus(secret)}:
                said = said.replace(form, "[key]")
        return " ".join(said.split())[:LONGEST_DETAIL]


def left_out(node_errors: Mapping[str, object]) -> list[str]:
    """Return for the log which nodes a server left out of a prompt it took, and why."""
    return [f"{each.node}: {each.type}" for each in _complaints(node_errors)]


def _complaints(node_errors: object) -> Iterator[_Complaint]:
    for node_id, found in node_errors.items() if isinstance(node_errors, dict) else ():
        if not isinstance(found, dict):
            continue
        errors, node = found.get("errors"), f"{node_id}, {found.get('class_type')}"
        for error in errors if isinstance(errors, list) else []:
            if isinstance(error, dict):
                extra, details = error.get("extra_info"), str(error.get("details") or "")
                key = extra.get("input_name") if isinstance(extra, dict) else None
                key = key if isinstance(key, str) else re.split(r"[:,]| - ", details, maxsplit=1)[0]
                words = details or str(error.get("message", ""))
                yield _Complaint(node_id, node, str(error.get("type", "")), key, words)


def _meant(answer: Mapping[str, object], graph: Graph) -> str:
    """Return the node an error about the whole graph is about."""
    error = answer.get("error")
    if not isinstance(error, dict):
        return UNKNOWN_NODE
    extra = error.get("extra_info")
    node_id = extra.get("node_id") if isinstance(extra, dict) else None  # 0.38; before it, only the class is named
    if isinstance(node_id, str) and node_id in graph:
        return f"{node_id}, {graph[node_id]['class_type']}"
    words = f"{error.get('message')} {error.get('details')}"
    named = (f"{id_}, {node['class_type']}" for id_, node in graph.items() if f"node {node['class_type']} " in words)
    return next(named, UNKNOWN_NODE)
