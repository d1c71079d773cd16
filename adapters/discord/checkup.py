"""`easel check` for Discord: whether the token is right, whose it is, and what the bot may read."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator

import aiohttp
import discord

from adapters.discord.invite import NEW_TOKEN
from bot.checkup import Line
from bot.config import Config

PART = "discord"
TIMEOUT_S = 30.0
CONTENT_OFF = (
    "the message content intent is off in the developer portal, so in servers I read only messages that mention me "
    "or answer me"
)


async def check(config: Config) -> Line:
    """Log in with the configured token, without connecting, and say in one sentence how it is."""
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # Easel never speaks
    client = discord.Client(intents=discord.Intents(guilds=True))  # without that one the library warns
    try:
        async with asyncio.timeout(TIMEOUT_S), client:
            with _without_notices("discord.client"):  # the check has a line of its own for what it found
                await client.login(config.discord.token.get_secret_value())
            return _found(config, client.user, await client.application_info())
    except discord.LoginFailure:
        return Line(False, PART, f"Discord does not accept the token; {NEW_TOKEN} (EASEL_DISCORD__TOKEN).")
    except discord.HTTPException as error:
        return Line(False, PART, f"Discord answered {error.status}; please try again later.")
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        return Line(False, PART, f"Discord can't be reached ({type(error).__name__}).")


def _found(config: Config, user: discord.ClientUser | None, application: discord.AppInfo) -> Line:
    servers = application.approximate_guild_count
    parts = [
        f"The token is right: I am {user}",
        "in no server yet (easel discord invite)" if not servers else f"in {servers} server{'s'[: servers > 1]}",
    ]
    if not config.discord.message_content:
        parts.append("and don't ask for the message content intent")
    elif application.flags.gateway_message_content or application.flags.gateway_message_content_limited:
        parts.append("and read messages (message content intent)")
    else:
        parts.append(f"but {CONTENT_OFF}")
    return Line(True, PART, ", ".join(parts) + ".")


@contextlib.contextmanager
def _without_notices(name: str) -> Iterator[None]:
    """Log only warnings of a logger until the block ends."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)
