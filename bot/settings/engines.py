"""The settings of one engine, the same for every type: written by the operator, later by server admins too."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo

from bot.settings.models import Amount, Id, SettingsGroup, Whole

FORBIDDEN_PARAMS = ("prompt", "n", "size", "model", "image", "mask", "stream")
"""What Easel puts into every request itself."""


def _named(value: object) -> object:
    if value == "":  # Path would take it for the folder itself
        raise ValueError("may not be empty")
    if isinstance(value, str) and "\0" in value:
        raise ValueError("must be a path")
    return value


def _anchored(path: Path, info: ValidationInfo) -> Path:
    """Relative paths start at the folder of the configuration file, wherever the process was started."""
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / path


def _address(value: str) -> str:
    """Check a web address, and take the closing slash off so that a path can be put behind it."""
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        good = False
    if not good:
        raise ValueError("must be an address that starts with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("may not hold a user name or password")
    return value.rstrip("/")


def _user_and_password(value: SecretStr) -> SecretStr:
    secret = value.get_secret_value()
    if secret and ":" not in secret:
        raise ValueError('must be "user:password"; a key without a user belongs into api_key')
    return value


def _params(value: dict[str, Any]) -> dict[str, Any]:
    if forbidden := [name for name in FORBIDDEN_PARAMS if name in value]:
        raise ValueError(f"may not hold {', '.join(forbidden)}; Easel sets that itself")
    return value


def _several(value: object) -> object:
    """Take one row for a list of one."""
    return [value] if isinstance(value, dict) else value


RelativePath = Annotated[Path, BeforeValidator(_named), AfterValidator(_anchored)]
"""Relative to the folder of the configuration file; absolute once loaded."""
Address = Annotated[str, AfterValidator(_address)]
AddressOrNothing = Annotated[str, AfterValidator(lambda value: value and _address(value))]
Params = Annotated[dict[str, Any], AfterValidator(_params)]
AtLeastOne = Annotated[Whole, Field(ge=1)]
Seconds = Annotated[Amount, Field(gt=0)]
NO_SECRET = SecretStr("")

Role = Literal[
    "prompt",
    "negative",
    "model",
    "image",
    "mask",
    "width",
    "height",
    "count",
    "steps",
    "seed",
    "guidance",
    "strength",
    "sampler",
    "scheduler",
]
"""What a node of a ComfyUI graph is there for."""


class Node(SettingsGroup):
    """Where a role is in a graph: the input `key` of these nodes."""

    ids: Annotated[tuple[str, ...], Field(min_length=1)]
    key: str


class Fixed(Node):
    """Inputs of a graph that are set to a value of the operator's."""

    value: str | int | float | bool


class Workflow(SettingsGroup):
    """A ComfyUI graph and what is what in it. Those called `generate`, `edit` and `edit_2` … `edit_9` (for so many
    pictures) are used unasked, others when their name is asked for as a model.
    """

    file: RelativePath
    nodes: dict[Role, Annotated[tuple[Node, ...], BeforeValidator(_several)]] = Field(default_factory=dict)
    """One row, or several where a role has different keys in different nodes."""
    fixed: Annotated[tuple[Fixed, ...], BeforeValidator(_several)] = ()


class Supports(SettingsGroup):
    """What an engine's model can do, named as in `Capabilities`; None = what is known of the model holds."""

    generate: bool | None = None
    edit: bool | None = None
    mask: bool | None = None
    max_inputs: AtLeastOne | None = None
    max_count: AtLeastOne | None = None
    sizes: tuple[Annotated[str, Field(pattern=r"^[1-9]\d{0,4}x[1-9]\d{0,4}$")], ...] | None = None
    """The only sizes it draws."""
    size: bool | None = None
    seed: bool | None = None
    steps: bool | None = None
    guidance: bool | None = None
    strength: bool | None = None
    negative: bool | None = None
    sampler: bool | None = None
    loras: bool | None = None
    styles: bool | None = None
    upscale: bool | None = None
    describe: bool | None = None
    progress: bool | None = None
    preview: bool | None = None
    cancel: bool | None = None


class EngineSettings(SettingsGroup):
    """One configured image service. Which of these a type needs, and which types there are, the registry knows."""

    type: Id
    urls: tuple[Address, ...] = ()
    """Several = a pool of equal machines. Without a closing slash."""
    api_key: SecretStr = NO_SECRET
    """Sent as Bearer."""
    auth: Annotated[SecretStr, AfterValidator(_user_and_password)] = NO_SECRET
    """`user:password`, sent as Basic."""
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    query: dict[str, SecretStr] = Field(default_factory=dict)
    """Put behind every address asked, as in `?token=…`."""
    model: str = ""
    """Empty = the engine's own default."""
    edit_model: str = ""
    """Empty = `model`."""
    params: Params = Field(default_factory=dict)
    """Put into every request to generate, last."""
    edit_params: Params = Field(default_factory=dict)
    steps: AtLeastOne | None = None
    """This and the next four hold where a request does not say; None or empty = the engine's own default."""
    guidance: Amount | None = None
    strength: Annotated[Amount, Field(le=1)] | None = None
    sampler: str = ""
    scheduler: str = ""
    slots: AtLeastOne | None = None
    """Jobs at once per address; None = what is usual for the type."""
    timeout_s: Seconds = 600
    price_per_image: Amount | None = None
    """In the operator's currency. An engine with a price is paid."""
    free: bool | None = None
    """A job cut off by a crash may be drawn once more; None = what is usual for the type, and never with a price."""
    supports: Supports = Supports()
    workflows: dict[Id, Workflow] = Field(default_factory=dict)
    api_version: str = ""
    """Set = Azure."""
    comfy_org_key: SecretStr = NO_SECRET
    """For graphs with paid API nodes; such graphs count as paid."""
