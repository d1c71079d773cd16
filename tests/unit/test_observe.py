from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from bot.errors import ConfigError
from bot.observe import HealthServer, Metrics, ReadyParts, cannot_listen, sample_loop_lag


async def all_ready() -> ReadyParts:
    return {"database": None, "demo": None}


async def database_locked() -> ReadyParts:
    return {"database": "The database is locked.", "demo": None}


async def never() -> ReadyParts:
    await asyncio.Event().wait()
    return {}


@asynccontextmanager
async def serving(
    ready: Callable[[], Any] = all_ready, metrics: Metrics | None = None, answer_within: float = 5.0
) -> AsyncIterator[tuple[aiohttp.ClientSession, HealthServer]]:
    server = HealthServer("127.0.0.1", 0, metrics=metrics or Metrics(), ready=ready, answer_within=answer_within)
    await server.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as client:
            yield client, server
    finally:
        await server.stop()


async def test_health_is_answered_until_the_server_stops() -> None:
    async with serving() as (client, server):
        async with client.get("/healthz") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok"})
        async with client.get("/other") as answer:
            assert answer.status == 404
        await server.stop()
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.get("/healthz")


@pytest.mark.parametrize(
    ("ready", "status", "parts"),
    [
        (all_ready, 200, {"database": "ok", "demo": "ok"}),
        (database_locked, 503, {"database": "The database is locked.", "demo": "ok"}),
        (never, 503, {"easel": "No answer within 0.05 seconds."}),
    ],
)
async def test_readiness_names_every_part(ready: Callable[[], Any], status: int, parts: dict[str, str]) -> None:
    patience = 0.05 if ready is never else 60
    async with serving(ready, answer_within=patience) as (client, _), client.get("/readyz") as answer:
        assert answer.status == status
        assert await answer.json() == {"ready": status == 200, "parts": parts}


async def test_metrics_are_served_as_prometheus_text() -> None:
    metrics = Metrics()
    metrics.accepted.labels("demo").inc()
    metrics.ended.labels("demo", "delivered").inc()
    metrics.queued.set(3)
    metrics.running.labels("demo").set(1)
    metrics.drawing.labels("demo").observe(1.5)
    metrics.delivery.labels("local").observe(0.01)
    async with serving(metrics=metrics) as (client, _), client.get("/metrics") as answer:
        text = await answer.text()
        assert answer.content_type == "text/plain"

    for line in (
        'easel_jobs_accepted_total{engine_type="demo"} 1.0',
        'easel_jobs_ended_total{engine_type="demo",outcome="delivered"} 1.0',
        "easel_jobs_queued 3.0",
        'easel_jobs_running{engine_type="demo"} 1.0',
        'easel_drawing_seconds_bucket{engine_type="demo",le="2.0"} 1.0',
        'easel_delivery_seconds_count{platform="local"} 1.0',
        "easel_event_loop_lag_seconds_count 0.0",
    ):
        assert line in text.splitlines()


def test_two_sets_of_metrics_are_apart() -> None:
    first, second = Metrics(), Metrics()
    first.queued.set(5)

    assert second.registry.get_sample_value("easel_jobs_queued") == 0


async def test_a_blocked_event_loop_shows_as_lag() -> None:
    metrics = Metrics()
    sampler = asyncio.create_task(sample_loop_lag(metrics, every=0.01))
    await asyncio.sleep(0)
    time.sleep(0.1)
    while not metrics.registry.get_sample_value("easel_event_loop_lag_seconds_count"):
        await asyncio.sleep(0.01)
    sampler.cancel()

    lag = metrics.registry.get_sample_value("easel_event_loop_lag_seconds_sum")
    assert lag is not None
    assert lag > 0.08


async def test_a_port_in_use_is_said_by_the_name_of_its_setting() -> None:
    async with serving() as (_, first):
        second = HealthServer("127.0.0.1", first.port, metrics=Metrics(), ready=all_ready)
        with pytest.raises(ConfigError) as caught:
            await second.start()

    (problem,) = caught.value.problems
    assert problem.startswith(f"http.port: port {first.port} on 127.0.0.1 is already in use.")
    assert "EASEL_HTTP__PORT" in problem


async def test_an_address_of_another_machine_is_said_by_the_name_of_its_setting() -> None:
    with pytest.raises(ConfigError, match=r"^http\.host: cannot listen on 192\.0\.2\.1 .*EASEL_HTTP__HOST"):
        await HealthServer("192.0.2.1", 0, metrics=Metrics(), ready=all_ready).start()


def test_a_privileged_port_is_said_by_the_name_of_its_setting() -> None:
    problem = str(cannot_listen("local", "127.0.0.1", 80, PermissionError(13, "Permission denied")))

    assert problem.startswith("local.port: this user may not listen on port 80.")
    assert "EASEL_LOCAL__PORT" in problem
