"""Rate limits: buckets that really count, and 429 on order (docs: "Rate Limits"). They count real time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from zlib import crc32

from tests.support.discord.errors import Payload

Limited = tuple[int, dict[str, str], Payload]
MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token", "interaction_token")


@dataclass
class Bucket:
    """How many requests a route takes in a time, per channel, guild or webhook."""

    limit: int
    per_s: float
    taken: dict[str, tuple[float, int]] = field(default_factory=dict)
    """When the present window of a major parameter began, and how many requests it saw."""


@dataclass
class Order:
    """A 429 that was ordered."""

    route: str
    retry_after_s: float
    everywhere: bool
    cloudflare: bool
    left: int
    hits: int = 0


class RateLimits:
    """Off until a bucket is set up or a 429 is ordered. Routes as in docs: "POST /channels/{channel_id}/messages"."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}
        self._orders: list[Order] = []
        self.refused = 0
        """Requests answered with 429."""

    def bucket(self, route: str, limit: int, per_s: float) -> None:
        """Count a route's requests from now on, and refuse what is too much."""
        self._buckets[route] = Bucket(limit, per_s)

    def order(
        self, route: str, retry_after_s: float, *, everywhere: bool = False, cloudflare: bool = False, times: int = 1
    ) -> Order:
        """Refuse the next requests of a route; `everywhere`: say it is the global limit; `cloudflare`: no `Via`."""
        self._orders.append(Order(route, retry_after_s, everywhere, cloudflare, times))
        return self._orders[-1]

    def check(self, route: str, parameters: Mapping[str, str]) -> Limited | None:
        """Count a request; return the answer when it is refused."""
        for order in self._orders:
            if order.left and order.route == route:
                order.left -= 1
                order.hits += 1
                self.refused += 1
                return self._refusal(order)
        bucket = self._buckets.get(route)
        if bucket is None:
            return None
        now, key = time.monotonic(), _major(parameters)
        began, count = bucket.taken.get(key, (now, 0))
        if now - began >= bucket.per_s:
            began, count = now, 0
        if count >= bucket.limit:
            self.refused += 1
            return self._refusal(Order(route, began + bucket.per_s - now, False, False, 0))
        bucket.taken[key] = (began, count + 1)
        return None

    def headers(self, route: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """Return the headers of an answer on a counted route."""
        bucket = self._buckets.get(route)
        if bucket is None:
            return {}
        began, count = bucket.taken[_major(parameters)]
        after = max(0.0, began + bucket.per_s - time.monotonic()) + 0.0005  # so that rounding never shortens it
        return {
            "X-RateLimit-Limit": str(bucket.limit),
            "X-RateLimit-Remaining": str(bucket.limit - count),
            "X-RateLimit-Reset": f"{time.time() + after:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": f"{crc32(route.encode()):08x}",
        }

    def _refusal(self, order: Order) -> Limited:
        headers = {"Retry-After": f"{order.retry_after_s:.3f}", "Via": "1.1 google"}
        headers["X-RateLimit-Scope"] = "global" if order.everywhere else "user"
        if order.everywhere:
            headers["X-RateLimit-Global"] = "true"
        if order.cloudflare:
            del headers["Via"]
        message = "You are being rate limited."
        body = {"message": message, "code": 0, "retry_after": order.retry_after_s, "global": order.everywhere}
        return 429, headers, body


def _major(parameters: Mapping[str, str]) -> str:
    return "+".join(parameters[name] for name in MAJOR if name in parameters)
