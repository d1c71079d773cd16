"""What several tests of platforms begin with: a local Discord, Easel on it, the studio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support import discord_bot
from tests.support.discord import probe
from tests.support.discord_answers import Answers, answering
from tests.support.studio import Studio, serving


@pytest.fixture
async def at() -> AsyncIterator[probe.Scene]:
    """The local Discord itself, tried by a bare client."""
    async with probe.scene() as made:
        yield made


@pytest.fixture
async def painters() -> AsyncIterator[discord_bot.Scene]:
    """A local Discord that Easel can serve."""
    async with discord_bot.scene() as found:
        yield found


@pytest.fixture
async def blind() -> AsyncIterator[discord_bot.Scene]:
    """The same without the message content intent."""
    async with discord_bot.scene(message_content=False) as found:
        yield found


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Answers]:
    """Easel logged in, but not connected."""
    async with answering(tmp_path) as answers:
        yield answers


@pytest.fixture
async def online(tmp_path: Path) -> AsyncIterator[Answers]:
    """Easel connected, so that it knows its guilds."""
    async with answering(tmp_path, online=True) as answers:
        yield answers


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    async with serving(tmp_path) as studio:
        yield studio
