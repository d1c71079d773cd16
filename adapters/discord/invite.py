"""The link by which somebody who manages a server lets Easel in: with the rights it needs and no others."""

from __future__ import annotations

import base64
import binascii
import re

import discord

from adapters.discord.permissions import REQUIRED
from bot.errors import ConfigError
from bot.settings.problems import line

KEY = ("discord", "token")
NEW_TOKEN = "“Reset Token” on the page “Bot” of your application makes a new one"
SCOPES = ("bot", "applications.commands")
_TOKEN = re.compile(r"([\w-]+={0,2})\.[\w-]+\.[\w-]+", re.ASCII)
_ID = re.compile(rb"[0-9]{17,20}")


def link(token: str) -> str:
    """Return the invite link of the bot a token belongs to; nobody is asked for it.

    Raises ConfigError when there is no token, or it is none.
    """
    if not token.strip():
        raise ConfigError(line(KEY, "is missing; docs/discord.md says how to get one"))
    return discord.utils.oauth_url(_application(token.strip()), permissions=REQUIRED, scopes=SCOPES)


def _application(token: str) -> int:
    """Return the application's id, which is the first part of a bot token, in base64."""
    found = _TOKEN.fullmatch(token)
    if found is not None:
        first = found[1].rstrip("=")
        try:
            decoded = base64.urlsafe_b64decode(first + "=" * (-len(first) % 4))
        except binascii.Error:
            decoded = b""
        if _ID.fullmatch(decoded):
            return int(decoded)
    raise ConfigError(
        line(
            KEY,
            "is no bot token: that has three parts with dots between them, and nothing else stands before or after it; "
            + NEW_TOKEN,
        )
    )
