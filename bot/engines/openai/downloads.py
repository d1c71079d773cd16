"""Fetches a picture that an answer only names the address of."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import SplitResult, urljoin, urlsplit

from bot.errors import BadAnswer, UnknownOutcome
from bot.net.client import Http, Timeouts
from bot.net.errors import Broken, Malformed, NotAllowed, NotReached, TooLong

REDIRECTS = 3
"""Some services give out short addresses that lead to the picture."""
TIMEOUTS = Timeouts(connect=5, read=60, total=300)
PORTS = {"http": 80, "https": 443}
AGAIN_S = (0.5, 2.0)
"""Pauses before a picture is asked for once more: that costs nothing, and the picture may have."""


async def fetch(engine: str, address: str, service: Http, elsewhere: Http, limit: int) -> bytes:
    """Return what is at an address of an answer.

    The service's own addresses are fetched as the service itself is reached. All others, and whatever a redirect
    leads away to, are fetched through `elsewhere`, which has no credentials and reaches no private address.
    Raises BadAnswer, and UnknownOutcome when that fails again and again: the picture exists, and may have been charged.
    """
    for pause_s in AGAIN_S:
        with contextlib.suppress(UnknownOutcome):
            return await _fetch(engine, address, service, elsewhere, limit)
        await asyncio.sleep(pause_s)
    return await _fetch(engine, address, service, elsewhere, limit)


async def _fetch(engine: str, address: str, service: Http, elsewhere: Http, limit: int) -> bytes:
    url, own, shown = f"{service.base}/", True, ""
    for _ in range(REDIRECTS + 1):
        try:
            url = urljoin(url, address)
            there = urlsplit(url)
            own = own and _origin(there) == _origin(urlsplit(service.base))
            if there.scheme not in PORTS or not there.hostname:
                raise ValueError("not of the web")
            shown = f"the picture at {there.hostname}"
            # Built anew from the origin that was compared: no trick in it can lead elsewhere.
            target = f"{service.origin}{there._replace(scheme='', netloc='').geturl()}" if own else url
        except ValueError as error:
            raise BadAnswer(engine=engine, detail=f"the picture's address is none: {error}") from error
        try:
            async with (service if own else elsewhere).request("GET", target, limit=limit, timeouts=TIMEOUTS) as answer:
                if answer.ok:
                    return await answer.body()
                if answer.status >= 500:
                    raise UnknownOutcome(engine=engine, detail=f"{shown} answered {answer.status}")
                if not 300 <= answer.status < 400 or "location" not in answer.headers:
                    raise BadAnswer(engine=engine, detail=f"{shown} answered {answer.status}")
                address = answer.headers["location"]
        except (NotAllowed, TooLong, Malformed) as error:
            raise BadAnswer(engine=engine, detail=f"{shown}: {error.detail}") from error
        except (NotReached, Broken) as error:
            raise UnknownOutcome(engine=engine, detail=f"{shown} could not be fetched: {error.detail}") from error
    raise BadAnswer(engine=engine, detail=f"{shown} redirects too often")


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port. Raises ValueError for a port that is none."""
    return url.scheme, url.hostname, url.port or PORTS.get(url.scheme)
