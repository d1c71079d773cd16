"""The AUTOMATIC1111 family on loopback, each server as its `Dialect` says.

```python
async with Automatic1111Server(FORGE) as server:
    ...  # base address server.url
    async with server.pausing():  # steps wait until they are allowed
        await server.running()
        server.allow(2)
    assert len(server.calls()) == 1
```
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, Self

import pybase64
from aiohttp import web
from PIL import Image

from tests.support.automatic1111_dialects import A1111, Dialect
from tests.support.automatic1111_faults import NO_API, NO_SAMPLER, TRACE, Twist, error
from tests.support.automatic1111_worker import Drawing, Worker, encoded, opened
from tests.support.serving import CALL, ORDER, LocalServer
from tests.support.serving_calls import Call, Reply, send

OUTSIDE_AUTH = ("/internal/",)
NUMBERS = ("steps", "width", "height", "seed", "batch_size", "n_iter", "cfg_scale", "denoising_strength")


class Automatic1111Server(LocalServer):
    """The server with its one worker. Orders without `on` are for the next drawing."""

    default_on = "2img"

    def __init__(
        self, dialect: Dialect = A1111, *, auth: str | None = None, watched: bool = False, prefix: str = ""
    ) -> None:
        """`auth`: `user:password`. `watched`: each step waits until somebody asked how far it is."""
        super().__init__(prefix)
        self.dialect = dialect
        self._auth = None if auth is None else "Basic " + base64.b64encode(auth.encode()).decode()
        self.worker = Worker(
            self.changes,
            one_picture=dialect.one_picture,
            watched=watched and (dialect.state or dialect.tasks != "none"),
        )
        self.lists = {name: list(rows) for name, rows in dialect.lists.items()}
        """Tests may add to them."""
        self.also = dict(dialect.also)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, without prefix."""
        dialect = self.dialect
        found = [
            web.post("/sdapi/v1/txt2img", self._draw),
            web.post("/sdapi/v1/img2img", self._draw),
            *(web.get(f"/sdapi/v1/{name}", self._list) for name in self.lists),
            *(web.get(path, self._also) for path in self.also),
        ]
        if dialect.tasks != "none":
            found.append(web.post("/internal/progress", self._task))
        if dialect.state:
            found += [web.get("/sdapi/v1/progress", self._progress), web.post("/sdapi/v1/interrupt", self._interrupt)]
        if dialect.interrogate:
            found.append(web.post(dialect.interrogate, self._describe))
        if dialect.upscale != "missing":
            found.append(web.post("/sdapi/v1/extra-single-image", self._upscale))
        return found

    def refused(self, call: Call) -> Reply | None:
        """Return 401 for a missing or wrong password; the challenge has no realm."""
        if self._auth is None or call.headers.get("authorization") == self._auth:
            return None
        if call.path.startswith(OUTSIDE_AUTH):
            return None
        return Reply.json(401, {"detail": "Incorrect username or password"}, WWW_Authenticate="Basic")

    def unknown(self, call: Call) -> Reply:
        """Return 404 as the program words it."""
        return Reply(404, b"", "text/plain") if self.dialect.plain_404 else NO_API

    # ── life, and what tests ask and order ──────────────────────────────────────────────────────────────────────

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._work = asyncio.create_task(self.worker.work())
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._work.cancel()
        (result,) = await asyncio.gather(self._work, return_exceptions=True)
        await super().__aexit__(*exception)
        if isinstance(result, Exception):
            raise result  # a mistake of this server's own

    async def running(self, *, step: int = 0, jobs: int = 1) -> None:
        """Wait until it draws its `jobs`th job, and has done so many steps of a picture; also when that is over."""
        worker = self.worker
        await self.changes.until(
            lambda: worker.jobs > jobs or (worker.jobs == jobs and (worker.running is None or worker.step >= step)),
            f"step {step} of job {jobs}",
        )

    async def waiting(self, count: int = 1) -> None:
        """Wait until so many jobs are in the queue."""
        await self.changes.until(lambda: len(self.worker.pending) >= count, f"{count} jobs in the queue")

    async def ended_jobs(self, count: int = 1) -> None:
        """Wait until so many drawings have ended, whoever still waits for them."""
        await self.changes.until(lambda: len(self.worker.drawn) >= count, f"the end of {count} drawings")

    async def interrupted(self, count: int = 1) -> None:
        """Wait until somebody interrupted so often."""
        await self.changes.until(lambda: self.worker.interrupts >= count, f"{count} interrupts")

    @contextlib.asynccontextmanager
    async def pausing(self) -> AsyncIterator[None]:
        """Let each step wait inside the block, until it is allowed."""
        self.worker.allowed = 0
        try:
            yield
        finally:
            self.allow(float("inf"))

    def allow(self, steps: float) -> None:
        """Let so many steps more be done."""
        self.worker.allowed += steps
        self.changes.changed()

    def cut(self) -> None:
        """Break all connections, as a tunnel does that waited long enough; the worker goes on."""
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    def somebody_else(self, **fields: object) -> asyncio.Task[None]:
        """Queue a drawing of another client's."""
        drawing = Drawing("task(other)", {"prompt": "a cat", "width": 64, "height": 64, **fields}, Twist(), False)
        return asyncio.create_task(self.worker.draw(drawing))

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What was asked for, of all drawings so far."""
        return [call.fields for call in self.calls()]

    # ── routes ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _list(self, request: web.Request) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        if name in self.dialect.failing:
            return await send(request, error("ResponseValidationError", TRACE))
        return await send(request, Reply.json(200, self.lists[name]))

    async def _also(self, request: web.Request) -> web.StreamResponse:
        return await send(request, Reply.json(200, self.also[request.path.removeprefix(self.prefix)]))

    async def _draw(self, request: web.Request) -> web.StreamResponse:
        fields, order = request[CALL].fields, request[ORDER]
        twist = order if isinstance(order, Twist) else Twist()
        if (wrong := await asyncio.to_thread(self._wrong, request.path, fields)) is not None:
            return await send(request, wrong)
        id = fields.get("force_task_id")
        known = isinstance(id, str) and self.dialect.tasks == "given"
        drawing = Drawing(id if isinstance(id, str) else "", fields, twist, known)
        await self.worker.draw(drawing)
        body = await asyncio.to_thread(self._body, drawing)
        return await send(request, Reply(200, body, drop=twist.drop))

    def _wrong(self, path: str, fields: dict[str, Any]) -> Reply | None:
        for name in NUMBERS:
            if not isinstance(fields.get(name, 0), int | float):
                row = {"type": "int_type", "loc": ["body", name], "msg": "Input should be a number", "input": fields}
                return Reply.json(422, {"detail": [row]})
        if self.dialect is not A1111 and self.dialect.plain_404 and not fields.get("prompt"):
            return Reply.json(400, {"error": "prompt required"})
        names = {each["name"] for each in self.lists.get("samplers", [])}
        if self.dialect.sampler_404 and fields.get("sampler_name") not in {None, *names}:
            return NO_SAMPLER
        if self.dialect.hires_needs_modules and fields.get("enable_hr") and "hr_additional_modules" not in fields:
            return error("TypeError", TRACE + "argument of type 'NoneType' is not iterable", "message")
        if path.endswith("img2img"):
            try:
                opened(fields["init_images"][0])
            except (KeyError, IndexError, TypeError, ValueError, OSError):
                return Reply.json(500, {"detail": "Invalid encoded image"})
        return None

    def _body(self, drawing: Drawing) -> bytes:
        dialect, twist = self.dialect, drawing.twist
        format = "JPEG" if dialect.jpeg else "PNG"
        files = list(twist.pictures or [encoded(each, format) for each in drawing.pictures])
        if twist.grid:
            width, height = drawing.size
            grid = Image.new("RGB", (width * len(drawing.pictures), height))
            files.insert(0, encoded(grid, format))
        files += [encoded(Image.new("RGB", (8, 8)), "PNG")] * twist.maps
        return json.dumps(
            {
                "images": [_written(each, twist) for each in files],
                "parameters": {key: value for key, value in drawing.fields.items() if key != "init_images"},
                "info": self._info(drawing),
            }
        ).encode()

    def _info(self, drawing: Drawing) -> object:
        fields, twist = drawing.fields, drawing.twist
        override = (fields.get("override_settings") or {}).get("sd_model_checkpoint")
        rows = self.lists["sd-models"]
        model = next((each for each in rows if override in (each["title"], each["model_name"], each["hash"])), rows[0])
        info: dict[str, object] = {
            "prompt": fields.get("prompt"),
            "seed": drawing.seeds[0],
            "all_seeds": drawing.seeds,
            "sampler_name": fields.get("sampler_name", "Euler"),
            "steps": fields.get("steps", 50),
            "sd_model_name": twist.model or model["model_name"],
        }
        if self.dialect.info == "whole":
            info |= {
                "sd_model_hash": model["hash"],
                "index_of_first_image": int(twist.grid),
                "infotexts": ["…"] * len(drawing.seeds),
                "job_timestamp": "20261120200000",
            }
        empty = self.dialect.info == "empty" or twist.info == ""
        return info if twist.info == "table" else "" if empty else "{no" if twist.info else json.dumps(info)

    async def _task(self, request: web.Request) -> web.StreamResponse:
        worker, id = self.worker, request[CALL].fields.get("id_task")
        running = worker.running
        active = running is not None and running.known and running.task_id == id
        told: dict[str, object] = {
            "active": active,
            "queued": any(each.known and each.task_id == id for each in worker.pending),
            "completed": id in worker.finished,
            "id_live_preview": -1,
            "textinfo": "Waiting...",
        }
        if active:
            number = worker.job_no * 100 + worker.step
            told |= {"progress": worker.fraction, "id_live_preview": number}
            if request[CALL].fields.get("live_preview") and number != request[CALL].fields.get("id_live_preview"):
                preview = worker.preview()
                told["live_preview"] = None if preview is None else f"data:image/png;base64,{preview}"
            if request[CALL].fields.get("live_preview"):
                worker.looked()
        return await send(request, Reply.json(200, told))

    async def _progress(self, request: web.Request) -> web.StreamResponse:
        worker = self.worker
        skip = request.query.get("skip_current_image") == "true"
        state = {
            "skipped": False,
            "interrupted": worker.interrupted,
            "job": "" if worker.running is None else "scripts_txt2img",
            "job_count": worker.job_count,
            "job_timestamp": f"2026112020{worker.jobs:04}",
            "job_no": worker.job_no,
            "sampling_step": worker.step,
            "sampling_steps": worker.steps,
        }
        fraction = 0.0 if worker.running is None else min(0.01 + worker.fraction, 1.0)
        image = worker.preview() if self.dialect.previews and not skip else None
        told = {"progress": fraction, "eta_relative": 0.0, "state": state, "current_image": image, "textinfo": None}
        if not skip:
            worker.looked()
        return await send(request, Reply.json(200, told))

    async def _interrupt(self, request: web.Request) -> web.StreamResponse:
        self.worker.interrupt()
        return await send(request, Reply(204) if self.dialect.no_content else Reply.json(200, {}))

    async def _describe(self, request: web.Request) -> web.StreamResponse:
        width, height = (await asyncio.to_thread(opened, request[CALL].fields["image"])).size
        return await send(request, Reply.json(200, {"caption": f"a picture of\n {width} by {height}, by nobody"}))

    async def _upscale(self, request: web.Request) -> web.StreamResponse:
        fields = request[CALL].fields
        if self.dialect.upscale == "fails":
            return await send(request, error("TypeError", TRACE + "run_extras() got an unexpected keyword argument"))
        if fields["upscaler_1"] not in {each["name"] for each in self.lists["upscalers"]}:
            return await send(request, error("AssertionError", ""))
        size = fields["upscaling_resize_w"], fields["upscaling_resize_h"]
        image = (await asyncio.to_thread(opened, fields["image"])).convert("RGB").resize(size)
        shown = pybase64.b64encode(encoded(image, "PNG")).decode()
        return await send(request, Reply.json(200, {"html_info": "<p></p>", "image": shown}))


def _written(file: bytes, twist: Twist) -> str:
    text = pybase64.b64encode(file).decode()
    if twist.encoding == "data url":
        return f"data:image/png;base64,{text}"
    return text[: len(text) // 2] + "*!*" + text[len(text) // 2 :] if twist.encoding == "garbage" else text
