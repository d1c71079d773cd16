"""An engine of Azure's as the configuration makes it, and a server that draws something else each time."""

from __future__ import annotations

from typing import Any

from bot.engines.base import Engine
from bot.engines.making import TYPES
from bot.pictures.sandbox import Sandbox
from bot.settings.engines import EngineSettings
from tests.support import azure_server as azure
from tests.support.azure_server import AzureServer
from tests.support.openai_engine import Inventive

DEPLOYMENTS = {
    "house-painter": "gpt-image-2",
    "gpt-image-2": "gpt-image-2",
    "prod-gpt-image-1-mini": "gpt-image-1-mini",
}


class InventiveAzure(Inventive, AzureServer):
    """Draws something else each time."""


def made(url: str, **settings: Any) -> Engine:
    """Return an engine as the configuration makes it."""
    given = {"type": "openai", "urls": [url], "api_key": azure.KEY, "api_version": azure.VERSION, **settings}
    return TYPES["openai"].make("cloud", EngineSettings.model_validate(given), Sandbox())
