"""How long a server asks to wait before the same call may be sent again."""

from __future__ import annotations

import re
from collections.abc import Mapping

LONGEST_S = 86_400.0
_IN_WORDS = re.compile(
    r"(?:try again|retry)(?: in| after) ((?:\d{1,6}(?:\.\d{1,6})? ?(?:ms|[hms])[a-z]*\s*)+)", re.IGNORECASE
)
_PART = re.compile(r"(\d+(?:\.\d+)?) ?(ms|[hms])", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def wait_s(headers: Mapping[str, str], words: str) -> float | None:
    """Return the seconds to wait: from `retry-after-ms`, else `retry-after`, else "try again in 6m0s" in the words.

    None when the server does not tell.
    """
    if (milliseconds := _number(headers.get("retry-after-ms", ""))) is not None:
        return min(milliseconds / 1000, LONGEST_S)
    if (seconds := _number(headers.get("retry-after", ""))) is not None:
        return min(seconds, LONGEST_S)
    if (told := _IN_WORDS.search(words)) is not None:
        return min(sum(float(number) * _SECONDS[unit.lower()] for number, unit in _PART.findall(told[1])), LONGEST_S)
    return None


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", text) else None
