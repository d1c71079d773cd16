"""What Discord's refusals mean for a message: never to be posted there, or worth another try.

Codes as in Discord's documentation, "JSON Error Codes", and as seen with discord.py 2.7.1.
"""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
import discord

from adapters.discord.permissions import NAMES, lacking
from bot.errors import DeliveryError, NoPermission, PlaceGone
from bot.i18n.marks import N_
from bot.types import Place

TROUBLE = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError, TimeoutError)
"""What calling Discord raises when it does not work."""

UNKNOWN_CHANNEL, UNKNOWN_GUILD, UNKNOWN_MESSAGE = 10003, 10004, 10008
TOO_LARGE = 40005
MISSING_ACCESS, CLOSED_DM, MISSING_PERMISSIONS = 50001, 50007, 50013
ARCHIVED_THREAD, LOCKED_THREAD = 50083, 160005
NO_HISTORY_NO_REPLY = 160002
MANAGE_THREADS = N_("Manage Threads")

_NAMED: Mapping[int, str] = {
    MISSING_ACCESS: NAMES["view_channel"],
    CLOSED_DM: NAMES["send_messages"],
    NO_HISTORY_NO_REPLY: NAMES["read_message_history"],
    ARCHIVED_THREAD: MANAGE_THREADS,
    LOCKED_THREAD: MANAGE_THREADS,
}
"""Refusals that say by themselves which permission is missing."""
_PASSING = frozenset({20016, 20022, 20028, 40004, 130000})
"""Slow mode, write limits, and sending switched off or overloaded for a while."""
_PASSING_STATUS = frozenset({401, 408, 425, 429})
"""401 too: a token that was just replaced is accepted again once the operator has entered the new one."""


def too_large(error: discord.HTTPException) -> bool:
    """Tell whether Discord refused a request for its size: in its own words, or at its edge."""
    return error.status == 413 or error.code == TOO_LARGE


def uneditable(error: discord.HTTPException) -> bool:
    """Tell whether one message of Easel's can't be changed any more, where a new one may well be possible."""
    return error.code in (UNKNOWN_MESSAGE, ARCHIVED_THREAD)


def lasting(
    error: discord.HTTPException, client: discord.Client, place: Place, *, files: bool = False
) -> DeliveryError | None:
    """Return why a message can never be posted in a place; None when it is worth another try later.

    `files`: the message had any.
    """
    unsaid = error.status in (403, 404) and not error.code  # something before Discord that says no
    if unsaid or error.status >= 500 or error.status in _PASSING_STATUS or error.code in _PASSING:
        return None
    detail = f"{error.status} {error.code}: {error.text}"
    left = error.code == MISSING_ACCESS and _left(client, place)
    if left or error.code in (UNKNOWN_CHANNEL, UNKNOWN_GUILD):
        return PlaceGone(detail=detail)
    if (permission := _NAMED.get(error.code)) is not None:
        return NoPermission(permission=permission, detail=detail)
    if error.status == 403:
        return NoPermission(permission=lacking(client, place, files=files), detail=detail)
    return DeliveryError(detail=detail)


def _left(client: discord.Client, place: Place) -> bool:
    """Tell whether Easel is no longer on the server, as far as a connected client can know."""
    return not place.direct and client.is_ready() and client.get_guild(int(place.server)) is None
