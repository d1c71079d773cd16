"""How much time Easel adds to a picture of 1.5 MB, over the shortest bot that does the same.

Run `python -m benchmarks.added_time`. Both bots are processes of their own on the same local Discord, and ask the same
engine, which answers at once. The bare one is what a tutorial shows: defer, ask, decode, check that it is a picture,
send; it keeps nothing, so a restart loses what is under way. Timed is from the command to the finished message, by
Discord's side. Ends with 1 if the goal is missed.
"""

from __future__ import annotations

import asyncio
import base64
import io
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.setting import easel, picture_server
from tests.support.discord.launch import environment
from tests.support.discord_bot import Scene, scene
from tests.support.process import ROOT

SIZE = 1_500_000
ROUNDS = 30
WARM_UP = 3
GOAL_MS = 60.0


def bare_bot(token: str, url: str) -> None:
    """Be the shortest bot that draws."""
    import discord
    import httpx
    from discord import app_commands
    from PIL import Image

    class Bot(discord.Client):
        async def setup_hook(self) -> None:
            await tree.sync()

    bot = Bot(intents=discord.Intents(guilds=True))
    tree = app_commands.CommandTree(bot)
    engine = httpx.AsyncClient(timeout=60)

    @tree.command(description="Draw")
    async def imagine(interaction: discord.Interaction, prompt: str) -> None:
        await interaction.response.defer(thinking=True)
        answer = await engine.post(f"{url}/images/generations", json={"model": "gpt-image-2", "prompt": prompt})
        data = base64.b64decode(answer.json()["data"][0]["b64_json"])
        await asyncio.to_thread(lambda: Image.open(io.BytesIO(data)).load())
        channel = bot.get_partial_messageable(interaction.channel_id or 0, guild_id=interaction.guild_id)
        await channel.send(file=discord.File(io.BytesIO(data), "picture.png"))

    bot.run(token, log_handler=None)


@asynccontextmanager
async def bare(stage: Scene, url: str) -> AsyncIterator[None]:
    """Run the bare bot."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.added_time",
        stage.discord.token,
        url,
        cwd=ROOT,
        env={**os.environ, **environment(stage.discord)},
    )
    try:
        await stage.discord.gateway.connected()
        await stage.discord.registered("imagine")
        yield
    finally:
        process.kill()
        await process.wait()


async def timed(stage: Scene) -> float:
    """Ask for one picture and return the seconds until it is there."""
    before = {message.id for message in stage.channel.messages if message.attachments}
    started_at = time.perf_counter()
    await stage.ann.slash(stage.channel, "imagine", prompt="a red fox")
    await stage.channel.until(
        lambda messages: any(message.attachments and message.id not in before for message in messages) or None
    )
    return time.perf_counter() - started_at


async def run(url: str) -> bool:
    """Measure both, print, and say whether the goal was met."""
    medians = {}
    for name, bot in (("bare bot", bare), ("Easel", easel)):
        async with scene() as stage, bot(stage, url):
            times = [await timed(stage) for _ in range(WARM_UP + ROUNDS)][WARM_UP:]
        medians[name] = statistics.median(times) * 1000
        print(
            f"{name:9} {medians[name]:6.1f} ms (median of {ROUNDS}, {min(times) * 1000:.0f} to {max(times) * 1000:.0f})"
        )
    added = medians["Easel"] - medians["bare bot"]
    ratio = medians["Easel"] / medians["bare bot"]
    print(f"Easel adds {added:.1f} ms (goal {GOAL_MS:.0f} ms), {ratio:.2f} times the bare bot")
    return added <= GOAL_MS


if __name__ == "__main__":
    if len(sys.argv) == 3:
        bare_bot(sys.argv[1], sys.argv[2])
    else:
        with picture_server(SIZE) as address:
            good = asyncio.run(run(address))
        raise SystemExit(0 if good else 1)
