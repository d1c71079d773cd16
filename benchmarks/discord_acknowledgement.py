"""How soon Discord is answered while fifty jobs run and pictures of 8 MB flow.

Run `python -m benchmarks.discord_acknowledgement`. The unmodified bot process serves a local Discord; an engine in a
third process answers every request after two seconds with a picture of 8 MB. Fifty people ask again as soon as they
have their picture, and all the while somebody presses Details. Each acknowledgement is timed from the interaction to
the whole body of the answer, by Discord's side; its limit is three seconds. Ends with 1 if a goal is missed.
"""

from __future__ import annotations

import asyncio
import statistics
import time

from benchmarks.setting import easel, picture_server
from tests.support.discord.model import Message
from tests.support.discord.people import Person
from tests.support.discord_bot import Scene, delivered, scene

RUNNING = 50
EACH = 3
"""Pictures each person asks for, one after the other."""
SIZE = 8_000_000
WAIT_S = 2.0
PRESS_EVERY_S = 0.1
HEARTBEAT_S = 1.0
GOAL_MS = 300.0
TICK_S = 0.001


async def ask(stage: Scene, person: Person, times: list[float]) -> None:
    """Ask for pictures, one after the other."""
    for _ in range(EACH):
        interaction = await person.slash(stage.channel, "imagine", prompt=f"a fox for {person.name}")
        await interaction.acknowledged()
        times.append(interaction.acknowledged_after or 0.0)
        mine = interaction.original
        assert mine is not None
        await answered(stage, mine)


async def answered(stage: Scene, request: Message) -> None:
    """Wait for the picture that replies to a request."""

    def look(messages: list[Message]) -> Message | None:
        return next((each for each in messages if each.attachments and each.reference is request), None)

    await stage.channel.until(look, timeout=300)


async def press(stage: Scene, person: Person, times: list[float]) -> None:
    """Press Details again and again."""
    message = await delivered(stage.channel)
    while True:
        interaction = await person.presses(message, "Details")
        await interaction.acknowledged()
        times.append(interaction.acknowledged_after or 0.0)
        await asyncio.sleep(PRESS_EVERY_S)


async def stalls(found: list[float]) -> None:
    """Note how late this process itself ever is: what it measures may be off by that."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(TICK_S)
        found.append(time.perf_counter() - before - TICK_S)


async def run(url: str) -> bool:
    """Measure, print, and say whether the goals were met."""
    commands: list[float] = []
    buttons: list[float] = []
    late: list[float] = []
    async with scene() as stage:
        stage.discord.gateway.heartbeat_interval_s = HEARTBEAT_S
        people = [stage.guild.member(f"Person {number}") for number in range(RUNNING)]
        async with easel(stage, url, slots=RUNNING):
            pressing = asyncio.create_task(press(stage, stage.ann, buttons))
            ticking = asyncio.create_task(stalls(late))
            began = time.perf_counter()
            await asyncio.gather(*(ask(stage, person, commands) for person in people))
            took = time.perf_counter() - began
            pressing.cancel()
            ticking.cancel()
            await asyncio.gather(pressing, ticking, return_exceptions=True)
        missed = stage.discord.gateway.late_heartbeats
    pictures = RUNNING * EACH
    print(f"{pictures} pictures of {SIZE / 1e6:.0f} MB in {took:.1f} s, {RUNNING} at a time: {pictures / took:.1f}/s")
    for what, times in (("/imagine", commands), ("Details", buttons)):
        print(
            f"{what:9} {len(times):4} acknowledged: median {statistics.median(times) * 1000:4.0f} ms, "
            f"p99 {percentile(times, 99) * 1000:4.0f} ms, longest {max(times) * 1000:4.0f} ms"
        )
    print(f"the measuring process was up to {max(late) * 1000:.0f} ms late itself; late heartbeats: {missed}")
    worst = percentile(commands + buttons, 99) * 1000
    print(f"all: p99 {worst:.0f} ms (goal {GOAL_MS:.0f} ms, {worst / GOAL_MS:.2f} of it)")
    return worst < GOAL_MS and not missed


def percentile(values: list[float], percent: int) -> float:
    """Return the value that so many percent are not above."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


if __name__ == "__main__":
    with picture_server(SIZE, WAIT_S) as address:
        good = asyncio.run(run(address))
    raise SystemExit(0 if good else 1)
