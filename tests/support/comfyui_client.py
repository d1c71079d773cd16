"""A bare client for the local ComfyUI server: it only asks and listens, and knows nothing of the dialect."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.support.comfyui_server import ComfyUIServer
from tests.support.comfyui_workflows import GENERATE, graph
from tests.support.serving import PATIENCE_S


def small(seed: object = 1, **inputs: object) -> dict[str, Any]:
    """Return the workflow for generating, with little to draw."""
    values: dict[str, Any] = {"seed": seed, "width": 64, "height": 64, "steps": 2, **inputs}
    return graph(GENERATE, **values)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of the websocket: its type and data, or `binary` and the frame."""

    type: str
    data: dict[str, Any]
    frame: bytes = b""


def types_of(heard: list[Heard]) -> list[str]:
    """Return the messages' types."""
    return [each.type for each in heard]


class Ears:
    """An open websocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Use `Client.listening`."""
        self.socket = socket
        self._heard: list[Heard] = []

    async def start(self) -> None:
        """Wait for the first message: from then on nothing is missed."""
        self._heard.append(await self.hear())

    async def hear(self) -> Heard:
        """Return the next message."""
        if self._heard:
            return self._heard.pop()
        message = await self.socket.receive(timeout=PATIENCE_S)
        if message.type is aiohttp.WSMsgType.BINARY:
            return Heard("binary", {}, message.data)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        said = json.loads(message.data)
        return Heard(said["type"], said["data"])

    async def until(self, type: str, **data: Any) -> list[Heard]:
        """Return everything up to a message of this type whose data has these values."""
        heard = [await self.hear()]
        while heard[-1].type != type or any(heard[-1].data.get(name) != value for name, value in data.items()):
            heard.append(await self.hear())
        return heard

    async def everything(self, server: ComfyUIServer) -> list[Heard]:
        """Return all that was sent until nothing ran any more."""
        await server.idle()
        server.machine.sockets.tell("the end", {}, None)
        return (await self.until("the end"))[:-1]


class Client:
    """Asks one server."""

    def __init__(self, server: ComfyUIServer, session: aiohttp.ClientSession) -> None:
        """Use `client_of`."""
        self.server = server
        self.session = session

    async def fetch(
        self, path: str, query: Mapping[str, str] | None = None, **headers: str
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """GET; return status, body and headers."""
        async with self.session.get(self.server.url + path, params=query, headers=headers) as answer:
            return answer.status, await answer.read(), answer.headers

    async def get(self, path: str) -> Any:
        """GET what is 200 and JSON."""
        status, body, _ = await self.fetch(path)
        assert status == 200, body
        return json.loads(body)

    async def post(self, path: str, value: Any = None, **form: Any) -> tuple[int, Any]:
        """POST JSON, or bytes, or `form` with (name, bytes) as files; return status and JSON, or the text."""
        data = aiohttp.FormData(default_to_multipart=True)
        for name, each in form.items():
            text, filename = (each[1], each[0]) if isinstance(each, tuple) else (each, None)
            data.add_field(name, text, filename=filename)
        body = {"data": data} if form else {"data": value} if isinstance(value, bytes) else {"json": value}
        async with self.session.post(self.server.url + path, **body) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if answer.content_type == "application/json" else text

    async def submit(self, nodes: Mapping[str, Any], client_id: str | None = "me", **more: Any) -> str:
        """Submit a prompt that is accepted; return its id."""
        body = {"prompt": nodes, "prompt_id": str(uuid.uuid4()), **more}
        status, answer = await self.post("/prompt", body if client_id is None else {**body, "client_id": client_id})
        assert status == 200, answer
        id: str = answer["prompt_id"]
        return id

    async def draw(self, nodes: Mapping[str, Any], client_id: str | None = "me", **more: Any) -> dict[str, Any]:
        """Submit a prompt; return its history entry."""
        return await self.server.finished(await self.submit(nodes, client_id, **more))

    async def picture(self, entry: Mapping[str, Any], node: str = "9", number: int = 0) -> bytes:
        """Return a picture that a history entry names."""
        status, body, _ = await self.fetch("/view", entry["outputs"][node]["images"][number])
        assert status == 200
        return body

    @asynccontextmanager
    async def listening(self, client_id: str = "me", flags: Mapping[str, Any] | None = None) -> AsyncIterator[Ears]:
        """Listen under a client id, after saying what one understands."""
        async with self.session.ws_connect(f"{self.server.url}/ws?clientId={client_id}", max_msg_size=0) as socket:
            ears = Ears(socket)
            await ears.start()
            if flags is not None:
                await socket.send_json({"type": "feature_flags", "data": flags})
                await ears.until("feature_flags")
            yield ears


@asynccontextmanager
async def client_of(server: ComfyUIServer, **headers: str) -> AsyncIterator[Client]:
    """Give a client that sends these headers with every call."""
    async with aiohttp.ClientSession(headers=headers) as session:
        yield Client(server, session)
