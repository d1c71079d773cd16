"""Every type of engine through Discord: a picture drawn, changed, and one that is stopped."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.discord.model import Message
from tests.support.discord_bot import Scene, delivered, serving
from tests.support.every_engine import EVERY, Made
from tests.support.serving import LocalServer


@asynccontextmanager
async def drawing_with(made: Made, painters: Scene, folder: Path) -> AsyncIterator[LocalServer]:
    server, settings, _ = made
    async with server:
        engines = json.dumps({"tested": {**settings, "urls": [server.url]}})
        wanted = {"EASEL_ENGINES": engines, "EASEL_DEFAULTS__GENERATE_ENGINE": "tested"}
        async with serving(painters.discord, folder, None, **wanted):
            yield server


@pytest.mark.parametrize("make", EVERY)
async def test_draws_changes_and_stops(make: Callable[[], Made], painters: Scene, tmp_path: Path) -> None:
    made = make()
    async with drawing_with(made, painters, tmp_path) as server:
        await painters.ann.slash(painters.channel, "imagine", prompt="a red fox in the snow")
        drawn = await delivered(painters.channel)
        assert len(drawn.attachments) == 1

        await painters.ann.says(painters.channel, "make it night", reply_to=drawn)
        changed = await delivered(painters.channel, drawn)
        assert changed.attachments[0].data != drawn.attachments[0].data

        before = len(server.calls(made[2]))
        async with server.holding(made[2]):
            asked = await painters.ann.slash(painters.channel, "imagine", prompt="a lighthouse")
            await server.arrived(before + 1, made[2])
            shown = await asked.answer()
            await painters.channel.until(lambda _: any("Cancel" in each for each in shown.labels))
            await painters.ann.presses(shown, "Cancel")

            def cancelled(messages: list[Message]) -> bool:
                return any("Cancelled." in each.content for each in messages)

            assert await painters.channel.until(cancelled)
