"""What a call cost, in dollars: as a gateway says, or by the tokens that were used and what they cost."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.engines.openai.models import named

MOST = 1000.0
"""Dollars of one call. Whatever says more is wrong: ten pictures of the largest size cost a few dollars."""
LITELLM = "x-litellm-response-cost"
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,30})?(?:e-?\d{1,3})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars for a million tokens."""

    text_in: float
    image_in: float
    image_out: float
    text_out: float


def prices(model: str) -> Prices | None:
    """Return what a model's tokens cost at OpenAI and Azure, None when that is not known."""
    row = named("prices", model)
    return None if row is None else Prices(**{"text_out": row["image_out"], **row})


def told(headers: Mapping[str, str], usage: object) -> float | None:
    """Return what the service itself says: LiteLLM in a header, OpenRouter in `usage.cost`.

    None when it says nothing, nothing sensible, or zero: LiteLLM says that of all it has no price for.
    """
    header = headers.get(LITELLM, "").strip()
    said = float(header) if _NUMBER.fullmatch(header) else None
    return _sensible(said) or _sensible(usage.get("cost") if isinstance(usage, dict) else None)


def by_tokens(usage: object, each: Prices) -> float | None:
    """Return what the reported tokens cost; None without a report.

    What is not told apart counts as what costs more.
    """
    if not isinstance(usage, dict) or not _count(usage.get("output_tokens")):
        return None
    dollars = _priced(usage, "input", text=each.text_in, image=each.image_in)
    dollars += _priced(usage, "output", text=each.text_out, image=each.image_out)
    return _sensible(dollars / 1_000_000)


def _priced(usage: Mapping[str, object], side: str, *, text: float, image: float) -> float:
    details = usage.get(f"{side}_tokens_details")
    parts = details if isinstance(details, dict) else {}
    texts, images = _count(parts.get("text_tokens")), _count(parts.get("image_tokens"))
    rest = max(0, _count(usage.get(f"{side}_tokens")) - texts - images)
    return texts * text + images * image + rest * max(text, image)


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else 0


def _sensible(dollars: object) -> float | None:
    """Return a cost if it can be one."""
    if isinstance(dollars, bool) or not isinstance(dollars, int | float):
        return None
    return float(dollars) if 0 < dollars <= MOST and math.isfinite(dollars) else None
