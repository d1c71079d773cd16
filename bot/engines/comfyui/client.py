"""The HTTP routes of one ComfyUI server (0.38.1 `server.py`; older ones are told apart by what they lack)."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Mapping, Sequence
from typing import TypeGuard
from urllib.parse import quote
from uuid import uuid4

from bot.engines.base import InputPicture
from bot.engines.comfyui.history import Finished, SavedPicture
from bot.engines.comfyui.workflow import Graph
from bot.net.client import Answer, Http, Part, Timeouts
from bot.net.errors import Malformed, NetError
from bot.net.said import ERROR_S
from bot.net.waiting import wait_s

ASKING = Timeouts(connect=5, read=30, total=60)
SENDING = Timeouts(connect=5, read=120, total=600)
"""Seconds for what carries pictures or is validated node by node."""

SHORT = 2**20
"""Bytes an answer may have that holds nothing long."""
LONG = 64 * 2**20
"""Bytes of an answer with graphs, lists of models or a failed node's tensors in it."""
LONGEST_READ = 2**17
"""Characters of an error that are looked at: more than two prompts, so none is cut into what is no longer found."""
LARGEST_ERROR = 4 * 2**20
"""Bytes of the body of an error status: the mistakes in a large graph, with lists of models."""
LARGEST_PICTURE = 256 * 2**20
"""Bytes: an 80 megapixel PNG of noise."""
NO_BACKEND = re.compile(r"no (?:functional )?(?:comfy\w* )?backend available", re.IGNORECASE)
"""In what SwarmUI answers, with status 400, while none of its ComfyUIs runs: nothing was done."""
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


class Refusal(Exception):
    """The server, or a proxy before it, answered with an error status."""

    def __init__(self, status: int, text: str = "", value: object = None, retry_after: int | None = None) -> None:
        """`value` is the body where it was JSON, `text` where it was not; `retry_after` is in seconds."""
        super().__init__(f"HTTP {status}")
        self.retry_after = retry_after
        self.status = status
        self.text = text
        self.value = value

    @property
    def said(self) -> str:
        """What the body says, in words: ComfyUI's error has fields, SwarmUI's is a text, a proxy's a page."""
        if not isinstance(self.value, dict):
            return re.sub(r"<[^>]*>", " ", self.text[:LONGEST_READ])
        error = self.value.get("error")
        if isinstance(error, dict):
            return f"{error.get('type')}: {error.get('message')}: {error.get('details')}"
        return str(error)[:LONGEST_READ]

    @property
    def no_backend(self) -> bool:
        """SwarmUI has no ComfyUI that runs; it may be starting one."""
        return self.status == 400 and NO_BACKEND.search(self.said) is not None

    @property
    def passing(self) -> bool:
        """It may be different in a moment: a proxy without its server, or a server in trouble."""
        return self.status >= 500 or self.status == 429 or self.no_backend


