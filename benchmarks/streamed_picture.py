"""What it costs to take a picture out of a JSON answer: decoded while it streams, and by an ordinary client.

Run `python -m benchmarks.streamed_picture`. A server in a process of its own answers with `{"data": [{"b64_json":
"…"}]}` over loopback. Each measurement is a fresh process too: the time from request to picture, how much later than
asked a ticker of one millisecond ever woke (a stall of the event loop), and by how much the process grew at most.
Ends with 1 if a goal is missed.
"""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import os
import re
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from aiohttp import web

SIZES = {"1.5 MB": 1_500_000, "20 MB": 20_000_000}
WARM_UP = 100_000
ROUNDS = 7
TICK_S = 0.001
STALL_GOAL_MS = 10.0
MEMORY_GOAL = 1.2
"""Times the size of the 20 MB picture."""


@dataclass(frozen=True)
class Cost:
    """What one answer took."""

    wall_ms: float
    stall_ms: float
    grown_mb: float


Fetch = Callable[[int], Awaitable[bytes]]
"""Gets the picture of so many bytes."""


@asynccontextmanager
async def easel(address: str) -> AsyncIterator[Fetch]:
    """Decode while it streams."""
    from bot.net.client import Http
    from bot.net.guard import Guard
    from bot.net.spool import Blob, json_with_blobs

    http = Http(address, Guard(private=True))

    async def fetch(size: int) -> bytes:
        async with http.request("GET", f"/{size}", limit=64_000_000) as answer:
            match await json_with_blobs(answer, max_blobs=1, blob_limit=64_000_000):
                case {"data": [{"b64_json": Blob(data=data)}]}:
                    return data
        raise ValueError("no picture in the answer")

    try:
        yield fetch
    finally:
        await http.aclose()


@asynccontextmanager
async def bare_client(address: str) -> AsyncIterator[Fetch]:
    """Take the whole body, parse it, decode the string."""
    import httpx

    async with httpx.AsyncClient(base_url=address) as client:

        async def fetch(size: int) -> bytes:
            answer = await client.get(f"/{size}")
            return base64.b64decode(answer.json()["data"][0]["b64_json"])

        yield fetch


WAYS = {"bare client": bare_client, "Easel": easel}


def serve(ready: Connection) -> None:
    """Answer with a picture of as many bytes as the path says, until killed."""
    answers = {
        size: json.dumps({"data": [{"b64_json": base64.b64encode(os.urandom(size)).decode()}]}).encode()
        for size in (WARM_UP, *SIZES.values())
    }

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=answers[int(request.match_info["size"])], content_type="application/json")

    async def run() -> None:
        app = web.Application()
        app.router.add_get("/{size}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ready.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(run())


def measure(result: Connection, way: str, port: int, size: int) -> None:
    """Measure one answer in this process, after a small one that loads all modules."""

    async def run() -> Cost:
        late: list[float] = []

        async def tick() -> None:
            while True:
                started = time.perf_counter()
                await asyncio.sleep(TICK_S)
                late.append(time.perf_counter() - started - TICK_S)

        async with WAYS[way](f"http://127.0.0.1:{port}") as fetch:
            await fetch(WARM_UP)
            ticker = asyncio.create_task(tick())
            await asyncio.sleep(TICK_S * 10)
            late.clear()
            before = forget_peak()
            started = time.perf_counter()
            picture = await fetch(size)
            wall = time.perf_counter() - started
            grown = memory("VmHWM") - before
            await asyncio.sleep(TICK_S * 2)  # a stall at the very end counts as well
            ticker.cancel()
        if len(picture) != size:
            raise ValueError("not the picture that was sent")
        return Cost(wall * 1000, max(late) * 1000, grown / 1e6)

    result.send(asyncio.run(run()))


def forget_peak() -> int:
    """Let the peak of this process's memory begin anew; return what it takes now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def memory(name: str) -> int:
    """Return a figure of this process from Linux, in bytes."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else 0


def measured(way: str, port: int, size: int) -> Cost:
    """Measure in fresh processes; return the median of each figure."""
    costs: list[Cost] = []
    context = multiprocessing.get_context("spawn")
    for _ in range(ROUNDS):
        ours, theirs = context.Pipe()
        process = context.Process(target=measure, args=(theirs, way, port, size))
        process.start()
        theirs.close()
        costs.append(ours.recv())
        process.join()
    return Cost(
        statistics.median(cost.wall_ms for cost in costs),
        statistics.median(cost.stall_ms for cost in costs),
        statistics.median(cost.grown_mb for cost in costs),
    )


def main() -> int:
    """Measure, print, and return the exit code."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe()
    server = context.Process(target=serve, args=(sender,), daemon=True)
    server.start()
    reached = True
    try:
        port = receiver.recv()
        print(f"{'picture':10}{'':14}{'time, ms':>12}{'stall, ms':>12}{'memory, MB':>12}{'× picture':>12}")
        for name, size in SIZES.items():
            costs = {way: measured(way, port, size) for way in WAYS}
            for way, cost in costs.items():
                share = cost.grown_mb * 1e6 / size
                print(
                    f"{name:10}{way:14}{cost.wall_ms:>12.1f}{cost.stall_ms:>12.1f}{cost.grown_mb:>12.1f}{share:>12.2f}"
                )
            bare, ours = costs["bare client"], costs["Easel"]
            print(
                f"{'':10}{'ratio':14}{bare.wall_ms / ours.wall_ms:>12.1f}{bare.stall_ms / ours.stall_ms:>12.1f}"
                f"{bare.grown_mb / ours.grown_mb:>12.1f}"
            )
            reached = reached and ours.stall_ms < STALL_GOAL_MS
        reached = reached and ours.grown_mb * 1e6 <= MEMORY_GOAL * size
    finally:
        server.kill()
    verdict = "reached" if reached else "MISSED"
    print(f"goals: stalls under {STALL_GOAL_MS:.0f} ms, memory within {MEMORY_GOAL} × 20 MB: {verdict}")
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())
