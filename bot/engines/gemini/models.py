"""What a model can do and costs, by its name. The facts are in models.toml."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from bot.engines.base import InputRule
from bot.sizes import Exact, SizeRule, fit

Method = Literal["generateContent", "predict"]
"""The methods of the API that draw."""
USUAL = "1K"
"""The size of a picture when none is asked for."""
_TIMES = {"512": Fraction(1, 2), USUAL: Fraction(1), "2K": Fraction(2), "4K": Fraction(4)}
"""How long the sides are, counted in those of the usual size."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars for a million tokens."""

    input: float
    text: float
    """Written words and thoughts."""
    image: float


@dataclass(frozen=True, slots=True)
class Form:
    """A picture's shape and size as the API names them."""

    aspect: str
    size: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What one model, or a line of models, can do."""

    method: Method
    edit: bool
    max_inputs: int
    """Input pictures of one edit."""
    max_count: int
    """Pictures of one call."""
    inputs: InputRule
    forms: Mapping[tuple[int, int], Form]
    """All it draws, by width and height in pixels."""
    sizes: SizeRule
    prices: Prices | None
    known: bool
    """False where nothing is known of the model and this is a careful guess."""

    def form(self, width: int, height: int) -> Form:
        """Return the form whose pixels are nearest, in shape before in area."""
        return self.forms[fit(Exact(width, height), self.sizes, sys.maxsize)]


def bare(model: str) -> str:
    """Return a model's name without what lists and people put before it."""
    return model.removeprefix("models/")


def facts(model: str) -> Facts:
    """Return what is known of a model."""
    lines, unknown = _table()
    name = model.rpartition("/")[2].lower()
    return next((line for prefix, line in lines if name.startswith(prefix)), unknown)


@cache
def _table() -> tuple[tuple[tuple[str, Facts], ...], Facts]:
    """Read the facts: by prefix, and those of an unknown model."""
    table = tomllib.loads(files("bot.engines.gemini").joinpath("models.toml").read_text("utf-8"))
    aspects = table["aspects"]
    lines = tuple((line["prefix"], _facts(line, aspects, known=True)) for line in table["models"])
    return lines, _facts(table["unknown"], aspects, known=False)


def _facts(line: Mapping[str, Any], aspects: Mapping[str, Mapping[str, tuple[int, int]]], *, known: bool) -> Facts:
    forms = {
        (int(width * _TIMES[size]), int(height * _TIMES[size])): Form(aspect, size)
        for size in line["sizes"]
        for each in line["aspects"]
        for aspect, (width, height) in aspects[each].items()
    }
    return Facts(
        method=line["call"],
        edit=line["edit"],
        max_inputs=line["max_inputs"],
        max_count=line["max_count"],
        inputs=InputRule(max_bytes=line["max_bytes"]),
        forms=forms,
        sizes=SizeRule(fixed=tuple(forms)),
        prices=Prices(**line["prices"]) if "prices" in line else None,
        known=known,
    )
