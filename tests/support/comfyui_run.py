"""One prompt's turn on the ComfyUI server: its nodes in order, and the events of 0.3.64 while they run."""

from __future__ import annotations

import asyncio
import json
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.comfyui_faults import Failure, PromptFault
from tests.support.comfyui_files import Files
from tests.support.comfyui_node_kinds import Work
from tests.support.comfyui_nodes import CLASSES, half_done
from tests.support.comfyui_sockets import Sockets
from tests.support.serving import Watch

_TRACE = '  File "/srv/ComfyUI/execution.py", line 496, in execute\n'


@dataclass(slots=True)
class Prompt:
    """A prompt that was accepted."""

    number: float
    id: str
    graph: dict[str, Any]
    extra_data: dict[str, Any]
    outputs: list[str]
    fault: PromptFault = field(default_factory=PromptFault)
    key: str | None = None
    """For paid nodes; neither in the queue nor in the history."""

    @property
    def client_id(self) -> str | None:
        """Whose socket gets its events."""
        found: str | None = self.extra_data.get("client_id")
        return found

    def json(self) -> list[Any]:
        """Return it as in queue and history."""
        return [self.number, self.id, self.graph, self.extra_data, self.outputs]


@dataclass(slots=True)
class Machine:
    """What all runs share."""

    files: Files
    sockets: Sockets
    changes: Watch
    previews: bool = False
    """Whether samplers send pictures on the way, unless the prompt says."""
    modern: bool = False
    """Whether the prompt may say."""
    step_s: float = 0.0
    """What a sampler's step takes."""
    allowed: float = float("inf")
    """Steps that may still be done before samplers wait."""
    interrupted: bool = False
    steps: dict[str, int] = field(default_factory=dict)
    """Done by the samplers of each prompt id."""
    computed: list[tuple[str, str]] = field(default_factory=list)
    """Prompt and node ids of what really ran and was not cached."""
    charged: list[str] = field(default_factory=list)
    """The keys of which money was taken, once for each paid node that ran."""
    cache: dict[str, tuple[Any, dict[str, Any] | None]] = field(default_factory=dict)
    """What nodes of the last prompt gave and saved, by all that it depends on."""


class _Interrupted(Exception):
    """The prompt is to stop here."""


class _Raised(Exception):
    """A node raised what the server calls `failure.type`."""

    def __init__(self, failure: Failure, trace: list[str]) -> None:
        super().__init__(failure.message)
        self.failure, self.trace = failure, trace


