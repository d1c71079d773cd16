"""ComfyUI's dialect (0.3.64, or with another `version` that of 0.38) on loopback.

```python
async with ComfyUIServer() as server:
    ...  # base address server.url
    async with server.pausing():  # samplers wait before each step
        await server.running(step=0)
        server.allow(2)
        await server.running(step=2)
    await server.finished(prompt_id)
    assert len(server.submitted) == 1
```
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

from aiohttp import web

from tests.support.comfyui_faults import UNAUTHORIZED
from tests.support.comfyui_file_routes import FEATURES, FileRoutes
from tests.support.comfyui_files import Files
from tests.support.comfyui_routes import PromptRoutes, Table, handler
from tests.support.comfyui_run import Machine, Prompt
from tests.support.comfyui_sockets import Sockets
from tests.support.comfyui_worker import Worker
from tests.support.serving import LocalServer
from tests.support.serving_calls import Call, Reply

MODELS = ("dreamshaper_8.safetensors", "sd_xl_base_1.0.safetensors")


class ComfyUIServer(LocalServer):
    """The server with its one worker. Orders without `on` are for the next prompt."""

    default_on = "POST /prompt"

    def __init__(
        self,
        *,
        version: str = "0.3.64",
        models: tuple[str, ...] = MODELS,
        authorization: str | None = None,
        token: str | None = None,
        previews: bool = False,
        targeted_interrupt: bool = True,
        prefix: str = "",
    ) -> None:
        """`version` from 0.38 on: job routes, UUIDs only, COMBO lists. `authorization`: the header's whole value that
        every call and the websocket must have. `token`: what `?token=` of each must be, as with ComfyUI-Login.
        `previews`: as with `--preview-method auto`; from 0.38 on a prompt's `extra_data.preview_method` decides.
        `targeted_interrupt` False: an interrupt stops whatever runs, as in old versions.
        """
        super().__init__(prefix)
        self.version = version
        self.modern = tuple(int(part) for part in version.split(".")) >= (0, 38)
        self._models = models
        self._authorization = authorization
        self._token = token
        self._targeted = targeted_interrupt
        self.files = Files()
        self.machine = Machine(self.files, Sockets(self.changes, FEATURES), self.changes, previews, self.modern)
        self.worker = Worker(self.machine)
        self._prompts = PromptRoutes(self.worker, list(self._models), modern=self.modern, targeted=self._targeted)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, without prefix: each also below `/api`."""
        files = FileRoutes(self.files, list(self._models), self.version, modern=self.modern)
        both: Table = [*self._prompts.table(), *files.table()]
        found = [
            web.route(method, base + path, handler(answer)) for base in ("", "/api") for method, path, answer in both
        ]
        if self.modern:
            found += [web.route(m, f"/api{path}", handler(answer)) for m, path, answer in self._prompts.jobs_table()]
        return [*found, web.get("/ws", self._socket), web.get("/api/ws", self._socket)]

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        return await self.machine.sockets.serve(request, self.worker.status())

    def refused(self, call: Call) -> Reply | None:
        """Return 401 in HTML, as a proxy does, and 403 for calls from other web pages."""
        if self._authorization is not None and call.headers.get("authorization") != self._authorization:
            return UNAUTHORIZED
        if self._token is not None and call.query.get("token") != self._token:
            return UNAUTHORIZED
        origin = call.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != call.headers.get("host"):
            return Reply(403, content_type="application/octet-stream")
        return None

    def unknown(self, call: Call) -> Reply:
        """Return what the static files below `/` answer."""
        if call.method == "GET":
            return Reply(404, content_type="application/octet-stream")
        return Reply.text(405, "405: Method Not Allowed")

    # ── life ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._start()
        return self

    async def __aexit__(self, *error: object) -> None:
        try:
            await self._stop()
        finally:
            await super().__aexit__(*error)

    def _start(self) -> None:
        jobs = self.worker.work(), self.machine.sockets.publish()
        self._tasks = [asyncio.create_task(job) for job in jobs]

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result  # a mistake of this server's own

    @contextlib.asynccontextmanager
    async def crashed(self) -> AsyncIterator[None]:
        """Be gone inside the block, and be back after it with queue, history and temporary files lost."""
        await self._stop()
        async with self.down():
            self.worker.forget()
            self.machine.sockets.forget()
            yield
        self._start()

    async def restart(self) -> None:
        """Crash and come back at once."""
        async with self.crashed():
            pass

    # ── what tests ask and order ────────────────────────────────────────────────────────────────────────────────

    @property
    def submitted(self) -> list[Prompt]:
        """All prompts that were accepted, restarts or not: id, client_id, graph, number, extra_data."""
        return self._prompts.submitted

    @property
    def history(self) -> dict[str, dict[str, Any]]:
        """What has ended, by prompt id."""
        return self.worker.history

    async def running(self, prompt_id: str | None = None, *, step: int = 0) -> str:
        """Wait until it is the turn of a prompt (None = of any) and its sampler has done `step` steps; return its id.

        Also returns when it has ended since.
        """

        def found() -> str | None:
            ids = self.worker.started if prompt_id is None else [prompt_id] * (prompt_id in self.worker.started)
            return next((id for id in reversed(ids) if self.machine.steps.get(id, 0) >= step), None)

        await self.changes.until(lambda: found() is not None, f"prompt {prompt_id or ''} at step {step}")
        return found() or ""

    async def finished(self, prompt_id: str) -> dict[str, Any]:
        """Wait until a prompt has ended, however; return its history entry."""
        await self.changes.until(lambda: prompt_id in self.history, f"the end of prompt {prompt_id}")
        return self.history[prompt_id]

    async def idle(self) -> None:
        """Wait until nothing runs or waits and all events are sent."""
        await self.changes.until(lambda: not self.worker.remaining(), "the end of all prompts")
        await self.machine.sockets.delivered()

    async def connected(self, count: int = 1) -> None:
        """Wait until so many websockets are open."""
        await self.changes.until(lambda: len(self.machine.sockets.open) >= count, f"{count} websockets")

    @contextlib.asynccontextmanager
    async def pausing(self) -> AsyncIterator[None]:
        """Let samplers wait before each step inside the block, until it is allowed."""
        self.machine.allowed = 0
        try:
            yield
        finally:
            self.allow(float("inf"))

    def allow(self, steps: float) -> None:
        """Let samplers do so many steps more."""
        self.machine.allowed += steps
        self.changes.changed()

    def pace(self, step_s: float) -> None:
        """Let every further step take so long."""
        self.machine.step_s = step_s

    def stuck_sockets(self) -> AbstractAsyncContextManager[None]:
        """Deliver no websocket message inside the block, to nobody; afterwards all of them."""
        return self.machine.sockets.stuck()

    async def cut_sockets(self) -> None:
        """Break all websocket connections; prompts run on."""
        await self.machine.sockets.cut()

    def delete_saved(self) -> None:
        """Delete saved pictures, as a clean-up at the server does: cached answers still name them."""
        self.files.clear("output")
        self.files.clear("temp")
