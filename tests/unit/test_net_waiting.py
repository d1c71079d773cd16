"""How long a server asks to wait, however it tells."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.net.waiting import LONGEST_S, wait_s

NOON, HALF_PAST = "Fri, 20 Nov 2026 12:00:00 GMT", "Fri, 20 Nov 2026 12:30:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": HALF_PAST, "date": NOON}, 1800),
        ({"retry-after": NOON, "date": NOON}, 0),
        ({"retry-after": NOON, "date": HALF_PAST}, 0),
        ({"retry-after": "Sun Nov 20 12:30:00 2039", "date": NOON}, LONGEST_S),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, None),
        ({"retry-after": "soon", "date": NOON}, None),
        ({"retry-after": "Fri, 99 Nov 2026 12:30:00 GMT", "date": NOON}, None),
        ({"retry-after": "30, 60"}, None),
        ({"llm_provider-retry-after": "7"}, 7),
        ({"llm_provider-retry-after": HALF_PAST, "date": NOON}, 1800),
        ({"llm_provider-retry-after": "7", "retry-after": "9"}, 9),
        ({"llm_provider-retry-after": "7", "retry-after": "soon"}, 7),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "much", "retry-after": "9"}, 9),
    ],
)
def test_headers_tell_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_s(headers, "") == seconds


def test_a_date_is_counted_by_our_clock_where_the_server_tells_none() -> None:
    left = wait_s({"retry-after": formatdate(time.time() + 36_000, usegmt=True)}, "")

    assert left is not None
    assert 18_000 < left <= 36_000


@pytest.mark.parametrize(
    ("delay", "words", "seconds"),
    [
        ("34s", "", 34),
        ("1.5s", "Please retry in 9s.", 1.5),
        ("45.578569677s", "", 45.578569677),
        ("", "Please retry in 45.578569677s.", 45.578569677),
        ("soon", "Please retry in 9s.", 9),
        ("34", "", None),
        ("-34s", "", None),
        ("999999s", "", LONGEST_S),
    ],
)
def test_google_tells_it_beside_its_words(delay: str, words: str, seconds: float | None) -> None:
    assert wait_s({}, words, delay) == seconds


@pytest.mark.parametrize(
    ("limits", "seconds"),
    [
        ({"reset-requests": "6m0s"}, 360),
        ({"reset-requests": "1s", "reset-tokens": "20ms"}, 1),
        ({"reset-requests": "6m0s", "remaining-requests": "4", "reset-tokens": "2s", "remaining-tokens": "0"}, 2),
        ({"reset-requests": "6m0s", "remaining-requests": "4"}, None),
        ({"reset-requests": "1h2m3.5s"}, 3723.5),
        ({"reset-requests": "1763640000"}, None),
        ({"reset-requests": "2026-11-20T12:00:00Z"}, None),
        ({"reset": "9s"}, None),
        ({"limit-requests": "5s"}, None),
    ],
)
def test_the_reset_of_a_limit_that_is_used_up_is_the_last_resort(limits: dict[str, str], seconds: float | None) -> None:
    headers = {f"x-ratelimit-{name}": value for name, value in limits.items()}

    assert wait_s(headers, "") == seconds
    assert wait_s(headers, "try again in 5s") == 5
    assert wait_s({**headers, "retry-after": "7"}, "try again in 5s") == 7


NAMES = ("retry-after", "retry-after-ms", "date", "llm_provider-retry-after", "x-ratelimit-reset-requests")


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40)), st.text(max_size=80), st.text(max_size=20))
def test_whatever_is_said_is_a_wait_within_bounds_or_none(headers: dict[str, str], words: str, delay: str) -> None:
    seconds = wait_s(headers, words, delay)

    assert seconds is None or 0 <= seconds <= LONGEST_S