class Run:
    """The turn."""

    def __init__(self, machine: Machine, prompt: Prompt) -> None:
        """Call `execute`, then `entry`."""
        self._machine = machine
        self._prompt = prompt
        self._graph = prompt.graph
        self._messages: list[list[Any]] = []
        self._good = False
        self._saved: dict[str, dict[str, Any]] = {}
        self._progress: dict[str, dict[str, Any]] = {}
        self._executed: list[str] = []
        self._values: dict[str, Any] = {}
        self._signatures: dict[str, str] = {}

    def entry(self) -> dict[str, Any]:
        """Return what the history keeps."""
        status = {"status_str": "success" if self._good else "error", "completed": self._good}
        saved = {} if self._prompt.fault.without_outputs else self._saved
        meta = {id: {"node_id": id, "display_node": id, "parent_node": None, "real_node_id": id} for id in saved}
        return {
            "prompt": self._prompt.json(),
            "outputs": saved,
            "status": {**status, "messages": self._messages},
            "meta": meta,
        }

    async def execute(self) -> None:
        """Run the prompt's nodes and tell about it."""
        machine = self._machine
        machine.interrupted, machine.sockets.client_id = False, self._prompt.client_id
        self._message("execution_start", {})
        reached = self._reached()
        signatures = set(self._signatures.values())
        machine.cache = {key: value for key, value in machine.cache.items() if key in signatures}
        self._message("execution_cached", {"nodes": [each for each in reached if self._is_cached(each)]})
        node = ""
        try:
            for node in self._needed():
                await self._node(node)
        except _Interrupted:
            where = {"node_id": node, "node_type": self._graph[node]["class_type"], "executed": self._executed}
            self._message("execution_interrupted", where, to_all=True)
        except _Raised as raised:
            self._message("execution_error", self._described(node, raised))
        else:
            self._good = True
            self._message("execution_success", {})
        machine.sockets.node = None

    # ── telling ─────────────────────────────────────────────────────────────────────────────────────────────────

    def tell(self, event: str, data: Mapping[str, Any], *, to_all: bool = False) -> None:
        """Tell the client whose prompt it is; when it is nobody's, tell nobody or everybody."""
        to = self._prompt.client_id
        if (to is not None or to_all) and not self._prompt.fault.without_events:
            self._machine.sockets.tell(event, data, to)

    def _message(self, event: str, data: Mapping[str, Any], *, to_all: bool = False) -> None:
        """Tell something that the history keeps, too."""
        full = {"prompt_id": self._prompt.id, **data, "timestamp": int(time.time() * 1000)}
        self._messages.append([event, full])
        self.tell(event, full, to_all=to_all)

    def _progressed(self, id: str, value: int, most: int, state: str) -> None:
        ids = {"node_id": id, "prompt_id": self._prompt.id, "display_node_id": id, "parent_node_id": None}
        self._progress[id] = {"value": value, "max": most, "state": state, **ids, "real_node_id": id}
        self.tell("progress_state", {"prompt_id": self._prompt.id, "nodes": dict(self._progress)}, to_all=True)

    def _described(self, id: str, raised: _Raised) -> dict[str, Any]:
        inputs = self._graph[id]["inputs"]
        return {
            "node_id": id,
            "node_type": self._graph[id]["class_type"],
            "executed": self._executed,
            "exception_message": raised.failure.message,
            "exception_type": raised.failure.type,
            "traceback": raised.trace,
            "current_inputs": {name: [str(value)] for name, value in inputs.items()},
            "current_outputs": list(self._values),
        }

    # ── what has to run ─────────────────────────────────────────────────────────────────────────────────────────

    def _links(self, id: str) -> dict[str, tuple[str, int]]:
        inputs = self._graph[id]["inputs"]
        return {name: (value[0], value[1]) for name, value in inputs.items() if isinstance(value, list)}

    def _reached(self) -> list[str]:
        """Return every node an output depends on, each after those it depends on; note their signatures."""
        order: list[str] = []

        def visit(id: str) -> None:
            if id in order:
                return
            links = self._links(id)
            for source, _ in links.values():
                visit(source)
            inputs = dict(self._graph[id]["inputs"])
            inputs |= {name: [self._signatures[source], slot] for name, (source, slot) in links.items()}
            class_type = self._graph[id]["class_type"]
            if class_type in ("LoadImage", "LoadImageMask"):
                inputs["digest"] = self._machine.files.digest(inputs["image"])
            self._signatures[id] = json.dumps([class_type, self._prompt.fault.black, inputs], sort_keys=True)
            order.append(id)

        for output in self._prompt.outputs:
            visit(output)
        return order

    def _is_cached(self, id: str) -> bool:
        return self._signatures[id] in self._machine.cache

    def _needed(self) -> list[str]:
        """Return the outputs and what must run for them, in order."""
        order: list[str] = []

        def visit(id: str) -> None:
            if id in order:
                return
            if not self._is_cached(id):
                for source, _ in self._links(id).values():
                    if not self._is_cached(source):
                        visit(source)
            order.append(id)

        for output in self._prompt.outputs:
            visit(output)
        return order

    # ── running ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _node(self, id: str) -> None:
        machine, class_type = self._machine, self._graph[id]["class_type"]
        names = {"node": id, "display_node": id, "prompt_id": self._prompt.id}
        if self._is_cached(id):
            _, saved = machine.cache[self._signatures[id]]
            self.tell("executed", {**names, "output": saved})
            self._note(id, saved)
            self._progressed(id, 1, 1, "finished")
            return
        self._progressed(id, 0, 1, "running")
        machine.sockets.node = id
        self.tell("executing", names)
        if machine.interrupted:
            raise _Interrupted
        failure = self._prompt.fault.failure
        if failure and failure.at == class_type and not self._prompt.fault.after_saving:
            raise _Raised(failure, [_TRACE])
        given = {name: value for name, value in self._graph[id]["inputs"].items() if not isinstance(value, list)}
        for name, (source, slot) in self._links(id).items():
            given[name] = self._value(source)[slot]
        if class_type == "KSampler":
            await self._steps(id, given)
        prompt = self._prompt
        work = Work(machine.files, self._graph, prompt.extra_data, prompt.fault.black, prompt.key, machine.charged)
        machine.computed.append((self._prompt.id, id))
        try:
            value = await asyncio.to_thread(CLASSES[class_type].run, work, given)
        except Exception as error:
            name, module = type(error).__name__, type(error).__module__
            named = name if module == "builtins" else f"{module}.{name}"
            raise _Raised(Failure(named, f"{error}\n"), traceback.format_tb(error.__traceback__)) from error
        saved = value if CLASSES[class_type].saves else None
        machine.cache[self._signatures[id]] = value, saved
        self._values[id] = value
        if saved is not None:
            self.tell("executed", {**names, "output": saved})
        self._note(id, saved)
        done = self._progress[id]["max"]
        self._progressed(id, done, done, "finished")
        if saved is not None and failure and self._prompt.fault.after_saving:
            raise _Raised(failure, [_TRACE])

    def _value(self, id: str) -> Any:
        return self._values[id] if id in self._values else self._machine.cache[self._signatures[id]][0]

    def _note(self, id: str, saved: dict[str, Any] | None) -> None:
        self._executed.append(id)
        if saved is not None:
            self._saved[id] = saved

    async def _steps(self, id: str, given: Mapping[str, Any]) -> None:
        machine, most = self._machine, given["steps"]
        for step in range(1, most + 1):
            await machine.changes.soon(lambda: machine.interrupted, machine.step_s)
            await machine.changes.soon(lambda: machine.allowed > 0 or machine.interrupted, None)
            if machine.interrupted:
                raise _Interrupted
            machine.allowed -= 1
            self._progressed(id, step, most, "running")
            names = {"prompt_id": self._prompt.id, "node": id}
            shown = await asyncio.to_thread(half_done, given, step / most) if self._previewed() else None
            if shown and machine.sockets.wants_metadata():
                self._show(id, shown)
            self.tell("progress", {"value": step, "max": most, **names}, to_all=True)
            if shown and not machine.sockets.wants_metadata():
                self._show(id, shown)
            machine.steps[self._prompt.id] = machine.steps.get(self._prompt.id, 0) + 1
            machine.changes.changed()

    def _previewed(self) -> bool:
        wanted = self._prompt.extra_data.get("preview_method", "default") if self._machine.modern else "default"
        previews = self._machine.previews if wanted == "default" else wanted != "none"
        return previews and not self._prompt.fault.without_events

    def _show(self, id: str, picture: bytes) -> None:
        about = {"node_id": id, "prompt_id": self._prompt.id, "display_node_id": id, "parent_node_id": None}
        self._machine.sockets.show(picture, {**about, "real_node_id": id}, self._prompt.client_id)
