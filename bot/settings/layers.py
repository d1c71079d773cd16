"""From the layers of settings to the one that holds: the nearest wins, and it is known where each value is from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from bot.settings.models import Language, Policy, Preferences

Layer = Literal["request", "person", "channel", "server", "operator", "built-in"]
"""Where a value may come from, nearest first."""


GUARDED: Mapping[str, tuple[object, ...]] = {
    "moderation": ("off", "words", "provider"),
    "generate_enabled": (True, False),
    "edit_enabled": (True, False),
}
"""Preferences that people cannot loosen for themselves, only those who manage the server; the loosest value first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """Every preference as it holds for one request. The defaults written here are the built-in ones."""

    generate_engine: str | None = None
    """None = the first engine that can."""
    edit_engine: str | None = None
    """None = the first engine that can, `generate_engine` before others."""
    size: str | None = None
    """None = the engine's own default."""
    count: int = 1
    negative: str = ""
    style: str = ""
    enhance: bool = False
    acknowledge: bool = True
    router: bool = False
    preview: bool = True
    details_line: bool = False
    metadata: bool = True
    language: Language | None = None
    """None = the language the person's platform says they read."""
    reply_in: Literal["reply", "thread", "channel"] = "reply"
    mention_trigger: bool = True
    spoiler: Literal["never", "flagged", "always"] = "flagged"
    moderation: Literal["off", "words", "provider"] = "off"
    generate_enabled: bool = True
    edit_enabled: bool = True
    time_zone: str = "UTC"
    source: Mapping[str, Layer]
    """For every preference the layer its value is from."""
    clamped: Mapping[str, int]
    """For each preference that policy cut down: what its layer had set."""


def resolve(layers: Mapping[Layer, Preferences], policy: Policy) -> Effective:
    """Return the preferences that hold where these layers meet.

    What guards the server holds for everyone: a person may only be stricter with themselves. A preference beyond
    `policy` is cut down to it, and `clamped` says so. What the request itself asks for is left as it is: beyond policy
    it is refused with the number, not changed. Sizes are held against policy in planning, where their pixels are known.
    """
    values: dict[str, Any] = {}
    source: dict[str, Layer] = dict.fromkeys(Preferences.model_fields, "built-in")
    nearest_first: tuple[Layer, ...] = get_args(Layer)
    for layer in reversed(nearest_first):
        chosen = layers.get(layer, Preferences()).model_dump(exclude_none=True)
        if layer in ("request", "person"):
            chosen = {name: value for name, value in chosen.items() if not _loosens(name, value, values)}
        values |= chosen
        source |= dict.fromkeys(chosen, layer)
    clamped: dict[str, int] = {}
    if source["count"] != "request" and values.get("count", 1) > policy.max_count:
        clamped["count"], values["count"] = values["count"], policy.max_count
    return Effective(**values, source=source, clamped=clamped)


def _loosens(name: str, value: object, values: Mapping[str, object]) -> bool:
    """Tell whether a value would take back what the server's layers want of a guarded preference."""
    order = GUARDED.get(name)
    return order is not None and order.index(value) < order.index(values.get(name, order[0]))
