"""What a model can do, by its name. The facts are in models.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from bot.engines.base import InputRule
from bot.sizes import SizeRule


@dataclass(frozen=True, slots=True)
class Facts:
    """What one model, or a line of models, can do."""

    edit: bool
    mask: bool
    max_inputs: int
    """Input pictures of one edit."""
    max_count: int
    """Pictures of one call."""
    previews: bool
    """It can send partial pictures while it draws."""
    sizes: SizeRule
    inputs: InputRule
    known: bool = True
    """False where nothing is known of the model and this is a careful guess."""


def facts(model: str) -> Facts:
    """Return what is known of a model."""
    lines, unknown = _table()
    name = model.rpartition("/")[2].lower()
    return next((line for prefix, line in lines if name.startswith(prefix)), unknown)


@cache
def _table() -> tuple[tuple[tuple[str, Facts], ...], Facts]:
    """Read the facts: by prefix, and those of an unknown model."""
    table = tomllib.loads(files("bot.engines.openai").joinpath("models.toml").read_text("utf-8"))
    lines = tuple((line.pop("prefix"), _facts(line, known=True)) for line in table["models"])
    return lines, _facts(table["unknown"], known=False)


def _facts(line: Mapping[str, Any], *, known: bool) -> Facts:
    sizes = dict(line["sizes"])
    fixed = tuple((width, height) for width, height in sizes.pop("fixed", ()))
    inputs = dict(line["inputs"])
    if "formats" in inputs:
        inputs["formats"] = tuple(inputs["formats"])
    rules = {"sizes": SizeRule(fixed=fixed, **sizes), "inputs": InputRule(**inputs)}
    return Facts(**{**line, **rules, "known": known})
