"""Found by Python at its start when this folder is on PYTHONPATH: sends an unmodified bot to the local Discord.

Nothing is imported here: discord.py is changed once the bot itself has imported it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType


class _Redirecting(Loader):
    """Loads a module as ever and then changes it."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        if module.__name__ == "discord.http":
            module.Route.BASE = os.environ["LOCAL_DISCORD_API"]
        elif module.__name__ == "discord.asset":
            module.Asset.BASE = os.environ["LOCAL_DISCORD_CDN"]
        else:
            import yarl

            module.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["LOCAL_DISCORD_GATEWAY"])


class _Finder(MetaPathFinder):
    """Notices the modules that know Discord's addresses."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in ("discord.asset", "discord.http", "discord.gateway"):
            return None
        sys.meta_path.remove(self)
        try:
            spec = find_spec(fullname)
        finally:
            sys.meta_path.insert(0, self)
        if spec is not None and spec.loader is not None:
            spec.loader = _Redirecting(spec.loader)
        return spec


if "LOCAL_DISCORD_API" in os.environ:
    sys.meta_path.insert(0, _Finder())
