"""What a model can do, by its name. The facts are in models.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from bot.engines.base import InputRule
from bot.sizes import SizeRule

_FAMILY = re.compile(r"(?<![a-z0-9])(?:gpt-image-|chatgpt-image|dall-e-).*")


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
    response_format: str = ""
    """What is to be sent as `response_format`; empty: nothing."""
    known: bool = True
    """False where nothing is known of the model and this is a careful guess."""


def facts(model: str) -> Facts:
    """Return what is known of a model."""
    lines, unknown = _lines()
    name = bare(model)
    return next((line for prefix, line in lines if name.startswith(prefix)), unknown)


def bare(model: str) -> str:
    """Return a model's name as the facts have it: without a provider before it, in small letters."""
    return model.rpartition("/")[2].lower()


def within(deployment: str) -> str:
    """Return the model a deployment is named after, as "gpt-image-2" in "Prod_gpt-image-2", or the name as it is."""
    found = _FAMILY.search(bare(deployment))
    return found[0] if found else deployment


def named(section: str, model: str) -> Mapping[str, Any] | None:
    """Return the row of `parameters` or `prices` that names a model; None when none does."""
    name = bare(model)
    for row in table()[section]:
        for each in row["models"]:
            if name.startswith(each) and re.match(r"[a-z0-9.]", name[len(each) :]) is None:
                return {key: value for key, value in row.items() if key != "models"}
    return None


@cache
def table() -> Mapping[str, Any]:
    """Return all of models.toml."""
    return tomllib.loads(files("bot.engines.openai").joinpath("models.toml").read_text("utf-8"))


@cache
def _lines() -> tuple[tuple[tuple[str, Facts], ...], Facts]:
    """Read what models can do: by prefix, and that of an unknown model."""
    lines = tuple((line["prefix"], _facts(line, known=True)) for line in table()["models"])
    return lines, _facts(table()["unknown"], known=False)


def _facts(line: Mapping[str, Any], *, known: bool) -> Facts:
    sizes = dict(line["sizes"])
    fixed = tuple((width, height) for width, height in sizes.pop("fixed", ()))
    inputs = dict(line["inputs"])
    if "formats" in inputs:
        inputs["formats"] = tuple(inputs["formats"])
    rules = {"sizes": SizeRule(fixed=fixed, **sizes), "inputs": InputRule(**inputs)}
    rest = {key: value for key, value in line.items() if key != "prefix"}
    return Facts(**{**rest, **rules, "known": known})
