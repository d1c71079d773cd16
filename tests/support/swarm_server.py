"""SwarmUI's dialect on loopback: one ComfyUI behind `/ComfyBackendDirect` (`ComfyUIRedirectHelper.cs`, Aug 2026)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any

from tests.support.comfyui_faults import SERVER_ERROR, SWARM_DENIED, SWARM_NO_BACKEND
from tests.support.comfyui_file_routes import FEATURES
from tests.support.comfyui_server import ComfyUIServer
from tests.support.comfyui_sockets import Sockets
from tests.support.serving_calls import Call, Reply

DUPLICATED = ("POST /queue", "POST /interrupt")
"""Calls that are sent to all backends; without a type of content that fails inside."""


class SwarmServer(ComfyUIServer):
    """The server. Orders without `on` are for the next prompt, as with ComfyUI."""

    def __init__(self, *, token: str | None = None, **comfyui: Any) -> None:
        """`token`: accounts are on, and every call must have this cookie `swarm_token`."""
        super().__init__(prefix="/ComfyBackendDirect", **comfyui)
        self.machine.sockets = _Sockets(self.changes, FEATURES)
        self.asleep = False
        """No backend runs, as right after the start."""
        self.improper: list[str] = []
        """Client ids of prompts that no websocket was opened for before."""
        self._cookie = token

    def refused(self, call: Call) -> Reply | None:
        """Return what SwarmUI answers itself."""
        if self._cookie is not None:
            cookie = SimpleCookie(call.headers.get("cookie", "")).get("swarm_token")
            if cookie is None or cookie.value != self._cookie:
                return SWARM_DENIED
        if self.asleep:
            return SWARM_NO_BACKEND
        if call.route in DUPLICATED and not (call.body and call.headers.get("content-type")):
            return SERVER_ERROR
        if call.route == "POST /prompt" and call.fields.get("client_id") not in self.machine.sockets.open:
            self.improper.append(str(call.fields.get("client_id")))
        return None


class _Sockets(Sockets):
    """The websockets: what is said in words is parsed on the way and written anew, indented."""

    def tell(self, event: str, data: Mapping[str, Any], to: str | None) -> None:
        self._line.put_nowait((json.dumps({"type": event, "data": data}, indent=2), to))
