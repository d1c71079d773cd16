"""From the settings of an engine to the engine. A new type: one function here, one line in `TYPES`.

Each function imports its engine itself, so that only what is configured is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.engines.base import Corrections, Engine
from bot.pictures.sandbox import Sandbox
from bot.settings.engines import EngineSettings
from bot.sizes import SizeRule

if TYPE_CHECKING:
    from bot.net.client import Http


@dataclass(frozen=True, slots=True)
class Type:
    """A type of engine."""

    make: Callable[[str, EngineSettings, Sandbox], Engine]
    """Raises ValueError("key: what is wrong")."""
    slots: int
    """Jobs at once where the configuration says nothing: what an engine of this type bears."""


def _demo(id_: str, settings: EngineSettings, sandbox: Sandbox) -> Engine:
    from bot.engines.demo import DemoEngine

    return DemoEngine(id_, sandbox, settings.params)


def _openai(id_: str, settings: EngineSettings, sandbox: Sandbox) -> Engine:
    from bot.engines.openai.engine import OpenAIEngine

    if settings.api_version:
        raise ValueError("api_version: this version of Easel cannot speak to Azure yet")
    return OpenAIEngine(
        id_,
        _http(settings, default="https://api.openai.com/v1"),
        model=settings.model,
        edit_model=settings.edit_model,
        params=settings.params,
        edit_params=settings.edit_params,
        corrections=_corrections(settings),
    )


def _comfyui(id_: str, settings: EngineSettings, sandbox: Sandbox) -> Engine:
    from bot.engines.comfyui.engine import ComfyUIEngine
    from bot.engines.comfyui.workflow import NodeInput, Workflow

    if settings.comfy_org_key.get_secret_value():
        raise ValueError("comfy_org_key: this version of Easel cannot run graphs with paid nodes yet")
    for key in ("params", "edit_params", "edit_model"):
        if getattr(settings, key):
            raise ValueError(f"{key}: a workflow has its own values; change them there, or say which in its nodes")
    workflows = {}
    for name, each in settings.workflows.items():
        nodes: dict[str, NodeInput] = {role: NodeInput(rows[0].ids, rows[0].key) for role, rows in each.nodes.items()}
        try:
            workflows[name] = Workflow.load(each.file, nodes)
        except ValueError as error:
            raise ValueError(f"workflows.{name}.{error}") from error
    return ComfyUIEngine(
        id_, _http(settings), workflows=workflows, model=settings.model, corrections=_corrections(settings)
    )


TYPES: Mapping[str, Type] = {
    "comfyui": Type(_comfyui, slots=1),
    "demo": Type(_demo, slots=2),
    "openai": Type(_openai, slots=8),
}


def _http(settings: EngineSettings, default: str = "") -> Http:
    """Make the connection to an engine's address, with its credentials. The operator may name any address."""
    from bot.net.client import Http, check_headers
    from bot.net.guard import Guard

    base = settings.urls[0] if settings.urls else default
    if not base:
        raise ValueError("urls: is missing; the address of the engine is needed")
    headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
    key, auth = settings.api_key.get_secret_value(), settings.auth.get_secret_value()
    if key and auth:
        raise ValueError("auth: cannot be used together with api_key")
    if (key or auth) and any(name.lower() == "authorization" for name in headers):
        raise ValueError(f"{'api_key' if key else 'auth'}: cannot be used together with a header Authorization")
    bearer = {"Authorization": f"Bearer {key}"} if key else {}
    for setting, each in (("headers", headers), ("api_key", bearer)):
        try:
            check_headers(each)
        except ValueError as error:
            raise ValueError(f"{setting}: {error}") from error
    user, _, password = auth.partition(":")
    try:
        return Http(
            base,
            Guard(private=True),
            headers=headers | bearer,
            auth=(user, password) if auth else None,
            query={name: value.get_secret_value() for name, value in settings.query.items()},
        )
    except ValueError as error:
        raise ValueError(f"urls: {error}") from error


def _corrections(settings: EngineSettings) -> Corrections:
    """Return what the operator knows better: `supports`, and whether drawing is free."""
    corrections: dict[str, Any] = settings.supports.model_dump(exclude_none=True)
    if settings.supports.sizes is not None:
        if not settings.supports.sizes:
            raise ValueError("supports.sizes: must hold a size; leave it out to use what is known of the model")
        sizes = tuple(
            (int(width), int(height)) for width, height in (each.split("x") for each in settings.supports.sizes)
        )
        corrections["sizes"] = SizeRule(fixed=sizes, default=sizes[0])
    if settings.free is not None:
        corrections["free"] = settings.free
    elif settings.price_per_image:
        corrections["free"] = False
    return corrections
