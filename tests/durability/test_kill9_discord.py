"""SIGKILL of the real process on Discord, with the engines that differ most: drawn once, paid once, told once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.discord.ids import parse_file_name
from tests.support import comfyui_workflows
from tests.support.comfyui_server import ComfyUIServer
from tests.support.discord.launch import environment
from tests.support.discord.model import Message
from tests.support.discord.server import LocalDiscord
from tests.support.discord_bot import Scene, delivered, scene
from tests.support.openai_server import OpenAIServer
from tests.support.process import Process, rows, started

COMFYUI = """
[engines.home_gpu]
type = "comfyui"
urls = ["{url}"]
[engines.home_gpu.workflows.generate]
file = "{file}"
[engines.home_gpu.workflows.generate.nodes]
prompt = {{ ids = ["{w.PROMPT}"], key = "text" }}
width = {{ ids = ["{w.LATENT}"], key = "width" }}
height = {{ ids = ["{w.LATENT}"], key = "height" }}
count = {{ ids = ["{w.LATENT}"], key = "batch_size" }}
seed = {{ ids = ["{w.SAMPLER}"], key = "seed" }}
"""
OPENAI = """
[engines.cloud]
type = "openai"
urls = ["{url}"]
api_key = "{key}"
model = "gpt-image-2"
price_per_image = 0.05
"""


@pytest.fixture
async def stage() -> AsyncIterator[Scene]:
    async with scene() as found:
        yield found


class Bot:
    """The unmodified process, as often as it is started."""

    def __init__(self, discord: LocalDiscord, folder: Path, port: int, engines: str) -> None:
        self._discord = discord
        self._config = folder / "config.toml"
        self._config.write_text(f'[discord]\ntoken = "{discord.token}"\n[http]\nport = {port}\n{engines}', "utf-8")

    @asynccontextmanager
    async def run(self) -> AsyncIterator[Process]:
        """Run it until the block ends; it is connected when the block begins."""
        async with started(self._config, environment(self._discord)) as process:
            await self._discord.gateway.connected()
            yield process


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that takes at most a minute even on a busy machine."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


def shown(stage: Scene) -> list[str]:
    """Return the job of every finished picture in the channel."""
    names = [parse_file_name(each.filename) for message in pictures(stage) for each in message.attachments]
    return [name[0] for name in names if name is not None]


async def all_shown(stage: Scene, jobs: set[str]) -> None:
    """Wait until each of these jobs has a finished picture in the channel."""
    await until(lambda: jobs <= set(shown(stage)))


async def more_than(requests: Sequence[object], count: int) -> None:
    """Wait for one request more than `count`."""
    await until(lambda: len(requests) > count)


def pictures(stage: Scene) -> list[Message]:
    """Return the messages with finished pictures."""
    return [
        message
        for message in stage.channel.messages
        if any(each.filename.startswith("easel-") for each in message.attachments)
    ]


async def test_a_comfyui_job_is_found_again_and_not_drawn_twice(
    stage: Scene, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    async with ComfyUIServer() as comfyui:
        engines = COMFYUI.format(url=comfyui.url, file=comfyui_workflows.GENERATE, w=comfyui_workflows)
        bot = Bot(stage.discord, tmp_path, free_port(), engines)
        async with comfyui.pausing():
            async with bot.run() as process:
                await stage.discord.registered("imagine")
                await stage.ann.slash(stage.channel, "imagine", prompt="a red fox", size="256x256", count=2)
                prompt = await comfyui.running(step=0)
                await process.kill()
            assert pictures(stage) == []
        await comfyui.finished(prompt)  # drawn while nobody was there
        async with bot.run() as process:
            message = await delivered(stage.channel)
            assert len(message.attachments) == 2
            await stage.ann.slash(stage.channel, "imagine", prompt="a boat", size="64x64")
            await delivered(stage.channel, after=message)
            assert await process.stop() == 0
        fox, boat = comfyui.submitted
        assert (fox.id, boat.id == fox.id) == (prompt, False)
        assert len(pictures(stage)) == 2
        assert message.reference is not None
        assert not any(message.loading for message in stage.channel.messages)


async def test_a_paid_call_in_flight_is_not_repeated(
    stage: Scene, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    async with OpenAIServer() as openai:
        bot = Bot(stage.discord, tmp_path, free_port(), OPENAI.format(url=openai.url, key=openai.key))
        async with openai.holding(), bot.run() as process:
            await stage.discord.registered("imagine")
            asked = await stage.ann.slash(stage.channel, "imagine", prompt="a red fox", size="1024x1024")
            await openai.arrived()
            await process.kill()
        async with bot.run():
            told = await asked.answer()
            await until(lambda: "restarted" in told.text)
            assert "cloud" in told.text
            assert len(openai.calls()) == 1
            await stage.bob.presses(told, "Again")
            message = await delivered(stage.channel)
        assert len(openai.calls()) == 2
        assert pictures(stage) == [message]


async def test_a_picture_whose_posting_was_cut_off_is_not_posted_again(
    stage: Scene, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    bot = Bot(stage.discord, tmp_path, free_port(), '[engines.demo]\ntype = "demo"\nparams = { seconds = 0 }\n')
    posts = "POST /channels/*/messages"
    async with bot.run() as process:
        await stage.discord.registered("imagine")
        stage.discord.faults.hang(posts, after=True)
        await stage.ann.slash(stage.channel, "imagine", prompt="a red fox", size="64x64")
        message = await delivered(stage.channel)
        await process.kill()
    stage.discord.faults.clear()
    async with bot.run():
        # It found its own message; the standing of the first says no more.
        await stage.channel.until(lambda messages: not any("Cancel" in each.labels for each in messages) or None)
        await stage.ann.slash(stage.channel, "imagine", prompt="a boat", size="64x64")
        second = await delivered(stage.channel, after=message)
    assert pictures(stage) == [message, second]


@pytest.mark.timeout(400)
async def test_killed_at_every_step_of_a_conversation(
    stage: Scene, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    """Two people ask at once and the process dies, each time one request to Discord later."""
    bot = Bot(stage.discord, tmp_path, free_port(), '[engines.demo]\ntype = "demo"\nparams = { seconds = 0.1 }\n')
    requests = stage.discord.rest.requests
    accepted: set[str] = set()  # one that dies before it is accepted was never promised anything
    for step in (0, 2, 4, 6):
        async with bot.run() as process:
            await stage.discord.registered("imagine")
            await all_shown(stage, accepted)
            before = len(requests)
            for person in (stage.ann, stage.bob):
                await person.slash(stage.channel, "imagine", prompt="a red fox", size="64x64")
            await more_than(requests, before + step)
            await process.kill()
        accepted = {job for (job,) in rows(tmp_path, "select id from jobs")}
    async with bot.run():
        await all_shown(stage, accepted)
    assert len(accepted) >= 4
    assert sorted(shown(stage)) == sorted(accepted)