class Client:
    """Asks one server. Every method raises NetError and Refusal."""

    def __init__(self, http: Http, org_key: str = "") -> None:
        """`http` stays the caller's to close. `org_key` pays for what paid nodes ask of Comfy.org."""
        self._http = http
        self._paying = {"api_key_comfy_org": org_key} if org_key else {}

    async def upload(self, picture: InputPicture) -> str:
        """Store an input picture; return its name as LoadImage takes it. Nobody can guess or overwrite it."""
        name = f"easel-{uuid4()}.{EXTENSIONS.get(picture.mime, 'png')}"
        parts = [Part("image", picture.data, name, picture.mime), Part("type", "input")]
        stored = _table(await self._ask("POST", "/upload/image", parts=parts, timeouts=SENDING))
        given, subfolder = stored.get("name"), stored.get("subfolder")
        if not isinstance(given, str) or not given:
            raise Malformed("the answer to an upload has no name")
        return f"{subfolder}/{given}" if isinstance(subfolder, str) and subfolder else given

    async def submit(self, graph: Graph, prompt_id: str, client_id: str) -> tuple[str, Mapping[str, object]]:
        """Queue a graph; return its id (old servers choose their own) and the nodes that were left out as invalid.

        `client_id` is the websocket that hears of it. `preview_method` makes newer servers send previews.
        """
        body = {
            "prompt": graph,
            "prompt_id": prompt_id,
            "client_id": client_id,
            "extra_data": {"preview_method": "auto", **self._paying},
        }
        answer = _table(await self._ask("POST", "/prompt", json=body, limit=LONG, timeouts=SENDING))
        given = answer.get("prompt_id")
        if not isinstance(given, str) or not given:
            raise Malformed("the answer to a prompt has no prompt_id")
        return given, _table(answer.get("node_errors"))

    async def finished(self, prompt_id: str) -> Finished | None:
        """Return how a prompt ended; None while it waits or runs, and also when it is lost: see `knows`."""
        entry = _table(await self._ask("GET", f"/history/{quote(prompt_id, safe='')}", limit=LONG)).get(prompt_id)
        return Finished.read(entry) if isinstance(entry, dict) else None

    async def knows(self, prompt_id: str) -> bool:
        """Tell whether the server has a prompt: waiting, running or finished."""
        try:
            if isinstance(await self._ask_jobs("GET", prompt_id), dict):
                return True
        except Refusal as refusal:
            if refusal.status != 404 or not isinstance(refusal.value, dict):
                raise
            return False
        # The queue first: a prompt moves from there to the history, never back.
        waiting, running = await self._queue()
        return prompt_id in waiting or prompt_id in running or await self.finished(prompt_id) is not None

    async def cancel(self, prompt_id: str) -> bool:
        """Stop this prompt and no other; return False when it was neither waiting nor running.

        An interrupt is only sent while the prompt runs: old servers do not look at its id.
        """
        cancelled = _table(await self._ask_jobs("POST", prompt_id, "/cancel")).get("cancelled")
        if isinstance(cancelled, bool):
            return cancelled
        waited = prompt_id in (await self._queue())[0]
        if waited:
            await self._tell("/queue", {"delete": [prompt_id]})
        running = prompt_id in (await self._queue())[1]
        if running:
            await self._tell("/interrupt", {"prompt_id": prompt_id})
        return waited or running

    async def picture(self, saved: SavedPicture) -> bytes | None:
        """Fetch a picture; None when its file is gone."""
        query = {"filename": saved.filename, "subfolder": saved.subfolder, "type": saved.type}
        async with self._http.request("GET", "/view", query=query, limit=LARGEST_PICTURE, timeouts=SENDING) as answer:
            if answer.ok:
                return await answer.body()
            if answer.status == 404:
                return None
            raise await _refusal(answer)

    async def stats(self) -> Mapping[str, object]:
        """Return the server's version and devices."""
        return _table(await self._ask("GET", "/system_stats"))

    async def node_class(self, name: str) -> Mapping[str, object] | None:
        """Return what a node class takes and gives; None when the server does not have it."""
        found = _table(await self._ask("GET", f"/object_info/{quote(name, safe='')}", limit=LONG)).get(name)
        return found if isinstance(found, dict) else None

    async def files(self, folder: str) -> Sequence[str]:
        """Return the names in a folder of models; none when there is no such folder."""
        try:
            names = await self._ask("GET", f"/models/{folder}", limit=LONG)
        except Refusal as refusal:
            if refusal.status == 404:
                return ()
            raise
        return names if _are_names(names) else ()

    async def _ask_jobs(self, method: str, prompt_id: str, action: str = "") -> object:
        """Ask a route that only newer servers have; None where it is missing."""
        try:
            return await self._ask(
                method, f"/api/jobs/{quote(prompt_id, safe='')}{action}", json={} if action else None, limit=LONG
            )
        except Malformed:
            return None
        except Refusal as refusal:
            # 405: old servers have static files for GET there; and their 404 is none of a job's.
            if refusal.status in (404, 405) and not isinstance(refusal.value, dict):
                return None
            raise

    async def _queue(self) -> tuple[set[str], set[str]]:
        """Return the ids that wait and those that run."""
        queue = _table(await self._ask("GET", "/queue", limit=LONG))
        return _ids(queue.get("queue_pending")), _ids(queue.get("queue_running"))

    async def _tell(self, path: str, body: object) -> None:
        """Post what is answered with a status alone."""
        async with self._http.request("POST", path, json=body, limit=SHORT, timeouts=ASKING) as answer:
            if not answer.ok:
                raise await _refusal(answer)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        parts: Sequence[Part] | None = None,
        limit: int = SHORT,
        timeouts: Timeouts = ASKING,
    ) -> object:
        """Return the JSON that answers."""
        async with self._http.request(method, path, json=json, parts=parts, limit=limit, timeouts=timeouts) as answer:
            if answer.ok:
                return await answer.json()
            raise await _refusal(answer)


async def _refusal(answer: Answer) -> Refusal:
    """Return an error status with what its body says, as far as that can be read in time."""
    wait = wait_s(answer.headers, "")
    retry_after = None if wait is None else math.ceil(wait)
    answer.limit = min(answer.limit, LARGEST_ERROR)
    try:
        async with asyncio.timeout(ERROR_S):
            if answer.content_type == "application/json":
                return Refusal(answer.status, value=await answer.json(), retry_after=retry_after)
            return Refusal(answer.status, await answer.text(), retry_after=retry_after)
    except (NetError, TimeoutError) as error:
        detail = error.detail if isinstance(error, NetError) else "its body did not come in time"
        return Refusal(answer.status, detail, retry_after=retry_after)


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _ids(items: object) -> set[str]:
    """Return the prompt ids of `[number, id, graph, …]`."""
    rows = items if isinstance(items, list) else []
    return {row[1] for row in rows if isinstance(row, list) and len(row) > 1 and isinstance(row[1], str)}


def _are_names(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
