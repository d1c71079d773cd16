"""Limits as people meet them: through the core's own door, with the operator's configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot import errors
from bot.answers import Told
from bot.db import retention
from bot.db.database import Database, Tx
from bot.db.schema import charges, jobs, pictures, usage
from bot.engines import making
from bot.engines.base import Result, Run, Task
from bot.errors import ContentRefused, Refused
from bot.types import Person, Place, State
from tests.support.chat import ANN, BOB, HERE, Chat, chatting
from tests.support.engines import ScriptedEngine, png
from tests.support.jobs import ManualClock, opened, takes

AFTERNOON = datetime.fromisoformat("2026-03-07T16:30+00:00").timestamp()
NOTHING: Mapping[str, str] = {}
THERE = Place("local", "other", "channel", direct=True)


def limited(
    folder: Path, person: dict[str, Any], server: dict[str, Any] | None = None, environ: Mapping[str, str] = NOTHING
) -> AbstractAsyncContextManager[Chat]:
    """Talk to a bot with these limits, at half past four of one afternoon in UTC."""
    clock = ManualClock()
    clock.now = AFTERNOON
    limits = {"EASEL_LIMITS__PERSON": json.dumps(person), "EASEL_LIMITS__SERVER": json.dumps(server or {})}
    return chatting(folder, clock, **(limits | dict(environ)))


async def refused(chat: Chat, text: str, **more: Any) -> Refused:
    with pytest.raises(Refused) as raised:
        await chat.ask(text, **more)
    return raised.value


async def count(database: Database, table: Any) -> int:
    return await database.read(lambda tx: len(tx.execute(table.select()).all()))


async def taken(database: Database) -> list[tuple[Any, ...]]:
    def look(tx: Tx) -> list[tuple[Any, ...]]:
        return [tuple(row) for table in (usage, charges) for row in tx.execute(table.select())]

    return await database.read(look)


async def test_every_way_to_ask_is_held_to_the_limits(tmp_path: Path) -> None:
    async with limited(tmp_path, {"per_day": 2}) as chat:
        await chat.get("a red fox")
        await chat.get("make it night")
        before = await taken(chat.database)
        for asking in (
            chat.ask("a boat"),
            chat.ask("a boat", command="imagine"),
            chat.ask("make it brighter"),
            chat.ask("mirror it", command="edit", attached=(chat.attach(png(64, 64)),)),
            chat.easel.accept(chat.request("again")),
            chat.easel.again(ANN, HERE, "again-1"),
        ):
            with pytest.raises(errors.QuotaUsed) as raised:
                await asking
            assert raised.value.args_["wait"].seconds == 7.5 * 3600
        assert await taken(chat.database) == before
        assert await count(chat.database, jobs) == 2
        await chat.get("a boat", person=BOB)


async def test_what_draws_nothing_takes_nothing(tmp_path: Path) -> None:
    async with limited(tmp_path, {"per_minute": 2, "per_day": 2}) as chat:
        await chat.get("a red fox")
        await chat.get("make it night")
        before = await taken(chat.database)
        undone = await chat.easel.undo(ANN, HERE, "undo-1")
        assert (await chat.end(undone.job.id)).pictures
        assert isinstance(await chat.easel.accept(chat.request("hello")), Told)
        assert await chat.easel.accept(chat.request("thanks!")) is None
        with pytest.raises(errors.BadFlagSuggest):
            await chat.ask("a fox --sed 7")
        assert await taken(chat.database) == before


async def test_each_limit_of_the_configuration_is_one(tmp_path: Path) -> None:
    price = {"EASEL_ENGINES__DEMO__PRICE_PER_IMAGE": "0.5"}
    cases: list[tuple[dict[str, Any], str, type[Refused], type[Refused]]] = [
        ({"per_minute": 1}, "a boat", errors.RateLimited, errors.ServerRateLimited),
        ({"per_day": 2}, "a boat --count 2", errors.QuotaShort, errors.ServerQuotaShort),
        ({"money_per_day": 1.2}, "a boat --count 2", errors.BudgetUsed, errors.ServerBudgetUsed),
        ({"money_per_month": 0.9}, "a boat", errors.BudgetUsed, errors.ServerBudgetUsed),
    ]
    for number, (limits, text, person, server) in enumerate(cases):
        async with limited(tmp_path / f"person{number}", limits, environ=price) as chat:
            await chat.ask("a fox")
            assert type(await refused(chat, text, place=THERE)) is person
            await chat.ask(text, person=BOB)
        async with limited(tmp_path / f"server{number}", {}, limits, price) as chat:
            await chat.ask("a fox")
            assert type(await refused(chat, text, person=BOB)) is server
            await chat.ask(text, place=THERE)


async def test_a_message_that_comes_twice_takes_once(tmp_path: Path) -> None:
    async with limited(tmp_path, {"per_minute": 1}) as chat:
        request = chat.request("a boat --size 64x64")
        first, again = await chat.easel.accept(request), await chat.easel.accept(request)
        assert first is not None and again is not None
        assert await count(chat.database, charges) == 1


async def test_days_begin_where_the_server_says(tmp_path: Path) -> None:
    admin = Person("local", "ann", admin=True)
    zones = {"west": "Pacific/Niue", "east": "Pacific/Kiritimati"}
    days = {"west": "2026-03-07", "east": "2026-03-08", "anywhere": "2026-03-08"}
    environ = {"EASEL_DEFAULTS__TIME_ZONE": "Asia/Shanghai"}
    async with limited(tmp_path, {"per_day": 1}, environ=environ) as chat:
        for server, zone in zones.items():
            await chat.easel.settings.set("server", admin, Place("local", server, "c"), "time_zone", zone)
        for server in days:
            asking = {"person": Person("local", server), "place": Place("local", server, "c")}
            await chat.ask("a fox", **asking)
            assert isinstance(await refused(chat, "a fox", **asking), errors.QuotaUsed)
        rows = await chat.database.read(lambda tx: tx.execute(charges.select()).all())
    assert {row.server.partition(":")[2]: row.day for row in rows} == days


async def test_pictures_of_a_refused_request_go_with_the_next_sweep(tmp_path: Path) -> None:
    async with limited(tmp_path, {"per_minute": 1}) as chat:
        await chat.get("a red fox")
        attached = (chat.attach(png(64, 64)),)
        assert type(await refused(chat, "mirror it", command="edit", attached=attached)) is errors.RateLimited
    clock = ManualClock()
    clock.now = AFTERNOON
    async with opened(tmp_path, clock) as database:
        assert await count(database, pictures) == 2
        for later, left in ((0, 2), (retention.ORPHAN_S + 60, 1)):
            clock.now += later
            await database.write(
                lambda tx: retention.sweep(tx, keep_pictures_s=86400, keep_history_s=86400, keeping=set())
            )
            assert await count(database, pictures) == left


async def test_a_line_that_would_take_more_than_a_day_takes_no_more(tmp_path: Path) -> None:
    async with limited(tmp_path, {"per_day": 10}) as chat:
        await chat.get("a boat")
        before = await taken(chat.database)
        await takes(chat.database, "demo", 30 * 86400.0)
        error = await refused(chat, "a fox")
        assert (type(error), error.args_["engine"]) == (errors.LineTooLong, "demo")
        assert await taken(chat.database) == before
        assert await chat.easel.queue(ANN) == []


@pytest.mark.parametrize("refund", [False, True])
async def test_refused_content_is_given_back_if_the_operator_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refund: bool
) -> None:
    async def refuses(task: Task, run: Run) -> Result:
        raise ContentRefused(engine="demo")

    engine = ScriptedEngine(behaviour=refuses)
    monkeypatch.setattr(making, "TYPES", {"demo": making.Type(lambda *_: engine, slots=2)})
    environ = {"EASEL_REFUND_REFUSED": str(refund).lower(), "EASEL_ENGINES__DEMO__PARAMS": "{}"}
    async with limited(tmp_path, {"per_day": 1}, environ=environ) as chat:
        assert (await chat.get("a fox")).job.state is State.FAILED
        if refund:
            assert (await chat.get("a boat")).job.state is State.FAILED
        else:
            assert type(await refused(chat, "a boat")) is errors.QuotaUsed


async def test_a_failed_request_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(task: Task, run: Run) -> Result:
        raise errors.OutOfMemory(engine="demo")

    engine = ScriptedEngine(behaviour=fails)
    monkeypatch.setattr(making, "TYPES", {"demo": making.Type(lambda *_: engine, slots=2)})
    async with limited(tmp_path, {"per_day": 1}) as chat:
        for text in ("a fox", "a boat"):
            assert (await chat.get(text)).job.state is State.FAILED
