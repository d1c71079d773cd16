"""How long a server asks to wait before the same call may be sent again."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

LONGEST_S = 86_400.0
_DURATION = r"(?:\d{1,6}(?:\.\d{1,9})? ?(?:ms|[hms])[a-z]*\s*)+"
_WHOLE = re.compile(_DURATION, re.IGNORECASE)
_IN_WORDS = re.compile(rf"(?:try again|retry)(?: in| after) ({_DURATION})", re.IGNORECASE)
_PART = re.compile(r"(\d+(?:\.\d+)?) ?(ms|[hms])", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_AFTER = ("retry-after", "llm_provider-retry-after")
"""The second is what LiteLLM makes of the first."""
_LIMIT = "x-ratelimit-reset-"


def wait_s(headers: Mapping[str, str], words: str, delay: str = "") -> float | None:
    """Return the seconds to wait, 0 to LONGEST_S; None when the server does not tell.

    Looked for in this order: `retry-after-ms`; `retry-after` in seconds or as a date (RFC 9110, 10.2.3); the same as
    LiteLLM hands it on; `delay`, as in "34.5s" (google.rpc.RetryInfo); "try again in 6m0s" in the words; the longest
    `x-ratelimit-reset-…` ("6m0s") of the limits that are used up. Header names are lower-case.
    """
    waits = (
        _milliseconds(headers.get("retry-after-ms", "")),
        *(_after(headers.get(name, ""), headers.get("date", "")) for name in _AFTER),
        _duration(delay),
        _duration(told[1]) if (told := _IN_WORDS.search(words)) else None,
        _reset(headers),
    )
    return next((min(wait, LONGEST_S) for wait in waits if wait is not None), None)


def _milliseconds(text: str) -> float | None:
    return None if (number := _number(text)) is None else number / 1000


def _after(text: str, date: str) -> float | None:
    """Return the seconds until a date, counted by the server's own clock where the answer tells its `date`."""
    if (seconds := _number(text)) is not None:
        return seconds
    until = _moment(text)
    if until is None:
        return None
    if (now := _moment(date)) is not None:
        return max(0.0, until - now)
    left = until - time.time()
    return left if left >= 0 else None  # our clock or theirs is wrong: that tells nothing


def _moment(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def _reset(headers: Mapping[str, str]) -> float | None:
    """Return when the last of the used-up limits is reset; a limit of which something remains is not in the way."""
    waits = [
        wait
        for name, text in headers.items()
        if name.startswith(_LIMIT)
        and not _number(headers.get(f"x-ratelimit-remaining-{name.removeprefix(_LIMIT)}", "0"))
        and (wait := _duration(text)) is not None
    ]
    return max(waits, default=None)


def _duration(text: str) -> float | None:
    """Return the seconds of "34.5s", "6m0s", "1 hour 2 minutes"; None of anything else, bare numbers too."""
    parts = _PART.findall(text) if _WHOLE.fullmatch(text) else []
    return sum(float(number) * _SECONDS[unit.lower()] for number, unit in parts) if parts else None


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", text) else None
