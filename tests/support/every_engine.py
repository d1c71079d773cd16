"""A local service for every type of engine, and the engine's settings for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from tests.support import azure_server as azure
from tests.support.automatic1111_dialects import FORGE, SDNEXT
from tests.support.automatic1111_server import Automatic1111Server
from tests.support.azure_server import AzureServer
from tests.support.comfyui_engine import EDIT_NODES, GENERATE_NODES
from tests.support.comfyui_server import ComfyUIServer
from tests.support.comfyui_workflows import EDIT, GENERATE
from tests.support.gemini_server import GeminiServer
from tests.support.openai_server import OpenAIServer
from tests.support.serving import LocalServer
from tests.support.swarm_server import SwarmServer

WORKFLOWS = {
    name: {"file": str(file), "nodes": {role: [asdict(row) for row in rows] for role, rows in nodes.items()}}
    for name, file, nodes in (("generate", GENERATE, GENERATE_NODES), ("edit", EDIT, EDIT_NODES))
}

Made = tuple[LocalServer, dict[str, Any], str]
"""The service, the engine's settings for it, and the call that draws."""


def openai() -> Made:
    server = OpenAIServer()
    return server, {"type": "openai", "api_key": server.key, "model": "gpt-image-2"}, "POST /images/"


def azure_deployment() -> Made:
    server = AzureServer({"gpt-image-2": "gpt-image-2"})
    settings = {"type": "openai", "api_key": azure.KEY, "api_version": azure.VERSION, "model": "gpt-image-2"}
    return server, settings, "POST /openai/deployments/"


def gemini() -> Made:
    server = GeminiServer()
    return server, {"type": "gemini", "api_key": server.key, "model": "gemini-3.1-flash-image"}, ":generateContent"


def forge() -> Made:
    return Automatic1111Server(FORGE, auth="me:secret"), {"type": "automatic1111", "auth": "me:secret"}, "2img"


def sdnext() -> Made:
    return Automatic1111Server(SDNEXT), {"type": "automatic1111"}, "2img"


def comfyui() -> Made:
    settings = {"type": "comfyui", "query": {"token": "t0ken"}, "workflows": WORKFLOWS}
    return ComfyUIServer(version="0.38.1", token="t0ken", previews=True), settings, "POST /prompt"


def swarm() -> Made:
    settings = {"type": "comfyui", "headers": {"Cookie": "swarm_token=a.b"}, "workflows": WORKFLOWS}
    return SwarmServer(token="a.b"), settings, "POST /prompt"


EVERY: tuple[Callable[[], Made], ...] = (openai, azure_deployment, gemini, forge, sdnext, comfyui, swarm)
