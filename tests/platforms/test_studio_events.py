"""Events: caught up after a lost connection, reset when that is not possible, bounded whatever a reader does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.local.events import WAITING, Events, Listener
from adapters.local.standings import PREVIEWS_KEPT
from tests.support.engines import ScriptedEngine
from tests.support.studio import Gate, Guest, Studio, serving, until


async def read(listener: Listener) -> list[tuple[str, str]]:
    """Return what waits as (kind, id)."""
    data = await listener.read(timeout_s=0.01)
    assert data is not None
    blocks = [dict(line.split(": ", 1) for line in block.split("\n")) for block in data.decode().strip().split("\n\n")]
    return [(block["event"], block["id"]) for block in blocks if "event" in block]


def publish(events: Events, count: int) -> None:
    for number in range(count):
        events.publish("removed", {"id": number})


async def test_a_page_that_opens_is_told_to_load() -> None:
    events = Events()
    publish(events, 3)
    with events.listen(None) as listener:
        ((kind, _),) = await read(listener)
        assert kind == "reset"
        publish(events, 1)
        assert [kind for kind, _ in await read(listener)] == ["removed"]


@pytest.mark.parametrize("missed", [0, 1, 7, 8])
async def test_what_was_missed_is_caught_up_once_and_in_order(missed: int) -> None:
    events = Events(kept=8)
    publish(events, 5)
    with events.listen(None) as listener:
        ((_, last),) = await read(listener)
    publish(events, missed)
    with events.listen(last) as listener:
        publish(events, 1)
        found = await read(listener)
    numbers = [int(id_.partition("-")[2]) for _, id_ in found]
    assert [kind for kind, _ in found] == ["removed"] * (missed + 1)
    assert numbers == list(range(6, 6 + missed + 1))


@pytest.mark.parametrize(
    "after", ["", "-", "x-1", "{life}-", "{life}-1", "{life}-999", "{life}-²", "{life}-" + "9" * 5000]
)
async def test_what_is_not_known_any_more_is_loaded_anew(after: str) -> None:
    events = Events(kept=8)
    with events.listen(None) as listener:
        ((_, last),) = await read(listener)
    publish(events, 20)
    with events.listen(after.format(life=last.partition("-")[0])) as listener:
        assert [kind for kind, _ in await read(listener)] == ["reset"]


async def test_a_slow_reader_is_reset_and_holds_up_nobody() -> None:
    events = Events()
    with events.listen(None) as slow, events.listen(None) as quick:
        await read(slow)
        await read(quick)
        for _ in range(WAITING * 3):
            publish(events, 1)
            assert len(await read(quick)) == 1
        assert len(found := await read(slow)) <= WAITING
        assert found[0][0] == "reset"
        publish(events, 1)
        assert [kind for kind, _ in await read(slow)] == ["removed"]


async def test_a_quiet_stream_says_that_it_is_there_and_ends_when_told() -> None:
    events = Events()
    with events.listen(None) as listener:
        await read(listener)
        assert await listener.read(timeout_s=0.01) == b": still here\n\n"
        events.close()
        assert await listener.read(timeout_s=60) is None


# ── over HTTP ──


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    async with serving(tmp_path, ScriptedEngine(behaviour=Gate())) as studio:
        yield studio


def gate(studio: Studio) -> Gate:
    assert isinstance(studio.engine.behaviour, Gate)
    return studio.engine.behaviour


async def test_everybody_hears_of_everything(studio: Studio) -> None:
    async with Guest.of(studio) as guest, guest.events() as one, guest.events() as two:
        for stream in (one, two):
            assert (await anext(stream))["kind"] == "reset"
        said = await guest.say("a red fox")
        for stream in (one, two):
            assert (await until(stream, "message", by="other"))["data"] == said
            standing = await until(stream, "standing", progress=0.25)
            assert standing["data"]["reply_to"] == said["id"]
            assert standing["data"]["prompt"] == "a red fox"
        job = standing["data"]["job"]
        async with guest.get(f"/api/jobs/{job}/preview") as answer:
            assert answer.headers["Content-Type"] == "image/png"
        gate(studio).open()
        for stream in (one, two):
            end = await until(stream, "message", by="easel")
            assert (end["data"]["job"], end["data"]["quote"]["message"]) == (job, said["id"])
        async with guest.get(f"/api/jobs/{job}/preview") as answer:
            assert answer.status == 200  # a page told of it a moment ago asks only now
        for _ in range(PREVIEWS_KEPT):
            await guest.answer_to((await guest.say("a boat"))["id"])
        assert (await guest.call("GET", f"/api/jobs/{job}/preview"))[0] == 404


async def test_a_page_that_was_away_hears_what_it_missed(studio: Studio) -> None:
    gate(studio).open()
    async with Guest.of(studio) as guest:
        async with guest.events() as stream:
            last = (await anext(stream))["id"]
        said = await guest.say("a red fox")
        await guest.answer_to(said["id"])
        async with guest.events(after=last) as stream:
            assert (await anext(stream))["data"] == said
            await until(stream, "message", by="easel")


async def test_streams_end_when_the_studio_stops(studio: Studio) -> None:
    async with Guest.of(studio) as guest, guest.events() as stream:
        await anext(stream)
        async with asyncio.timeout(5):
            await studio.platform.aclose()
        assert [event async for event in stream] == []


async def test_unfinished_jobs_are_shown_after_a_restart(tmp_path: Path) -> None:
    closed = Gate()
    async with serving(tmp_path, ScriptedEngine(behaviour=closed)) as studio, Guest.of(studio) as guest:
        said = await guest.say("a red fox")
        await studio.engine.started.wait()
    async with serving(tmp_path, ScriptedEngine(behaviour=closed)) as studio, Guest.of(studio) as guest:
        _, page = await guest.call("GET", "/api/messages")
        (standing,) = page["standings"]
        assert standing["reply_to"] == said["id"]
        assert standing["text"]
        closed.open()
        await guest.answer_to(said["id"])
        _, page = await guest.call("GET", "/api/messages")
        assert page["standings"] == []
