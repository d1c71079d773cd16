"""The HTTP routes of the ComfyUI server around prompts: submitting, queue, history, stopping, jobs."""

from __future__ import annotations

import functools
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.support.comfyui_faults import SERVER_ERROR, PromptFault
from tests.support.comfyui_jobs import job
from tests.support.comfyui_run import Prompt
from tests.support.comfyui_validation import problem, validate
from tests.support.comfyui_worker import Worker
from tests.support.serving import CALL, ORDER, Handler
from tests.support.serving_calls import DROPPED, Call, Reply, send

Answering = Callable[[web.Request], Awaitable[Reply]]
Table = list[tuple[str, str, Answering]]
"""Method, path and answer of routes."""
NOTHING = Reply(200, content_type="application/octet-stream")


def handler(answer: Answering) -> Handler:
    """Return the handler of a route. Whatever its answer raises is 500 with a text, as in the real server."""

    @functools.wraps(answer)
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            reply = await answer(request)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError):
            logging.getLogger(__name__).exception("%s", request[CALL].route)
            reply = SERVER_ERROR
        return await send(request, reply)

    return handle


def parsed(call: Call) -> Any:
    """Return a call's JSON. Raises ValueError."""
    return json.loads(call.body)


class PromptRoutes:
    """The routes."""

    def __init__(self, worker: Worker, models: list[str], *, modern: bool, targeted: bool) -> None:
        """`modern`: as 0.38 does; `targeted`: an interrupt looks at the id it is given."""
        self._worker = worker
        self._models = models
        self._modern = modern
        self._targeted = targeted
        self._number = 0
        self.submitted: list[Prompt] = []
        """All that were accepted."""

    def table(self) -> Table:
        """Return the routes."""
        return [
            ("POST", "/prompt", self._submit),
            ("GET", "/prompt", self._status),
            ("GET", "/queue", self._queue),
            ("POST", "/queue", self._change_queue),
            ("GET", "/history", self._history),
            ("GET", "/history/{id}", self._history),
            ("POST", "/history", self._change_history),
            ("POST", "/interrupt", self._interrupt),
        ]

    def jobs_table(self) -> Table:
        """Return the routes that new versions have, below `/api` only."""
        return [
            ("GET", "/jobs/{id}", self._job),
            ("POST", "/jobs/{id}/cancel", self._cancel),
            ("POST", "/jobs/cancel", self._cancel_several),
        ]

    # ── submitting ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _submit(self, request: web.Request) -> Reply:
        sent = parsed(request[CALL])
        number = self._numbered(sent)
        if "prompt" not in sent:
            return _refused(problem("no_prompt", "No prompt provided", "No prompt provided"))
        id = sent.get("prompt_id")
        if self._modern and id is not None and not _is_canonical(id):
            details = "prompt_id must be a UUID string in canonical lowercase hyphenated form"
            return _refused(problem("invalid_prompt_id", "prompt_id must be a valid UUID", details))
        targets = sent.get("partial_execution_targets")
        files = self._worker.machine.files
        verdict = validate(sent["prompt"], files, self._models, modern=self._modern, targets=targets)
        if verdict.error is not None:
            return _refused(verdict.error, verdict.node_errors)
        extra = dict(sent.get("extra_data") or {})
        if "client_id" in sent:
            extra["client_id"] = sent["client_id"]
        key = extra.pop("api_key_comfy_org", None)
        if self._modern:
            extra["create_time"] = int(time.time() * 1000)
        order = request[ORDER]
        fault = order if isinstance(order, PromptFault) else PromptFault()
        prompt = Prompt(number, str(id or uuid.uuid4()), sent["prompt"], extra, verdict.outputs, fault, key)
        self.submitted.append(prompt)
        self._worker.put(prompt)
        if fault.answer_lost:
            return DROPPED
        return Reply.json(200, {"prompt_id": prompt.id, "number": number, "node_errors": verdict.node_errors})

    def _numbered(self, sent: dict[str, Any]) -> float:
        if "number" in sent:
            return float(sent["number"])
        number = -self._number if sent.get("front") else self._number
        self._number += 1
        return number

    # ── queue and history ───────────────────────────────────────────────────────────────────────────────────────

    async def _status(self, request: web.Request) -> Reply:
        return Reply.json(200, self._worker.status())

    async def _queue(self, request: web.Request) -> Reply:
        running = self._worker.running
        # A heap in the real server: not sorted. The newest first stands for that.
        pending = [prompt.json() for prompt in reversed(self._worker.pending)]
        return Reply.json(200, {"queue_running": [running.json()] if running else [], "queue_pending": pending})

    async def _change_queue(self, request: web.Request) -> Reply:
        wanted = parsed(request[CALL])
        if wanted.get("clear"):
            self._worker.clear()
        for id in wanted.get("delete", []):
            self._worker.delete(id)
        return NOTHING

    async def _history(self, request: web.Request) -> Reply:
        history = self._worker.history
        if "id" in request.match_info:
            id = request.match_info["id"]
            return Reply.json(200, {id: history[id]} if id in history else {})
        most = int(request.query.get("max_items", len(history)))
        start = int(request.query.get("offset", max(len(history) - most, 0)))
        return Reply.json(200, dict(list(history.items())[start : start + most]))

    async def _change_history(self, request: web.Request) -> Reply:
        wanted = parsed(request[CALL])
        if wanted.get("clear"):
            self._worker.history.clear()
        for id in wanted.get("delete", []):
            self._worker.history.pop(id, None)
        return NOTHING

    # ── stopping ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _interrupt(self, request: web.Request) -> Reply:
        self._worker.interrupt(request[CALL].fields.get("prompt_id") or None if self._targeted else None)
        return NOTHING

    async def _job(self, request: web.Request) -> Reply:
        found = job(self._worker, request.match_info["id"])
        return Reply.json(404, {"error": "Job not found"}) if found is None else Reply.json(200, found)

    async def _cancel(self, request: web.Request) -> Reply:
        return Reply.json(200, {"cancelled": self._cancelled(request.match_info["id"])})

    async def _cancel_several(self, request: web.Request) -> Reply:
        ids = request[CALL].fields.get("job_ids")
        if not isinstance(ids, list):
            return Reply.json(400, {"error": "job_ids must be a list"})
        if invalid := [id for id in ids if not _is_canonical(id)]:
            return Reply.json(400, {"error": "job_ids contains invalid id(s)", "invalid_ids": invalid})
        return Reply.json(200, {"cancelled": sum(map(self._cancelled, ids)) > 0})

    def _cancelled(self, id: str) -> bool:
        return self._worker.interrupt(id) or self._worker.delete(id)


def _refused(error: dict[str, Any], node_errors: dict[str, Any] | None = None) -> Reply:
    return Reply.json(400, {"error": error, "node_errors": node_errors or {}})


def _is_canonical(id: object) -> bool:
    try:
        return isinstance(id, str) and str(uuid.UUID(id)) == id
    except ValueError:
        return False
