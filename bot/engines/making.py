"""From the settings of an engine to the engine. A new type: one function here, one line in `TYPES`.

Each function imports its engine itself, so that only what is configured is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

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
    from bot.engines.openai.layout import OPENAI, azure
    from bot.net.client import check_headers

    for key in ("strength", "sampler", "scheduler"):
        if getattr(settings, key):
            raise ValueError(f"{key}: the images API has no such thing; a server's own name for it can go into params")
    place = azure(settings.urls[0] if settings.urls else "", settings.api_version)
    if place is not None:
        headers, query = dict(settings.headers), dict(settings.query)
        if key := settings.api_key.get_secret_value():
            if any(name.lower() == "api-key" for name in headers):
                raise ValueError("api_key: cannot be used together with a header api-key")
            try:
                check_headers({"api-key": key})
            except ValueError as error:
                raise ValueError(f"api_key: {error}") from error
            headers["api-key"] = settings.api_key
        if place.api_version:
            query["api-version"] = SecretStr(place.api_version)
        changed = {"urls": (place.base,), "api_key": SecretStr(""), "headers": headers, "query": query}
        settings = settings.model_copy(update=changed)
    return OpenAIEngine(
        id_,
        connect(settings, default="https://api.openai.com/v1"),
        model=settings.model,
        edit_model=settings.edit_model,
        params=settings.params,
        edit_params=settings.edit_params,
        steps=settings.steps,
        guidance=settings.guidance,
        corrections=_corrections(settings),
        layout=OPENAI if place is None else place.layout,
    )


def _comfyui(id_: str, settings: EngineSettings, sandbox: Sandbox) -> Engine:
    from bot.engines.comfyui.engine import ComfyUIEngine
    from bot.engines.comfyui.workflow import FixedInput, NodeInput, Workflow

    for key in ("params", "edit_params", "edit_model"):
        if getattr(settings, key):
            raise ValueError(f"{key}: a workflow has its own values; change them there, or say which in its nodes")
    workflows = {}
    for name, each in settings.workflows.items():
        nodes: dict[str, list[NodeInput]] = {
            role: [NodeInput(row.ids, row.key) for row in rows] for role, rows in each.nodes.items()
        }
        fixed = [FixedInput(row.ids, row.key, row.value) for row in each.fixed]
        try:
            workflows[name] = Workflow.load(each.file, nodes, fixed)
        except ValueError as error:
            raise ValueError(f"workflows.{name}.{error}") from error
    credentials = (settings.api_key, settings.auth, *settings.headers.values(), *settings.query.values())
    return ComfyUIEngine(
        id_,
        connect(settings),
        workflows=workflows,
        model=settings.model,
        defaults={role: getattr(settings, role) for role in ("steps", "guidance", "strength", "sampler", "scheduler")},
        org_key=settings.comfy_org_key.get_secret_value(),
        secrets=[each.get_secret_value() for each in credentials],
        corrections=_corrections(settings),
    )


def _gemini(id_: str, settings: EngineSettings, sandbox: Sandbox) -> Engine:
    from bot.engines.gemini.engine import GeminiEngine
    from bot.net.client import check_headers

    for key in ("steps", "guidance", "strength", "sampler", "scheduler"):
        if getattr(settings, key):
            raise ValueError(f"{key}: the Gemini API has no such thing")
    if given := settings.api_key.get_secret_value():
        if any(name.lower() == "x-goog-api-key" for name in settings.headers):
            raise ValueError("api_key: cannot be used together with a header x-goog-api-key")
        try:
            check_headers({"x-goog-api-key": given})
        except ValueError as error:
            raise ValueError(f"api_key: {error}") from error
        headers = {**settings.headers, "x-goog-api-key": settings.api_key}
        settings = settings.model_copy(update={"api_key": SecretStr(""), "headers": headers})
    return GeminiEngine(
        id_,
        connect(settings, default="https://generativelanguage.googleapis.com/v1beta"),
        model=settings.model,
        edit_model=settings.edit_model,
        params=settings.params,
        edit_params=settings.edit_params,
        corrections=_corrections(settings),
    )


def _automatic1111(id_: str, settings: EngineSettings, sandbox: Sandbox) -> Engine:
    from bot.engines.automatic1111.bodies import Defaults
    from bot.engines.automatic1111.engine import Automatic1111Engine

    return Automatic1111Engine(
        id_,
        connect(settings),
        model=settings.model,
        edit_model=settings.edit_model,
        defaults=Defaults(settings.steps, settings.guidance, settings.strength, settings.sampler, settings.scheduler),
        params=settings.params,
        edit_params=settings.edit_params,
        corrections=_corrections(settings),
    )


TYPES: Mapping[str, Type] = {
    "automatic1111": Type(_automatic1111, slots=1),
    "comfyui": Type(_comfyui, slots=1),
    "demo": Type(_demo, slots=2),
    "gemini": Type(_gemini, slots=8),
    "openai": Type(_openai, slots=8),
}


GROUP = "easel.engines"
"""The group of entry points by which installed packages offer types of their own: name = "module:TYPE", a `Type`."""


def find(name: str) -> Type | None:
    """Return a type of engine, Easel's own or an installed package's; None when there is none of this name.

    Raises ValueError("type: what is wrong") when a package's cannot be used.
    """
    if (ours := TYPES.get(name)) is not None:
        return ours
    for point in entry_points(group=GROUP, name=name):
        package = point.dist.name if point.dist is not None else point.value
        try:
            found = point.load()
        except Exception as error:  # a stranger's code, which may do anything
            raise ValueError(f"type: “{name}” of the package {package} cannot be loaded: {error!r}") from error
        if not isinstance(found, Type):
            raise ValueError(f"type: “{name}” of the package {package} is no bot.engines.making.Type")
        return found
    return None


def names() -> list[str]:
    """Return the names of all types there are, sorted."""
    return sorted({*TYPES, *(point.name for point in entry_points(group=GROUP))})


def connect(settings: EngineSettings, default: str = "") -> Http:
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
